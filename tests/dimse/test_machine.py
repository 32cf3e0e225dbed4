"""The DIMSE machine alone: matching, cancel, lanes, violations, timers; no socket and no clock."""

from __future__ import annotations

from typing import Any

import pytest

from assocsh.dimse import events as ev
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.machine import DimseMachine
from assocsh.errors import UsageError
from assocsh.states import CancelOutcome, OperationState
from tests.dimse import support
from tests.dimse.support import ECHO, FIND, GET, MOVE, STORE, drain, invoke, respond
from tests.dimse.test_messages import Source

N_SERVICES = (0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150)


# -- responses ---------------------------------------------------------------------------------


@pytest.mark.rule("W9")
@pytest.mark.scenario(40)
def test_responses_in_any_order() -> None:
    machine = support.machine(8)
    finds = [invoke(machine, FIND, b"xx") for _ in range(8)]
    drain(machine)
    machine.take_events()
    for round_ in range(3):
        for find in reversed(finds):
            respond(machine, find, 0xFF00, bytes([round_, find.message_id or 0]))
    for find in (finds[3], finds[7], finds[0], *finds[4:7], *finds[1:3]):
        respond(machine, find, 0x0000)
    answers = [e for e in machine.take_events() if isinstance(e, ev.ResponseReceived)]
    for find in finds:
        own = [(e.data, e.final) for e in answers if e.invocation is find]
        mine = find.message_id or 0
        assert own == [(bytes([r, mine]), False) for r in range(3)] + [(None, True)]
        assert find.state is OperationState.DONE


WRONG: list[tuple[str, int, dict[str, Any]]] = [
    ("an id that nobody has", 5, {"MessageIDBeingRespondedTo": 4711}),
    ("id 0", 5, {"MessageIDBeingRespondedTo": 0}),
    ("another context", 7, {}),
    ("another service", 5, {"CommandField": 0x8021}),
    ("a Command Field that nobody has", 5, {"CommandField": 0x8777}),
]


@pytest.mark.rule("M6", "E3")
@pytest.mark.scenario(37, 38)
@pytest.mark.parametrize(("what", "context", "changes"), WRONG, ids=[one[0] for one in WRONG])
def test_responses_that_match_nothing(what: str, context: int, changes: dict[str, Any]) -> None:
    """Reported with the reason; the request goes on waiting for its own."""
    machine = support.machine(4)
    find = invoke(machine, FIND, b"xx")
    other = invoke(machine, MOVE, b"xx")
    drain(machine)
    machine.take_events()
    respond(machine, find, 0x0000, context_id=context, **changes)
    events = machine.take_events()
    assert [type(e) for e in events] == [ev.MessageReceived, ev.UnmatchedResponse]
    assert events[0].invocation is None
    assert events[1].reason
    assert find.state is other.state is OperationState.PENDING
    respond(machine, find, 0x0000)
    assert find.state is OperationState.DONE


@pytest.mark.rule("M6", "E4")
@pytest.mark.scenario(39)
def test_a_response_after_the_final_one() -> None:
    machine = support.machine(2)
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    respond(machine, find, 0x0000)
    machine.take_events()
    for status in (0xFF00, 0x0000, 0xA700):
        respond(machine, find, status)
    assert not support.kinds(machine, ev.ResponseReceived, ev.StateChanged)


@pytest.mark.rule("M2", "M7", "E7")
@pytest.mark.scenario(43)
@pytest.mark.parametrize("status", [0x0000, 0x0210, 0x0211, 0x0212, 0x1234, 0xA700, 0xB000, 0xFFFF])
def test_any_status_but_pending_is_final(status: int) -> None:
    machine = support.machine()
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    respond(machine, find, 0xFF01)  # Pending without an identifier: no reason to stumble
    respond(machine, find, status, b"yy")  # a final one with an identifier: given on
    answers = support.kinds(machine, ev.ResponseReceived)
    assert [(e.data, e.final) for e in answers] == [(None, False), (b"yy", True)]  # type: ignore[union-attr]
    assert find.state is OperationState.DONE


# -- cancel ------------------------------------------------------------------------------------


@pytest.mark.rule("E5", "A3")
def test_cancelled_while_queued() -> None:
    machine = support.machine(1)
    first = invoke(machine, ECHO)
    source = Source(bytes(100))
    second = machine.invoke(3, dict(STORE), source)
    third = invoke(machine, ECHO)
    drain(machine)
    assert machine.cancel(second) is CancelOutcome.WITHDRAWN
    assert second.state is OperationState.WITHDRAWN
    assert source.closed
    respond(machine, first)
    (sent,) = drain(machine)
    assert sent.command.label == "C-ECHO-RQ"
    assert sent.command.message_id == third.message_id
    assert machine.cancel(second) is CancelOutcome.FINISHED


@pytest.mark.rule("C1", "C2", "C3", "C5", "E5")
@pytest.mark.parametrize("values", [FIND, GET, MOVE], ids=["find", "get", "move"])
@pytest.mark.parametrize("pendings", [0, 3])
def test_cancelled_after_it_was_sent(values: dict[int, Any], pendings: int) -> None:
    machine = support.machine(1)
    machine.lanes._ids._last = 600
    operation = invoke(machine, values, b"xx")
    drain(machine)
    for _ in range(pendings):
        respond(machine, operation, 0xFF00)
    assert machine.cancel(operation) is CancelOutcome.REQUESTED
    assert operation.state is OperationState.CANCELLING
    (cancel,) = drain(machine)
    assert cancel.context_id == operation.context_id
    assert cancel.command.values == {
        0x0100: 0x0FFF,
        0x0120: operation.message_id,
        0x0800: 0x0101,
    }
    assert machine.window.outstanding == 1
    assert machine.cancel(operation) is CancelOutcome.ALREADY
    assert drain(machine) == []
    respond(machine, operation, 0xFF00)
    assert operation.state is OperationState.CANCELLING
    respond(machine, operation, 0xFE00)
    assert operation.state is OperationState.CANCELLED
    assert machine.cancel(operation) is CancelOutcome.FINISHED


@pytest.mark.rule("C4")
@pytest.mark.scenario(48)
@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0xFE00, OperationState.CANCELLED),
        (0x0000, OperationState.DONE),
        (0xA700, OperationState.DONE),
    ],
)
def test_the_end_of_a_cancelled_one(status: int, state: OperationState) -> None:
    machine = support.machine(1)
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    machine.cancel(find)
    drain(machine)
    machine.take_events()
    respond(machine, find, status)
    entered = [e.state for e in support.kinds(machine, ev.StateChanged)]  # type: ignore[union-attr]
    assert entered == [state]
    assert machine.window.outstanding == 0


@pytest.mark.rule("C2", "A4")
@pytest.mark.parametrize("field", [0x0001, 0x0030, *N_SERVICES])
def test_what_cannot_be_cancelled_is_let_go(field: int) -> None:
    machine = support.machine(1)
    operation = machine.invoke(1, {0x0100: field}, None)
    drain(machine)
    assert machine.cancel(operation) is CancelOutcome.DETACHED
    assert drain(machine) == []  # nothing goes on the wire
    assert operation.state is OperationState.CANCELLED
    assert machine.window.outstanding == 1
    respond(machine, operation)
    assert machine.window.outstanding == 0


@pytest.mark.rule("C6", "E1", "A5")
@pytest.mark.parametrize("values", [FIND, STORE], ids=["find", "store"])
def test_cancelled_in_the_middle_of_sending(values: dict[int, Any]) -> None:
    """The message is finished; C-CANCEL, where there is one, goes right behind it."""
    machine = support.machine(2, peer_max_pdu=256)
    operation = invoke(machine, values, bytes(2000))
    behind = invoke(machine, ECHO)
    pieces = machine.lanes.next_pieces(400, 0.0)
    assert machine.lanes.mid_message
    machine.cancel(operation)
    while more := machine.lanes.next_pieces(400, 0.0):
        pieces += more
    sent = support.whole_messages(pieces)
    assert len(sent[0].data) == 2000
    labels = [one.command.label for one in sent]
    cancels = ["C-CANCEL-RQ"] if values is FIND else []
    assert labels == [CommandField(operation.field).label, *cancels, "C-ECHO-RQ"]
    assert behind.state is OperationState.PENDING


@pytest.mark.rule("C3")
@pytest.mark.scenario(48)
def test_no_cancel_goes_out_once_the_answer_is_here() -> None:
    """The C-CANCEL waits behind a long message; then there is nothing left to cancel."""
    machine = support.machine(2, peer_max_pdu=256)
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    invoke(machine, STORE, bytes(2000))
    pieces = machine.lanes.next_pieces(400, 0.0)
    machine.cancel(find)
    respond(machine, find, 0x0000)
    while more := machine.lanes.next_pieces(400, 0.0):
        pieces += more
    assert [one.command.label for one in support.whole_messages(pieces)] == ["C-STORE-RQ"]
    assert not find.cancel_on_wire


def test_C7_the_counts_of_a_cancelled_get_are_given_on() -> None:
    machine = support.machine()
    get = invoke(machine, GET, b"xx")
    drain(machine)
    machine.cancel(get)
    machine.take_events()
    respond(
        machine, get, 0xFE00, NumberOfRemainingSuboperations=7, NumberOfCompletedSuboperations=3
    )
    (answer,) = support.kinds(machine, ev.ResponseReceived)
    assert isinstance(answer, ev.ResponseReceived)
    assert answer.command.values[0x1020] == 7 and answer.command.values[0x1021] == 3


@pytest.mark.rule("A22", "C3")
def test_the_peers_cancel_reaches_what_is_being_performed() -> None:
    machine = support.machine(performed=2)
    command = support.CommandSet.of(CommandField=0x0020, CommandDataSetType=1, MessageID=9)
    machine.receive([support.command_pdv(5, command), support.data_pdv(5, b"xx")], 0.0)
    (asked,) = support.kinds(machine, ev.IndicationReceived)
    assert isinstance(asked, ev.IndicationReceived) and not asked.performing.cancelled
    said = support.CommandSet.of(
        CommandField=0x0FFF, CommandDataSetType=0x0101, MessageIDBeingRespondedTo=9
    )
    machine.receive([support.command_pdv(5, said)], 0.0)
    (found,) = support.kinds(machine, ev.CancelReceived)
    assert isinstance(found, ev.CancelReceived)
    assert found.performing is asked.performing and asked.performing.cancelled
    assert machine.performed_window.outstanding == 1
    machine.respond(asked.performing, 0xFE00)
    machine.receive([support.command_pdv(5, said)], 0.0)
    (nothing,) = support.kinds(machine, ev.CancelReceived)
    assert isinstance(nothing, ev.CancelReceived) and nothing.performing is None


# -- lanes -------------------------------------------------------------------------------------


@pytest.mark.rule("E1", "M3")
def test_lanes() -> None:
    """What is being sent, then responses and C-CANCEL in their order, then requests."""
    machine = support.machine(0, performed=0, peer_max_pdu=256)
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    invoke(machine, STORE, bytes(3000))
    invoke(machine, ECHO)
    pieces = machine.lanes.next_pieces(300, 0.0)
    echo = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=9)
    machine.receive([support.command_pdv(1, echo)], 0.0)
    (asked,) = support.kinds(machine, ev.IndicationReceived)
    assert isinstance(asked, ev.IndicationReceived)
    machine.respond(asked.performing, 0)
    machine.cancel(find)
    while more := machine.lanes.next_pieces(300, 0.0):
        pieces += more
    labels = [one.command.label for one in support.whole_messages(pieces)]
    assert labels == ["C-STORE-RQ", "C-ECHO-RSP", "C-CANCEL-RQ", "C-ECHO-RQ"]


@pytest.mark.rule("E1")
@pytest.mark.parametrize("budget", [1, 100, 1000, 1 << 20])
def test_whole_messages_whatever_the_budget(budget: int) -> None:
    machine = support.machine(0, peer_max_pdu=64)
    for _ in range(3):
        invoke(machine, STORE, bytes(500))
        invoke(machine, ECHO)
    sent = drain(machine, budget)
    assert [len(one.data) for one in sent] == [500, 0] * 3
    assert [one.command.message_id for one in sent] == [1, 2, 3, 4, 5, 6]


@pytest.mark.rule("E8")
def test_a_budget_is_kept() -> None:
    machine = support.machine(peer_max_pdu=16384)
    invoke(machine, STORE, bytes(1 << 20))
    pieces = machine.lanes.next_pieces(65536, 0.0)
    assert sum(len(bytes(p)) for p in pieces) <= 65536 + 16384 + 200  # type: ignore[arg-type]


def test_a_source_that_is_not_ready_holds_requests_but_not_responses() -> None:
    machine = support.machine(0, performed=0)
    source = Source(bytes(100), gaps=2)
    store = machine.invoke(3, dict(STORE), source)
    invoke(machine, ECHO)
    assert drain(machine) == []
    assert not machine.lanes.has_output
    assert store.state is OperationState.QUEUED
    echo = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=9)
    machine.receive([support.command_pdv(1, echo)], 0.0)
    (asked,) = support.kinds(machine, ev.IndicationReceived)
    assert isinstance(asked, ev.IndicationReceived)
    machine.respond(asked.performing, 0)
    (answer,) = support.whole_messages(machine.lanes.next_pieces(1 << 20, 0.0))
    assert answer.command.label == "C-ECHO-RSP"
    machine.lanes.source_ready()
    assert machine.lanes.has_output
    assert [one.command.label for one in drain(machine)] == ["C-STORE-RQ", "C-ECHO-RQ"]


def test_withdrawing_the_one_that_waits_for_its_source_lets_the_next_go() -> None:
    machine = support.machine(0)
    store = machine.invoke(3, dict(STORE), Source(bytes(100), gaps=99))
    for _ in range(3):
        invoke(machine, ECHO)
    assert drain(machine) == []
    machine.cancel(store)
    assert machine.lanes.next_pieces(1, 0.0)
    assert machine.lanes.has_output, "nobody would come back for the rest"


def test_a_source_that_stops_in_the_middle_of_a_message_holds_everything() -> None:
    """The rest of the message comes first, whatever else is to be said (PS3.8 Annex E)."""
    machine = support.machine(0, performed=0)
    source = Source(bytes(300), step=100)
    machine.invoke(3, dict(STORE), source)
    echo = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=9)
    machine.receive([support.command_pdv(1, echo)], 0.0)
    pieces = machine.lanes.next_pieces(1, 0.0)
    source.gaps = 2
    pieces += machine.lanes.next_pieces(1 << 20, 0.0)
    assert machine.lanes.mid_message and not machine.lanes.has_output
    machine.respond(machine.performing[9], 0)
    assert not machine.lanes.has_output
    machine.lanes.source_ready()
    assert machine.lanes.has_output
    pieces += machine.lanes.next_pieces(1 << 20, 0.0)
    labels = [one.command.label for one in support.whole_messages(pieces)]
    assert labels == ["C-STORE-RQ", "C-ECHO-RSP"]


def test_the_next_file_is_read_while_the_window_is_full() -> None:
    """Its first block is here when its turn comes; a source that fails then is told then."""
    machine = support.machine(1)
    first = invoke(machine, ECHO)
    read: list[int] = []

    class Counted(Source):
        def read(self, size: int) -> bytes | None:
            read.append(size)
            return super().read(size)

    store = machine.invoke(3, dict(STORE), Counted(bytes(100)))
    broken = machine.invoke(3, dict(STORE), Broken(0))
    drain(machine)
    assert read == []
    machine.lanes.read_ahead()
    machine.lanes.read_ahead()
    assert len(read) == 1 and store.state is OperationState.QUEUED
    assert not machine.lanes.has_output
    respond(machine, first)
    (sent,) = drain(machine)
    assert sent.data == bytes(100) and len(read) == 1
    machine.take_events()
    machine.lanes.read_ahead()
    assert machine.take_events() == [] and broken.state is OperationState.QUEUED
    respond(machine, store)
    assert drain(machine) == []
    assert broken.state is OperationState.FAILED


def test_an_answer_of_many_pdus_goes_out_in_turns() -> None:
    machine = support.machine(performed=1, peer_max_pdu=64)
    command = support.CommandSet.of(CommandField=0x0020, CommandDataSetType=1, MessageID=8)
    machine.receive([support.command_pdv(5, command), support.data_pdv(5, b"xx")], 0.0)
    machine.respond(machine.performing[8], 0xFF00, bytes(1000))
    pieces = machine.lanes.next_pieces(300, 0.0)
    assert machine.lanes.mid_message and machine.lanes.has_output
    pieces += machine.lanes.next_pieces(1 << 20, 0.0)
    (answer,) = support.whole_messages(pieces)
    assert answer.data == bytes(1000)


class Broken(Source):
    """Fails after ``good`` bytes."""

    def __init__(self, good: int) -> None:
        super().__init__(bytes(1 << 20), step=1000)
        self.good = good

    def read(self, size: int) -> bytes | None:
        if self.good <= 0:
            raise OSError(5, "Input/output error")
        self.good -= 1000
        return super().read(size)


def test_a_file_that_cannot_be_read_fails_before_anything_goes_out() -> None:
    machine = support.machine(1)
    source = Broken(0)
    store = machine.invoke(3, dict(STORE), source)
    echo = invoke(machine, ECHO)
    assert [one.command.label for one in drain(machine)] == ["C-ECHO-RQ"]
    assert store.state is OperationState.FAILED and source.closed
    failed = [e for e in machine.take_events() if isinstance(e, ev.SourceFailed)]
    assert [(e.invocation, e.midway) for e in failed] == [(store, False)]
    assert echo.state is OperationState.PENDING
    assert machine.window.outstanding == 1


def test_a_file_that_fails_midway_leaves_half_a_message() -> None:
    machine = support.machine(1)
    store = machine.invoke(3, dict(STORE), Broken(2000))
    assert machine.lanes.next_pieces(1 << 20, 0.0)
    failed = support.kinds(machine, ev.SourceFailed)
    assert [(e.invocation, e.midway) for e in failed] == [(store, True)]  # type: ignore[union-attr]
    assert machine.lanes.mid_message


@pytest.mark.parametrize("from_source", [False, True])
def test_no_data_set_is_announced_that_is_empty(from_source: bool) -> None:
    machine = support.machine()
    source = Source(b"")
    machine.invoke(3, dict(STORE), source if from_source else b"")
    (sent,) = drain(machine)
    assert not sent.command.has_data
    assert not machine.lanes.mid_message
    assert source.closed == from_source


def test_values_that_do_not_fit_are_refused_at_once() -> None:
    machine = support.machine()
    with pytest.raises(UsageError):
        machine.invoke(3, {**STORE, 0x0700: 70000}, None)
    assert machine.queued == 0
    echo = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=9)
    machine.receive([support.command_pdv(1, echo)], 0.0)
    with pytest.raises(UsageError):
        machine.respond(machine.performing[9], 0, None, {0x1021: -1})
    assert drain(machine) == []
    machine.respond(machine.performing[9], 0)
    assert len(drain(machine)) == 1


# -- the peer breaks the rules -----------------------------------------------------------------


@pytest.mark.rule("M3", "E9")
@pytest.mark.scenario(30)
def test_a_context_that_was_not_accepted() -> None:
    machine = support.machine()
    for context in (2, 11, 255, 0):
        machine.receive([support.data_pdv(context, b"xx")], 0.0)
        (violation,) = support.kinds(machine, ev.Violation)
        assert isinstance(violation, ev.Violation)
        assert violation.error.reason == 6
        assert str(context) in str(violation.error)


@pytest.mark.scenario(31)
def test_a_command_set_that_is_none_is_a_violation() -> None:
    machine = support.machine()
    machine.receive([support.Pdv(1, True, True, memoryview(b"\0\0\0\0"))], 0.0)
    (violation,) = support.kinds(machine, ev.Violation)
    assert isinstance(violation, ev.Violation) and violation.error.reason == 6


@pytest.mark.parametrize("cut", [1, 12, 40])
def test_a_command_set_in_fragments(cut: int) -> None:
    machine = support.machine(performed=1)
    command = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=1)
    encoded = memoryview(command.encode())
    machine.receive([support.Pdv(1, True, False, encoded[:cut])], 0.0)
    assert machine.take_events() == [] and machine.mid_reception
    machine.receive([support.Pdv(1, True, True, encoded[cut:])], 0.0)
    (asked,) = support.kinds(machine, ev.IndicationReceived)
    assert isinstance(asked, ev.IndicationReceived) and asked.performing.command == command


def test_a_store_streams() -> None:
    """Begun with the command set, each piece as it comes, ended with the last."""
    machine = support.machine(performed=1)
    command = support.CommandSet.of(CommandField=0x0001, CommandDataSetType=1, MessageID=1)
    machine.receive([support.command_pdv(3, command)], 0.0)
    assert [type(e) for e in machine.take_events()] == [ev.StoreBegun]
    assert machine.mid_reception and not machine.idle
    machine.receive([support.data_pdv(3, b"abcd", last=False)], 0.0)
    (piece,) = machine.take_events()
    assert isinstance(piece, ev.StoreData) and bytes(piece.data) == b"abcd"
    machine.receive([support.data_pdv(3, b"ef")], 0.0)
    last, message, ended = machine.take_events()
    assert isinstance(last, ev.StoreData) and bytes(last.data) == b"ef"
    assert isinstance(message, ev.MessageReceived) and message.data_length == 6
    assert isinstance(ended, ev.StoreEnded) and ended.length == 6
    assert not machine.mid_reception


def test_responses_repeat_what_the_request_named() -> None:
    machine = support.machine(performed=1)
    command = support.CommandSet.of(
        CommandField=0x0130,
        CommandDataSetType=0x0101,
        MessageID=8,
        RequestedSOPClassUID="1.2.3",
        RequestedSOPInstanceUID="1.2.3.4",
        ActionTypeID=2,
    )
    machine.receive([support.command_pdv(1, command)], 0.0)
    with_counts = {0x1020: 0, 0x1021: 4}
    machine.respond(machine.performing[8], 0xFF00, None, with_counts)
    (pending,) = drain(machine)
    assert with_counts.items() <= pending.command.values.items()
    machine.respond(machine.performing[8], 0, b"ab")
    (answer,) = drain(machine)
    assert answer.command.values == {
        0x0002: "1.2.3",
        0x0100: 0x8130,
        0x0120: 8,
        0x0800: 1,
        0x0900: 0,
        0x1000: "1.2.3.4",
        0x1008: 2,
    }
    assert answer.data == b"ab"


@pytest.mark.rule("E4")
def test_a_request_of_the_peer_has_one_final_response() -> None:
    machine = support.machine(performed=1)
    command = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=8)
    machine.receive([support.command_pdv(1, command)], 0.0)
    performing = machine.performing[8]
    for status in (0xFF00, 0x0000, 0x0110, 0xFF00):
        machine.respond(performing, status)
    assert [one.command.status for one in drain(machine)] == [0xFF00, 0x0000]


# -- time --------------------------------------------------------------------------------------


@pytest.mark.scenario(36, 42)
@pytest.mark.rule("A9")
def test_the_timer_counts_from_the_last_progress() -> None:
    machine = support.machine(1, timeout=10.0)
    assert machine.next_timeout() is None
    find = invoke(machine, FIND, b"xx")
    waiting = invoke(machine, ECHO)
    drain(machine, now=100.0)
    assert machine.next_timeout() == 110.0
    machine.handle_timeout(109.9)
    assert not support.kinds(machine, ev.TimedOut)
    for now in range(101, 200):  # a Pending every second: it may go on for ever
        respond(machine, find, 0xFF00, now=float(now))
        machine.handle_timeout(float(now))
    assert not support.kinds(machine, ev.TimedOut)
    assert machine.next_timeout() == 209.0
    machine.handle_timeout(209.0)
    (timed_out,) = support.kinds(machine, ev.TimedOut)
    assert isinstance(timed_out, ev.TimedOut) and timed_out.invocation is find
    assert waiting.state is OperationState.QUEUED  # time in the queue does not count
    machine.fail(find)
    assert find.state is OperationState.FAILED
    assert machine.window.outstanding == 1 and drain(machine) == []
    machine.handle_timeout(1000.0)
    assert not support.kinds(machine, ev.TimedOut)  # once


def test_a_store_from_the_peer_is_progress_of_our_get() -> None:
    machine = support.machine(1, performed=1, timeout=10.0)
    invoke(machine, GET, b"xx")
    drain(machine, now=0.0)
    command = support.CommandSet.of(CommandField=0x0001, CommandDataSetType=1, MessageID=1)
    machine.receive([support.command_pdv(3, command), support.data_pdv(3, b"ab")], 8.0)
    assert machine.next_timeout() == 18.0
    machine.receive([support.command_pdv(3, command)], 9.0)  # a duplicate is no progress
    assert machine.next_timeout() == 18.0


def test_progress_that_is_seen_elsewhere_counts() -> None:
    """``Operation.keep_waiting`` is all that one who sees it has to do."""
    machine = support.machine(1, timeout=10.0)
    find = invoke(machine, FIND, b"xx")
    drain(machine, now=0.0)
    find.progress_at = 9.0
    machine.handle_timeout(10.0)
    assert not support.kinds(machine, ev.TimedOut)
    assert machine.next_timeout() == 19.0
    machine.handle_timeout(19.0)
    assert len(support.kinds(machine, ev.TimedOut)) == 1


def test_a_store_from_the_peer_is_no_progress_of_another_request() -> None:
    machine = support.machine(1, performed=1, timeout=10.0)
    invoke(machine, FIND, b"xx")
    drain(machine, now=0.0)
    command = support.CommandSet.of(CommandField=0x0001, CommandDataSetType=1, MessageID=1)
    machine.receive([support.command_pdv(3, command)], 8.0)
    assert machine.next_timeout() == 10.0


@pytest.mark.scenario(61)
def test_sending_is_progress() -> None:
    """A large file on a slow line has no timeout as long as bytes go out."""
    machine = support.machine(1, peer_max_pdu=1024, timeout=10.0)
    store = invoke(machine, STORE, bytes(100_000))
    now = 0.0
    while machine.lanes.next_pieces(1000, now):
        machine.handle_timeout(now)
        now += 9.0
    assert store.state is OperationState.PENDING
    assert not support.kinds(machine, ev.TimedOut)
    assert now > 500


def test_no_timer_at_all() -> None:
    machine = support.machine(1)
    invoke(machine, ECHO)
    drain(machine)
    assert machine.next_timeout() is None
    machine.handle_timeout(1e9)
    assert not support.kinds(machine, ev.TimedOut)


# -- the end -----------------------------------------------------------------------------------


@pytest.mark.rule("R6", "E4", "E6")
def test_everything_fails_once_at_the_end() -> None:
    machine = support.machine(3)
    finished = invoke(machine, ECHO)
    source = Source(bytes(10_000))
    operations = [invoke(machine, FIND, b"xx"), machine.invoke(3, dict(STORE), source)]
    operations += [invoke(machine, ECHO) for _ in range(4)]
    drain(machine)
    respond(machine, finished)
    machine.take_events()
    machine.close()
    failed = support.kinds(machine, ev.StateChanged)
    assert [e.invocation for e in failed] == operations  # type: ignore[union-attr]
    assert {e.state for e in failed} == {OperationState.FAILED}  # type: ignore[union-attr]
    assert machine.queued == 0 and not machine.outstanding and source.closed
    machine.close()
    assert not machine.take_events()
    assert finished.state is OperationState.DONE


@pytest.mark.rule("R2", "A15")
def test_nothing_queued_starts_once_the_gate_is_closed() -> None:
    machine = support.machine(1, peer_max_pdu=256)
    store = invoke(machine, STORE, bytes(2000))
    invoke(machine, ECHO)
    pieces = machine.lanes.next_pieces(300, 0.0)
    machine.lanes.accepting = False
    while more := machine.lanes.next_pieces(300, 0.0):
        pieces += more
    respond(machine, store)
    assert drain(machine) == []
    assert len(support.whole_messages(pieces)) == 1
    assert not machine.lanes.has_output


@pytest.mark.rule("E4")
def test_states_go_only_where_they_may() -> None:
    """Every StateChanged of a rich life is an arrow of support.NEXT, and an end is the last."""
    machine = support.machine(2, performed=0)
    invocations = [invoke(machine, FIND, b"xx") for _ in range(6)]
    drain(machine)
    machine.cancel(invocations[0])
    machine.cancel(invocations[5])
    drain(machine)
    respond(machine, invocations[0], 0xFE00)
    respond(machine, invocations[1], 0xFF00)
    respond(machine, invocations[1], 0x0000)
    drain(machine)
    machine.fail(invocations[2])
    machine.close()
    states = {id(one): OperationState.QUEUED for one in invocations}
    for event in machine.take_events():
        if isinstance(event, ev.StateChanged):
            before = states[id(event.invocation)]
            assert event.state in support.NEXT[before], (before, event.state)
            states[id(event.invocation)] = event.state
    assert all(state.is_end for state in states.values())


def test_without_an_observer_only_what_counts_is_reported() -> None:
    """Responses, requests and ends; no messages, and no states on the way to an end."""
    machine = support.machine(2, performed=0)
    machine.lanes.observed = False
    finds = [invoke(machine, FIND, b"xx") for _ in range(2)]
    drain(machine)
    machine.cancel(finds[1])
    assert finds[1].state is OperationState.CANCELLING
    respond(machine, finds[0], 0xFF00, b"yy")
    respond(machine, finds[0], 0x0000)
    respond(machine, finds[1], 0xFE00)
    store = support.CommandSet.of(CommandField=0x0001, CommandDataSetType=1, MessageID=1)
    machine.receive([support.command_pdv(3, store), support.data_pdv(3, b"abcd")], 0.0)
    echo = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=2)
    machine.receive([support.command_pdv(1, echo)], 0.0)
    machine.respond(machine.performing[2], 0)
    drain(machine)
    assert [type(event) for event in machine.take_events()] == [
        ev.ResponseReceived,
        ev.ResponseReceived,
        ev.StateChanged,
        ev.ResponseReceived,
        ev.StateChanged,
        ev.StoreBegun,
        ev.StoreData,
        ev.StoreEnded,
        ev.IndicationReceived,
    ]
    assert [find.state for find in finds] == [OperationState.DONE, OperationState.CANCELLED]


def test_more_is_expected_while_something_is_outstanding_or_half_here() -> None:
    machine = support.machine(1, performed=1)
    assert not machine.expects_more
    echo = invoke(machine, ECHO)
    drain(machine)
    assert machine.expects_more
    respond(machine, echo)
    assert not machine.expects_more
    store = support.CommandSet.of(CommandField=0x0001, CommandDataSetType=1, MessageID=1)
    machine.receive([support.command_pdv(3, store)], 0.0)
    assert machine.expects_more and machine.mid_reception
    machine.receive([support.data_pdv(3, b"abcd")], 0.0)
    assert machine.expects_more and not machine.mid_reception
    machine.respond(machine.performing[1], 0)
    assert not machine.expects_more


def test_idle() -> None:
    machine = DimseMachine(support.CONTEXTS, performed=2)
    assert machine.idle
    echo = invoke(machine, ECHO)
    assert not machine.idle
    drain(machine)
    assert not machine.idle
    respond(machine, echo)
    assert machine.idle
    command = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=8)
    machine.receive([support.command_pdv(1, command)], 0.0)
    assert not machine.idle
    machine.respond(machine.performing[8], 0)
    assert not machine.idle
    drain(machine)
    assert machine.idle
