"""What is in a packet: the link's header, IP, TCP; ``encapsulation`` has what may be between them.

Lengths are looked at before anything is read with them; a packet that is none of these, or cut in
its headers, is left out. Addresses stay as bytes until somebody wants to read them.
"""

from __future__ import annotations

from ipaddress import ip_address
from struct import Struct

from assocsh.records import NamedTuple
from assocsh.text.visible import visible
from assocsh.wire.captures.encapsulation import TUNNELS, ip_in, ip_in_frame, ip_in_ip, number

FIN, SYN, RST, ACK = 1, 2, 4, 16

UPPER_PDU = 252
_ETHERNET, _SLL, _SLL2 = 1, 113, 276
_RAW = frozenset((101, 12, 14, 228, 229))
_LOOPBACK = frozenset((0, 108))
_PLAIN = b"\x08\0"
"""The EtherType of most packets there are: IPv4."""
_TCP = 6
_CARRIED = TUNNELS | {_TCP}
"""Protocols of IP that are looked into."""
_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_MAX_FRAGMENTED = 64
"""Datagrams that wait for the rest of their fragments, at most."""
_MAX_DATAGRAM = 65_535
_MOST_IN_EACH_OTHER = 4
"""IP packets in IP packets that are looked into."""

_U16 = Struct(">H")
_IPV4 = Struct(">BxHHHxB2x4s4s")
_PORTS = Struct(">HHIIBBH")
_TAG = Struct(">HH")


class Segment(NamedTuple):
    """A piece of a TCP connection. ``length`` is that of its data on the network; ``data`` may be
    less. ``whole_pdu``: there is no TCP, the data is one PDU of the upper layer."""

    source: tuple[bytes, int]
    target: tuple[bytes, int]
    sequence: int
    acknowledged: int
    flags: int
    window: int
    data: bytes
    length: int
    whole_pdu: bool = False


def host(address: bytes) -> str:
    """An address as people write it."""
    if len(address) in (4, 16):
        return str(ip_address(address))
    return visible(address.decode("ascii", "replace"))


class Packets:
    """Reads packets; remembers fragments of IP datagrams until they are whole.

    ``links`` are the link types that were met and cannot be read.
    """

    def __init__(self) -> None:
        self.links: set[int] = set()
        self._fragments: dict[tuple[bytes, ...], _Datagram] = {}

    def segment(self, link: int, data: bytes, length: int) -> Segment | None:
        """The TCP segment in a packet that was ``length`` bytes long, None if there is none."""
        if link in _RAW:
            at = 0
        elif link in _LOOPBACK:
            at = 4
        elif link == _ETHERNET:
            at = 14 if data[12:14] == _PLAIN else ip_in_frame(data, 0)
        elif link == _SLL:
            at = ip_in(data, 16, number(data, 14))
        elif link == _SLL2:
            at = ip_in(data, 20, number(data, 0))
        elif link == UPPER_PDU:
            return _exported(data)
        else:
            self.links.add(link)
            return None
        return self._ip(data, at, length, _MOST_IN_EACH_OTHER)

    def _ip(self, data: bytes, at: int, length: int, layers: int) -> Segment | None:
        """What the IP packet at ``at`` carries, or one in it, through no more than ``layers``."""
        if not 0 <= at < len(data) or not layers:
            return None
        version = data[at] >> 4
        if version == 4:
            return self._ipv4(data, at, length, layers)
        return self._ipv6(data, at, length, layers) if version == 6 else None

    def _ipv4(self, data: bytes, at: int, length: int, layers: int) -> Segment | None:
        if len(data) < at + 20:
            return None
        first, total, ident, fragment, protocol, source, target = _IPV4.unpack_from(data, at)
        header = (first & 15) * 4
        if header < 20 or protocol not in _CARRIED:
            return None
        if not total:  # left to the network card, which cuts it into packets
            total = length - at
        begin, end = at + header, at + total
        if fragment & 0x3FFF:
            more, offset = bool(fragment & 0x2000), (fragment & 0x1FFF) * 8
            key = (source, target, bytes((protocol,)), _U16.pack(ident))
            whole = self._join(key, offset, more, data[begin:end])
            if whole is None:
                return None
            data, begin, end, length = whole, 0, len(whole), len(whole)
        if protocol == _TCP:
            return _tcp(data, begin, end, source, target)
        return self._ip(data, ip_in_ip(data, begin, protocol), length, layers - 1)

    def _ipv6(self, data: bytes, at: int, length: int, layers: int) -> Segment | None:
        if len(data) < at + 40:
            return None
        size, following = _U16.unpack_from(data, at + 4)[0], data[at + 6]
        source, target = data[at + 8 : at + 24], data[at + 24 : at + 40]
        end = at + 40 + size if size else length
        at += 40
        while following not in _CARRIED:
            if len(data) < at + 8 or at + 8 > end:
                return None
            if following in (_HOP, _ROUTING, _DESTINATION):
                following, at = data[at], at + 8 + data[at + 1] * 8
            elif following == _AUTHENTICATION:
                following, at = data[at], at + 8 + data[at + 1] * 4
            elif following == _FRAGMENT:
                following = data[at]
                place = _U16.unpack_from(data, at + 2)[0]
                if place & 0xFFF9:
                    key = (source, target, bytes((following,)), data[at + 4 : at + 8])
                    offset, more = place & 0xFFF8, bool(place & 1)
                    whole = self._join(key, offset, more, data[at + 8 : end])
                    if whole is None:
                        return None
                    data, at, end, length = whole, 0, len(whole), len(whole)
                else:
                    at += 8
            else:
                return None
        if following == _TCP:
            return _tcp(data, at, end, source, target)
        return self._ip(data, ip_in_ip(data, at, following), length, layers - 1)

    def _join(self, key: tuple[bytes, ...], offset: int, more: bool, data: bytes) -> bytes | None:
        """Add a fragment to its datagram; the datagram, if that makes it whole."""
        datagram = self._fragments.get(key)
        if datagram is None:
            while len(self._fragments) >= _MAX_FRAGMENTED:
                del self._fragments[next(iter(self._fragments))]
            datagram = self._fragments[key] = _Datagram()
        whole = datagram.add(offset, more, data)
        if whole is not None:
            del self._fragments[key]
        return whole


class _Datagram:
    """The fragments of a datagram, by offset."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._size: int | None = None

    def add(self, offset: int, more: bool, data: bytes) -> bytes | None:
        if offset + len(data) > _MAX_DATAGRAM:
            return None
        self._pieces.setdefault(offset, data)
        if not more:
            self._size = offset + len(data)
        if self._size is None:
            return None
        joined = bytearray()
        for start, piece in sorted(self._pieces.items()):
            if start > len(joined):
                return None
            joined[start : start + len(piece)] = piece
        return bytes(joined[: self._size]) if len(joined) >= self._size else None


def _tcp(data: bytes, at: int, end: int, source: bytes, target: bytes) -> Segment | None:
    if len(data) < at + 16 or end < at + 20:
        return None
    from_port, to_port, sequence, acknowledged, size, flags, window = _PORTS.unpack_from(data, at)
    header = (size >> 4) * 4
    if header < 20 or at + header > end:
        return None
    begin = at + header
    return Segment(
        (source, from_port),
        (target, to_port),
        sequence,
        acknowledged,
        flags,
        window,
        data[begin:end],
        end - begin,
    )


def _exported(data: bytes) -> Segment | None:
    """A PDU that Wireshark exported: tags with a length, addresses and ports among them."""
    at, name = 0, b""
    found: dict[int, bytes] = {}
    while at + 4 <= len(data):
        tag, size = _TAG.unpack_from(data, at)
        value = data[at + 4 : at + 4 + size]
        at += 4 + size
        if tag == 0:
            break
        if tag in (12, 14):
            name = value.rstrip(b"\0")
        found[tag] = value
    if name != b"dicom":
        return None
    source = found.get(20) or found.get(22) or b""
    target = found.get(21) or found.get(23) or b""
    ports = [int.from_bytes(found.get(tag, b"")[-2:], "big") for tag in (25, 26)]
    body = data[at:]
    return Segment((source, ports[0]), (target, ports[1]), 0, 0, 0, 0, body, len(body), True)
