"""A word of a command: literal text and references, put together only after splitting.

Whatever a reference stands for stays inside its word. It cannot become another word, a command,
an option or a separator, because nothing is tokenized after it has been replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.language.tokens import PartKind, Token
from assocsh.records import dataclass
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.language.queries import Query


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself, unquoted already."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """``$name`` or ``${query}``. ``text`` is the name or the query; ``query`` its parsed form."""

    kind: str  # "variable" or "query"
    text: str
    start: int
    end: int
    query: Query | None = None

    def __str__(self) -> str:
        return f"${self.text}" if self.kind == "variable" else f"${{{self.text}}}"


Lookup = Callable[[Reference], str]


@dataclass(frozen=True, slots=True)
class Word:
    """One word; ``start`` and ``end`` are its place in the text that was parsed."""

    parts: tuple[Literal | Reference, ...]
    start: int
    end: int

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def literal(self) -> str | None:
        """What the word says, if it refers to nothing."""
        if self.references:
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Literal))

    @property
    def prefix(self) -> str:
        """The unquoted text it starts with: what makes it an option or a request number."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Literal) and not first.quoted else ""

    def expand(self, lookup: Lookup) -> str:
        """The word with its references replaced; ``lookup`` may raise UsageError."""
        return "".join(
            part.text if isinstance(part, Literal) else lookup(part) for part in self.parts
        )

    def split(self, at: int) -> Word:
        """The same word without its first ``at`` characters of unquoted text (``--name=``)."""
        first = self.parts[0]
        assert isinstance(first, Literal) and not first.quoted
        rest = self.parts[1:]
        if at < len(first.text):
            rest = (Literal(first.text[at:], first.start + at, first.end), *rest)
        return Word(rest, first.start + at, self.end)


def word_of(token: Token, parse_query: Callable[[str, int], Query]) -> Word:
    """The Word of a WORD token; ``parse_query(text, offset)`` reads what is inside ``${...}``."""
    parts: list[Literal | Reference] = []
    for part in token.parts:
        match part.kind:
            case PartKind.VARIABLE:
                parts.append(Reference("variable", part.value, part.start, part.end))
            case PartKind.QUERY:
                query = parse_query(part.value, part.value_start)
                parts.append(Reference("query", part.value, part.start, part.end, query))
            case _:
                quoted = part.kind in (PartKind.SINGLE, PartKind.DOUBLE)
                last = parts[-1] if parts else None
                if isinstance(last, Literal) and not quoted and not last.quoted:
                    joined = Literal(last.text + part.value, last.start, part.end)
                    parts[-1] = joined
                else:
                    parts.append(Literal(part.value, part.start, part.end, quoted))
    return Word(tuple(parts), token.start, token.end)


_BETWEEN_TAGS = pattern(r",(?![^()]*\))")
"""A comma, but for the one in ``(0010,0020)``."""


def split_tags(text: str) -> list[str]:
    """``PatientName,(0008,0020)`` as its tags; none for an empty text."""
    return _BETWEEN_TAGS.split(text) if text else []


def split_key(text: str) -> tuple[str, str | None]:
    """``Keyword=value`` as (path, value); a bare ``Keyword`` as (path, None)."""
    path, equals, value = text.partition("=")
    return path, value if equals else None
