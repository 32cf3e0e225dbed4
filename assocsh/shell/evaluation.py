"""Whether an ``expect`` holds, and what a ``let`` gives.

Numbers are compared as numbers, texts as texts. A text from a data set that an unquoted number is
compared with counts as a number too, unless it begins with a zero before other digits: an ID is no
number. Of a list (``[*]``) ``includes`` and ``contains`` ask for one element, ``exists`` for one
that has a value, all other predicates for every element (and at least one).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from assocsh.errors import UsageError
from assocsh.shell.durations import show_duration
from assocsh.shell.language.expectations import Mixed, Operator, Reading, Variable
from assocsh.shell.language.queries import Query

if TYPE_CHECKING:
    from assocsh.shell.language.expectations import Assignment, Expectation, Operand, Range
    from assocsh.shell.resolver import SessionResolver, Value

_PLAIN_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LISTED = 5
_INCLUDING = ("includes", "contains")


class Verdict(NamedTuple):
    """Whether it holds, and the value that was found, as text for people."""

    ok: bool
    actual: str


class _Operand(NamedTuple):
    text: str
    number: float | None = None
    span: Range | None = None
    pattern: re.Pattern[str] | None = None


def evaluate(expectation: Expectation, resolver: SessionResolver) -> Verdict:
    """Evaluate an ``expect``. Raises UsageError when a query or a variable makes no sense."""
    value = resolver.value(expectation.query)
    wanted = _operand(expectation.operand, resolver)
    name = expectation.operator
    if isinstance(value, list):
        ok = _of_list(name, value, wanted)
    else:
        ok = _of_one(name, value, wanted)
    return Verdict(ok is not expectation.negated, shown(expectation.query, value))


def assigned(assignment: Assignment, resolver: SessionResolver) -> str:
    """The text that a ``let`` keeps. Raises UsageError."""
    from assocsh.shell.resolver import text_of

    if isinstance(assignment.value, Query):
        return text_of(resolver, assignment.value)
    return _operand(assignment.value, resolver).text


def _operand(operand: Operand | None, resolver: SessionResolver) -> _Operand:
    from assocsh.shell.resolver import text_of

    if operand is None:
        return _Operand("")
    if isinstance(operand, re.Pattern):
        return _Operand(operand.pattern, pattern=operand)
    if isinstance(operand, Reading):
        number = None if operand.number is None else float(operand.number)
        return _Operand(operand.text, number, operand.span)
    if isinstance(operand, Mixed):
        return _Operand("".join(_operand(piece, resolver).text for piece in operand.pieces))
    text = (
        resolver.variable(operand.name)
        if isinstance(operand, Variable)
        else text_of(resolver, operand)
    )
    return _Operand(text, _number(text))


def _of_list(name: str, values: list[Value], wanted: _Operand) -> bool:
    if name == "isempty":
        return all(_of_one(name, value, wanted) for value in values)
    if name == "exists":
        return any(value is not None for value in values)
    if name in _INCLUDING:
        one = "==" if name == "includes" else name
        return any(_of_one(one, value, wanted) for value in values)
    return bool(values) and all(_of_one(name, value, wanted) for value in values)


def _of_one(name: str, value: Value, wanted: _Operand) -> bool:
    if name in Operator.UNARY:
        return value is not None if name == "exists" else value in (None, "")
    if name in ("==", "!="):
        return _equal(value, wanted) is (name == "==")
    if value is None:
        return False
    if name in _ORDER:
        number = _number(value)
        if number is not None and wanted.number is not None:
            return _ORDER[name](number, wanted.number)
        return _texts(name, str(value), wanted.text)
    text = str(value)
    match name:
        case "contains":
            return wanted.text in text
        case "includes":
            return wanted.text in text.split("\\")
        case "startswith":
            return text.startswith(wanted.text)
        case "endswith":
            return text.endswith(wanted.text)
    if wanted.pattern is None:
        raise UsageError("matches takes a /pattern/")
    return wanted.pattern.search(text) is not None


def _texts(name: str, text: str, wanted: str) -> bool:
    """Dates, times and the like have an order as texts."""
    return _ORDER[name]((text > wanted) - (text < wanted), 0)


def _equal(value: Value, wanted: _Operand) -> bool:
    if value is None:
        return False
    number = _number(value)
    if wanted.span is not None:
        return number is not None and wanted.span.low <= number <= wanted.span.high
    if str(value) == wanted.text:
        return True
    if number is not None and wanted.number is not None:
        return number == wanted.number
    if isinstance(value, str) and _UID.fullmatch(wanted.text):
        from assocsh.datasets.dictionary import uid_of

        return uid_of(value) == wanted.text
    return False


def _number(value: Value) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    if value is None:
        return None
    text = value.strip()
    if text[:2] in ("0x", "0X"):
        try:
            return float(int(text, 16))
        except ValueError:
            return None
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else None


def shown(query: Query, value: Value | list[Value]) -> str:
    """A value as it is shown for people: a status in hexadecimal, seconds with their unit."""
    if isinstance(value, list):
        texts = [shown(query, each) for each in value[:_LISTED]]
        more = f", … {len(value) - _LISTED} more" if len(value) > _LISTED else ""
        return f"[{', '.join(texts)}{more}]"
    if value is None:
        return "nothing"
    if query.root == "status" and isinstance(value, int):
        return f"0x{value:04X}"
    if query.root == "elapsed" and isinstance(value, float):
        return show_duration(value)
    return repr(value) if isinstance(value, str) else str(value)
