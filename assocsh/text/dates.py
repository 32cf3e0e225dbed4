"""Days and ranges of days as people type them: ``today``, ``-7d-``, ``march``, ``2026-11-01``.

One way of saying a day, wherever one is typed: what it means is what DA in a query has (PS3.5 6.2,
PS3.4 C.2.2.2.5), and it is shown before it is sent.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from assocsh.errors import UsageError
from assocsh.text.patterns import pattern

DATE_WORDS: Mapping[str, str] = {
    "today": "this day",
    "yesterday": "the day before",
    "tomorrow": "the next day",
    "-7d-": "the last seven days, and later",
    "-1d..+1d": "from yesterday until tomorrow",
    "today-": "today and later",
    "monday": "the last one, today included; +monday is the next one",
    "march": "the whole month, the last one that has begun",
}
"""What a day may be called, and ranges that are often meant, each with what it is."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_OFFSET = pattern(r"([+-])([0-9]{1,4})([dw])")
_DATE = pattern(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = pattern(r"([0-9]{4})-([0-9]{2})")
_POINT = r"[+-][0-9]{1,4}[dw]|\+?[a-z]+|[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|[0-9]{8}"
_RANGE = pattern(rf"({_POINT})?(?:-|\.\.)({_POINT})?")
_ONE = pattern(_POINT)
_HINT = "today, -7d, -7d-, -1d..+1d, monday, march, 2026-11, 20261101 or 20261101-20261130"

Span = tuple[date, date]
"""The first day that is meant, and the last."""


_IN_WORDS = pattern(r"[a-zA-Z]|\.\.|(?<![0-9])[0-9]{4}-[0-9]{2}(?![0-9])")


def in_words(text: str) -> bool:
    """Whether a day is not written as DA itself has it: ``today``, ``-7d-``, ``2026-11-01``.

    ``20261101``, ``20261101-`` and wildcards are no words: they are sent as they are.
    """
    return _IN_WORDS.search(text) is not None


def parse_dates(text: str, today: date | None = None) -> str:
    """What is to be matched, as DA in a query has it (PS3.4 C.2.2.2.5): one date, or a range.

    ``today`` is the day from which ``today`` and ``+1d`` count; that of the clock without one.
    Raises UsageError, also for a range that ends before it begins.
    """
    word = text.lower()
    now = datetime.now().astimezone().date() if today is None else today
    if _ONE.fullmatch(word):
        first, last = _span(word, text, now)
        return _written(first, last)
    found = _RANGE.fullmatch(word)
    if found is None or not (found[1] or found[2]):
        raise _no_dates(text)
    begins = _span(found[1], text, now)[0] if found[1] else None
    ends = _span(found[2], text, now)[1] if found[2] else None
    if begins is not None and ends is not None and begins > ends:
        raise UsageError(f"{text} ends before it begins", hint="the earlier day comes first")
    return _written(begins, ends)


def _written(first: date | None, last: date | None) -> str:
    begins, ends = (f"{day:%Y%m%d}" if day is not None else "" for day in (first, last))
    return begins if begins == ends else f"{begins}-{ends}"


def _span(word: str, whole: str, today: date) -> Span:
    try:
        if _DATE.fullmatch(word):
            day = date.fromisoformat(word)
            return day, day
        if (month := _MONTH.fullmatch(word)) is not None:
            return _month(int(month[1]), int(month[2]))
        if (found := _OFFSET.fullmatch(word)) is not None:
            count = int(found[2]) * (7 if found[3] == "w" else 1)
            day = today + timedelta(days=-count if found[1] == "-" else count)
            return day, day
        if word in _DAYS:
            day = today + timedelta(days=_DAYS[word])
            return day, day
        return _named(word, whole, today)
    except (ValueError, OverflowError):
        raise UsageError(f"{whole} is no date of the calendar", hint=_HINT) from None


def _named(word: str, whole: str, today: date) -> Span:
    """A day of the week, or a month, by its name or the first three letters of it."""
    name = word.removeprefix("+")
    weekday = _place(name, WEEKDAYS)
    if weekday is not None:
        days = (weekday - today.weekday() - 1) % 7 + 1  # until the next one
        day = today + timedelta(days=days if word != name else days - 7)
        return day, day
    month = _place(name, MONTHS)
    if month is None or word != name:
        raise _no_dates(whole)
    return _month(today.year if month + 1 <= today.month else today.year - 1, month + 1)


def _place(name: str, names: tuple[str, ...]) -> int | None:
    return next((at for at, each in enumerate(names) if name in (each, each[:3])), None)


def _month(year: int, month: int) -> Span:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


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
    day = f"{then.day} {MONTHS[then.month - 1][:3].title()}"
    return f"{day} {clock}" if abs(now - at) < _HALF_A_YEAR else f"{day} {then.year}"


_HALF_A_YEAR = 182 * 86_400
