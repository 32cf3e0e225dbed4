"""Attribute matching of PS3.4 C.2.2.2: an identifier made into a test of data sets.

Single value, list of UID, universal, wildcard, range and sequence matching, and a range of date
and time together where the information model says so (the worklist: K.6.1.2.2).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

Test = Callable[["Dataset"], bool]
Span = tuple[str, str]

WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
NUMBER_VRS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
EMPTY = '""'
"""Empty value matching (PS3.4 C.2.2.2.7): only what has no value."""

NOT_KEYS = frozenset({0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080201})
"""Elements of an identifier that are not matched: character set, level, view, AE, availability."""

_PAIRS = {
    0x00080020: 0x00080030,  # Study
    0x00080021: 0x00080031,  # Series
    0x00080022: 0x00080032,  # Acquisition
    0x00400002: 0x00400003,  # Scheduled Procedure Step Start
}
_DATETIME = pattern(
    r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.(\d{1,6}))?([+-]\d{4})?", re.ASCII
)


def compile_identifier(identifier: Dataset, *, combined: bool = False) -> Test:
    """A test whether a data set matches all keys. ``combined``: date and time ranges are one range.

    Never raises for a value that is not of its VR: such a key matches nothing.
    """
    tests: list[Test] = []
    done: set[int] = set()
    for key in identifier:
        tag = int(key.tag)
        partner = _PAIRS.get(tag)
        if not (combined and partner is not None and partner in identifier):
            continue
        dates, times = _first(key), _first(identifier[partner])
        if "-" in dates and "-" in times:
            tests.append(_moment_range(tag, partner, dates, times))
            done |= {tag, partner}
    for key in identifier:
        tag = int(key.tag)
        if tag in done or tag in NOT_KEYS or not tag & 0xFFFF:
            continue
        test = _sequence_test(key, combined) if key.VR == "SQ" else _element_test(key)
        if test is not None:
            tests.append(test)
    return lambda dataset: all(test(dataset) for test in tests)


def is_universal(key: DataElement) -> bool:
    """Whether the key asks for the attribute without restricting it (C.2.2.2.3)."""
    if key.VR == "SQ":
        return not key.value or all(is_universal(inner) for inner in key.value[0])
    return not any(texts(key)) or (key.VR in WILDCARD_VRS and set(_first(key)) == {"*"})


def texts(data_element: DataElement) -> list[str]:
    """The values of an element as texts without padding; none for an empty one."""
    value = data_element.value
    if value is None or isinstance(value, bytes):
        return [value.hex()] if value else []
    if isinstance(value, str) or hasattr(value, "components") or not isinstance(value, Iterable):
        values: list[Any] = [value]
    else:
        values = list(value)
    found = [unicodedata.normalize("NFC", str(one)).strip(" \0") for one in values]
    return [] if found == [""] else found


def _first(key: DataElement) -> str:
    found = texts(key)
    return found[0] if found else ""


# ---- sequences ------------------------------------------------------------------------------


def _sequence_test(key: DataElement, combined: bool) -> Test | None:
    if is_universal(key):
        return None
    tag, test = key.tag, compile_identifier(key.value[0], combined=combined)

    def matches(dataset: Dataset) -> bool:
        if tag not in dataset or dataset[tag].VR != "SQ":
            return False
        return any(test(item) for item in dataset[tag].value)

    return matches


# ---- single elements ------------------------------------------------------------------------


def _element_test(key: DataElement) -> Test | None:
    wanted = texts(key)
    if not any(wanted):
        return None
    tag, vr = key.tag, str(key.VR)
    if wanted == [EMPTY]:
        return lambda dataset: tag not in dataset or not any(texts(dataset[tag]))
    if wanted[0] and set(wanted[0]) == {"*"} and (vr in WILDCARD_VRS or vr in ("DA", "TM", "DT")):
        return None
    tests = [_value_test(vr, text) for text in wanted if text]

    def matches(dataset: Dataset) -> bool:
        if tag not in dataset:
            return False
        values = texts(dataset[tag])
        return any(test(value) for value in values for test in tests)

    return matches


def _value_test(vr: str, text: str) -> Callable[[str], bool]:
    if vr == "PN":
        return _name_test(text)
    if vr in WILDCARD_VRS:
        if "*" in text or "?" in text:
            return wildcard(text)
        return lambda value: value == text
    if vr == "DA":
        return _span_test(_range(text, date_span), date_span)
    if vr == "TM":
        return _span_test(_range(text, time_span), time_span)
    if vr == "DT":
        return _span_test(_datetime_range(text), datetime_span)
    if vr in NUMBER_VRS:
        return _number_test(text)
    return lambda value: value == text


def wildcard(pattern: str) -> Callable[[str], bool]:
    """``*`` any characters or none, ``?`` exactly one (C.2.2.2.4).

    Piece by piece from the left, so that no pattern of a peer's takes long.
    """
    pieces = [
        re.compile("".join("." if c == "?" else re.escape(c) for c in piece), re.DOTALL)
        for piece in pattern.split("*")
    ]
    sizes = [len(piece) for piece in pattern.split("*")]
    if len(pieces) == 1:
        return lambda value: pieces[0].fullmatch(value) is not None

    def matches(value: str) -> bool:
        end = len(value) - sizes[-1]
        position = sizes[0]
        if position > end or not pieces[0].match(value) or not pieces[-1].match(value, end):
            return False
        for piece in pieces[1:-1]:
            found = piece.search(value, position, end)
            if found is None:
                return False
            position = found.end()
        return True

    return matches


def _name_test(text: str) -> Callable[[str], bool]:
    """Names match without regard to case, in any component group unless several are given."""
    if "=" in text:
        groups = [_group_test(group) if group else None for group in text.split("=")]

        def each(value: str) -> bool:
            there = value.split("=")
            there += [""] * (len(groups) - len(there))
            return all(
                test is None or test(group) for test, group in zip(groups, there, strict=False)
            )

        return each
    test = _group_test(text)
    return lambda value: any(test(group) for group in value.split("=") if group)


def _group_test(text: str) -> Callable[[str], bool]:
    wanted = _plain_name(text)
    if "*" in wanted or "?" in wanted:
        test = wildcard(wanted)
        # A^B and A^B^^^ are the same name: a pattern may have been written for either
        return lambda group: test(plain := _plain_name(group)) or test(_all_components(plain))
    return lambda group: _plain_name(group) == wanted


def _plain_name(text: str) -> str:
    """Without case, and without the delimiters of components that are empty at the end."""
    return unicodedata.normalize("NFC", text.strip().casefold()).rstrip("^ ")


def _all_components(name: str) -> str:
    return name + "^" * (4 - name.count("^"))


def _number_test(text: str) -> Callable[[str], bool]:
    try:
        wanted = float(text)
    except ValueError:
        return lambda value: False

    def same(value: str) -> bool:
        try:
            return float(value) == wanted
        except ValueError:
            return False

    return same


# ---- dates and times ------------------------------------------------------------------------


def date_span(text: str) -> Span | None:
    """First and last day that a DA means; the ACR-NEMA form with dots too."""
    digits = text.strip().replace(".", "")
    return (digits, digits) if len(digits) == 8 and digits.isdigit() else None


def time_span(text: str) -> Span | None:
    """First and last moment that a TM means: ``10`` is the whole hour."""
    digits, _, fraction = text.strip().replace(":", "").partition(".")
    if not digits.isdigit() or len(digits) not in (2, 4, 6) or len(fraction) > 6:
        return None
    if fraction and not fraction.isdigit():
        return None
    low = digits.ljust(6, "0") + fraction.ljust(6, "0")
    high = digits + "595959"[len(digits) :] + fraction.ljust(6, "9")
    return low, high


def datetime_span(text: str) -> Span | None:
    """First and last moment that a DT means, in UTC; without an offset it is taken as UTC."""
    found = _DATETIME.fullmatch(text.strip())
    if not found:
        return None
    year, *rest, fraction, offset = found.groups()
    parts = [int(part) for part in rest if part is not None]
    zone: timezone = UTC
    try:
        if offset:
            minutes = int(offset[1:3]) * 60 + int(offset[3:])
            zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        month, day, hour, minute, second = parts + [1, 1, 0, 0, 0][len(parts) :]
        micro = int(fraction.ljust(6, "0")) if fraction else 0
        low = datetime(int(year), month, day, hour, minute, second, micro, tzinfo=zone)
        return _sortable(low), _sortable(_last_moment(low, len(parts), fraction or ""))
    except (ValueError, OverflowError):
        return None


def _last_moment(low: datetime, parts: int, fraction: str) -> datetime:
    tick = timedelta(microseconds=1)
    if fraction:
        return low + timedelta(microseconds=10 ** (6 - len(fraction))) - tick
    if parts == 0:
        return low.replace(year=low.year + 1) - tick
    if parts == 1:
        return (low.replace(day=28) + timedelta(days=4)).replace(day=1) - tick
    steps = {2: timedelta(days=1), 3: timedelta(hours=1), 4: timedelta(minutes=1)}
    return low + steps.get(parts, timedelta(seconds=1)) - tick


def _sortable(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f").rjust(21, "0")


def _range(text: str, span: Callable[[str], Span | None]) -> Span | None:
    """The first and last value that a DA or TM key takes in; None for what is neither."""
    low, dash, high = text.partition("-")
    if not dash:
        return span(text)
    return _ends(span(low) if low.strip() else ("", ""), span(high) if high.strip() else ("~", "~"))


def _datetime_range(text: str) -> Span | None:
    single = datetime_span(text)  # a minus may begin an offset: then it is no range
    if single is not None:
        return single
    for place, character in enumerate(text):
        if character != "-":
            continue
        low, high = text[:place], text[place + 1 :]
        found = _ends(
            datetime_span(low) if low.strip() else ("", ""),
            datetime_span(high) if high.strip() else ("~", "~"),
        )
        if found is not None:
            return found
    return None


def _ends(low: Span | None, high: Span | None) -> Span | None:
    return None if low is None or high is None else (low[0], high[1])


def _span_test(wanted: Span | None, span: Callable[[str], Span | None]) -> Callable[[str], bool]:
    if wanted is None:
        return lambda value: False
    first, last = wanted

    def within(value: str) -> bool:
        there = span(value)
        return there is not None and first <= there[0] <= last

    return within


def _moment_range(date_tag: int, time_tag: int, dates: str, times: str) -> Test:
    """From the first date at the first time until the last date at the last time (K.6.1.2.2)."""
    days, hours = _range(dates, date_span), _range(times, time_span)
    if days is None or hours is None:
        return lambda dataset: False
    first = (days[0], hours[0])
    last = (days[1], hours[1])

    def within(dataset: Dataset) -> bool:
        if date_tag not in dataset or time_tag not in dataset:
            return False
        day, hour = date_span(_first(dataset[date_tag])), time_span(_first(dataset[time_tag]))
        if day is None or hour is None:
            return False
        return first <= (day[0], hour[0]) <= last

    return within
