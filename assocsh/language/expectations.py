"""``expect`` and ``let``: a query with a predicate, or with a name.

::

    expect     = query [not] predicate [operand]
    let        = name = query | operand
    operand    = number | duration | a..b | word | 'text' | "text" | /pattern/ | $name | ${query}
"""

from __future__ import annotations

import re

from assocsh.language.place import Place, nearest
from assocsh.language.queries import Query, parse_query
from assocsh.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.records import dataclass, replace
from assocsh.text.durations import is_duration, parse_duration
from assocsh.text.patterns import pattern


class Operator:
    """The names of the predicates; those in UNARY take no operand."""

    COMPARING = ("==", "!=", "<=", ">=", "<", ">")
    TEXTUAL = ("contains", "includes", "startswith", "endswith", "matches")
    UNARY = ("exists", "isempty")
    ALL = (*COMPARING, *TEXTUAL, *UNARY)


@dataclass(frozen=True, slots=True)
class Range:
    """``low..high``, both included; seconds when written as durations."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A literal operand: its text, and what else it can be read as."""

    text: str
    quoted: bool = False
    number: int | float | None = None
    span: Range | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name`` as an operand or as part of one."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """An operand put together from text and references: ``"$first-$second"``."""

    pieces: tuple[Reading | Variable | Query, ...]


Operand = Reading | Variable | Query | Mixed | re.Pattern[str]


FAILED_STATES = ("rejected", "aborted", "lost", "refused", "peer", "local")
"""States of an association that failed, and who ended it."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """``query [not] operator [operand]``; the positions are where each stands in the text."""

    query: Query
    operator: str
    negated: bool
    operand: Operand | None
    text: str
    start: int
    end: int
    operator_start: int = 0

    @property
    def of_failure(self) -> bool:
        """Whether it wants the command before it to have failed, in some way.

        ``assoc.state == open`` does not: who wants an open association has not expected a failure.
        """
        if not self.query.of_failure:
            return False
        if self.query.root != "assoc" or self.query.steps[1].name not in ("state", "ended_by"):
            return True
        wanted = getattr(self.operand, "text", "")
        equal = (self.operator == "==") != self.negated
        return wanted in FAILED_STATES if equal else wanted == "open"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``let name = query`` or ``let name = value``."""

    name: str
    value: Query | Operand
    start: int
    end: int


_NUMBER = pattern(r"[+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+)?)")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_expect(text: str, *, offset: int = 0, place: Place | None = None) -> Expectation:
    """Read ``query [not] predicate [operand]``. Raises LanguageError with the position."""
    place = place or Place(text)
    words = _words(text, offset, place)
    end = offset + len(text.rstrip())
    if not words:
        raise place.error("expect what?", offset, offset, "expect count == 1, for example")
    query = parse_query(words[0].text, offset=words[0].start, place=place)
    rest = words[1:]
    negated = bool(rest) and rest[0].text == "not"
    if negated:
        rest = rest[1:]
    if not rest:
        raise place.error(
            "a predicate is missing here", end, end + 1, "one of " + " ".join(Operator.ALL)
        )
    operator = rest[0]
    if operator.text not in Operator.ALL:
        hint = nearest(operator.text, Operator.ALL) or "one of " + " ".join(Operator.ALL)
        if operator.text == "=":
            hint = "equality is written =="
        raise place.error(f"no such predicate: {operator.text}", operator.start, operator.end, hint)
    operands = rest[1:]
    if operator.text in Operator.UNARY:
        if operands:
            raise place.error(
                f"{operator.text} takes no value", operands[0].start, operands[-1].end
            )
        operand: Operand | None = None
    elif not operands:
        raise place.error(f"{operator.text} needs a value", end, end + 1)
    elif len(operands) > 1:
        raise place.error(
            "one value is compared, this is another word",
            operands[1].start,
            operands[-1].end,
            "quote a value that has blanks in it",
        )
    else:
        operand = _operand(operands[0], place, pattern=operator.text == "matches")
    start = words[0].start
    return Expectation(
        query, operator.text, negated, operand, place.text[start:end], start, end, operator.start
    )


def parse_let(text: str, *, offset: int = 0, place: Place | None = None) -> Assignment:
    """Read ``name = query`` or ``name = value``. Raises LanguageError with the position."""
    place = place or Place(text)
    words = _words(text, offset, place)
    end = offset + len(text.rstrip())
    hint = "let uid = rsp[0].StudyInstanceUID, for example"
    if not words:
        raise place.error("let what?", offset, offset, hint)
    name, *rest = words
    if not _NAME.fullmatch(name.text):
        raise place.error(f"{name.text} is no name for a variable", name.start, name.end, hint)
    if not rest or rest[0].text != "=":
        at = rest[0].start if rest else end
        raise place.error("= is missing here", at, at + 1, hint)
    if len(rest) < 2:
        raise place.error("a query or a value is missing here", end, end + 1, hint)
    if len(rest) > 2:
        raise place.error(
            "one value is kept, this is another word",
            rest[2].start,
            rest[-1].end,
            "quote a value that has blanks in it",
        )
    value = rest[1]
    quoted = any(part.kind is not PartKind.BARE for part in value.parts)
    if quoted or _NUMBER.fullmatch(value.text) or is_duration(value.text):
        return Assignment(name.text, _operand(value, place), offset, end)
    query = parse_query(value.text, offset=value.start, place=place)
    return Assignment(name.text, query, offset, end)


def _words(text: str, offset: int, place: Place) -> list[Token]:
    """The words of the text, with their places in the whole."""
    words: list[Token] = []
    for token in tokenize(text, verbatim=True):
        if token.kind is Kind.ERROR:
            raise place.error(
                token.message, token.error_start + offset, token.error_end + offset, token.hint
            )
        if token.kind is Kind.WORD:
            parts = tuple(
                replace(part, start=part.start + offset, value_start=part.value_start + offset)
                for part in token.parts
            )
            words.append(replace(token, start=token.start + offset, parts=parts))
        elif token.kind not in (Kind.BLANK, Kind.JOIN, Kind.COMMENT):
            raise place.error(
                f"{token.text.strip() or 'a line end'} does not belong here",
                token.start + offset,
                token.end + offset,
            )
    return words


def _operand(token: Token, place: Place, *, pattern: bool = False) -> Operand:
    parts = token.parts
    if parts[0].kind is PartKind.PATTERN:
        return _pattern(token, place)
    pieces: list[Reading | Variable | Query] = []
    for part in parts:
        if part.kind is PartKind.VARIABLE:
            pieces.append(Variable(part.value, part.start, part.end))
        elif part.kind is PartKind.QUERY:
            pieces.append(parse_query(part.value, offset=part.value_start, place=place))
        else:
            pieces.append(Reading(part.value, part.kind is not PartKind.BARE))
    if any(not isinstance(piece, Reading) for piece in pieces):
        bare = [piece for piece in pieces if not (isinstance(piece, Reading) and not piece.text)]
        if pattern:
            raise place.error(
                "matches takes a /pattern/", token.start, token.end, "write /^2026/, for example"
            )
        return bare[0] if len(bare) == 1 else Mixed(tuple(bare))
    if pattern:
        raise place.error(
            "matches takes a /pattern/", token.start, token.end, "write /^2026/, for example"
        )
    quoted = any(piece.quoted for piece in pieces if isinstance(piece, Reading))
    text = "".join(part.value for part in parts)
    if quoted:
        return Reading(text, True)
    return _reading(text, token, place)


def _reading(text: str, token: Token, place: Place) -> Reading:
    low, dots, high = text.partition("..")
    if dots and (first := _measure(low)) is not None:
        second = _measure(high)
        if second is None or second < first:
            raise place.error(
                f"{text} is not a range", token.start, token.end, "write low..high, 0xA900..0xA9FF"
            )
        return Reading(text, span=Range(first, second))
    return Reading(text, number=_measure(text))


def read_text(text: str) -> Reading:
    """A text from elsewhere as an operand: a number when it looks like one, never a range."""
    return Reading(text, number=_measure(text))


def _measure(text: str) -> int | float | None:
    """A number, or a duration in seconds."""
    if is_duration(text):
        return parse_duration(text)
    if not _NUMBER.fullmatch(text):
        return None
    if "x" in text or "X" in text:
        return int(text, 16)
    try:
        return float(text) if "." in text else int(text)
    except ValueError:  # more digits than int() takes
        return None


def _pattern(token: Token, place: Place) -> re.Pattern[str]:
    part = token.parts[0]
    body, _, letters = part.value[1:].rpartition("/")
    if len(token.parts) > 1 or set(letters) - {"i", "s"}:
        raise place.error(
            "a pattern ends with / or with the letters i (any case) and s (. matches line ends)",
            part.end - len(letters) - 1,
            token.end,
        )
    flags = re.IGNORECASE if "i" in letters else 0
    if "s" in letters:
        flags |= re.DOTALL
    try:
        return re.compile(body.replace("\\/", "/"), flags)
    except (re.error, OverflowError, RecursionError) as error:
        at = part.start + 1 + (getattr(error, "pos", None) or 0)
        message = getattr(error, "msg", str(error))
        raise place.error(f"not a regular expression: {message}", at, at + 1) from None


def queries_of(parsed: Expectation | Assignment) -> tuple[Query, ...]:
    """Every query in an expectation or an assignment."""
    if isinstance(parsed, Expectation):
        candidates: list[object] = [parsed.query, parsed.operand]
    else:
        candidates = [parsed.value]
    found: list[Query] = []
    for each in candidates:
        pieces = each.pieces if isinstance(each, Mixed) else (each,)
        found += [piece for piece in pieces if isinstance(piece, Query)]
    return tuple(found)


def variables_of(parsed: Expectation | Assignment) -> tuple[Variable, ...]:
    """Every ``$name`` in the operand of an expectation or an assignment."""
    operand = parsed.operand if isinstance(parsed, Expectation) else parsed.value
    pieces = operand.pieces if isinstance(operand, Mixed) else (operand,)
    return tuple(piece for piece in pieces if isinstance(piece, Variable))
