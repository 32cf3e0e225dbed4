"""The value representations (PS3.5 6.2): which are text, numbers or bytes, and how long a header.

One home for what the walker, the codec, transcoding and typed values ask of a VR. No pydicom here.
"""

from __future__ import annotations

LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
"""The VRs whose explicit header has a 32-bit length (PS3.5 7.1.2)."""

SHORT_VRS = frozenset(
    {
        *{"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH"},
        *{"SL", "SS", "ST", "TM", "UI", "UL", "US"},
    }
)

TEXT_VRS = frozenset(
    {
        *{"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC"},
        *{"UI", "UR", "UT"},
    }
)
"""The VRs whose values are characters, padded at the end."""

INTEGERS = {
    "US": (0, 2**16 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "UL": (0, 2**32 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "UV": (0, 2**64 - 1),
    "SV": (-(2**63), 2**63 - 1),
    "IS": (-(2**31), 2**31 - 1),
}
"""The VRs of whole numbers, with the lowest and the highest."""
FLOATS = frozenset({"FL", "FD"})
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
ONE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
"""Texts of one value each: the backslash is an ordinary character in them."""

NUMBER_WIDTH = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), 4),
    **dict.fromkeys(("FD", "OD", "SV", "UV", "OV"), 8),
}
"""Bytes of one number (of half a tag, for AT); the byte order is turned within them."""

_PADDING = {
    **dict.fromkeys(TEXT_VRS, b" "),
    **dict.fromkeys(("UI", "OB", "OW", "UN"), b"\0"),
}

_AMBIGUOUS = {"US or SS": "US", "OB or OW": "OW", "US or SS or OW": "US", "US or OW": "OW"}


def padding_of(vr: str) -> bytes | None:
    """What makes a value of odd length even (PS3.5 6.2); None for numbers, which have none."""
    return _PADDING.get(vr)


def one_vr(vr: str) -> str:
    """A VR of the dictionary such as ``US or SS`` made into one."""
    return _AMBIGUOUS.get(vr, vr if len(vr) == 2 else "UN")
