"""The commands that can be typed: each one that was put into ``COMMANDS``, and no other.

The table is empty when it is imported. ``commands.registry`` puts a command in together with what
performs it, when the command is first looked up by its name; all of them when all are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assocsh.language.model import CommandSpec, Grammar, Heading, Option, Slot
from assocsh.records import replace

ON_CONTEXT = Option(
    "--on",
    Slot.CONTEXT,
    "CLASS|ID",
    summary="on this presentation context, by SOP class or ID, whatever fits otherwise",
)
"""What every command takes that sends requests."""


class CommandTable(Mapping[str, CommandSpec]):
    """Commands by name, in the order of ``help``; aliases are found by ``[]`` and ``in`` too."""

    def __init__(self) -> None:
        self._by_name: dict[str, CommandSpec] = {}
        self._by_any: dict[str, CommandSpec] = {}
        self._in_order = True
        self._find: Callable[[str | None], None] = lambda _: None

    def found_by(self, find: Callable[[str | None], None]) -> None:
        """From now on ``find`` adds a command whose name is not known yet, or all for None."""
        self._find = find

    def add(self, spec: CommandSpec) -> None:
        """Make ``spec`` a command, with the option that all have which send.

        Raises ValueError when another one has one of its names.
        """
        if spec.sends:
            spec = replace(spec, options=(*spec.options, ON_CONTEXT))
        names = (spec.name, *spec.aliases)
        taken = [name for name in names if name in self._by_any]
        if taken:
            raise ValueError(f"there is a command called {taken[0]} already")
        self._by_name[spec.name] = spec
        self._by_any.update(dict.fromkeys(names, spec))
        self._in_order = False

    def __getitem__(self, name: str) -> CommandSpec:
        if name not in self._by_any:
            self._find(name)
        return self._by_any[name]

    def __iter__(self) -> Iterator[str]:
        self._find(None)
        if not self._in_order:
            headings = list(Heading)
            found = self._by_name.values()
            ordered = sorted(found, key=lambda s: (headings.index(s.heading), s.order, s.name))
            self._by_name = {spec.name: spec for spec in ordered}
            self._in_order = True
        return iter(self._by_name)

    def __len__(self) -> int:
        self._find(None)
        return len(self._by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that can be typed, aliases behind the name that they stand for."""
        return tuple(each for name in self for each in (name, *self._by_name[name].aliases))

    def by_heading(self) -> dict[Heading, list[CommandSpec]]:
        """The commands by heading, both in the order of ``help``; no heading without commands."""
        found: dict[Heading, list[CommandSpec]] = {}
        for spec in self.values():
            found.setdefault(spec.heading, []).append(spec)
        return found


COMMANDS = CommandTable()


def grammar_of(name: str) -> Grammar | None:
    """The grammar of what follows a command's name, None where that is words or no command."""
    return COMMANDS[name].grammar if name in COMMANDS else None
