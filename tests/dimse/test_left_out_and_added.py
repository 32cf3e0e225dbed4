"""What a peer leaves out is not taken for something that it did not say; what it adds is read over.

PS3.7 6.3.1, 9.1, 9.3.
"""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.dimse import events as ev
from assocsh.dimse.commandset import MAX_FOREIGN, CommandField, CommandSet
from assocsh.dimse.machine import MAX_REMARKS, DimseMachine
from assocsh.dimse.messages import MAX_IDENTIFIER, data_cap
from assocsh.errors import UsageError
from assocsh.states import OperationState
from tests.dimse import support
from tests.dimse.support import ECHO, FIND, GET, MOVE, STORE, drain, invoke, respond
from tests.dimse.test_commandset import command_sets

foreign_groups = st.integers(1, 0xFFFF)
numbers = st.integers(0, 0xFFFF)


def element(group: int, number: int, value: bytes, length: int | None = None) -> bytes:
    said = len(value) if length is None else length
    return struct.pack("<HHI", group, number, said) + value


# -- elements of other groups ------------------------------------------------------------------


@given(
    command_sets(),
    st.lists(st.tuples(foreign_groups, numbers, st.binary(max_size=40)), min_size=1, max_size=30),
    st.randoms(),
)
def test_elements_of_other_groups_are_read_over_wherever_they_stand(
    command: CommandSet, others: list[tuple[int, int, bytes]], random: Random
) -> None:
    encoded = command.encode()
    own, at = [], 0
    while at < len(encoded):
        length = struct.unpack_from("<I", encoded, at + 4)[0]
        own.append(encoded[at : at + 8 + length])
        at += 8 + length
    mixed = own + [element(*other) for other in others]
    random.shuffle(mixed)
    read = CommandSet.decode(b"".join(mixed))
    assert read == command
    tags = {group << 16 | number for group, number, _ in others}
    assert set(read.foreign) <= tags
    assert len(read.foreign) == min(len(tags), MAX_FOREIGN)


@given(
    command_sets(),
    foreign_groups,
    numbers,
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=60),
)
def test_whatever_is_in_them(
    command: CommandSet, group: int, number: int, length: int, rest: bytes
) -> None:
    """Lengths that lead nowhere, undefined ones, bytes that are no element behind them."""
    read = CommandSet.decode(command.encode() + element(group, number, rest, length))
    assert group << 16 | number in read.foreign
    if length >= len(rest):
        assert read == command


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x00004955, 3, 2])
def test_a_list_of_failed_instances_in_whatever_encoding(length: int) -> None:
    """(0008,0058) of undefined length, in Explicit VR, longer and shorter than it says."""
    command = CommandSet.of(
        CommandField=0x8010,
        MessageIDBeingRespondedTo=1,
        CommandDataSetType=0x0101,
        Status=0xFF00,
        NumberOfFailedSuboperations=1,
    )
    read = CommandSet.decode(command.encode() + element(0x0008, 0x0058, b"1.2", length))
    assert read == command and read.foreign == (0x00080058,)


def receive(machine: DimseMachine, context_id: int, data: bytes) -> None:
    machine.receive([support.Pdv(context_id, True, True, memoryview(data))], 0.0)


def remarks(machine: DimseMachine) -> list[str]:
    return [event.text for event in support.kinds(machine, ev.Remark)]  # type: ignore[union-attr]


@pytest.mark.parametrize("values", [GET, MOVE, FIND, ECHO])
def test_a_request_goes_on_to_its_end_and_the_oddity_is_remarked_once(
    values: dict[int, int | str | tuple[int, ...]],
) -> None:
    machine = support.machine()
    operation = invoke(machine, values, None if values is ECHO else b"xx")
    drain(machine)
    machine.take_events()
    for status in (0xFF00, 0xFF00, 0xB000):
        said = support.response_to(operation, status).encode()
        receive(machine, operation.context_id, said + element(0x0008, 0x0058, b"1.2.3\0"))
    events = machine.take_events()
    answers = [e.command for e in events if isinstance(e, ev.ResponseReceived)]
    assert [one.status for one in answers] == [0xFF00, 0xFF00, 0xB000]
    assert all(one.foreign == (0x00080058,) for one in answers)
    (remark,) = [e.text for e in events if isinstance(e, ev.Remark)]
    assert "(0008,0058)" in remark and CommandField(operation.field | 0x8000).label in remark
    assert not [e for e in events if isinstance(e, ev.Violation)]
    assert operation.state is OperationState.DONE


def test_a_request_of_the_peer_with_such_an_element_is_performed() -> None:
    machine = support.machine(performed=1)
    command = support.CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=4)
    receive(machine, 1, command.encode() + element(0x0009, 0x0010, b"PRIVATE!"))
    events = machine.take_events()
    assert [type(e) for e in events] == [ev.Remark, ev.MessageReceived, ev.IndicationReceived]


def test_a_peer_cannot_make_us_remark_for_ever() -> None:
    machine = support.machine(performed=0)
    for number in range(MAX_REMARKS * 2):
        command = support.CommandSet.of(
            CommandField=0x0030, CommandDataSetType=0x0101, MessageID=number % 9
        )
        receive(machine, 1, command.encode() + element(0x0009, number, b"ab"))
        if number % 9 in machine.performing:
            machine.respond(machine.performing[number % 9], 0)
    assert len(remarks(machine)) == MAX_REMARKS


# -- a response without Status -----------------------------------------------------------------

REQUESTS = [int(field) for field in CommandField if not field.is_response and field != 0x0FFF]
EMPTY_STATUS = element(0x0000, 0x0900, b"")


@pytest.mark.parametrize("status", [b"", EMPTY_STATUS], ids=["none", "empty"])
@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("field", REQUESTS)
def test_a_response_without_status_is_no_success(
    field: int, cancelled: bool, status: bytes
) -> None:
    """It ends its request as a violation of the peer; the next request goes its way."""
    machine = support.machine(1)
    operation = machine.invoke(5, {0x0100: field}, None)
    behind = invoke(machine, ECHO)
    drain(machine)
    if cancelled:
        machine.cancel(operation)
        drain(machine)
    ended = operation.state.is_end
    machine.take_events()
    said = CommandSet.of(
        CommandField=field | 0x8000,
        MessageIDBeingRespondedTo=operation.message_id or 0,
        CommandDataSetType=0x0101,
    )
    receive(machine, 5, said.encode() + status)
    events = machine.take_events()
    (invalid,) = [e for e in events if isinstance(e, ev.InvalidResponse)]
    assert invalid.invocation is operation and invalid.command.status is None
    assert "Status" in str(invalid.error) and invalid.error.reason == 6
    assert not [e for e in events if isinstance(e, ev.ResponseReceived | ev.Violation)]
    if not ended:
        assert events[-1] == ev.StateChanged(operation, OperationState.FAILED)
        assert operation.state is OperationState.FAILED
    assert [one.command.label for one in drain(machine)] == ["C-ECHO-RQ"]
    respond(machine, behind)
    assert behind.state is OperationState.DONE


def test_a_data_set_without_status_is_not_delivered() -> None:
    machine = support.machine(1)
    find = invoke(machine, FIND, b"xx")
    drain(machine)
    machine.take_events()
    said = support.response_to(find, has_data=True)
    del said.values[0x0900]
    machine.receive([support.command_pdv(5, said), support.data_pdv(5, b"yy")], 0.0)
    assert find.state is OperationState.FAILED
    assert not support.kinds(machine, ev.ResponseReceived)


# -- answers on another context ----------------------------------------------------------------

TWO_OF_A_KIND = {1: support.STUDY_FIND, 3: support.STUDY_FIND, 5: support.STUDY_MOVE}


def test_an_answer_on_a_sibling_context_is_taken_and_remarked_once() -> None:
    """Another context of the same abstract syntax; the data is in that one's transfer syntax."""
    machine = DimseMachine(TWO_OF_A_KIND)
    find = machine.invoke(1, dict(FIND), b"xx")
    drain(machine)
    machine.take_events()
    for _ in range(3):
        respond(machine, find, 0xFF00, b"yy", context_id=3)
    respond(machine, find, 0x0000, context_id=1)
    events = machine.take_events()
    answers = [e for e in events if isinstance(e, ev.ResponseReceived)]
    assert [e.context_id for e in answers] == [3, 3, 3, 1]
    assert [e.data for e in answers] == [b"yy"] * 3 + [None]
    (remark,) = [e.text for e in events if isinstance(e, ev.Remark)]
    assert "on context 1" in remark and "on 3" in remark
    assert find.state is OperationState.DONE


@pytest.mark.parametrize(
    ("context_id", "changes"),
    [
        (5, {}),  # another abstract syntax
        (3, {"CommandField": 0x8021}),
        (3, {"MessageIDBeingRespondedTo": 99}),
    ],
)
def test_no_answer_is_taken_when_anything_else_does_not_fit(
    context_id: int, changes: dict[str, int]
) -> None:
    machine = DimseMachine(TWO_OF_A_KIND)
    find = machine.invoke(1, dict(FIND), b"xx")
    drain(machine)
    machine.take_events()
    respond(machine, find, 0x0000, context_id=context_id, **changes)
    assert [type(e) for e in machine.take_events()] == [ev.MessageReceived, ev.UnmatchedResponse]
    assert find.state is OperationState.PENDING


# -- messages that do not say what they belong to ----------------------------------------------


def test_a_response_that_names_no_request() -> None:
    machine = support.machine()
    echo = invoke(machine, ECHO)
    drain(machine)
    machine.take_events()
    said = support.response_to(echo)
    del said.values[0x0120]
    receive(machine, 1, said.encode())
    (unmatched,) = support.kinds(machine, ev.UnmatchedResponse)
    assert isinstance(unmatched, ev.UnmatchedResponse)
    assert "does not say which" in unmatched.reason
    assert echo.state is OperationState.PENDING


def test_a_request_and_a_cancel_without_a_number() -> None:
    """The request is answered as what it is read as, number 0; the cancel cancels nothing."""
    machine = support.machine(performed=1)
    find = support.CommandSet.of(CommandField=0x0020, CommandDataSetType=1)
    machine.receive([support.command_pdv(5, find), support.data_pdv(5, b"xx")], 0.0)
    events = machine.take_events()
    (remark,) = [e.text for e in events if isinstance(e, ev.Remark)]
    assert "C-FIND-RQ without Message ID" in remark
    (asked,) = [e.performing for e in events if isinstance(e, ev.IndicationReceived)]
    cancel = support.CommandSet.of(CommandField=0x0FFF, CommandDataSetType=0x0101)
    receive(machine, 5, cancel.encode())
    events = machine.take_events()
    assert not [e for e in events if isinstance(e, ev.CancelReceived)] and not asked.cancelled
    (remark,) = [e.text for e in events if isinstance(e, ev.Remark)]
    assert "C-CANCEL-RQ" in remark


# -- what a message may carry ------------------------------------------------------------------


def test_what_may_have_a_data_set_is_what_pynetdicom_says() -> None:
    from pynetdicom.dimse_messages import _DATASET_KEYWORDS

    assert {field.name for field in CommandField if data_cap(field)} == set(_DATASET_KEYWORDS)


@pytest.mark.parametrize("field", [int(f) for f in CommandField if not data_cap(f)])
@pytest.mark.parametrize("kind", [0x0000, 0x0001, 0x0102])
def test_a_message_that_never_has_a_data_set_and_announces_one_is_refused_at_once(
    field: int, kind: int
) -> None:
    """Before a byte of it was kept, also where it answers something."""
    machine = support.machine(performed=1)
    asked = machine.invoke(1, {0x0100: field & 0x7FFF}, None) if field & 0x8000 else None
    drain(machine)
    machine.take_events()
    number = asked.message_id if asked is not None and asked.message_id else 4
    command = CommandSet.of(
        CommandField=field, MessageIDBeingRespondedTo=number, MessageID=4, Status=0
    )
    command.values[0x0800] = kind
    receive(machine, 1, command.encode())
    (violation,) = machine.take_events()
    assert isinstance(violation, ev.Violation) and violation.error.reason == 6
    assert CommandField(field).label in str(violation.error)


@pytest.mark.parametrize("field", [0x0777, 0x8777])
def test_what_no_standard_names_is_read_over_within_bounds(field: int) -> None:
    """It is answered, or reported, so that its data set has to be got over."""
    assert data_cap(field) == MAX_IDENTIFIER
    machine = support.machine(performed=1)
    command = CommandSet.of(CommandField=field, CommandDataSetType=1, MessageID=4)
    machine.receive([support.command_pdv(1, command), support.data_pdv(1, bytes(1000))], 0.0)
    wanted = ev.UnmatchedResponse if field & 0x8000 else ev.IndicationReceived
    assert len(support.kinds(machine, wanted)) == 1


@pytest.mark.parametrize("values", [ECHO, STORE])
def test_we_answer_with_no_data_set_where_there_is_none(
    values: dict[int, int | str | tuple[int, ...]],
) -> None:
    machine = support.machine(performed=1)
    command = CommandSet({**values, 0x0110: 3, 0x0800: 0x0101})
    receive(machine, 1, command.encode())
    with pytest.raises(UsageError, match="no data set"):
        machine.respond(machine.performing[3], 0, b"ab")
    assert drain(machine) == []
    machine.respond(machine.performing[3], 0)
    assert len(drain(machine)) == 1
