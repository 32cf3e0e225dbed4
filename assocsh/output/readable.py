"""Values as people read them in tables: days, times of day, and what a UID is called.

What is not of the form that the standard gives it (PS3.5 6.2) stays as it came. Everything that
programs read, and whatever is taken from a row again, has the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from assocsh.output.values import value_text
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from pydicom import DataElement

_DATE = pattern(r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_TIME = pattern(r"([01][0-9]|2[0-3])(?:([0-5][0-9])(?:([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?")
_ZONE = pattern(r"([+-][0-9]{2})([0-9]{2})")


def readable_text(element: DataElement) -> str:
    """The value of an element that is not a sequence, as a table shows it. Never raises."""
    text = value_text(element)
    form = _FORMS.get(element.VR)
    if form is None or not text:
        return text
    return "\\".join(map(form, text.split("\\")))


def readable_date(text: str) -> str:
    """``2026-11-30`` for ``20261130``."""
    found = _DATE.fullmatch(text)
    return "-".join(found.groups()) if found else text


def readable_time(text: str) -> str:
    """``14:02:33`` for ``140233.000000``; a fraction that is not zero stays."""
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    hours, minutes, seconds, fraction = found.groups()
    if minutes is None:
        return f"{hours} h"
    fraction = (fraction or "").rstrip("0").rstrip(".")
    return f"{hours}:{minutes}" + (f":{seconds}{fraction}" if seconds else "")


def readable_moment(text: str) -> str:
    """``2026-11-30 14:02:33 +01:00`` for ``20261130140233+0100``."""
    day, time, zone = text[:8], text[8:], ""
    if len(text) > 12 and text[-5] in "+-":
        time, zone = text[8:-5], text[-5:]
    offset = _ZONE.fullmatch(zone)
    if not _DATE.fullmatch(day) or (time and not _TIME.fullmatch(time)) or (zone and not offset):
        return text
    parts = [readable_date(day), *([readable_time(time)] if time else [])]
    return " ".join(parts + ([f"{offset[1]}:{offset[2]}"] if offset else []))


@lru_cache(maxsize=1024)
def readable_uid(text: str) -> str:
    """The name of a SOP class, a transfer syntax or what else is registered; others as they are."""
    from assocsh.datasets.dictionary import short_uid_name

    return short_uid_name(text)


_FORMS: dict[str, Callable[[str], str]] = {
    "DA": readable_date,
    "TM": readable_time,
    "DT": readable_moment,
    "UI": readable_uid,
}


@lru_cache(maxsize=1024)
def vr_of(keyword: str) -> str:
    """The VR of an attribute that the dictionary has; empty for others."""
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    tag = tag_for_keyword(keyword)
    return "" if tag is None else dictionary_VR(tag)
