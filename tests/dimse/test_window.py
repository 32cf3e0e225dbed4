"""The window and the Message IDs, alone and in the machine (PS3.7 D.3.3.3, 9.1)."""

from __future__ import annotations

import pytest

from assocsh.dimse import events as ev
from assocsh.dimse import performed as performed_operations
from assocsh.dimse.performed import MAX_PERFORMING
from assocsh.dimse.window import MessageIds, OperationsWindow
from assocsh.states import CancelOutcome, OperationState
from tests.dimse import support
from tests.dimse.support import ECHO, FIND, GET, STORE, drain, invoke, respond


def test_W2_unlimited_and_synchronous() -> None:
    unlimited, synchronous = OperationsWindow(0), OperationsWindow(1)
    for _ in range(1000):
        assert unlimited.is_open
        unlimited.take()
    synchronous.take()
    assert not synchronous.is_open
    synchronous.give_back()
    assert synchronous.is_open


@pytest.mark.rule("M1", "E3", "A8")
@pytest.mark.scenario(49)
def test_message_ids_rotate_and_skip_what_is_in_use() -> None:
    ids = MessageIds(last=65533)
    assert [ids.allocate({65535, 1}) for _ in range(3)] == [65534, 2, 3]
    assert MessageIds(last=65535).allocate(()) == 1  # never 0
    everything = range(1, 65536)
    assert ids.allocate(everything) is None


@pytest.mark.rule("M1", "E3", "A8")
@pytest.mark.scenario(49)
def test_ids_wrap_around_one_that_is_never_answered() -> None:
    """Beside one that stays outstanding the ids come round: its id has one owner only."""
    machine = support.machine(2)
    first = invoke(machine, FIND, b"xx")
    drain(machine)
    assert first.message_id == 1
    machine.lanes._ids = MessageIds(last=65000)
    seen = set()
    for _ in range(1000):
        echo = invoke(machine, ECHO)
        machine.lanes.next_pieces(1 << 16, 0.0)
        assert echo.message_id is not None and echo.message_id != first.message_id
        assert 1 <= echo.message_id <= 65535
        seen.add(echo.message_id)
        respond(machine, echo)
        machine.take_events()
    assert seen == {*range(65001, 65536), *range(2, 467)}


@pytest.mark.rule("W8", "E2")
@pytest.mark.parametrize("window", [1, 2, 8, 0])
def test_requests_over_the_window_wait(window: int) -> None:
    machine = support.machine(window)
    invocations = [invoke(machine, ECHO) for _ in range(20)]
    sent = drain(machine)
    limit = window or 20
    assert len(sent) == limit == machine.window.outstanding == len(machine.outstanding)
    assert machine.queued == 20 - limit
    for number, invocation in enumerate(invocations):
        assert len(machine.outstanding) == min(limit, 20 - number)
        respond(machine, invocation)
        assert len(drain(machine)) == (1 if number + limit < 20 else 0)
    assert machine.window.outstanding == 0 and not machine.outstanding
    assert all(one.state is OperationState.DONE for one in invocations)


@pytest.mark.rule("W8", "C1", "E2")
def test_only_a_final_response_frees_a_place() -> None:
    machine = support.machine(1)
    find = invoke(machine, FIND, b"xx")
    waiting = invoke(machine, ECHO)
    drain(machine)
    respond(machine, find, 0xFF00, b"yy")
    respond(machine, find, 0xFF01, b"yy")
    assert drain(machine) == []
    machine.cancel(find)
    (cancel,) = drain(machine)  # C-CANCEL needs no place
    assert cancel.command.label == "C-CANCEL-RQ"
    assert waiting.state is OperationState.QUEUED
    respond(machine, find, 0xFE00)
    assert [one.command.label for one in drain(machine)] == ["C-ECHO-RQ"]


@pytest.mark.rule("E2", "M5")
def test_a_place_is_free_once_answered_and_fully_sent() -> None:
    """Early failed response: the rest goes out, only then does the next request start."""
    machine = support.machine(1, peer_max_pdu=1024)
    store = invoke(machine, STORE, bytes(10000))
    after = invoke(machine, ECHO)
    pieces = machine.lanes.next_pieces(1100, 0.0)
    assert machine.lanes.mid_message
    respond(machine, store, 0xA700)
    assert store.state is OperationState.DONE
    assert machine.window.outstanding == 1 and store.message_id in machine.outstanding
    pieces += machine.lanes.next_pieces(1 << 20, 0.0)
    first, second = support.whole_messages(pieces)
    assert len(first.data) == 10000
    assert second.command.message_id == after.message_id != store.message_id
    assert list(machine.outstanding) == [after.message_id]


def test_M5_in_async_mode_an_answer_while_sending_may_be_an_earlier_ones() -> None:
    machine = support.machine(2, peer_max_pdu=1024)
    earlier = invoke(machine, ECHO)
    store = invoke(machine, STORE, bytes(10000))
    machine.lanes.next_pieces(1100, 0.0)
    assert store.state is OperationState.SENDING
    respond(machine, earlier, 0)
    assert earlier.state is OperationState.DONE
    assert store.state is OperationState.SENDING
    drain_rest = machine.lanes.next_pieces(1 << 20, 0.0)
    assert drain_rest
    assert store.state is OperationState.PENDING


@pytest.mark.rule("W7", "W10", "A23")
def test_each_direction_has_its_own_window() -> None:
    """At 1/1, a C-GET is outstanding, the peer's C-STORE is served and answered at once."""
    machine = support.machine(1, performed=1)
    get = invoke(machine, GET, b"xx")
    behind = invoke(machine, ECHO)
    drain(machine)
    machine.receive([_store_rq(77), support.data_pdv(3, b"abcd")], 0.0)
    (begun,) = [e for e in machine.take_events() if isinstance(e, ev.StoreEnded)]
    machine.respond(begun.performing, 0x0000)
    (answer,) = drain(machine)
    assert answer.command.label == "C-STORE-RSP"
    assert answer.command.message_id_being_responded_to == 77
    assert behind.state is OperationState.QUEUED
    respond(machine, get, 0x0000)
    assert [one.command.label for one in drain(machine)] == ["C-ECHO-RQ"]


def _store_rq(message_id: int) -> support.Pdv:
    command = support.CommandSet.of(
        CommandField=0x0001,
        CommandDataSetType=1,
        MessageID=message_id,
        AffectedSOPClassUID=support.CT,
        AffectedSOPInstanceUID="1.2.3",
    )
    return support.command_pdv(3, command)


def _echo_rq(message_id: int) -> support.Pdv:
    command = support.CommandSet.of(
        CommandField=0x0030, CommandDataSetType=0x0101, MessageID=message_id
    )
    return support.command_pdv(1, command)


@pytest.mark.rule("W10")
@pytest.mark.scenario(41)
def test_a_peer_over_its_window_is_served_in_order_and_reported() -> None:
    machine = support.machine(performed=2)
    for message_id in range(1, MAX_PERFORMING + 1):
        machine.receive([_echo_rq(message_id)], 0.0)
    events = machine.take_events()
    asked = [e.performing.message_id for e in events if isinstance(e, ev.IndicationReceived)]
    assert asked == list(range(1, MAX_PERFORMING + 1))
    noticed = [e.text for e in events if isinstance(e, ev.Remark)]
    assert len(noticed) == MAX_PERFORMING - 2
    assert "window of 2" in noticed[0]
    assert not [e for e in events if isinstance(e, ev.Violation)]
    machine.receive([_echo_rq(1000)], 0.0)
    (violation,) = support.kinds(machine, ev.Violation)
    assert isinstance(violation, ev.Violation)
    assert "outstanding" in str(violation.error)


@pytest.mark.rule("W10")
def test_within_its_window_the_peer_is_not_reported() -> None:
    machine = support.machine(performed=2)
    for message_id in range(1, 50):
        machine.receive([_echo_rq(message_id)], 0.0)
        events = machine.take_events()
        assert not [e for e in events if isinstance(e, ev.Remark)]
        (performing,) = [e.performing for e in events if isinstance(e, ev.IndicationReceived)]
        machine.respond(performing, 0)
    assert not machine.performing and machine.performed_window.outstanding == 0


@pytest.mark.rule("M1", "M2")
def test_a_message_id_that_the_peer_uses_twice_is_a_duplicate_invocation() -> None:
    machine = support.machine(performed=8)
    machine.receive([_echo_rq(5)], 0.0)
    machine.receive([_echo_rq(5)], 0.0)
    machine.receive([_store_rq(5), support.data_pdv(3, b"abcd")], 0.0)
    events = machine.take_events()
    assert len([e for e in events if isinstance(e, ev.IndicationReceived)]) == 1
    assert not [e for e in events if isinstance(e, ev.StoreBegun | ev.StoreData | ev.StoreEnded)]
    answers = drain(machine)
    assert [(one.command.status, one.context_id) for one in answers] == [(0x0210, 1), (0x0210, 3)]
    assert len(machine.performing) == 1
    machine.respond(machine.performing[5], 0)
    machine.receive([_echo_rq(5)], 0.0)  # free again
    assert len(support.kinds(machine, ev.IndicationReceived)) == 1


def test_two_name_spaces_of_message_ids() -> None:
    """The peer's request may have the id of ours, and both are outstanding."""
    machine = support.machine(2, performed=2)
    get = invoke(machine, GET, b"xx")
    drain(machine)
    assert get.message_id == 1
    machine.receive([_store_rq(1), support.data_pdv(3, b"abcd")], 0.0)
    (ended,) = support.kinds(machine, ev.StoreEnded)
    assert isinstance(ended, ev.StoreEnded)
    machine.respond(ended.performing, 0)
    assert get.state is OperationState.PENDING and 1 in machine.outstanding


@pytest.mark.rule("E2", "E3", "A4", "A9")
@pytest.mark.scenario(39)
def test_what_nobody_waits_for_keeps_its_id_and_place() -> None:
    machine = support.machine(1)
    echo = invoke(machine, ECHO)
    drain(machine)
    assert machine.cancel(echo) is CancelOutcome.DETACHED
    late = invoke(machine, ECHO)
    assert drain(machine) == []
    assert machine.window.outstanding == 1
    machine.take_events()
    respond(machine, echo, 0)
    events = machine.take_events()
    assert [type(e) for e in events] == [ev.MessageReceived, ev.ResponseReceived]
    assert echo.state is OperationState.CANCELLED  # and stays so
    assert [one.command.message_id for one in drain(machine)] == [2]
    assert late.message_id == 2


@pytest.mark.rule("E8", "E9")
def test_what_the_peers_requests_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the window: bytes of what is unanswered, answers that are not taken."""
    monkeypatch.setattr(performed_operations, "MAX_HELD", 10_000)
    monkeypatch.setattr(performed_operations, "MAX_UNSENT", 50)
    machine = support.machine(performed=0)

    def find(message_id: int) -> list[ev.DimseEvent]:
        said = support.CommandSet.of(
            CommandField=0x0020, CommandDataSetType=1, MessageID=message_id
        )
        machine.receive([support.command_pdv(5, said), support.data_pdv(5, bytes(4000))], 0.0)
        return support.kinds(machine, ev.Violation)

    for message_id in range(1, 50):  # answered each time: nothing is held
        assert not find(message_id)
        machine.respond(machine.performing[message_id], 0)
    assert len(drain(machine)) == 49
    assert [bool(find(message_id)) for message_id in (1, 2, 3)] == [False, False, True]

    machine = support.machine(performed=0)
    ended = 0
    for message_id in range(1, 60):
        machine.receive([_echo_rq(message_id)], 0.0)
        ended += len(support.kinds(machine, ev.Violation))
        if message_id in machine.performing:
            machine.respond(machine.performing[message_id], 0)
    assert ended == 60 - 1 - 51
