"""Options of a command line, read by a table of them: one way for every way in.

``--name VALUE`` and ``--name=VALUE``, flags, ``-c VALUE`` and ``-cVALUE``; after ``--`` there are
words only. The tables are made of the ``Option`` that commands are made of too, and the usage texts
come from them. argparse would take 5 ms to import, on the way to the first prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.language.model import Option

Given = list[tuple[str, str | None]]
"""The options of a command line in order, with their values; None for a flag."""


ASKING = frozenset(("-h", "--help", "--version"))
"""What is asked for with these is said, whatever else stands behind them."""


def read_words(
    words: Iterable[str], known: Callable[[], Mapping[str, Option]], usage: str
) -> tuple[list[str], Given]:
    """The words that are no options, and the options. ``known`` is asked with the first option.

    Reading ends with one of ``ASKING``, which is given as a flag. ``usage`` is the command that
    lists all options. Raises UsageError for an option that is not known, one without its value, a
    flag with one, and a value that is not among its choices.
    """
    plain: list[str] = []
    given: Given = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            plain += rest
        elif word == "-" or not word.startswith("-"):
            plain.append(word)
        elif word in ASKING:
            given.append((word, None))
            break
        else:
            table = known()
            name, value = _parts(word, table)
            option = table.get(name)
            if option is None:
                raise _unknown(name, table, usage)
            if option.slot is None:
                if value is not None:
                    raise UsageError(f"{name} takes no value")
            else:
                value = next(rest, None) if value is None else value
                _check(option, value)
            given.append((name, value))
    return plain, given


def _parts(word: str, known: Iterable[str]) -> tuple[str, str | None]:
    """``--name=value`` and ``-cvalue`` as name and value."""
    if not word.startswith("--") and word[:2] in known:
        return word[:2], word[2:] or None
    name, equals, value = word.partition("=")
    return name, value if equals else None


def _check(option: Option, value: str | None) -> None:
    if value is None:
        raise UsageError(f"{option.name} needs a value")
    if option.choices and value not in option.choices:
        what = option.name.lstrip("-")
        raise UsageError(f"{value!r} is no {what}", hint=f"one of {', '.join(option.choices)}")


def _unknown(name: str, known: Iterable[str], usage: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"{usage} lists the options"
    return UsageError(f"there is no option {name}", hint=hint)


def by_name(*tables: Iterable[Option]) -> dict[str, Option]:
    """The options of several tables in one."""
    return {option.name: option for table in tables for option in table}


def names(given: Given) -> frozenset[str]:
    """Which options were given."""
    return frozenset(name for name, _ in given)


def last(name: str, given: Given) -> str:
    """The last value of an option, empty without one."""
    return next((value or "" for each, value in reversed(given) if each == name), "")


def all_values(name: str, given: Given) -> list[str]:
    """Every value of an option that can be repeated."""
    return [value or "" for each, value in given if each == name]


def open_options() -> Sequence[Option]:
    """The options of ``open``, which every way in takes that opens an association."""
    from assocsh.commands.open_options import OPEN_OPTIONS

    return OPEN_OPTIONS


def open_text(peer: str, options: Given, files: Iterable[str] = ()) -> str:
    """The ``open`` that a command line stands for; empty without a peer. Raises UsageError."""
    if not peer:
        return ""
    words = ["open", _quoted(peer), *map(_quoted, files)]
    for name, value in options:
        words += [name] if value is None else [name, _quoted(value)]
    return " ".join(words)


def need_peer(peer: str, options: Given) -> None:
    """Raise UsageError for options of ``open`` without a peer to open."""
    if options and not peer:
        raise UsageError(
            f"{options[0][0]} is for opening an association", hint="name a peer as well"
        )


def _quoted(word: str) -> str:
    """``word`` as one word of the language, whatever it holds."""
    from assocsh.language.quoting import quoted

    written = quoted(word)
    if written is None:
        raise UsageError(f"{word!r} holds a line end")
    return written


WIDTH = 80
"""Columns of a usage text."""


def folded_lines(lines: Iterable[str]) -> str:
    """A usage text of these lines; what is explained beside a word stays beside it."""
    from assocsh.text.cells import wrapped

    text = "\n".join(lines)
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, WIDTH))


def listed(options: Iterable[Option]) -> list[str]:
    """A line for each option, for a usage text."""
    lines = []
    for option in options:
        name = f"{option.name} {option.metavar}".rstrip()
        lines.append(f"  {name:<22}  {option.summary}")
    return lines
