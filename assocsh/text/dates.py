"""Days and ranges of days as people type them: ``today``, ``-1d..+1d``, ``20261101-20261130``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from assocsh.errors import UsageError

DATE_WORDS: Mapping[str, str] = {
    "today": "this day",
    "tomorrow": "the next day",
    "yesterday": "the day before",
    "-1d..+1d": "from yesterday until tomorrow",
    "today..": "today and later",
}
"""What a day may be called, and ranges that are often meant, each with what it is."""

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_OFFSET = re.compile(r"([+-])([0-9]{1,4})d")
_DATE = re.compile(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANGE = re.compile(r"([0-9]{8})?-([0-9]{8})?")
_HINT = "today, tomorrow, +2d, -1d..+1d, 20261101 or 20261101-20261130"


def parse_dates(text: str, today: date | None = None) -> str:
    """What is to be matched, as DA in a query has it (PS3.4 C.2.2.2.5): one date, or a range.

    ``today`` is the day from which ``today`` and ``+1d`` count; that of the clock without one.
    Raises UsageError, also for a range that ends before it begins.
    """
    if _RANGE.fullmatch(text) and text != "-":
        first, _, last = text.partition("-")
    elif ".." in text:
        first, _, last = text.partition("..")
        if not first and not last:
            raise _no_dates(text)
    else:
        return _day(text, text, today)
    begins = _day(first, text, today) if first else ""
    ends = _day(last, text, today) if last else ""
    if begins and ends and begins > ends:
        raise UsageError(f"{text} ends before it begins", hint="the earlier day comes first")
    return begins if begins == ends else f"{begins}-{ends}"


def _day(text: str, whole: str, today: date | None) -> str:
    word = text.lower()
    try:
        if _DATE.fullmatch(word):
            return date.fromisoformat(word).strftime("%Y%m%d")
        if (found := _OFFSET.fullmatch(word)) is not None:
            days = int(found[2]) * (-1 if found[1] == "-" else 1)
        elif word in _DAYS:
            days = _DAYS[word]
        else:
            raise _no_dates(whole)
        first = datetime.now().astimezone().date() if today is None else today
        return (first + timedelta(days=days)).strftime("%Y%m%d")
    except (ValueError, OverflowError):
        raise UsageError(f"{text} is no date of the calendar", hint=_HINT) from None


def _no_dates(text: str) -> UsageError:
    return UsageError(f"{text} is not a date", hint=_HINT)


def moment(at: float, now: float) -> str:
    """When something was, in seconds since 1970: ``today 14:02``, ``1 Dec 14:02``, ``1 Dec 2025``.

    In the time zone of this computer.
    """
    then, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone()
    clock = f"{then:%H:%M}"
    if then.date() == today.date():
        return f"today {clock}"
    if today.date() - then.date() == timedelta(days=1):
        return f"yesterday {clock}"
    day = f"{then.day} {_MONTHS[then.month - 1]}"
    return f"{day} {clock}" if abs(now - at) < _HALF_A_YEAR else f"{day} {then.year}"


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_HALF_A_YEAR = 182 * 86_400
