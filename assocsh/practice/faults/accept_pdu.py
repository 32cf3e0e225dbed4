"""The A-ASSOCIATE-AC of the archive, in parts that can be made wrong (PS3.8 9.3.3)."""

from __future__ import annotations

import struct
from collections.abc import Callable

from assocsh.records import dataclass

_FIXED = 74
"""Bytes before the variable items, the header of the PDU among them."""

_CONTEXT, _SYNTAX, _USER = 0x21, 0x40, 0x50
MAX_LENGTH, CLASS_UID, WINDOW, ROLE, VERSION = 0x51, 0x52, 0x53, 0x54, 0x55
"""Sub-items of the user information: the maximum length (PS3.8 D.1), the implementation class UID
and version name (PS3.7 D.3.3.2), the asynchronous operations window (PS3.7 D.3.3.3) and role
selection (PS3.7 D.3.3.4)."""


@dataclass(slots=True)
class Answered:
    """The answer to one presentation context."""

    context_id: int
    result: int
    syntax: bytes


class AcceptPdu:
    """``contexts`` are the answers, ``user`` the sub-items of the user information, which is left
    out without any."""

    def __init__(self, pdu: bytes) -> None:
        self._fixed = pdu[6:_FIXED]
        self._others: list[tuple[int, bytes]] = []
        self.contexts: list[Answered] = []
        self.user: list[tuple[int, bytes]] = []
        for kind, body in _items(pdu[_FIXED:]):
            if kind == _CONTEXT:
                syntaxes = [each for of, each in _items(body[4:]) if of == _SYNTAX]
                self.contexts.append(Answered(body[0], body[2], (syntaxes or [b""])[0]))
            elif kind == _USER:
                self.user = list(_items(body))
            else:
                self._others.append((kind, body))

    def leave_out(self, kind: int) -> None:
        """Leave a sub-item of the user information out."""
        self.user = [each for each in self.user if each[0] != kind]

    def change(self, kind: int, make: Callable[[bytes], bytes]) -> None:
        """Put what ``make`` makes of it in the place of a sub-item, where it is there."""
        self.user = [(of, make(body) if of == kind else body) for of, body in self.user]

    def encoded(self) -> bytes:
        """The whole PDU."""
        items = [_item(kind, body) for kind, body in self._others]
        for each in self.contexts:
            head = bytes((each.context_id, 0, each.result, 0))
            items.append(_item(_CONTEXT, head + _item(_SYNTAX, each.syntax)))
        if self.user:
            items.append(_item(_USER, b"".join(_item(kind, body) for kind, body in self.user)))
        body = self._fixed + b"".join(items)
        return struct.pack(">BxI", 2, len(body)) + body


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def _items(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from(">BxH", data, at)
        found.append((kind, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found
