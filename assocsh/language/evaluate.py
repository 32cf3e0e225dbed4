"""Whether an expectation holds: a query's value against a predicate.

A value is a text, a number, or None where there is none; ``[*]`` gives a list. How it compares:

* A number (status, count, elapsed) compares as a number, and lies in a range. A status also equals
  its category, in any case: ``status == success``; so does ``status.name`` compare.
* A text equals a text to the letter; an unquoted number with a point equals what reads as the same
  number (``2.500000`` and 2.5). Before and after: as numbers when both are, else by letter, so
  dates compare.
* ``[*]``: every response must satisfy the predicate, with ``not`` every one must fail it;
  ``includes`` asks for one. Without responses nothing is satisfied, but ``not includes``,
  ``not exists`` and ``isempty`` hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from assocsh.datasets.uid_form import REGISTERED_ROOT
from assocsh.errors import LanguageError, UsageError
from assocsh.language.expectations import (
    Assignment,
    Expectation,
    Mixed,
    Operand,
    Operator,
    Reading,
    Variable,
    read_text,
)
from assocsh.language.place import Place
from assocsh.language.queries import Query, Step
from assocsh.language.verdict import Span, Verdict
from assocsh.records import NamedTuple, replace
from assocsh.text.durations import show_duration
from assocsh.text.patterns import pattern

Value = str | int | float | None

SHOWN = 5
"""Values of several that are shown."""

_SEARCHED = 65536
"""Characters that a pattern is matched against, at most: the text is from a peer."""


class Resolver(Protocol):
    """Knows the values. Both raise UsageError with the reason when there can be none."""

    def value(self, query: Query) -> Value | list[Value]:
        """What a query stands for; None where there is nothing, a list for ``[*]``."""

    def variable(self, name: str) -> str:
        """The value of ``$name``."""


def evaluate(expectation: Expectation, resolver: Resolver, place: Place | None = None) -> Verdict:
    """Whether the expectation holds.

    Raises LanguageError, with the place in ``place``, when it makes no sense here: a request that
    is not there, a variable without a value, an order between things that have none.
    """
    place = place or Place(expectation.text)
    query = expectation.query
    actual = _ask(resolver, query, place)
    operand = _operand(expectation.operand, resolver, place)
    if _is_category(query, operand):
        category = Step("category", start=query.start, end=query.end)
        asked = Query(query.text, query.request, (*query.steps, category), query.start, query.end)
        actual = _ask(resolver, asked, place)
    compared = actual
    if query.root == "status" and isinstance(actual, str) and isinstance(operand, Reading):
        compared = actual.casefold()
        operand = replace(operand, text=operand.text.casefold())
    try:
        ok, differing = _holds(expectation, compared, operand)
    except UsageError as error:
        start = expectation.operator_start or expectation.start
        raise place.error(error.message, start, expectation.end, error.hint) from None
    shown, spans = show_values(query, actual)
    if ok or differing is None:
        return Verdict(ok, shown, spans=spans)
    shown_values, spans = show_values(query, differing.values)
    at = len(differing.lead)
    moved = tuple(Span(start + at, end + at) for start, end in spans)
    return Verdict(ok, shown, differing.lead + shown_values, moved)


def assigned(assignment: Assignment, resolver: Resolver, place: Place | None = None) -> str:
    """The text that a ``let`` keeps. Raises LanguageError when there is none, or several."""
    place = place or Place("")
    value = assignment.value
    if isinstance(value, Query):
        return plain(value, _single(value, resolver, place))
    resolved = _operand(value, resolver, place)
    return resolved.text if isinstance(resolved, Reading) else ""


def plain(query: Query, value: Value) -> str:
    """A single value as the text that takes the place of ``${query}``."""
    if value is None:
        return ""
    if query.root == "status" and isinstance(value, int):
        return f"0x{value:04X}"
    return str(value)


def show_values(query: Query, value: Value | Sequence[Value]) -> tuple[str, tuple[Span, ...]]:
    """A value, or several, as a person reads them, not yet made visible; and where they stand."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        text = _show(query, value)
        return text, (Span(0, len(text)),) if value not in (None, "") else ()
    if not value:
        return "no responses", ()
    text, spans = "", []
    for each in value[:SHOWN]:
        text += ", " if text else ""
        shown = _show(query, each)
        if each not in (None, ""):
            spans.append(Span(len(text), len(text) + len(shown)))
        text += shown
    if len(value) > SHOWN:
        text += f" and {len(value) - SHOWN} more"
    return text, tuple(spans)


def _show(query: Query, value: Value) -> str:
    if value is None:
        return "no value"
    if query.root == "elapsed" and isinstance(value, int | float):
        return show_duration(float(value))
    if isinstance(value, str):
        return value or "empty"
    return plain(query, value)


def _ask(resolver: Resolver, query: Query, place: Place) -> Value | list[Value]:
    try:
        return resolver.value(query)
    except LanguageError:
        raise
    except UsageError as error:
        raise place.error(error.message, query.start, query.end, error.hint) from None


def _single(query: Query, resolver: Resolver, place: Place) -> str | int | float:
    value = _ask(resolver, query, place)
    if value is None:
        raise place.error(f"{query.text} has no value", query.start, query.end)
    if isinstance(value, list):
        raise place.error(
            f"{query.text} has {len(value)} values",
            query.start,
            query.end,
            "name one of them: rsp[0] instead of [*]",
        )
    return value


def _operand(
    operand: Query | Operand | None, resolver: Resolver, place: Place
) -> Reading | re.Pattern[str] | None:
    match operand:
        case Variable():
            try:
                return read_text(resolver.variable(operand.name))
            except UsageError as error:
                raise place.error(error.message, operand.start, operand.end, error.hint) from None
        case Query():
            value = _single(operand, resolver, place)
            if isinstance(value, str):
                return read_text(value)
            return Reading(plain(operand, value), number=value)
        case Mixed():
            pieces = [_operand(piece, resolver, place) for piece in operand.pieces]
            text = "".join(piece.text for piece in pieces if isinstance(piece, Reading))
            return Reading(text, quoted=True)
        case _:
            return operand


def _is_category(query: Query, operand: Reading | re.Pattern[str] | None) -> bool:
    if query.root != "status" or len(query.steps) > 1:
        return False
    if not isinstance(operand, Reading):
        return operand is not None
    return operand.number is None and operand.span is None


class _Differing(NamedTuple):
    """Which of several values decided, after a few words."""

    lead: str
    values: Sequence[Value]


def _holds(
    expectation: Expectation,
    actual: Value | list[Value],
    operand: Reading | re.Pattern[str] | None,
) -> tuple[bool, _Differing | None]:
    operator, negated = expectation.operator, expectation.negated
    if isinstance(actual, list):
        if operator == "includes":
            found = any(_is(value, operator, operand) for value in actual)
            lead = f"{'one' if negated else 'none'} of {len(actual)}: "
            return found is not negated, _Differing(lead, actual)
        if not actual:
            empty = (operator == "exists" and negated) or (operator == "isempty" and not negated)
            return empty, None
        wrong = [value for value in actual if _one(value, operator, operand, negated) is False]
        return not wrong, _Differing(f"{len(wrong)} of {len(actual)} differ: ", wrong)
    if actual is None and operator not in Operator.UNARY:
        return operator == "includes" and negated, None
    return _one(actual, operator, operand, negated), None


def _one(
    value: Value, operator: str, operand: Reading | re.Pattern[str] | None, negated: bool
) -> bool:
    if value is None and operator not in Operator.UNARY:
        return False
    return _is(value, operator, operand) is not negated


def _is(value: Value, operator: str, operand: Reading | re.Pattern[str] | None) -> bool:
    if operator == "exists":
        return value is not None
    if operator == "isempty":
        return value == ""
    if value is None:
        return False
    if isinstance(operand, re.Pattern):
        return operand.search(str(value)[:_SEARCHED]) is not None
    assert operand is not None
    text = str(value)
    match operator:
        case "==":
            return _equal(value, operand)
        case "!=":
            return not _equal(value, operand)
        case "contains":
            return operand.text in text
        case "startswith":
            return text.startswith(operand.text)
        case "endswith":
            return text.endswith(operand.text)
        case "includes":
            return any(_equal(each, operand) for each in _members(value))
        case _:
            return _ordered(value, operator, operand)


def _members(value: Value) -> list[Value]:
    return [*value.split("\\")] if isinstance(value, str) else [value]


def _equal(value: Value, operand: Reading) -> bool:
    if operand.span is not None:
        number = _number(value)
        return number is not None and operand.span.low <= number <= operand.span.high
    if isinstance(value, int | float):
        number = operand.number
        if number is None:
            number = _number(operand.text)
        return number is not None and float(value) == float(number)
    if value == operand.text:
        return True
    if not isinstance(value, str) or operand.quoted:
        return False
    if operand.number is not None and "." in value + operand.text:
        number = _number(value)
        return number is not None and number == float(operand.number)
    return _same_uid(value, operand.text)


def _same_uid(value: str, text: str) -> bool:
    """A SOP class or transfer syntax by UID equals itself by keyword."""
    if value.startswith(REGISTERED_ROOT) is text.startswith(REGISTERED_ROOT):
        return False
    from assocsh.datasets.dictionary import uid_keyword

    return uid_keyword(value) == uid_keyword(text)


def _ordered(value: Value, operator: str, operand: Reading) -> bool:
    if operand.span is not None:
        raise UsageError(f"{operator} does not go with a range", hint="== asks for inside it")
    left: float | str | None = _number(value)
    right: float | str | None = (
        float(operand.number) if operand.number is not None else _number(operand.text)
    )
    if left is None or right is None:
        if not isinstance(value, str):
            raise UsageError(
                f"{value} is a number, {operand.text!r} is not", hint="compare it with a number"
            )
        left, right = value, operand.text
    match operator:
        case "<":
            return left < right  # type: ignore[operator]
        case "<=":
            return left <= right  # type: ignore[operator]
        case ">":
            return left > right  # type: ignore[operator]
        case _:
            return left >= right  # type: ignore[operator]


_DECIMAL = pattern(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?\s*")


def _number(value: Value) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    if value is None or len(value) > 32 or not _DECIMAL.fullmatch(value):
        return None
    return float(value)
