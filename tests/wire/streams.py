"""What two sides say, byte by byte, for the decoder and the findings."""

from __future__ import annotations

from assocsh.wire.conversation import Side, Talk
from assocsh.wire.limits import Limits
from tests.peers import scripted as wire
from tests.peers.recording import Piece, decode

RQ, AC = Side.REQUESTOR, Side.ACCEPTOR
FIND = ((1, wire.STUDY_FIND, (wire.IMPLICIT,)), (3, wire.CT, (wire.EXPLICIT, wire.IMPLICIT)))
IDENTIFIER = wire.element(0x00080052, b"STUDY ") + wire.element(0x00100020, b"123 ")
REQUEST = wire.associate_rq(FIND, max_pdu=16384, window=(8, 1))
ACCEPT = wire.associate_ac(wire.read_association(REQUEST[6:]), max_pdu=4096, window=(4, 1))


def find_rq(number: int, context: int = 1) -> bytes:
    head = wire.command(
        affected_class=wire.STUDY_FIND, field=wire.C_FIND, message_id=number, data_set_type=1
    )
    return wire.message(context, head, IDENTIFIER)


def find_rsp(number: int, status: int, context: int = 1) -> bytes:
    pending = status == 0xFF00
    head = wire.command(
        affected_class=wire.STUDY_FIND,
        field=wire.C_FIND | wire.RESPONSE,
        responded_id=number,
        status=status,
        data_set_type=1 if pending else wire.NO_DATA,
    )
    return wire.message(context, head, IDENTIFIER if pending else None)


def store_rq(number: int, data: bytes, context: int = 3) -> bytes:
    head = wire.command(
        affected_class=wire.CT,
        affected_instance="1.2.3",
        field=wire.C_STORE,
        message_id=number,
        data_set_type=1,
    )
    return wire.message(context, head, data, chunk=1000)


def talk_of(*said: tuple[Side, bytes], limits: Limits | None = None) -> Talk:
    """Each piece a second after the one before."""
    return decode([Piece(side, data, float(at)) for at, (side, data) in enumerate(said, 1)], limits)


OPENED = ((RQ, REQUEST), (AC, ACCEPT))
RELEASED = ((RQ, wire.release_rq()), (AC, wire.release_rp()))
