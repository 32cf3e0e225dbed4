"""A pcapng file of associations: raw IP with TCP made anew, or one PDU for each packet.

What is written is what was said above TLS. Addresses, ports and times are the real ones; the
sequence numbers begin at 1 on each side. ``Writer`` writes blocks (draft-ietf-opsawg-pcapng),
``Flow`` makes the packets of one connection. Data goes to the file as it is: the buffers are not
joined, and one system call takes many.
"""

from __future__ import annotations

import os
import platform
from array import array
from collections.abc import Iterator, Sequence
from io import FileIO
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from struct import Struct, pack

from assocsh.upperlayer.pdus import Buffer
from assocsh.version import __version__
from assocsh.wire.captures.checksums import fill, ones_sum
from assocsh.wire.captures.packets import ACK, FIN, RST, SYN, UPPER_PDU

MAX_SEGMENT = 65_495
"""Bytes of data in a packet: what IPv4 has room for behind its header and TCP's."""

RAW_IP = 101
_PUSH = 8
_MAX_COMMENT = 2000
_MAX_PENDING = 1024 * 1024
"""Bytes that wait for the next write."""
_MAX_PIECES = 1000
"""Buffers that one call writes, less than IOV_MAX: a packet of very short PDUs has more."""
_SUMMED_AT_ONCE = 2048
"""Bytes of data in a packet whose checksum is computed when it is written."""
_BLOCK = Struct("<II")
_PACKET = Struct("<IIIIIII")
_IPV4 = Struct(">BBHHHBBH4s4sHH")
_IPV6 = Struct(">IHBB16s16sHH")
_TCP = Struct(">IIBBHHH")


def _options(*options: tuple[int, bytes]) -> bytes:
    made = b"".join(
        pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options
    )
    return made + bytes(4) if made else b""


class Writer:
    """Writes blocks to a file, or to the files of a ring.

    With ``ring`` (count, bytes) there are no more than so many files of about so many bytes: they
    are called ``NAME-1.pcapng`` and so on, and the oldest is written over. Every file begins with
    the blocks that the packets in it need. Raises OSError as files do; the file then ends with the
    last block that is whole.
    """

    def __init__(self, path: Path, *, link: int = RAW_IP, ring: tuple[int, int] | None = None):
        self.path = path
        self.link = link
        self.packets = self.size = 0
        self._ring = ring
        self._file_number = 0
        self._written = 0
        """Bytes of the present file, with those that wait to be written."""
        self._heads: list[bytes] = []
        self._interfaces = 0
        self._pending: list[Buffer] = []
        self._pending_size = 0
        self._unchecked = array("Q")
        """Where in the file packets are whose checksum is still to be computed."""
        self._file = self._begin()

    def _begin(self) -> FileIO:
        path = self.path
        if self._ring is not None:
            path = path.with_stem(f"{path.stem}-{self._file_number % self._ring[0] + 1}")
            self._file_number += 1
        file = FileIO(path, "wb+", opener=_private)
        program = f"assocsh {__version__}".encode()
        python = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
        options = _options((3, python.encode()), (4, program))
        section = pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options
        head = b"".join((_block(0x0A0D0D0A, section), *self._heads))
        self._written = len(head)
        file.write(head)
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
        self._put((block,), len(block))

    def packet(
        self,
        interface: int,
        time: int,
        head: bytes,
        data: Sequence[Buffer],
        size: int,
        *,
        comment: str = "",
        length: int,
        checked: bool = True,
    ) -> None:
        """Write a packet: ``head`` and ``data``, of together ``size`` bytes.

        ``time`` is in nanoseconds, ``length`` what the packet had on the network. Not ``checked``:
        the checksum of TCP in it is 0, and ``check`` fills it in.
        """
        front, end, total = packet_block(interface, time, size, length, comment)
        self.whole((front + head, *data, end), total, checked)

    def whole(self, block: Sequence[Buffer], size: int, checked: bool) -> None:
        """Write a packet that is a block already, of ``size`` bytes; see ``packet``."""
        self.packets += 1
        if self._ring is not None and self._written + size > self._ring[1]:
            self._finish()
            self._file = self._begin()
        if not checked:
            self._unchecked.append(self._written)
        self._put(block, size)

    def _put(self, pieces: Sequence[Buffer], size: int) -> None:
        if len(self._pending) + len(pieces) > _MAX_PIECES or self._pending_size > _MAX_PENDING:
            self.flush()
        self._pending += pieces
        self._pending_size += size
        self._written += size
        self.size += size

    def flush(self) -> None:
        """What was written is there for others, whatever becomes of this program."""
        pending, self._pending = self._pending, []
        size, self._pending_size = self._pending_size, 0
        if not pending:
            return
        try:
            _write_all(self._file, pending, size)
        except OSError:
            self._file.truncate(self._written - size)
            raise

    def check(self) -> Iterator[None]:
        """Fill in the checksums that are still to be computed; stops after each of them."""
        self.flush()
        while self._unchecked:
            fill(self._file.fileno(), self._unchecked.pop())
            yield

    def _finish(self) -> None:
        if self._file.closed:
            return  # it ended with an error before
        try:
            for _ in self.check():
                pass
        finally:
            self._file.close()

    def close(self) -> None:
        """Nothing more comes."""
        self._finish()


def _private(path: str, flags: int) -> int:
    """Open a file that is for its owner alone where it is made."""
    return os.open(path, flags, 0o600)


def packet_block(
    interface: int, time: int, size: int, length: int, comment: str = ""
) -> tuple[bytes, bytes, int]:
    """What is before and behind a packet of ``size`` bytes in its block, and the block's size."""
    options = b""
    if comment:
        options = _options((1, comment.encode("utf-8", "replace")[:_MAX_COMMENT]))
    padding = -size % 4
    total = 32 + size + padding + len(options)
    front = _PACKET.pack(6, total, interface, time >> 32, time & 0xFFFFFFFF, size, length)
    return front, bytes(padding) + options + total.to_bytes(4, "little"), total


def _write_all(file: FileIO, pieces: Sequence[Buffer], size: int) -> None:
    """Write all of the pieces, in one call as long as the system takes them. Raises OSError."""
    at_once = hasattr(os, "writev") and len(pieces) <= _MAX_PIECES
    done = os.writev(file.fileno(), pieces) if at_once else 0
    if done < size:
        rest = memoryview(b"".join(pieces))[done:]
        while rest:
            rest = rest[file.write(rest) :]


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
        self._ended = False
        self._addresses = ones_sum(ends[0].packed + ends[1].packed)

    def connected(self, time: int, comment: str = "") -> None:
        """The connection was made: SYN, SYN with ACK, ACK."""
        if self._writer.link == UPPER_PDU:
            return
        self._put(0, SYN, (), time, comment=comment)
        self._next[0] += 1
        self._put(1, SYN | ACK, (), time)
        self._next[1] += 1
        self._put(0, ACK, (), time)

    def data(
        self,
        by: int,
        pieces: Sequence[Buffer],
        time: int,
        *,
        length: int,
        count: int = 1,
        comment: str = "",
        snap: int | None = None,
    ) -> None:
        """PDUs of ``by``, 0 or 1, in pieces: one packet, or as many as it takes.

        ``count`` PDUs are all of one length, and of as many pieces. The comment goes to the last
        packet. ``length`` is what the pieces had on the network: less is there where it was cut
        off. With ``snap`` no more than so many bytes of each packet's data are written.
        """
        if self._writer.link == UPPER_PDU:
            self._exported(by, pieces, time, length, comment, snap)
            return
        if length <= MAX_SEGMENT:
            self._put(by, ACK | _PUSH, pieces, time, length, comment, snap)
            self._next[by] = (self._next[by] + length) & 0xFFFFFFFF
            return
        each = MAX_SEGMENT * count // length
        if snap is None and count > 1 and each:
            step, size = len(pieces) // count * each, length // count * each
            packets = (count - 1) // each
            self._alike(by, pieces[: packets * step], time, step, size)
            pieces, length = pieces[packets * step :], length - packets * size
        slices = _sliced(pieces, MAX_SEGMENT)
        for at in range(0, length, MAX_SEGMENT):
            size = min(MAX_SEGMENT, length - at)
            said = comment if at + size == length else ""
            self._put(by, ACK | _PUSH, next(slices, ()), time, size, said, snap)
            self._next[by] = (self._next[by] + size) & 0xFFFFFFFF

    def _alike(self, by: int, pieces: Sequence[Buffer], time: int, step: int, length: int) -> None:
        """Packets of ``length`` bytes of data, of ``step`` pieces each: most of a large message.

        Their heads differ in the sequence number alone. Made one by one they take longer than all
        else that is done for an image but the writing itself.
        """
        start = self._start(by, length)
        tcp = _TCP.pack(0, self._next[1 - by], 0x50, ACK | _PUSH, 0xFFFF, 0, 0)[4:]
        size = len(start) + _TCP.size + length
        front, end, total = packet_block(self._interface, time, size, size)
        front += start
        here, writer = self._next[by], self._writer
        for at in range(0, len(pieces), step):
            head = front + here.to_bytes(4, "big") + tcp
            writer.whole((head, *pieces[at : at + step], end), total, checked=False)
            here = (here + length) & 0xFFFFFFFF
        self._next[by] = here

    def closed(self, by: int, how: str, time: int, comment: str = "") -> None:
        """``by`` closed the connection: "fin" (and the other side after it), or "rst"."""
        if self._writer.link == UPPER_PDU or self._ended:
            return
        self._ended = True
        if how == "rst":
            self._put(by, RST | ACK, (), time, comment=comment)
            return
        for side in (by, 1 - by):
            self._put(side, FIN | ACK, (), time, comment=comment if side == by else "")
            self._next[side] = (self._next[side] + 1) & 0xFFFFFFFF
        self._put(by, ACK, (), time)

    def _put(
        self,
        by: int,
        flags: int,
        pieces: Sequence[Buffer],
        time: int,
        length: int = 0,
        comment: str = "",
        snap: int | None = None,
    ) -> None:
        here, there = self._next[by], self._next[1 - by] if flags & ACK else 0
        kept, size = _cut(pieces, snap)
        check = 0
        if size == length <= _SUMMED_AT_ONCE:
            words = self._addresses + sum(self._ports) + 6 + 20 + length + (0x5000 | flags) + 0xFFFF
            words += (here >> 16) + (here & 0xFFFF) + (there >> 16) + (there & 0xFFFF)
            check = 0xFFFF - (words + (ones_sum(b"".join(kept)) if size else 0)) % 0xFFFF
        head = self._start(by, length) + _TCP.pack(here, there, 0x50, flags, 0xFFFF, check, 0)
        self._writer.packet(
            self._interface,
            time,
            head,
            kept,
            len(head) + size,
            comment=comment,
            length=len(head) + length,
            checked=check != 0 or size != length,  # of one that was cut nobody can tell
        )

    def _start(self, by: int, length: int) -> bytes:
        """The head of IP, and the ports: what packets of one length have in common."""
        source, target = self._ends[by], self._ends[1 - by]
        ports = self._ports[by], self._ports[1 - by]
        if source.version == 6:
            return _IPV6.pack(6 << 28, 20 + length, 6, 64, source.packed, target.packed, *ports)
        total = 40 + length
        check = 0xFFFF - (0x4500 + 0x4000 + 0x4006 + total + self._addresses) % 0xFFFF
        ends = source.packed, target.packed
        return _IPV4.pack(0x45, 0, total, 0, 0x4000, 64, 6, check, *ends, *ports)

    def _exported(
        self,
        by: int,
        pieces: Sequence[Buffer],
        time: int,
        length: int,
        comment: str,
        snap: int | None,
    ) -> None:
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
        kept, size = _cut(pieces, snap)
        self._writer.packet(
            self._interface,
            time,
            head,
            kept,
            len(head) + size,
            comment=comment,
            length=len(head) + length,
        )


def _sliced(pieces: Sequence[Buffer], size: int) -> Iterator[Sequence[Buffer]]:
    """``pieces``, uncopied, in parts of ``size`` bytes; the last may have less."""
    part: list[Buffer] = []
    room = size
    for piece in pieces:
        view = memoryview(piece)
        while len(view) > room:
            yield [*part, view[:room]]
            part, view, room = [], view[room:], size
        part.append(view)
        room -= len(view)
    yield part


def _cut(pieces: Sequence[Buffer], snap: int | None) -> tuple[Sequence[Buffer], int]:
    """The first ``snap`` bytes of the pieces, and how many there are."""
    size = sum([len(piece) for piece in pieces])  # of a few, a list is quicker
    if snap is None or size <= snap:
        return pieces, size
    kept, left = [], snap
    for piece in pieces:
        kept.append(bytes(piece[:left]))
        left -= len(kept[-1])
        if not left:
            break
    return (b"".join(kept),), snap
