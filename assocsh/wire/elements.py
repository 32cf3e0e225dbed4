"""The elements at the top of an encoded data set, for those who look for one of them."""

from __future__ import annotations

from itertools import islice

from assocsh.datasets.structure import (
    UNDEFINED,
    Kind,
    StructureError,
    encoding_of,
    fetch_from,
    is_deflated,
    walk,
)
from assocsh.records import NamedTuple

VALUE = 1024
"""Bytes of one value that are given."""

MOST = 4_000
"""Elements of one data set that are looked at, those in sequences included."""

_TEXT = frozenset(("SH", "LO", "ST", "LT", "UC", "UT", "PN"))
_IMPLICIT_TEXT = frozenset((0x00100010, 0x00081030, 0x0008103E, 0x00080080, 0x00080090))
"""Implicit VR does not say it: the name of the patient and the descriptions that all have."""


class Element(NamedTuple):
    """One element; ``value`` are its first bytes, none of a sequence or of pixels."""

    tag: int
    vr: str
    length: int
    value: bytes

    @property
    def is_text(self) -> bool:
        """Whether Specific Character Set holds for it (PS3.5 6.1.2.2)."""
        return self.vr in _TEXT or (not self.vr and self.tag in _IMPLICIT_TEXT)


def elements(data: bytes, transfer_syntax: str) -> list[Element]:
    """Those that can be read, in their order; never raises. None of a deflated data set."""
    found: list[Element] = []
    if is_deflated(transfer_syntax):
        return found
    implicit, little = encoding_of(transfer_syntax)
    try:
        parts = walk(fetch_from(data), 0, len(data), implicit, little)
        for part in islice(parts, MOST):
            if part.depth == 0 and part.kind in (Kind.ELEMENT, Kind.SEQUENCE):
                value = b""
                if part.kind is Kind.ELEMENT and part.length != UNDEFINED:
                    value = data[part.offset : part.offset + min(part.length, VALUE)]
                found.append(Element(part.tag, part.vr, part.length, value))
    except StructureError:
        pass
    return found


def value_of(data: bytes, transfer_syntax: str, tag: int) -> bytes | None:
    """The value of one element at the top, without its padding; None where it is not found."""
    for element in elements(data, transfer_syntax):
        if element.tag == tag:
            return element.value.strip(b" \0")
    return None
