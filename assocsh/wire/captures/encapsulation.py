"""Packets in packets: how switches, hypervisors and clouds hand on what they mirror, and tunnels.

IEEE 802.1Q and 802.1ad, PPPoE (RFC 2516), MPLS (RFC 3032), GRE (RFC 2784, 2890) with what ERSPAN
(types I to III) puts before the frame, VXLAN (RFC 7348), Geneve (RFC 8926), IP in IP (RFC 2003,
4213). Nothing is read behind the end of what is there; what is none of these is left alone.
"""

from __future__ import annotations

IPV4, IPV6 = 0x0800, 0x86DD
_VLAN = frozenset((0x8100, 0x88A8, 0x9100))
_ETHERNET = 0x6558
_PPPOE, _MPLS = 0x8864, frozenset((0x8847, 0x8848))
_ERSPAN, _ERSPAN_3 = 0x88BE, 0x22EB
_PPP = frozenset((0x0021, 0x0057))
"""What PPP calls IPv4 and IPv6."""

_IPIP, _UDP, _SIX, _GRE = 4, 17, 41, 47
TUNNELS = frozenset((_IPIP, _UDP, _SIX, _GRE))
"""Protocols of IP that may carry a packet."""

_VXLAN, _GENEVE = 4789, 6081
_DEEPEST = 8
"""Layers that are looked through: what is hostile may have thousands."""

NONE = -1


def ip_in_frame(data: bytes, at: int) -> int:
    """Where the IP packet begins in the Ethernet frame at ``at``; ``NONE`` without one."""
    return ip_in(data, at, _ETHERNET)


def ip_in(data: bytes, at: int, kind: int) -> int:
    """Where the IP packet begins in what EtherType ``kind`` says is at ``at``; ``NONE`` without."""
    for _ in range(_DEEPEST):
        if kind in (IPV4, IPV6):
            return at
        if kind == _ETHERNET:
            at, kind = at + 14, number(data, at + 12)
        elif kind in _VLAN:
            at, kind = at + 4, number(data, at + 2)
        elif kind == _PPPOE:
            return at + 8 if number(data, at + 6) in _PPP else NONE
        elif kind in _MPLS:
            at, kind = _behind_labels(data, at)
        elif kind == _ERSPAN_3:
            more = 8 if number(data, at + 10) & 1 else 0
            at, kind = at + 12 + more, _ETHERNET
        else:
            break
    return NONE


def ip_in_ip(data: bytes, at: int, protocol: int) -> int:
    """Where the IP packet begins that the payload of another one carries, which is at ``at``."""
    if protocol in (_IPIP, _SIX):
        return at
    if protocol == _GRE:
        return _in_gre(data, at)
    port, at = number(data, at + 2), at + 8
    if port == _VXLAN and data[at : at + 1] == b"\x08":
        return ip_in_frame(data, at + 8)
    if port == _GENEVE and len(data) > at and not data[at] >> 6:
        return ip_in(data, at + 8 + (data[at] & 63) * 4, number(data, at + 2))
    return NONE


def _in_gre(data: bytes, at: int) -> int:
    flags, kind = number(data, at), number(data, at + 2)
    if flags & 7:
        return NONE  # another version: PPTP
    numbered = bool(flags & 0x1000)
    at += 4 + sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
    if kind == _ERSPAN:  # the first type has no head of its own, and no numbers
        at, kind = at + (8 if numbered else 0), _ETHERNET
    return ip_in(data, at, kind)


def _behind_labels(data: bytes, at: int) -> tuple[int, int]:
    """Behind the last label: where, and the EtherType of what its first four bits let expect."""
    while at + 4 <= len(data):
        last = data[at + 2] & 1
        at += 4
        if last:
            first = data[at] >> 4 if at < len(data) else 15
            if first == 0:  # a pseudowire's control word, and a frame
                return at + 4, _ETHERNET
            return at, {4: IPV4, 6: IPV6}.get(first, 0)
    return at, 0


def number(data: bytes, at: int) -> int:
    """Two bytes; 0 where they are not there, which is no EtherType and no port."""
    return data[at] << 8 | data[at + 1] if at + 2 <= len(data) else 0
