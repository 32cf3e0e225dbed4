"""Captures made of recorded segments: other files, links and addresses, other fates of packets.

Written here with ``struct`` alone, from the formats' own descriptions, and nothing of assocsh.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Tcp:
    """One segment: ``side`` 0 is who sent the first one of the capture."""

    side: int
    ports: tuple[int, int]
    sequence: int
    acknowledged: int
    flags: int
    window: int
    data: bytes
    time: float


@dataclass(frozen=True)
class Frame:
    """A packet to be written; ``length`` is what it had on the network."""

    data: bytes
    time: float
    length: int | None = None


IPV4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
IPV6 = bytes([0x20, 1] + [0] * 13 + [1]), bytes([0x20, 1] + [0] * 13 + [2])


def tcp(segment: Tcp) -> bytes:
    """The TCP header, its checksum left to the network card, and the data."""
    numbers = segment.sequence % 2**32, segment.acknowledged % 2**32
    head = struct.pack(
        ">HHIIBBHHH", *segment.ports, *numbers, 0x50, segment.flags, segment.window, 0, 0
    )
    return head + segment.data


def ipv4(segment: Tcp, payload: bytes | None = None, fragment: int = 0, ident: int = 0) -> bytes:
    """An IPv4 packet."""
    body = tcp(segment) if payload is None else payload
    ends = IPV4[segment.side] + IPV4[1 - segment.side]
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), ident, fragment, 64, 6, 0) + ends + body
    )


def ipv6(segment: Tcp) -> bytes:
    """An IPv6 packet with a hop-by-hop header."""
    body = bytes([6, 0]) + bytes(6) + tcp(segment)
    ends = IPV6[segment.side] + IPV6[1 - segment.side]
    return struct.pack(">IHBB", 6 << 28, len(body), 0, 64) + ends + body


def fragments(segment: Tcp, ident: int, size: int = 64) -> list[bytes]:
    """An IPv4 packet in pieces of ``size`` bytes, the last one first."""
    body = tcp(segment)
    pieces = []
    for at in range(0, len(body), size):
        more = 0x2000 if at + size < len(body) else 0
        pieces.append(ipv4(segment, body[at : at + size], more | at // 8, ident))
    return pieces[::-1]


def pcap(link: int, frames: list[Frame], order: str = "<", nano: bool = False) -> bytes:
    """A pcap file."""
    magic, unit = (0xA1B23C4D, 1e9) if nano else (0xA1B2C3D4, 1e6)
    made = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)]
    for frame in frames:
        seconds = int(frame.time)
        part = min(int((frame.time - seconds) * unit), int(unit) - 1)
        size = len(frame.data)
        made.append(struct.pack(order + "4I", seconds, part, size, frame.length or size))
        made.append(frame.data)
    return b"".join(made)


def block(order: str, kind: int, body: bytes) -> bytes:
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + total + body + total


def pcapng(link: int, frames: list[Frame], order: str = "<") -> bytes:
    """A pcapng file of two sections, two interfaces, a block of no known type, and all the kinds
    of packets that have a time; the interface in use counts in units of 2 ** -20 s."""
    made = []
    half = len(frames) // 2
    for part in (frames[:half], frames[half:]):
        made.append(block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        made.append(block(order, 1, struct.pack(order + "HHI", 147, 0, 0)))
        options = struct.pack(order + "HHB3x", 9, 1, 0x80 | 20)
        made.append(block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options + bytes(4)))
        made.append(block(order, 0xBAD, b"unknown"))
        for number, frame in enumerate(part):
            ticks = int(frame.time * 2**20)
            sizes = len(frame.data), frame.length or len(frame.data)
            when = ticks >> 32, ticks & 0xFFFFFFFF
            if number % 2:
                head = struct.pack(order + "HH4I", 1, 0, *when, *sizes)
                made.append(block(order, 2, head + frame.data))
            else:
                made.append(
                    block(order, 6, struct.pack(order + "5I", 1, *when, *sizes) + frame.data)
                )
    return b"".join(made)


def _each(wrap: Callable[[bytes], bytes], segments: list[Tcp]) -> list[Frame]:
    return [Frame(wrap(ipv4(each)), each.time) for each in segments]


def split(segments: list[Tcp], size: int) -> list[Tcp]:
    """No segment with more than ``size`` bytes."""
    made = []
    for each in segments:
        for at in range(0, max(1, len(each.data)), size):
            piece = each.data[at : at + size]
            last = at + size >= len(each.data)
            flags = each.flags if last else each.flags & ~1
            made.append(replace(each, sequence=each.sequence + at, data=piece, flags=flags))
    return made


def disordered(segments: list[Tcp]) -> list[Tcp]:
    """Of each run of new data of one side the pieces come the other way round."""
    made: list[Tcp] = []
    run: list[Tcp] = []
    for each in split(segments, 48):
        again = run and each.sequence <= run[-1].sequence
        if run and (each.side != run[0].side or not each.data or each.flags & 7 or again):
            made += run[::-1]
            run = []
        if each.data and not each.flags & 7:
            run.append(each)
        else:
            made.append(each)
    return made + run[::-1]


def overlapping(segments: list[Tcp]) -> list[Tcp]:
    """Every piece twice, the second time with what came before it."""
    made = []
    last: dict[tuple[int, int], Tcp] = {}
    for each in split(segments, 100):
        made.append(each)
        before = last.get(each.ports)
        if before and each.data and before.sequence + len(before.data) == each.sequence:
            made.append(replace(each, sequence=before.sequence, data=before.data + each.data))
        last[each.ports] = each
    return made


def wrapped(segments: list[Tcp]) -> list[Tcp]:
    """Sequence numbers that begin shortly before 2 ** 32."""
    first: dict[tuple[int, tuple[int, int]], int] = {}
    for each in segments:
        first.setdefault((each.side, each.ports), each.sequence)
    made = []
    for each in segments:
        own = first[each.side, each.ports]
        other = first.get((1 - each.side, each.ports[::-1]), each.acknowledged)
        base = 2**32 - 50
        made.append(
            replace(
                each,
                sequence=each.sequence - own + base,
                acknowledged=each.acknowledged - other + base,
            )
        )
    return made


def _ethernet(kind: int = 0x0800, tags: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda packet: (bytes(12) + tags + struct.pack(">H", kind) + packet).ljust(60, b"\0")


_VLAN = struct.pack(">HH", 0x8100, 7)
_OUTER = struct.pack(">HH", 0x88A8, 9)
_SLL = struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800)
_SLL2 = struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, bytes(8))


def _fragmented(segments: list[Tcp]) -> list[Frame]:
    return [
        Frame(piece, each.time)
        for ident, each in enumerate(segments)
        for piece in fragments(each, ident)
    ]


VARIANTS: dict[str, Callable[[list[Tcp]], bytes]] = {
    "ethernet": lambda s: pcap(1, _each(_ethernet(), s)),
    "vlan": lambda s: pcap(1, _each(_ethernet(tags=_VLAN), s)),
    "qinq": lambda s: pcap(1, _each(_ethernet(tags=_OUTER + _VLAN), s)),
    "raw": lambda s: pcap(101, _each(lambda packet: packet, s)),
    "sll": lambda s: pcap(113, _each(lambda packet: _SLL + packet, s)),
    "sll2": lambda s: pcap(276, _each(lambda packet: _SLL2 + packet, s)),
    "loopback": lambda s: pcap(0, _each(lambda packet: b"\2\0\0\0" + packet, s)),
    "big-endian nanoseconds": lambda s: pcap(1, _each(_ethernet(), s), ">", True),
    "pcapng": lambda s: pcapng(1, _each(_ethernet(), s)),
    "pcapng big-endian": lambda s: pcapng(1, _each(_ethernet(), s), ">"),
    "gzip": lambda s: gzip.compress(pcap(1, _each(_ethernet(), s))),
    "ipv6": lambda s: pcap(1, [Frame(_ethernet(0x86DD)(ipv6(each)), each.time) for each in s]),
    "fragments": lambda s: pcap(101, _fragmented(s)),
    "in pieces of 7": lambda s: pcap(101, _each(lambda packet: packet, split(s, 7))),
    "out of order": lambda s: pcap(101, _each(lambda packet: packet, disordered(s))),
    "overlapping": lambda s: pcap(101, _each(lambda packet: packet, overlapping(s))),
    "wrapped": lambda s: pcap(101, _each(lambda packet: packet, wrapped(s))),
}
"""What becomes of a recording; nothing of what was said may change by it."""


_frame = _ethernet()


def _outer(protocol: int, body: bytes, fragment: int = 0, ident: int = 0) -> bytes:
    """An IPv4 packet of somebody else's, in an Ethernet frame."""
    ends = bytes([192, 0, 2, 1, 192, 0, 2, 2])
    sizes = 20 + len(body), ident, fragment
    return _frame(struct.pack(">BBHHHBBH", 0x45, 0, *sizes, 64, protocol, 0) + ends + body)


def _udp(port: int, body: bytes) -> bytes:
    return _outer(17, struct.pack(">HHHH", 50000, port, 8 + len(body), 0) + body)


def _vxlan(packet: bytes) -> bytes:
    return _udp(4789, bytes([8, 0, 0, 0, 0, 0, 42, 0]) + _frame(packet))


def _geneve(packet: bytes) -> bytes:
    options = struct.pack(">HBB4x", 0x0102, 0x80, 1)
    return _udp(6081, struct.pack(">BBHI", 2, 0, 0x6558, 42 << 8) + options + _frame(packet))


def _gre(flags: int, kind: int, body: bytes) -> bytes:
    words = sum(1 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    return _outer(47, struct.pack(">HH", flags, kind) + bytes(4 * words) + body)


def _erspan_2(packet: bytes) -> bytes:
    return _gre(0x1000, 0x88BE, struct.pack(">HHI", 4103, 1, 0) + _frame(packet))


def _erspan_3(packet: bytes) -> bytes:
    head = struct.pack(">HHIHH", 0x2000 | 7, 1, 0, 0, 1) + bytes(8)
    return _gre(0x1000, 0x22EB, head + _frame(packet))


def _mpls(body: bytes) -> bytes:
    labels = struct.pack(">II", 16 << 12 | 64, 17 << 12 | 0x100 | 64)
    return _ethernet(0x8847)(labels + body)


def _pppoe(packet: bytes) -> bytes:
    head = struct.pack(">BBHHH", 0x11, 0, 1, len(packet) + 2, 0x21)
    return _ethernet(0x8864)(head + packet)


def _in_fragments(packet: bytes, ident: int) -> list[bytes]:
    """What carries the packet did not fit either: VXLAN in IP fragments, the last one first."""
    body = _vxlan(packet)[34:]
    made = []
    for at in range(0, len(body), 104):
        more = 0x2000 if at + 104 < len(body) else 0
        made.append(_outer(17, body[at : at + 104], more | at // 8, ident))
    return made[::-1]


_LAYERS: dict[str, Callable[[bytes], bytes]] = {
    "vxlan": _vxlan,
    "geneve": _geneve,
    "gre": lambda packet: _gre(0, 0x0800, packet),
    "gre with checksum, key and number": lambda packet: _gre(0xB000, 0x0800, packet),
    "gre of frames": lambda packet: _gre(0x2000, 0x6558, _frame(packet)),
    "erspan 1": lambda packet: _gre(0, 0x88BE, _frame(packet)),
    "erspan 2": _erspan_2,
    "erspan 3": _erspan_3,
    "mpls": _mpls,
    "pppoe": _pppoe,
    "ip in ip": lambda packet: _outer(4, packet),
    "vlan in vxlan in gre": lambda packet: _gre(
        0, 0x0800, _udp(4789, bytes([8, *bytes(7)]) + _ethernet(tags=_VLAN)(packet))[14:]
    ),
}

ENCAPSULATED: dict[str, Callable[[list[Tcp]], bytes]] = {
    **{
        name: lambda segments, wrap=wrap: pcap(1, _each(wrap, segments))
        for name, wrap in _LAYERS.items()
    },
    "ipv6 in ipv4": lambda s: pcap(1, [Frame(_outer(41, ipv6(each)), each.time) for each in s]),
    "vxlan in fragments": lambda s: pcap(
        1,
        [
            Frame(piece, each.time)
            for ident, each in enumerate(s)
            for piece in _in_fragments(ipv4(each), ident)
        ],
    ),
}
"""A recording as switches, hypervisors and clouds mirror it, or as it goes through a tunnel."""


def write(path: Path, data: bytes) -> Path:
    """A file of it."""
    path.write_bytes(data)
    return path
