"""What stands on the command line. Only reads: no engine, no terminal, no pydicom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.cli.run_arguments import RunArguments


class Mode(StrEnum):
    """What was asked for."""

    SHELL = "shell"
    SERVE = "serve"
    RUN = "run"
    HELP = "help"
    HELP_RUN = "help run"
    VERSION = "version"


FORMATS = ("table", "expanded", "json", "csv", "dump")


class Arguments:
    """The command line, sorted. ``open_options`` belong to the ``open`` it stands for.

    No dataclass: making one would be a hundredth of the way to the first prompt.
    """

    def __init__(self) -> None:
        self.mode = Mode.SHELL
        self.peer = ""
        self.commands: list[str] = []
        """The texts of ``-c``, in order."""
        self.format = ""
        self.keep_going = False
        self.toolbar = True
        self.open_options: list[tuple[str, str | None]] = []
        self.options: dict[str, str] = {}
        """Options of ``serve``."""
        self.destinations: list[str] = []
        """Where ``serve`` may move to: the values of ``--destination``."""
        self.run: RunArguments | None = None
        """What follows ``run``."""

    @property
    def open_text(self) -> str:
        """The ``open`` command that the command line stands for; empty without a peer."""
        if not self.peer:
            return ""
        words = ["open", quoted(self.peer)]
        for name, value in self.open_options:
            words.append(name)
            if value is not None:
                words.append(quoted(value))
        return " ".join(words)


_SERVE = {
    "--port": "N",
    "--host": "ADDRESS",
    "--data": "DIR",
    "--latency": "MS",
    "--as": "AET",
    "--destination": "AET@HOST:PORT",
}


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read a command line (without the program's name). Raises UsageError."""
    arguments = Arguments()
    words = list(argv)
    if words and words[0] == "run":
        from assocsh.cli.run_arguments import parse_run

        arguments.mode = Mode.RUN
        if "-h" in words or "--help" in words:
            arguments.mode = Mode.HELP_RUN
        else:
            arguments.run = parse_run(words[1:])
        return arguments
    if words and words[0] in ("practice", "serve"):
        if words[0] == "practice":
            arguments.peer = "practice"
        else:
            arguments.mode = Mode(words[0])
        words.pop(0)
    rest = iter(words)
    for word in rest:
        if word in ("-h", "--help"):
            arguments.mode = Mode.HELP
            return arguments
        if word == "--version":
            arguments.mode = Mode.VERSION
            return arguments
        if word == "--":
            for each in rest:
                _positional(arguments, each)
        elif word.startswith("-") and word != "-":
            _option(arguments, word, rest)
        else:
            _positional(arguments, word)
    _check(arguments)
    return arguments


def _check(arguments: Arguments) -> None:
    if arguments.open_options and not arguments.peer and arguments.mode is Mode.SHELL:
        name = arguments.open_options[0][0]
        raise UsageError(f"{name} is for opening an association", hint="name a peer as well")


def _positional(arguments: Arguments, word: str) -> None:
    if arguments.mode is Mode.SERVE:
        raise UsageError(f"serve has no use for {word!r}", hint="assocsh serve --data DIR")
    if not arguments.peer and word:
        arguments.peer = word
    else:
        raise UsageError(
            f"there is no place for {word!r}",
            hint="one PEER; commands go into -c 'COMMANDS', or are read from stdin",
        )


def _option(arguments: Arguments, word: str, rest: Iterator[str]) -> None:
    name, equals, inline = word.partition("=")
    if name.startswith("-c") and not name.startswith("--"):
        text = word[2:] or _value("-c", "", "", rest)
        arguments.commands.append(text)
        return
    if arguments.mode is Mode.SERVE:
        if name not in _SERVE:
            raise _unknown(name, list(_SERVE))
        value = _value(name, equals, inline, rest)
        if name == "--destination":
            arguments.destinations.append(value)
        else:
            arguments.options[name] = value
        return
    match name:
        case "--format":
            arguments.format = _value(name, equals, inline, rest)
            if arguments.format not in FORMATS:
                raise UsageError(
                    f"{arguments.format!r} is no format", hint=f"one of {', '.join(FORMATS)}"
                )
        case "--keep-going":
            arguments.keep_going = True
        case "--no-toolbar":
            arguments.toolbar = False
        case _:
            _open_option(arguments, name, equals, inline, rest)


def _open_option(
    arguments: Arguments, name: str, equals: str, inline: str, rest: Iterator[str]
) -> None:
    from assocsh.commands.open_options import OPEN_OPTIONS

    for option in OPEN_OPTIONS:
        if option.name == name:
            value = None if option.slot is None else _value(name, equals, inline, rest)
            if option.slot is None and equals:
                raise UsageError(f"{name} takes no value")
            arguments.open_options.append((name, value))
            return
    own = ["--format", "--keep-going", "--no-toolbar", "--version", "--help", "-c"]
    raise _unknown(name, own + [option.name for option in OPEN_OPTIONS])


def _value(name: str, equals: str, inline: str, rest: Iterator[str]) -> str:
    if equals:
        return inline
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{name} needs a value")
    return value


def _unknown(name: str, known: list[str]) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "assocsh --help lists the options"
    return UsageError(f"there is no option {name}", hint=hint)


def quoted(word: str) -> str:
    """``word`` as one word of the language, whatever it holds. Raises UsageError for a line end."""
    if "\n" in word or "\r" in word:
        raise UsageError(f"{word!r} holds a line end")
    if "'" not in word:
        return f"'{word}'"
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    if "$" in word:
        raise UsageError(f"{word!r}: both ' and $ cannot be in one word")
    return f'"{escaped}"'
