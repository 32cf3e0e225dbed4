"""Texts into values, by value representation (PS3.5 6.2): what may be typed behind ``Keyword=``.

Dates and times may be ranges and texts may have wildcards (PS3.4 C.2.2.2); what cannot be a value
of the VR at all is refused here, with the way to write it, and not left to the peer to puzzle over.
"""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
from calendar import monthrange
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from assocsh.datasets.dictionary import TagEntry, find_tag, format_tag, uid_of
from assocsh.datasets.uid_form import MAX_LENGTH, is_uid
from assocsh.datasets.vrs import BINARY, FLOATS, INTEGERS, ONE_TEXT, one_vr
from assocsh.errors import UsageError
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement

MAX_DS, MAX_LO = 16, 64
"""Characters that a value of the VR has at most (PS3.5 6.2)."""
_SHOWN = 80

_DIGITS = pattern(r"[0-9A-Fa-f]+")
_AGE = pattern(r"[0-9]{3}[DWMY]")

_DATE = pattern(r"(\d{4})(?:\.(\d\d)\.(\d\d)|(\d\d)(\d\d))")
_TIME = pattern(
    r"([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d|60)(?:\.\d{1,6})?)?|:([0-5]\d)(?::[0-5]\d(?:\.\d{1,6})?)?)?"
)
_DATETIME = pattern(
    r"\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d"
    r"|60)(?:\.\d{1,6})?)?)?)?)?)?(?:-(?:0\d|1[0-2])[0-5]\d|\+(?:0\d|1[0-4])[0-5]\d)?"
)
_DAY = pattern(r"(\d{4})(\d\d)(\d\d)")
_HINTS = {
    "DA": "write 20260131, or a range: 20260101-20260131, 20260101-, -20260131",
    "TM": "write 0930 or 093000, or a range: 0900-1130, 0900-, -1130",
    "DT": "write 20260131093000, or a range: 20260101-20260131",
}


Came = Callable[[str, str], bool]
"""``came(keyword, text)``: whether a peer sent ``text`` as a value of that element."""


def element(entry: TagEntry, text: str | None, came: Came | None = None) -> DataElement:
    """The data element for a tag and the text typed for it; None or an empty text is no value.

    A backslash separates values. Raises UsageError when the VR has no such value, but for a UID,
    date or time that ``came`` from the peer.
    """
    from pydicom.sequence import Sequence

    vr = one_vr(entry.vr)
    value: Any
    if vr == "SQ":
        if text:
            raise UsageError(
                f"{entry.label} is a sequence and has no value of its own",
                hint=f"name an element of an item: {entry.label}[0].Keyword=...",
            )
        value = Sequence()
    elif not text:
        value = b"" if vr in BINARY else None if vr in INTEGERS or vr in FLOATS else ""
    elif vr == "UN" and _hexadecimal(text) is None and not _DIGITS.fullmatch(text):
        # nothing says what it is, and text is what people look for
        vr = "LO" if all(len(part) <= MAX_LO for part in text.split("\\")) else "UT"
        value = text.split("\\") if vr == "LO" and "\\" in text else text
    else:
        value = convert(entry, vr, text, came)
    return plain_element(entry, vr, value)


def plain_element(entry: TagEntry, vr: str, value: Any) -> DataElement:
    """The data element with a value that was looked at already."""
    from pydicom import config
    from pydicom.dataelem import DataElement

    return DataElement(entry.tag, vr, value, validation_mode=config.IGNORE)


def convert(entry: TagEntry, vr: str, text: str, came: Came | None = None) -> Any:
    """The value, or list of values, that ``text`` means in ``vr``. Raises UsageError."""
    if vr in BINARY:
        value = _hexadecimal(text)
        if value is None:
            _refuse(entry, vr, text, "write the bytes as pairs of hexadecimal digits: 0aff10")
        return value
    if vr in ONE_TEXT:
        return text
    if vr == "UI":
        values = [_uid(entry, part, came) for part in text.split("\\")]
    else:
        values = [_single(entry, vr, part, came) for part in text.split("\\")]
    return values[0] if len(values) == 1 else values


# ---- values that are not texts --------------------------------------------------------------


def tag_of(value: object) -> int | None:
    """The tag that an integer (a pydicom tag is one) or a pair (group, element) is, or None."""
    if isinstance(value, tuple) and len(value) == 2 and all(map(_is_whole, value)):
        group, number = value
        return group << 16 | number if 0 <= group <= 0xFFFF and 0 <= number <= 0xFFFF else None
    return int(value) if _is_whole(value) and 0 <= value <= 0xFFFFFFFF else None


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def text_of(entry: TagEntry, vr: str, value: Any) -> str:
    """One value of a mapping as the text that would be typed for it. Raises UsageError.

    Texts, whole and other numbers, dates, times and datetimes, person names of pydicom, tags for
    AT. What a text means in ``vr`` is for ``element`` to find out.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if vr == "AT" and (tag := tag_of(value)) is not None:
        return format_tag(tag)
    if isinstance(value, datetime.date | datetime.time):
        text = _moment_text(vr, value)
    elif _is_whole(value):
        text = str(int(value))
    elif isinstance(value, numbers.Real | decimal.Decimal):
        text = _number_text(vr, value)
    else:
        text = str(value) if vr == "PN" and hasattr(value, "components") else None
    if text is None or isinstance(value, bool):
        raise not_a_value(entry, vr, value)
    return text


def not_a_value(entry: TagEntry, vr: str, value: object) -> UsageError:
    """The error for a value that the VR does not have."""
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + "…"
    return UsageError(
        f"{entry.label} has VR {vr}: {shown} ({type(value).__name__}) is not such a value"
    )


def _moment_text(vr: str, value: datetime.date | datetime.time) -> str | None:
    """A date, time or datetime in the form of the VR (PS3.5 6.2), None when it has no such."""
    if vr == "DA" and isinstance(value, datetime.date):
        return f"{value.year:04}{value.month:02}{value.day:02}"
    if vr == "TM" and isinstance(value, datetime.time | datetime.datetime):
        return _time_text(value)
    if vr == "DT" and isinstance(value, datetime.date):
        text = f"{value.year:04}{value.month:02}{value.day:02}"
        if isinstance(value, datetime.datetime):
            text += _time_text(value) + (value.strftime("%z")[:5] if value.tzinfo else "")
        return text
    return None


def _time_text(value: datetime.time | datetime.datetime) -> str:
    fraction = f".{value.microsecond:06}" if value.microsecond else ""
    return f"{value.hour:02}{value.minute:02}{value.second:02}{fraction}"


def _number_text(vr: str, value: Any) -> str | None:
    """A number that is not whole; None for a VR of whole numbers."""
    if vr in INTEGERS:
        return str(int(value)) if math.isfinite(value) and value == int(value) else None
    text = str(value)
    if vr != "DS" or len(text) <= MAX_DS:
        return text
    for digits in range(MAX_DS, 0, -1):
        if len(text := f"{float(value):.{digits}g}") <= MAX_DS:
            break
    return text


# ---- texts ----------------------------------------------------------------------------------


def _single(entry: TagEntry, vr: str, text: str, came: Came | None) -> Any:
    if vr in ("DA", "TM", "DT"):
        return _moment(entry, vr, text, came)
    if vr in INTEGERS:
        return _integer(entry, vr, text)
    if vr in FLOATS or vr == "DS":
        return _number(entry, vr, text)
    if vr == "AT":
        return find_tag(text).tag
    if vr == "AS" and not _AGE.fullmatch(text):
        _refuse(entry, vr, text, "an age is three digits and D, W, M or Y: 045Y")
    return text


def _refuse(entry: TagEntry, vr: str, text: str, hint: str) -> NoReturn:
    raise UsageError(f"{entry.label} has VR {vr}: {text!r} is not such a value", hint=hint)


def _wild(text: str) -> bool:
    return "*" in text or "?" in text or text == '""'


def _integer(entry: TagEntry, vr: str, text: str) -> int | str:
    low, high = INTEGERS[vr]
    if vr == "IS" and not text.strip():
        return text
    try:
        number = int(text, 16 if text.strip().lower().startswith("0x") else 10)
    except ValueError:
        _refuse(entry, vr, text, f"write a whole number from {low} to {high}")
    if not low <= number <= high:
        _refuse(entry, vr, text, f"the numbers go from {low} to {high}")
    return str(number) if vr == "IS" else number


def _number(entry: TagEntry, vr: str, text: str) -> float | str:
    if vr == "DS" and not text.strip():
        return text
    try:
        number = float(text)
    except ValueError:
        _refuse(entry, vr, text, "write a number: 1.5")
    if vr == "DS":
        if not math.isfinite(number) or len(text.strip()) > MAX_DS:
            _refuse(entry, vr, text, "a decimal string is a finite number of at most 16 characters")
        return text.strip()
    return number


def _uid(entry: TagEntry, text: str, came: Came | None) -> str:
    text = text.strip()
    if not text or _wild(text):
        return text
    if is_uid(text):
        return text
    if came is not None and came(entry.keyword, text):
        return text
    if len(text) > MAX_LENGTH and not text.strip("0123456789."):
        _refuse(entry, "UI", text, f"a UID has at most {MAX_LENGTH} characters")
    if uid := uid_of(text):
        return uid
    _refuse(entry, "UI", text, "write digits and dots, or the keyword of a registered UID")


def _moment(entry: TagEntry, vr: str, text: str, came: Came | None) -> str:
    text = text.strip()
    if not text or _wild(text):
        return text
    if any(all(_is_moment(vr, end) for end in ends) for ends in _ranges(vr, text)):
        return text
    if came is None or not came(entry.keyword, text):
        _refuse(entry, vr, text, _HINTS[vr])
    return text


def _ranges(vr: str, text: str) -> list[tuple[str, ...]]:
    """The ways to read ``text`` as one value or as a range; a DT may have a minus of its own."""
    ways: list[tuple[str, ...]] = [(text,)]
    for place, character in enumerate(text):
        if character == "-" and len(text) > 1:
            ways.append((text[:place], text[place + 1 :]))
    return ways if vr == "DT" or text.count("-") <= 1 else []


def _is_moment(vr: str, text: str) -> bool:
    if not text:  # the open end of a range
        return True
    if vr == "TM":
        return bool(_TIME.fullmatch(text))
    found = (_DATE if vr == "DA" else _DATETIME).fullmatch(text)
    if not found:
        return False
    if vr == "DA":
        return _is_day(*(part for part in found.groups() if part is not None))
    whole_day = _DAY.match(text)
    return whole_day is None or _is_day(*whole_day.groups())


def _is_day(year: str, month: str, day: str) -> bool:
    """Whether the calendar has it: 30 February and 31 April are none."""
    return 1 <= int(month) <= 12 and 1 <= int(day) <= monthrange(int(year), int(month))[1]


def _hexadecimal(text: str) -> bytes | None:
    """Bytes written as hexadecimal digits, made even; None for other text."""
    digits = text.replace("\\", "").replace(" ", "").removeprefix("0x")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        return None
    return value + b"\0" if len(value) % 2 else value
