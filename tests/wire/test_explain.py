"""Exchanges are kept with bounded memory and explained with sections of the standard."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from assocsh.association.events import MessageTransferred, OperationChanged, StateChanged
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.output.summary import DOT, final_line
from assocsh.states import OperationState
from assocsh.upperlayer.negotiation import (
    AssociateRequest,
    AsyncWindow,
    CommonNegotiation,
    PresentationContext,
    ProposedContext,
    Role,
)
from assocsh.wire.conversation import Exchange, Message, Side, Talk
from assocsh.wire.explain import explain, explain_association
from assocsh.wire.live import MAX_OPERATIONS, LiveConversation
from assocsh.wire.steps import MAX_STEPS, Told, told
from tests.wire.fakes import association, operation

RQ = Side.REQUESTOR
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
CONTEXT = PresentationContext(5, STUDY_ROOT, (), 0, "1.2.840.10008.1.2.1")


def request(**changes: int | str) -> CommandSet:
    return CommandSet.of(
        **{
            "CommandField": CommandField.C_FIND_RQ,
            "MessageID": 3,
            "CommandDataSetType": 1,
            "AffectedSOPClassUID": STUDY_ROOT,
            **changes,
        }
    )


def response(status: int, **changes: int | str) -> CommandSet:
    return CommandSet.of(
        **{
            "CommandField": CommandField.C_FIND_RSP,
            "MessageIDBeingRespondedTo": 3,
            "CommandDataSetType": 0x0101,
            "Status": status,
            **changes,
        }
    )


class Feed:
    """A live conversation that is given the events of one association by hand."""

    def __init__(self) -> None:
        self.live = LiveConversation(lambda operation: 1)
        self.time = 1.0
        self.association = association(CONTEXT)
        opened = AssociationState.OPEN
        self.live(StateChanged(self.time, self.association, opened))

    def __call__(self, of: Any, command: CommandSet, sent: bool = False, length: int = 0) -> None:
        self.time += 0.005
        self.live(
            MessageTransferred(self.time, self.association, sent, command, CONTEXT, length, of)
        )

    def submitted(self, of: Any, *, others: int, window: int) -> None:
        self.association.window = AsyncWindow(window, window)
        self.association.pending, self.association.queued = others, 1
        self.live(OperationChanged(self.time, self.association, of, OperationState.QUEUED))

    def told(self, of: Any) -> Told:
        found = self.live.at(of.place)
        assert found is not None
        return told(*found)


def test_a_find() -> None:
    feed, op = Feed(), operation(sent_at=1.25)
    feed.submitted(op, others=2, window=2)
    feed.time = 1.25
    feed(op, request(), sent=True, length=58)
    for _ in range(12):
        feed(op, response(0xFF00), length=100)
    feed(op, response(0))
    exchange = feed.told(op)
    assert [step.count for step in exchange.steps] == [1, 12, 1]
    waited, asked, matches, success, took = explain(exchange)
    assert "waited 250 ms" in waited and "[PS3.7 D.3.3.3]" in waited
    assert "This side sent C-FIND as message 3 on presentation context 5" in asked
    assert "Study Root" in asked and "58 bytes" in asked and "PS3.4 C.4.1]" in asked
    assert "Pending (0xFF00) 12 times" in matches
    assert "Success (0x0000)" in success
    assert "65 ms" in took


@pytest.mark.parametrize(
    "seconds",
    [0.0, 0.00994, 0.00996, 0.0384, 0.9994, 0.9996, 1.25, 5.0, 9.996, 59.9, 119.6, 200, 4000, 7200],
)
def test_a_time_is_said_as_the_line_of_the_request_says_it(seconds: float) -> None:
    record: Any = SimpleNamespace(
        number=1,
        service="C-ECHO",
        several=False,
        final=None,
        state="done",
        limited=False,
        suboperations=None,
        detail="",
        total=1,
        arrivals=SimpleNamespace(size=0, received=0),
        elapsed=seconds,
    )
    shown = final_line(record).rpartition(DOT)[2]
    asked = Message(1, RQ, 5, request(), 1, 1, 10.0, 10.0)
    answer = Message(2, RQ.other, 5, response(0), 2, 2, 10.0 + seconds, 10.0 + seconds)
    exchange = Exchange(1, 1, RQ, "C-ECHO", asked, [answer], final=answer, window_was_full=True)
    exchange.times.queued, exchange.times.begun = 10.0, 10.0 + seconds
    lines = explain(told(Talk(1, local=RQ), exchange))
    assert f" waited {shown} in the queue" in lines[0]
    assert lines[-1].endswith(f": {shown}.")


def test_a_request_that_had_a_place_in_the_window_did_not_wait_for_it() -> None:
    feed, op = Feed(), operation(sent_at=1.25)
    feed.submitted(op, others=1, window=2)
    feed(op, request(), sent=True)
    exchange = feed.told(op)
    assert "This side sent" in explain(exchange)[0]


def test_a_cancel_and_a_failure() -> None:
    feed, op = Feed(), operation()
    feed(op, request(), sent=True)
    cancel = CommandSet.of(
        CommandField=CommandField.C_CANCEL_RQ,
        MessageIDBeingRespondedTo=3,
        CommandDataSetType=0x0101,
    )
    feed(op, cancel, sent=True)
    feed(op, response(0xFE00))
    exchange = feed.told(op)
    text = "\n".join(explain(exchange))
    assert "C-CANCEL for message 3" in text and "[PS3.7 9.3.2.3]" in text
    assert "it stopped because of the C-CANCEL" in text

    failed = operation()
    feed(failed, request(), sent=True)
    feed(failed, response(0xA700, ErrorComment="no \x1b[31mmemory"))
    exchange = feed.told(failed)
    text = "\n".join(explain(exchange))
    assert "Failure (0xA700)" in text and 'It says "no ^[[31mmemory"' in text


def test_no_final_response() -> None:
    feed, op = Feed(), operation()
    feed(op, request(), sent=True)
    exchange = feed.told(op)
    assert "It is pending: no final response yet." in explain(exchange)


def test_memory_is_bounded() -> None:
    feed = Feed()
    operations = [operation() for _ in range(MAX_OPERATIONS + 5)]
    for op in operations:
        feed(op, request(), sent=True)
    assert feed.live.at(operations[0].place) is None
    assert feed.live.at(operations[-1].place) is not None
    op = operations[-1]
    for _ in range(1000):
        feed(op, response(0xFF00), length=10)
    feed(op, response(0))
    exchange = feed.told(op)
    assert [step.count for step in exchange.steps] == [1, 1000, 1]
    assert exchange.steps[1].data_length == 10_000
    feed.live.forget(op.place)
    assert feed.live.at(op.place) is None


def test_of_many_steps_the_middle_is_left_out() -> None:
    messages = [Message(1, RQ, 5, request(), 1, 1, 1.0, 1.0)]
    for number in range(2, 10 * MAX_STEPS):
        command = response(0xFF00 + number % 2)
        messages.append(Message(number, RQ.other, 5, command, 1, 1, number, number))
    exchange = Exchange(1, 1, RQ, "C-FIND", messages[0], messages[1:])
    made = told(Talk(1, local=RQ), exchange)
    assert len(made.steps) == MAX_STEPS
    assert made.left_out + len(made.steps) == len(messages)
    assert any("are not kept" in line for line in explain(made))


def test_of_a_capture_the_sides_have_their_titles() -> None:
    message = Message(1, RQ, 5, request(), 1, 1, 1.0, 1.0)
    talk = Talk(1, calling_ae="ME", called_ae="PACS")
    exchange = Exchange(1, 1, RQ, "C-FIND", message)
    assert explain(told(talk, exchange))[0].startswith('The requestor "ME" sent C-FIND')


def test_the_association() -> None:
    refused = PresentationContext(7, "1.2.840.10008.1.1", (), 3, None)
    opened = association(
        request=AssociateRequest(
            "ORTHANC",
            "ASSOCSH",
            (ProposedContext(5, STUDY_ROOT, ()),) * 2,
            window=AsyncWindow(8, 1),
        ),
        contexts=(CONTEXT, refused),
        window=AsyncWindow(4, 1),
        peer_max_pdu=16384,
        identity=None,
        remarks=("the peer granted more than it was asked for",),
    )
    text = "\n".join(explain_association(opened))
    assert "accepted 1 of them" in text
    assert "Refused (abstract syntax not supported): Verification SOP Class" in text
    assert "4 operations outstanding" in text and "16,384 bytes" in text
    assert "Out of order: the peer granted more" in text


def test_what_was_negotiated_of_its_classes() -> None:
    """Roles and extended negotiation: what was agreed, and what was only asked."""
    both, scu = Role(scu=True, scp=True), Role(scu=True, scp=False)
    uids = [f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("2", "4", "7")]
    context = PresentationContext(1, STUDY_ROOT, (), 0, None)
    contexts = (
        replace(context, extended_asked=b"\x01\0\x01", extended_answered=b"\x01\0\0"),
        replace(context, abstract_syntax=uids[0], role_asked=both, role_answered=both),
        replace(context, abstract_syntax=uids[1], role_asked=both, role_answered=scu),
        replace(
            context,
            abstract_syntax=uids[2],
            role_asked=both,
            extended_asked=b"\x03\0\0\0\x02\0",
            common=CommonNegotiation("1.2.840.10008.4.2"),
        ),
    )
    association: Any = SimpleNamespace(
        request=AssociateRequest("ORTHANC", "ASSOCSH", ()),
        contexts=contexts,
        window=AsyncWindow(1, 1),
        peer_max_pdu=16384,
        identity=None,
        remarks=(),
    )
    text = "\n".join(explain_association(association))
    assert "its role for 3 SOP classes: the peer agreed for CT Image Storage" in text
    assert "granted less for MR Image Storage" in text
    assert "did not answer, so the default roles hold for Secondary Capture Image Storage" in text
    assert "relational: yes, fuzzy: no. [PS3.7 D.3.3.5, PS3.4 C.5.1.1]" in text
    assert "level: did not answer, signature: did not answer" in text
    assert "of Secondary Capture Image Storage are of the Storage Service Class" in text
    nothing: Any = SimpleNamespace(**{**vars(association), "contexts": (context,)})
    said = "\n".join(explain_association(nothing))
    assert "D.3.3.4" not in said and "D.3.3.5" not in said and "D.3.3.6" not in said
