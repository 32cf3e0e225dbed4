"""Where a PDU begins in bytes that have no beginning: after a gap, or when a capture starts late.

A PDU head is not much (type, reserved byte, length), so what stands behind it has to fit as well:
the head of the first presentation data value (PS3.8 9.3.5), the protocol version and the item type
of the application context (9.3.2), the reserved bytes of the short PDUs.
"""

from __future__ import annotations

from struct import Struct

from assocsh.upperlayer.pdus import (
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_ASSOCIATE_RQ,
    MAX_ACCEPT_LENGTH,
    MAX_DATA_LENGTH,
    MAX_REQUEST_LENGTH,
    P_DATA_TF,
)

LOOKAHEAD = 20
"""Bytes after which every candidate can be judged."""

_HEAD = Struct(">BBI")
_PDV = Struct(">IBB")
_GROUP_LENGTH = b"\0\0\0\0\4\0\0\0"
"""How every command set begins: (0000,0000), 4 bytes (PS3.7 6.3.1)."""


def find_pdu(data: bytes | bytearray | memoryview, start: int = 0) -> int | None:
    """The offset of the first PDU at or after ``start`` that can be judged, or None.

    Only candidates with LOOKAHEAD bytes behind them are judged, and a short PDU (10 bytes) where
    the data ends with it.
    """
    raw = bytes(data)
    size = len(raw)
    at = start
    while at < size:
        # All types are 1..7 and the byte after them is 0: look for that byte, it is found fast.
        zero = raw.find(b"\0", at + 1)
        if zero < 0:
            return None
        at = zero - 1
        if 1 <= raw[at] <= 7 and begins_pdu(raw, at):
            return at
        at += 1
    return None


def begins_pdu(data: bytes, at: int = 0) -> bool:
    """Whether what stands at ``at`` is taken for the beginning of a PDU."""
    left = len(data) - at
    if left < 10:
        return False
    pdu_type, reserved, length = _HEAD.unpack_from(data, at)
    if reserved:
        return False
    if pdu_type == P_DATA_TF:
        return left >= LOOKAHEAD and _data(data, at, length)
    if pdu_type in (A_ASSOCIATE_RQ, A_ASSOCIATE_AC):
        most = MAX_REQUEST_LENGTH if pdu_type == A_ASSOCIATE_RQ else MAX_ACCEPT_LENGTH
        version_and_reserved = data[at + 6 : at + 10]
        return 68 <= length <= most and version_and_reserved in (b"\0\1\0\0", b"\0\0\0\0")
    # Nothing follows a short PDU from the same side, and pixels look like it easily.
    if length != 4 or left != 10:
        return False
    first, source, reason = data[at + 7], data[at + 8], data[at + 9]
    if pdu_type == A_ASSOCIATE_RJ:
        return first in (1, 2) and source in (1, 2, 3)
    return first == 0 and source <= 2 and reason <= 6


def _data(data: bytes, at: int, length: int) -> bool:
    item, context_id, control = _PDV.unpack_from(data, at + 6)
    if not (8 <= length <= MAX_DATA_LENGTH and context_id & 1 and control <= 3):
        return False
    if item < 2 or item > length - 4:
        return False
    if control & 1 and data[at + 12 : at + 20] == _GROUP_LENGTH:
        return True
    return bool(item == length - 4)
