"""A pcapng file of associations: raw IP with TCP made anew, or one PDU for each packet.

What is written is what was said above TLS. Addresses, ports and times are the real ones; the
sequence numbers begin at 1 on each side. ``Writer`` writes blocks (draft-ietf-opsawg-pcapng),
``Flow`` makes the packets of one connection.
"""

from __future__ import annotations

import platform
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from struct import Struct, pack
from typing import BinaryIO

from assocsh.version import __version__
from assocsh.wire.captures.packets import ACK, FIN, RST, SYN, UPPER_PDU

MAX_SEGMENT = 65_495
"""Bytes of data in a packet: what IPv4 has room for behind its header and TCP's."""

RAW_IP = 101
_PUSH = 8
_CHUNK = 1024
_MAX_COMMENT = 2000
_BLOCK = Struct("<II")
_PACKET = Struct("<IIIIIII")
_IPV4 = Struct(">BBHHHBBH4s4s")
_IPV6 = Struct(">IHBB16s16s")
_TCP = Struct(">HHIIBBHHH")


def _options(*options: tuple[int, bytes]) -> bytes:
    made = b"".join(
        pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options
    )
    return made + bytes(4) if made else b""


class Writer:
    """Writes blocks to a file, or to the files of a ring.

    With ``ring`` (count, bytes) there are no more than so many files of about so many bytes: they
    are called ``NAME-1.pcapng`` and so on, and the oldest is written over. Every file begins with
    the blocks that the packets in it need. Raises OSError as files do.
    """

    def __init__(self, path: Path, *, link: int = RAW_IP, ring: tuple[int, int] | None = None):
        self.path = path
        self.link = link
        self.packets = self.size = 0
        self._ring = ring
        self._file_number = 0
        self._written = 0
        self._heads: list[bytes] = []
        self._interfaces = 0
        self._file = self._begin()

    def _begin(self) -> BinaryIO:
        path = self.path
        if self._ring is not None:
            path = path.with_stem(f"{path.stem}-{self._file_number % self._ring[0] + 1}")
            self._file_number += 1
        file = path.open("wb", buffering=1024 * 1024)
        program = f"assocsh {__version__}".encode()
        python = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
        options = _options((3, python.encode()), (4, program))
        section = pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options
        self._written = 0
        for block in (_block(0x0A0D0D0A, section), *self._heads):
            file.write(block)
            self._written += len(block)
        file.flush()
        return file

    def interface(self, name: str) -> int:
        """Begin an interface, which is how the peer is named; its number."""
        body = pack("<HHI", self.link, 0, 0) + _options((2, name.encode()), (9, b"\x09"))
        self._head(_block(1, body))
        self._interfaces += 1
        return self._interfaces - 1

    def names(self, names: dict[str, str]) -> None:
        """Say what the addresses are called: AE titles."""
        records = b""
        for address, name in names.items():
            try:
                number = ip_address(address)
            except ValueError:
                continue
            value = number.packed + name.encode()[:255] + b"\0"
            kind = 1 if number.version == 4 else 2
            records += pack("<HH", kind, len(value)) + value + bytes(-len(value) % 4)
        if records:
            self._head(_block(4, records + bytes(4)))

    def _head(self, block: bytes) -> None:
        self._heads.append(block)
        self._write(block)

    def packet(
        self, interface: int, time: int, data: bytes, comment: str = "", length: int | None = None
    ) -> None:
        """Write a packet; ``time`` in nanoseconds, ``length`` where data was left out of it."""
        said = comment.encode("utf-8", "replace")[:_MAX_COMMENT]
        options = _options((1, said)) if said else b""
        size = len(data)
        padding = -size % 4
        total = 32 + size + padding + len(options)
        head = _PACKET.pack(
            6, total, interface, time >> 32, time & 0xFFFFFFFF, size, length or size
        )
        self.packets += 1
        if self._ring is not None and self._written + total > self._ring[1]:
            self._file.close()
            self._file = self._begin()
        self._write(b"".join((head, data, bytes(padding), options, total.to_bytes(4, "little"))))

    def _write(self, block: bytes) -> None:
        self._file.write(block)
        self._written += len(block)
        self.size += len(block)

    def flush(self) -> None:
        """What was written is there for others, whatever becomes of this program."""
        self._file.flush()

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    total = 12 + len(body)
    return _BLOCK.pack(kind, total) + body + total.to_bytes(4, "little")


def parse_address(host: str) -> IPv4Address | IPv6Address:
    """The address that ``host`` is, 0.0.0.0 of one that is not known as a number."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return IPv4Address(0)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class Flow:
    """One connection. ``first`` is who opened it, ``second`` who accepted it: host and port."""

    def __init__(
        self, writer: Writer, name: str, first: tuple[str, int], second: tuple[str, int]
    ) -> None:
        self._writer = writer
        ends = [parse_address(host) for host, _ in (first, second)]
        if ends[0].version != ends[1].version:  # one of them is not known as a number
            ends = [each if each.version == 6 else IPv6Address(int(each)) for each in ends]
        self._ends = ends
        self._ports = first[1], second[1]
        self._interface = writer.interface(name)
        self._next = [0, 0]
        self._said = 0
        self._ended = [False, False]
        addresses = ends[0].packed + ends[1].packed
        self._pseudo = int.from_bytes(addresses, "big") % 0xFFFF + 6

    def connected(self, time: int, comment: str = "") -> None:
        """The connection was made: SYN, SYN with ACK, ACK."""
        if self._writer.link == UPPER_PDU:
            return
        self._put(0, SYN, b"", time, comment)
        self._next[0] += 1
        self._put(1, SYN | ACK, b"", time)
        self._next[1] += 1
        self._put(0, ACK, b"", time)

    def data(
        self, by: int, data: bytes, time: int, comment: str = "", snap: int | None = None
    ) -> None:
        """One PDU of ``by``, 0 or 1; the comment goes to its last packet.

        With ``snap`` no more than so many bytes of each packet's data are written.
        """
        if self._writer.link == UPPER_PDU:
            self._exported(by, data, time, comment, snap)
            return
        last = max(0, (len(data) - 1) // MAX_SEGMENT * MAX_SEGMENT)
        for at in range(0, len(data), MAX_SEGMENT):
            piece = data[at : at + MAX_SEGMENT]
            self._put(by, ACK | _PUSH, piece, time, comment if at == last else "", snap)
            self._next[by] = (self._next[by] + len(piece)) & 0xFFFFFFFF

    def closed(self, by: int, how: str, time: int, comment: str = "") -> None:
        """``by`` closed the connection: "fin" (and the other side after it), or "rst"."""
        if self._writer.link == UPPER_PDU or self._ended[by]:
            return
        self._ended = [True, True]
        if how == "rst":
            self._put(by, RST | ACK, b"", time, comment)
            return
        for side in (by, 1 - by):
            self._put(side, FIN | ACK, b"", time, comment if side == by else "")
            self._next[side] = (self._next[side] + 1) & 0xFFFFFFFF
        self._put(by, ACK, b"", time)

    def _put(
        self,
        by: int,
        flags: int,
        data: bytes,
        time: int,
        comment: str = "",
        snap: int | None = None,
    ) -> None:
        source, target = self._ends[by], self._ends[1 - by]
        ports = self._ports[by], self._ports[1 - by]
        there = self._next[1 - by] if flags & ACK else 0
        size = len(data)
        head = _TCP.pack(*ports, self._next[by], there, 0x50, flags, 0xFFFF, 0, 0)
        check = 0xFFFF - (self._pseudo + 20 + size + _sum(head) + _sum(data)) % 0xFFFF
        head = head[:16] + check.to_bytes(2, "big") + head[18:]
        self._said += 1
        if source.version == 4:
            parts = (self._said & 0xFFFF, 0x4000, 64, 6)
            fields = (0x45, 0, 40 + size, *parts, 0, source.packed, target.packed)
            ip = _IPV4.pack(*fields)
            ip = ip[:10] + (0xFFFF - _sum(ip)).to_bytes(2, "big") + ip[12:]
        else:
            ip = _IPV6.pack(6 << 28, 20 + size, 6, 64, source.packed, target.packed)
        length = len(ip) + 20 + size
        kept = data if snap is None or size <= snap else data[:snap]
        self._writer.packet(self._interface, time, ip + head + kept, comment, length)

    def _exported(self, by: int, data: bytes, time: int, comment: str, snap: int | None) -> None:
        source, target = self._ends[by], self._ends[1 - by]
        four = source.version == 4
        tags = (
            (12, b"dicom\0\0\0"),
            (20 if four else 22, source.packed),
            (21 if four else 23, target.packed),
            (24, pack(">I", 2)),
            (25, pack(">I", self._ports[by])),
            (26, pack(">I", self._ports[1 - by])),
            (0, b""),
        )
        head = b"".join(pack(">HH", tag, len(value)) + value for tag, value in tags)
        kept = data if snap is None else data[:snap]
        length = len(head) + len(data)
        self._writer.packet(self._interface, time, head + kept, comment, length)


def _sum(data: bytes) -> int:
    """The sum of the 16-bit words of ``data``, modulo 65,535 (RFC 1071).

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
