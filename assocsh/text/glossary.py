"""The words of the standard, each with its section and a few lines that a student understands.

``glossary.txt`` beside this module has them, a paragraph each: ``= term | other spellings``, the
sections, the text, and after ``>`` the terms to read next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

_SEPARATORS = pattern(r"[\s_/-]+")
_MESSAGE = pattern(r"-?(?:RQ|RSP)$", re.IGNORECASE)


class Term(NamedTuple):
    """One entry: its names, the one to show first; where the standard has it; lines of at most 77
    columns; the names of related terms."""

    names: tuple[str, ...]
    section: str
    lines: tuple[str, ...]
    related: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name to show."""
        return self.names[0]


@cache
def terms() -> tuple[Term, ...]:
    """Every entry, in the order of the file: from the association to the things around it."""
    text = Path(__file__).with_name("glossary.txt").read_text("utf-8")
    return tuple(_entries(text))


def _entries(text: str) -> Iterator[Term]:
    for paragraph in text.strip().split("\n\n"):
        head, section, *lines = paragraph.splitlines()
        related = lines.pop().removeprefix("> ") if lines[-1].startswith("> ") else ""
        names = tuple(head.removeprefix("= ").split(" | "))
        yield Term(names, section, tuple(lines), tuple(related.split(", ")) if related else ())


def find_term(text: str) -> Term | None:
    """The entry of a word or words, in any case, with blanks, hyphens or none; None without one.

    ``C-STORE-RSP`` and the like find the service, plurals their singular.
    """
    by_name = _by_name()
    for spelling in (text, _MESSAGE.sub("", text), text.removesuffix("s")):
        found = by_name.get(_plain(spelling))
        if found is not None:
            return found
    return None


@cache
def _by_name() -> dict[str, Term]:
    return {_plain(name): term for term in terms() for name in term.names}


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name.casefold())
