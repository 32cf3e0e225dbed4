"""A message that the archive sends, in parts that can be made wrong (PS3.7 6.3, Annex E).

Nothing here is asked for by the rest of the program, whose own encoder makes no mistakes.
"""

from __future__ import annotations

import struct

from assocsh.dimse import elements
from assocsh.dimse.commandset import NO_DATA_SET, RESPONSE
from assocsh.dimse.status import PENDING_STATUSES
from assocsh.records import dataclass, field, replace
from assocsh.upperlayer.pdus import pdata_head

_HEAD = struct.Struct("<HHI")
_US = struct.Struct("<H")


@dataclass(slots=True)
class Message:
    """``command`` maps the elements of group 0000 by number to their bytes, without the group
    length; ``data`` is the data set as it is encoded, None without one."""

    context_id: int
    command: dict[int, bytes] = field(default_factory=dict)
    data: bytes | None = None

    def number(self, element: int) -> int | None:
        """An element of VR US; None where it is not there."""
        raw = self.command.get(element)
        return None if raw is None or len(raw) != 2 else int(_US.unpack(raw)[0])

    def put(self, element: int, number: int) -> None:
        """Set an element of VR US."""
        self.command[element] = _US.pack(number)

    def copy(self) -> Message:
        """Another one, to be changed by itself."""
        return replace(self, command=dict(self.command))

    def name(self, element: int, uid: str) -> None:
        """Set an element of VR UI, padded to an even length."""
        self.command[element] = uid.encode() + b"\0" * (len(uid) & 1)

    @property
    def is_response(self) -> bool:
        return bool((self.number(elements.COMMAND_FIELD) or 0) & RESPONSE)

    @property
    def service(self) -> int:
        """The Command Field of the request of this service."""
        return (self.number(elements.COMMAND_FIELD) or 0) & ~RESPONSE

    @property
    def is_pending(self) -> bool:
        """Whether it is a response with more to come (PS3.4 C.4.1.1.4)."""
        return self.is_response and self.number(elements.STATUS) in PENDING_STATUSES

    @property
    def is_final(self) -> bool:
        """Whether it is the last response of its request."""
        return self.is_response and not self.is_pending

    @property
    def has_data(self) -> bool:
        """Whether the command set announces a data set."""
        return self.number(elements.COMMAND_DATA_SET_TYPE) not in (None, NO_DATA_SET)

    def drop_data(self) -> None:
        """Leave the data set out, and say so."""
        self.data = None
        self.put(elements.COMMAND_DATA_SET_TYPE, NO_DATA_SET)

    def encoded_command(self) -> bytes:
        """The command set in Implicit VR Little Endian, with its group length."""
        body = b"".join(
            _HEAD.pack(0, number, len(value)) + value
            for number, value in sorted(self.command.items())
        )
        return _HEAD.pack(0, 0, 4) + struct.pack("<I", len(body)) + body

    def pdus(self, max_pdu: int) -> list[bytes]:
        """The P-DATA-TF that carry it; ``max_pdu`` 0 is without limit."""
        room = max(2, (max_pdu or 131072) - 6) & ~1
        made = _pdus(self.context_id, True, self.encoded_command(), room)
        if self.data is not None:
            made += _pdus(self.context_id, False, self.data, room)
        return made


def _pdus(context_id: int, is_command: bool, data: bytes, room: int) -> list[bytes]:
    parts = [data[at : at + room] for at in range(0, len(data), room)] or [b""]
    return [
        pdata_head(context_id, is_command, part is parts[-1], len(part)) + part for part in parts
    ]


def decode_command(data: bytes) -> dict[int, bytes]:
    """The elements of a command set that this program's own encoder made."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        _, number, length = _HEAD.unpack_from(data, at)
        at += 8
        if number:
            found[number] = data[at : at + length]
        at += length
    return found
