"""What must have been negotiated, concluded from what is said: captures begin in the middle.

Without the A-ASSOCIATE-RQ nobody says which SOP class a context ID stands for and how its data sets
are encoded. The command set names the class, in (0000,0002) or (0000,0003); the encoding is found
by trial of the first element. Never more than a conclusion: the context is marked ``inferred``.
"""

from __future__ import annotations

from struct import Struct
from typing import Literal

from assocsh.datasets.vrs import LONG_VRS, SHORT_VRS
from assocsh.uids import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)

_IMPLICIT = Struct("<HHI")
_VRS = frozenset(vr.encode() for vr in (*LONG_VRS, *SHORT_VRS))
_LONG = frozenset(vr.encode() for vr in LONG_VRS)
_ENCAPSULATED = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff"
_LOWEST_GROUP, _HIGHEST_GROUP = 0x0002, 0x7FE0
_INFLATED_AT_FIRST = 16
_TRIED = 4
"""Elements that are read to tell the byte order."""


def transfer_syntax_of(data: bytes, length: int) -> str | None:
    """The transfer syntax of a data set that begins with ``data`` and is ``length`` bytes long.

    Of the compressed ones, that which the first fragment of the pixels looks like. None where no
    encoding fits, or there are too few bytes to tell.
    """
    if len(data) < 8:
        return None
    if data[4:6] in _VRS:
        return _compressed(data) if _is_little(data, length) else EXPLICIT_BE
    group, _, size = _IMPLICIT.unpack_from(data)
    if _LOWEST_GROUP <= group <= _HIGHEST_GROUP and (size <= length - 8 or size == 0xFFFFFFFF):
        return IMPLICIT_LE
    return DEFLATED_LE if _deflated(data) else None


def _is_little(data: bytes, length: int) -> bool:
    """The byte order of a data set with explicit VR: the one in which more elements follow on.

    Where both go as far (one element, a few bytes), group numbers are small: the zero byte, or the
    smaller one, is the high one.
    """
    little, big = _read_on(data, length, "little"), _read_on(data, length, "big")
    if little != big:
        return little > big
    return int.from_bytes(data[:2], "little") <= int.from_bytes(data[:2], "big")


def _read_on(data: bytes, length: int, order: Literal["little", "big"]) -> int:
    """How many of the first elements are in place: tags ascend, values end within the data set."""
    at, before = 0, 0
    for count in range(_TRIED):
        head = data[at : at + 12]
        if len(head) < 8:
            # the end, or as far as there are bytes: a value that ends where the data set does fits
            return count + 1 if at == length else count
        tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
        vr = head[4:6]
        if vr not in _VRS or tag <= before:
            return count
        size = int.from_bytes(head[6:8], order)
        at += 8
        if vr in _LONG:
            size = int.from_bytes(head[8:12], order)
            at += 4
        if size == 0xFFFFFFFF:
            return count + 1
        if at + size > length:
            return count
        at, before = at + size, tag
    return _TRIED


def _deflated(data: bytes) -> bool:
    import zlib

    try:
        plain = zlib.decompressobj(-15).decompress(data[:4096], _INFLATED_AT_FIRST)
    except zlib.error:
        return False
    return plain[4:6] in _VRS


def _compressed(data: bytes) -> str:
    """Explicit VR Little Endian, or what the pixels are compressed with (PS3.5 A.4)."""
    at = data.find(_ENCAPSULATED)
    if at < 0:
        return EXPLICIT_LE
    at += len(_ENCAPSULATED)
    if data[at : at + 4] != b"\xfe\xff\x00\xe0":
        return EXPLICIT_LE
    table = int.from_bytes(data[at + 4 : at + 8], "little")
    fragment = data[at + 8 + table + 8 : at + 8 + table + 8 + 4096]
    if fragment[:4] == b"\xff\x4f\xff\x51":
        return JPEG_2000
    if fragment[:2] == b"\xff\xd8":
        return _jpeg(fragment)
    if len(fragment) >= 8 and 1 <= int.from_bytes(fragment[:4], "little") <= 15:
        return RLE_LOSSLESS
    return EXPLICIT_LE


def _jpeg(fragment: bytes) -> str:
    """By the frame header of the JPEG stream (ISO/IEC 10918-1 B.1.1.3)."""
    at = 2
    while at + 4 <= len(fragment) and fragment[at] == 0xFF:
        marker = fragment[at + 1]
        if marker == 0xF7:
            return JPEG_LS_LOSSLESS
        if marker == 0xC3:
            return JPEG_LOSSLESS_SV1
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            break
        at += 2 + int.from_bytes(fragment[at + 2 : at + 4], "big")
    return JPEG_BASELINE
