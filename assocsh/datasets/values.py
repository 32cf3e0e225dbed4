"""Texts into values, by value representation (PS3.5 6.2): what may be typed behind ``Keyword=``.

Dates and times may be ranges and texts may have wildcards (PS3.4 C.2.2.2); what cannot be a value
of the VR at all is refused here, with the way to write it, and not left to the peer to puzzle over.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

from assocsh.datasets.dictionary import TagEntry, find_tag, uid_of
from assocsh.datasets.uid_form import MAX_LENGTH, is_uid
from assocsh.datasets.vrs import BINARY, FLOATS, INTEGERS, ONE_TEXT, one_vr
from assocsh.errors import UsageError

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement

_AGE = re.compile(r"[0-9]{3}[DWMY]")

_DATE = re.compile(r"(\d{4})(?:\.(\d\d)\.(\d\d)|(\d\d)(\d\d))")
_TIME = re.compile(
    r"([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d|60)(?:\.\d{1,6})?)?|:([0-5]\d)(?::[0-5]\d(?:\.\d{1,6})?)?)?"
)
_DATETIME = re.compile(
    r"\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d"
    r"|60)(?:\.\d{1,6})?)?)?)?)?)?(?:[+-]\d{4})?"
)
_HINTS = {
    "DA": "write 20260131, or a range: 20260101-20260131, 20260101-, -20260131",
    "TM": "write 0930 or 093000, or a range: 0900-1130, 0900-, -1130",
    "DT": "write 20260131093000, or a range: 20260101-20260131",
}


def element(entry: TagEntry, text: str | None) -> DataElement:
    """The data element for a tag and the text typed for it; None or an empty text is no value.

    A backslash separates values. Raises UsageError when the VR has no such value.
    """
    from pydicom import config
    from pydicom.dataelem import DataElement
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
    else:
        value = convert(entry, vr, text)
    return DataElement(entry.tag, vr, value, validation_mode=config.IGNORE)


def convert(entry: TagEntry, vr: str, text: str) -> Any:
    """The value, or list of values, that ``text`` means in ``vr``. Raises UsageError."""
    if vr in BINARY:
        return _binary(entry, vr, text)
    if vr in ONE_TEXT:
        return text
    parts = text.split("\\")
    values = [_single(entry, vr, part) for part in parts]
    return values[0] if len(values) == 1 else values


def _single(entry: TagEntry, vr: str, text: str) -> Any:
    if vr == "UI":
        return _uid(entry, text)
    if vr in ("DA", "TM", "DT"):
        return _moment(entry, vr, text)
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
        if not math.isfinite(number) or len(text.strip()) > 16:
            _refuse(entry, vr, text, "a decimal string is a finite number of at most 16 characters")
        return text.strip()
    return number


def _uid(entry: TagEntry, text: str) -> str:
    text = text.strip()
    if not text or _wild(text):
        return text
    if is_uid(text):
        return text
    if len(text) > MAX_LENGTH and not text.strip("0123456789."):
        _refuse(entry, "UI", text, f"a UID has at most {MAX_LENGTH} characters")
    if uid := uid_of(text):
        return uid
    _refuse(entry, "UI", text, "write digits and dots, or the keyword of a registered UID")


def _moment(entry: TagEntry, vr: str, text: str) -> str:
    text = text.strip()
    if not text or _wild(text):
        return text
    if not any(all(_is_moment(vr, end) for end in ends) for ends in _ranges(vr, text)):
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
    if vr == "DA":
        found = _DATE.fullmatch(text)
        if not found:
            return False
        month, day = (int(part) for part in found.groups()[1:] if part is not None)
        return 1 <= month <= 12 and 1 <= day <= 31
    return bool((_TIME if vr == "TM" else _DATETIME).fullmatch(text))


def _binary(entry: TagEntry, vr: str, text: str) -> bytes:
    digits = text.replace("\\", "").replace(" ", "").removeprefix("0x")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        _refuse(entry, vr, text, "write the bytes as hexadecimal digits: 0aff10")
    return value + b"\0" if len(value) % 2 else value
