"""The checksums of TCP in a capture that is being written (RFC 1071).

They take more processor time than everything else of a packet together, and hold Python's lock
meanwhile: so those of long packets are filled in later, in the file, when nothing else is to do.
"""

from __future__ import annotations

import os
from struct import Struct

BLOCK_HEAD = 28
"""Bytes of a packet's block before its data."""

_CHUNK = 4096
_SIZE = Struct("<I")
_IPV6_HEAD, _TCP_CHECK = 40, 16
_LONGEST = 65_535 + _IPV6_HEAD


def ones_sum(data: bytes | memoryview) -> int:
    """The sum of the 16-bit words of ``data``, modulo 65,535.

    That is the remainder of the whole as one number, since 65,536 leaves 1; and words read in the
    other byte order have the same sum in the other byte order. Numbers of this size are made from
    little-endian bytes four times as fast as from big-endian ones, and added before the division.
    """
    view = memoryview(data)
    number = sum(
        int.from_bytes(view[at : at + _CHUNK], "little") for at in range(0, len(view), _CHUNK)
    )
    swapped = number % 0xFFFF
    return (swapped & 0xFF) << 8 | swapped >> 8


def fill(fd: int, at: int) -> None:
    """Compute the checksum of the packet whose block is at ``at`` of the file, and write it there.

    The packet is whole, raw IP of either version, and its checksum is 0. Raises OSError.
    """
    block = os.pread(fd, BLOCK_HEAD + _LONGEST, at)
    if len(block) < BLOCK_HEAD + _IPV6_HEAD + 20:
        return  # somebody else made the file shorter
    (size,) = _SIZE.unpack_from(block, BLOCK_HEAD - 8)
    packet = memoryview(block)[BLOCK_HEAD : BLOCK_HEAD + size]
    four = packet[0] >> 4 == 4
    tcp = 20 if four else _IPV6_HEAD
    total = ones_sum(packet[12 if four else 8 :]) + 6 + len(packet) - tcp
    check = 0xFFFF - total % 0xFFFF
    os.pwrite(fd, check.to_bytes(2, "big"), at + BLOCK_HEAD + tcp + _TCP_CHECK)
