"""Files of packets: pcap and pcapng, of either byte order, plain or compressed by gzip.

The file is read from its beginning to its end, a block at a time, so that its size does not matter.
Numbers of packets are Wireshark's: every packet that the file has, from 1. Formats: pcap
(draft-ietf-opsawg-pcap), pcapng (draft-ietf-opsawg-pcapng).
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Any, cast

from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.text.visible import visible

MAX_BLOCK = 64 * 1024 * 1024
"""Bytes of the longest block that is read: what a length field says must not fill memory."""

_CHUNK = 1024 * 1024
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_GZIP = b"\x1f\x8b"
_SECTION = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OLD_PACKET, _SIMPLE, _ENHANCED = 1, 2, 3, 6
_SECTION_TYPE = 0x0A0D0D0A
_TSRESOL, _TSOFFSET = 9, 14
_LITTLE, _BIG = b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"


def is_capture(magic: bytes) -> bool:
    """Whether a file that begins with these four bytes is a pcap or a pcapng, not compressed."""
    return magic in _PCAP or magic == _SECTION


class Packet(NamedTuple):
    """One packet of a file. ``length`` is how long it was on the network; ``data`` may be less."""

    number: int
    time: float
    link: int
    data: bytes
    length: int


class _Interface(NamedTuple):
    link: int
    snap: int
    resolution: float
    offset: int


def packets(path: Path, problems: list[str]) -> Iterator[Packet]:
    """Every packet of the file. What is wrong in the middle is a sentence in ``problems``.

    Raises UsageError where there is no such file, or none that is a capture.
    """
    name = visible(str(path))
    try:
        raw = io.BufferedReader(path.open("rb", buffering=0), _CHUNK)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{name} cannot be read: {why}") from error
    with raw:
        file: io.BufferedReader[Any] = raw
        try:
            if raw.peek(2)[:2] == _GZIP:
                file = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)), _CHUNK)
            magic = file.read(4)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(
                f"{name} is no gzip file that can be read: {error}",
                hint="take the file from its source again",
            ) from error
        if not magic:
            raise UsageError(f"{name} is empty", hint="a capture has at least a header")
        if not is_capture(magic):
            raise UsageError(
                f"{name} is no capture: it begins with {magic.hex(' ')}",
                hint="pcap and pcapng are read, plain or compressed by gzip",
            )
        try:
            reader = _pcap(file, magic, problems) if magic in _PCAP else _pcapng(file, problems)
            yield from reader
        except (OSError, EOFError, zlib.error) as error:
            problems.append(f"the file could not be read to its end: {error}")


def _pcap(file: io.BufferedReader, magic: bytes, problems: list[str]) -> Iterator[Packet]:
    order, unit = _PCAP[magic]
    header = file.read(20)
    if len(header) < 20:
        problems.append("the file ends in its header")
        return
    link = Struct(order + "I").unpack_from(header, 16)[0] & 0x0FFFFFFF
    record = Struct(order + "4I")
    number, at, read = 0, 24, file.read
    while head := read(16):
        number += 1
        if len(head) < 16:
            problems.append(_cut("the header of packet", number, at))
            return
        seconds, fraction, size, length = record.unpack(head)
        if size > MAX_BLOCK:
            problems.append(f"packet {number} at byte {at} claims {size} bytes: read up to there")
            return
        data = read(size)
        if len(data) < size:
            problems.append(_cut("packet", number, at))
            return
        at += 16 + size
        yield Packet(number, seconds + fraction * unit, link, data, max(length, size))


def _cut(what: str, number: int, at: int) -> str:
    return f"the file ends in the middle of {what} {number} at byte {at}: what is before was read"


def _pcapng(file: io.BufferedReader, problems: list[str]) -> Iterator[Packet]:
    """The blocks of every section; those of a type that is not known are skipped."""
    interfaces: list[_Interface] = []
    order, number, at, count, time = "<", 0, 0, 0, 0.0
    head = Struct("<II")
    enhanced, old = Struct("<5I"), Struct("<2H4I")
    begin = _SECTION + file.read(4)
    while begin:
        count += 1
        if len(begin) < 8:
            problems.append(_cut("block", count, at))
            return
        extra = b""
        if begin[:4] == _SECTION:
            extra = file.read(4)
            if extra not in (_LITTLE, _BIG):
                what = (
                    _cut("block", count, at)
                    if len(extra) < 4
                    else (
                        f"block {count} at byte {at} begins a section of no byte order: "
                        "read up to there"
                    )
                )
                problems.append(what)
                return
            order = "<" if extra == _LITTLE else ">"
            head = Struct(order + "II")
            enhanced, old = Struct(order + "5I"), Struct(order + "2H4I")
            interfaces = []
        kind, total = head.unpack(begin)
        left = total - 8 - len(extra)
        if left < 4 or total % 4 or total > MAX_BLOCK:
            problems.append(f"block {count} at byte {at} claims {total} bytes: read up to there")
            return
        body = file.read(left)
        if len(body) < left:
            problems.append(_cut("block", count, at))
            return
        at += total
        if kind == _ENHANCED and left >= 24:
            number += 1
            index, high, low, size, length = enhanced.unpack_from(body)
            start = 20
        elif kind == _OLD_PACKET and left >= 24:
            number += 1
            index, _, high, low, size, length = old.unpack_from(body)
            start = 20
        elif kind == _SIMPLE and left >= 8:
            number += 1
            index, high, low = 0, -1, 0
            length = size = Struct(order + "I").unpack_from(body)[0]
            start = 4
        else:
            if kind == _INTERFACE and left >= 12:
                interfaces.append(_interface(body, order))
            begin = file.read(8)
            continue
        if index < len(interfaces):
            interface = interfaces[index]
            if high >= 0:
                time = (high << 32 | low) * interface.resolution + interface.offset
            elif interface.snap:
                size = min(size, interface.snap)
            data = body[start : min(start + size, left - 4)]
            yield Packet(number, time, interface.link, data, max(length, len(data)))
        else:
            problems.append(f"packet {number} names interface {index}, which there is none of")
            if len(problems) > 100:
                return
        begin = file.read(8)


def _interface(body: bytes, order: str) -> _Interface:
    link, _, snap = Struct(order + "HHI").unpack_from(body)
    resolution, offset, at = 1e-6, 0, 8
    option = Struct(order + "HH")
    while at + 4 <= len(body) - 4:
        code, size = option.unpack_from(body, at)
        value = body[at + 4 : at + 4 + size]
        if code == _TSRESOL and value:
            power = value[0] & 0x7F
            resolution = 2.0**-power if value[0] & 0x80 else 10.0**-power
        elif code == _TSOFFSET and len(value) == 8:
            offset = Struct(order + "q").unpack(value)[0]
        elif code == 0:
            break
        at += 4 + (size + 3 & ~3)
    return _Interface(link, snap, resolution, offset)
