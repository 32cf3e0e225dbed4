"""Faults of P-DATA-TF: how messages are cut into PDUs (PS3.8 9.3.5, Annex D and E)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from assocsh.dimse import elements
from assocsh.practice.faults.fault import Fault, fault
from assocsh.practice.faults.holding import Holding
from assocsh.practice.faults.message import Message
from assocsh.records import replace
from assocsh.upperlayer.pdus import encode_release_rq, pdata_head


@fault
class UnknownPdu(Fault):
    name = "unknown-pdu"
    summary = "sends a PDU of type 0AH, which there is not, before a message"
    section = "PS3.8 9.3.1"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        return (b"\x0a\0\0\0\0\x04\0\0\0\0", *pdus)


@fault
class ReleaseFirst(Fault):
    name = "release-first"
    summary = "sends an A-RELEASE-RQ before a message, and then the message all the same"
    section = "PS3.8 9.2.3, Sta7"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        return (encode_release_rq(), *pdus)


@fault
class ExceedPdu(Fault):
    name = "exceed-pdu"
    summary = "sends P-DATA-TF longer than the requestor said it takes"
    section = "PS3.8 D.1"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        room = max(self.line.max_pdu, 4096) + 1000
        padded = message.copy()
        if padded.data is None:
            padded.command[elements.ERROR_COMMENT] = b"x" * room
        else:
            padded.data += struct.pack("<HHI", 0xFFFC, 0xFFFC, room) + bytes(room)
        return padded.pdus(0x7FFFFFFF)


@fault
class WrongLength(Fault):
    name = "wrong-length"
    summary = "says in P-DATA-TF that it is two bytes shorter than what follows"
    section = "PS3.8 9.3.5"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        for pdu in pdus:
            yield struct.pack(">BxI", pdu[0], len(pdu) - 8) + pdu[6:]


@fault
class WrongPdvLength(Fault):
    name = "wrong-pdv-length"
    summary = "says of a PDV that it goes beyond the end of its P-DATA-TF"
    section = "PS3.8 9.3.5.1"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        for pdu in pdus:
            yield pdu[:6] + struct.pack(">I", len(pdu)) + pdu[10:]


@fault
class WrongContext(Fault):
    name = "wrong-context"
    summary = "sends a message on a presentation context that nobody proposed"
    section = "PS3.8 9.3.5.1"

    def sends(self, message: Message) -> Iterable[Message]:
        return (replace(message, context_id=self.line.free_context),)


@fault
class NoLast(Fault):
    name = "no-last-fragment"
    summary = "never marks the last fragment of a message: it stays incomplete"
    section = "PS3.8 E.2"

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        for pdu in pdus:
            yield pdu[:11] + bytes((pdu[11] & ~2,)) + pdu[12:]


@fault
class Interleave(Fault):
    name = "interleave"
    summary = "sends the fragments of two messages mixed with each other"
    section = "PS3.8 E.1"

    def prepare(self) -> None:
        self._held = Holding[list[bytes]](self._alone)

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        pieces = list(pdus) if len(pdus) > 1 else _in_pieces(pdus)
        held = self._held.pair(pieces)
        if held is None:
            return ()
        mixed = [pdu for pair in zip(held, pieces, strict=False) for pdu in pair]
        shorter = min(len(held), len(pieces))
        return [*mixed, *held[shorter:], *pieces[shorter:]]

    def _alone(self, pdus: list[bytes]) -> None:
        for pdu in pdus:
            self.line.send(pdu)


def _in_pieces(pdus: Sequence[bytes]) -> list[bytes]:
    """Each PDU in two of half its fragment, so that there is something to mix."""
    pieces = []
    for pdu in pdus:
        context, control, data = pdu[10], pdu[11], pdu[12:]
        half = len(data) // 4 * 2
        last, command = bool(control & 2), bool(control & 1)
        for part, is_last in ((data[:half], False), (data[half:], last)):
            pieces.append(pdata_head(context, command, is_last, len(part)) + part)
    return pieces
