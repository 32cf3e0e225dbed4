"""Rows of results as they are named on a line: ``3``, ``2-5``, ``#1.3``, ``#1.2-5``, ``#1.*``.

Rows are counted from 1, as they are shown. Without ``#n.`` they are those of the last find.
"""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

ROWS = pattern(r"(?:#([0-9]{1,9})\.)?(?:([0-9]{1,9})(?:-([0-9]{1,9}))?|(\*))")
"""The number of the request, the first row, the last one; ``*`` for all."""

OF_REQUEST = pattern(r"#[0-9]{1,9}\..*")
"""A word that names rows of a request, and no request."""

_ONE = "rows are counted from 1: 3, or #1.3 for row 3 of request #1"
_SEVERAL = "rows are counted from 1: 3, 2-5, #1.3, #1.2-5, or #1.* for all rows of request #1"


class NamedRows(NamedTuple):
    """What a word names: rows ``first`` to ``last`` of ``request``, both counted from 1.

    No ``request``: the last find. No ``last``: up to the end.
    """

    request: int | None
    first: int
    last: int | None

    @property
    def one(self) -> bool:
        """Whether it can be one row only."""
        return self.first == self.last


ALL_ROWS = NamedRows(None, 1, None)


def parse_rows(text: str) -> NamedRows:
    """What a word names. Raises UsageError for a word that names no rows."""
    found = ROWS.fullmatch(text)
    if found is None:
        raise UsageError(f"{text} is not the number of a row", hint=_SEVERAL)
    request, first, last, every = found.groups()
    number = int(request) if request else None
    if every:
        return NamedRows(number, 1, None)
    rows = NamedRows(number, int(first), int(last or first))
    if rows.first < 1 or number == 0:
        raise UsageError(f"{text} is not the number of a row", hint=_SEVERAL)
    if rows.last is not None and rows.last < rows.first:
        raise UsageError(f"{text} ends before it begins", hint=_SEVERAL)
    return rows


def parse_row(text: str) -> NamedRows:
    """As ``parse_rows``, for one row. Raises UsageError."""
    try:
        rows = parse_rows(text)
    except UsageError as error:
        raise error.with_hint(_ONE) from None
    if not rows.one:
        raise UsageError(f"{text} is more than one row", hint=_ONE)
    return rows
