"""WireView on engine events made by hand: what each mode writes, and what it never writes."""

from __future__ import annotations

from typing import Any

import pytest

from assocsh.association.events import (
    MessageTransferred,
    PduTransferred,
    Remark,
    StateChanged,
    TransportChanged,
)
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.errors import AssociationAborted
from assocsh.upperlayer.negotiation import PresentationContext
from assocsh.wire.conversation import Fragment
from assocsh.wire.live import Listener, LiveConversation
from assocsh.wire.live_talk import fragments
from assocsh.wire.view import WireView
from tests.wire.fakes import association, operation
from tests.wire.test_walk import CT, IMPLICIT, SECRET, associate, command, pdata

CONTEXT = PresentationContext(1, CT, (IMPLICIT,), 0, IMPLICIT)
STORE = CommandSet.decode(command())
ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x06"


class Wire:
    """A view, and the events of one association to feed it with."""

    def __init__(self, mode: str) -> None:
        self.lines: list[str] = []
        self.view = WireView(mode, self.lines.append)
        listeners: list[Listener] = []
        self.live = LiveConversation(lambda operation: operation.number, listeners)
        self.association = association(CONTEXT)
        self.time = 100.0
        self.live(StateChanged(self.time, self.association, AssociationState.OPEN))
        listeners.append(self.view)  # it shows from now on

    def _now(self) -> float:
        self.time += 0.012
        return self.time

    def pdu(self, data: bytes, sent: bool = True) -> None:
        pieces = (data[:6], memoryview(data)[6:])
        self.live(PduTransferred(self._now(), self.association, sent, data[0], pieces))

    def message(self, message: CommandSet, length: int = 0, sent: bool = True) -> None:
        self.live(
            MessageTransferred(
                self._now(), self.association, sent, message, CONTEXT, length, self.operation
            )
        )

    operation: Any = None

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def store(wire: Wire, pdus: int = 3) -> None:
    wire.pdu(pdata(command()))
    for left in reversed(range(pdus - 1)):
        wire.pdu(pdata(bytes(1000), flags=0 if left else 2))
    wire.message(STORE, 1000 * (pdus - 1))


def test_summary_is_a_line_for_each_pdu_and_message() -> None:
    wire = Wire("summary")
    wire.live(TransportChanged(100.0, wire.association, "connected", "127.0.0.1:104"))
    wire.pdu(associate())
    wire.pdu(associate(accept=True), sent=False)
    store(wire)
    wire.message(
        CommandSet.of(
            CommandField=CommandField.C_STORE_RSP,
            MessageIDBeingRespondedTo=7,
            CommandDataSetType=0x0101,
            Status=0xA700,
            ErrorComment="disk \x1b[2Jfull",
        ),
        sent=False,
    )
    first, request, accept, stored, answer = wire.lines
    assert first.startswith("=== connected") and first.endswith("127.0.0.1:104")
    assert request.startswith(" -> A-ASSOCIATE-RQ") and "+12 ms" in request
    assert f"{len(associate()):,} B" in request
    assert '"ASSOCSH" calls "ORTHANC", 2 contexts; window 8 / 0, unlimited' in request
    assert "user identity 2 user name and passcode" in request
    assert accept.startswith("<-  A-ASSOCIATE-AC")
    assert "accepted 1; refused 3 (abstract syntax not supported)" in accept
    assert stored.startswith(" -> C-STORE-RQ")
    assert "message 7  context 1  CT Image Storage  data set 2,000 B in Implicit VR" in stored
    assert stored.endswith("[3 P-DATA-TF]")
    assert answer.startswith("<-  C-STORE-RSP") and "to message 7" in answer
    assert "0xA700 Failure" in answer and 'error comment "disk ^[[2Jfull"' in answer


def test_detail_names_items_and_elements() -> None:
    wire = Wire("detail")
    wire.pdu(associate())
    assert any("abstract syntax: 1.2.840.10008.5.1.4.1.1.2 CT" in line for line in wire.lines)
    wire.lines.clear()
    store(wire)
    assert wire.lines[0].startswith(" -> P-DATA-TF")
    assert wire.lines[0].endswith("context 1, command, last fragment")
    assert wire.text.count("(0000,0110) MessageID: 7") == 1
    assert wire.lines[-1].startswith(" -> C-STORE-RQ")


def test_detail_names_the_elements_of_a_command_in_fragments() -> None:
    wire = Wire("detail")
    wire.pdu(pdata(command()[:20], flags=1))
    wire.pdu(pdata(command()[20:], flags=3))
    wire.message(STORE)
    assert wire.text.count("(0000,0110) MessageID: 7") == 1


def test_hex_shows_bytes_beside_names() -> None:
    wire = Wire("hex")
    store(wire)
    assert "(0000,0110) MessageID = 7" in wire.text
    assert "00 00 10 01 02 00 00 00 07 00" in wire.text


def test_abort_from_the_peer_is_marked_and_counts_what_is_pending() -> None:
    wire = Wire("summary")
    wire.association.pending = 2
    wire.pdu(ABORT, sent=False)
    error = AssociationAborted("aborted \x07 by", source=2, reason=6, by="peer")
    wire.live(StateChanged(101.0, wire.association, AssociationState.ABORTED, error))
    assert wire.lines[0].startswith("<** A-ABORT")
    assert "invalid PDU parameter value (2 requests pending)" in wire.lines[0]
    assert wire.lines[1].startswith("=== aborted")
    assert wire.lines[1].endswith("by the peer: aborted ^G by")


def test_a_message_cut_short_is_not_lost() -> None:
    wire = Wire("summary")
    wire.pdu(pdata(bytes(100), flags=0))
    wire.pdu(ABORT)
    assert "a PDU of a message that is not whole yet" in wire.lines[0]


def test_remarks_say_whose_they_are() -> None:
    wire = Wire("summary")
    wire.live(Remark(100.0, wire.association, "late response", "peer"))
    wire.live(Remark(100.1, wire.association, "window clamped", "local"))
    assert wire.lines[0].startswith("<** remark") and wire.lines[1].startswith("*** remark")


def test_two_associations_are_told_apart() -> None:
    wire = Wire("summary")
    wire.pdu(ABORT)
    other = association()
    wire.live(TransportChanged(101.0, other, "connected", "x"))
    wire.live(TransportChanged(101.1, other, "closed", "x"))
    third = association()
    wire.live(TransportChanged(101.2, third, "connected", "y"))
    assert [line[:4] for line in wire.lines] == [" -> ", "[2] ", "[2] ", "[2] "]


def test_operations_have_the_name_the_user_knows() -> None:
    wire = Wire("summary")
    wire.operation = operation(number=7)
    wire.message(STORE)
    assert "#7 message 7" in wire.text


@pytest.mark.parametrize("mode", ["off", "summary", "detail", "hex"])
def test_secrets_and_controls_in_no_mode(mode: str) -> None:
    wire = Wire(mode)
    for data in (associate(), associate(accept=True)):
        wire.pdu(data)
        hostile = bytearray(data)
        hostile[10:26] = b"\x1b]52;c;AAAA\x07\x9b\x85\xff\x00"[:16]
        wire.pdu(bytes(hostile), sent=False)
    assert SECRET.decode() not in wire.text and SECRET[:5].hex(" ") not in wire.text
    assert "alice" not in wire.text
    assert all(line.isprintable() for line in wire.lines)
    assert bool(wire.lines) == (mode != "off")


def test_the_mode_may_change() -> None:
    wire = Wire("off")
    wire.pdu(associate())
    wire.view.mode = type(wire.view.mode)("summary")
    wire.pdu(ABORT)
    assert len(wire.lines) == 1
    with pytest.raises(ValueError, match="loud"):
        WireView("loud", wire.lines.append)


def test_messages_that_were_read_at_once_keep_their_own_pdus() -> None:
    wire = Wire("summary")
    for length in (100, 200):
        wire.pdu(pdata(command()), sent=False)
        wire.pdu(pdata(bytes(length), flags=2), sent=False)
    for length in (100, 200):
        wire.message(STORE, length, sent=False)
    first, second = (line.split(" B ")[0].split()[-1] for line in wire.lines)
    assert int(second.replace(",", "")) - int(first.replace(",", "")) == 100
    assert all(line.endswith("[2 P-DATA-TF]") for line in wire.lines)


@pytest.mark.parametrize("cut", range(1, 20))
def test_heads_are_found_wherever_the_pieces_end(cut: int) -> None:
    body = pdata(command(), flags=3)[6:] + pdata(b"ab", flags=0)[6:] + pdata(b"c", flags=2)[6:]
    whole = b"\x04\x00" + len(body).to_bytes(4, "big") + body
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    last, more = Fragment(1, True, True, len(command())), Fragment(1, False, False, 2)
    assert fragments(pieces) == (last, more, Fragment(1, False, True, 1))
    assert fragments([whole[: -len(pdata(b"c")[6:])]]) == (last, more)
    assert fragments([b"\x04\x00\x00\x00\x00\x00"]) == ()
    assert fragments([b"\x04\x00\x00\x00\x00\x06" + bytes(6)]) == (Fragment(0, False, False, 0),)
