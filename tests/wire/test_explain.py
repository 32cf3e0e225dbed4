"""Exchanges are kept with bounded memory and explained with sections of the standard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from assocsh.association.events import MessageTransferred, OperationChanged
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.states import OperationState
from assocsh.output.summary import DOT, final_line
from assocsh.upperlayer.negotiation import (
    AssociateRequest,
    AsyncWindow,
    PresentationContext,
    ProposedContext,
)
from assocsh.wire.exchange import MAX_EXCHANGES, MAX_STEPS, Exchange, ExchangeLog, Step
from assocsh.wire.explain import explain, explain_association

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
CONTEXT = PresentationContext(5, STUDY_ROOT, (), 0, "1.2.840.10008.1.2.1")


def operation(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "queued_at": 1.0,
        "sent_at": 1.0,
        "error": None,
        "final": object(),
        "state": "done",
    }
    return SimpleNamespace(**{**values, **changes})


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
    def __init__(self) -> None:
        self.log = ExchangeLog()
        self.time = 1.0

    def __call__(self, of: Any, command: CommandSet, sent: bool = False, length: int = 0) -> None:
        self.time += 0.005
        association: Any = None
        self.log(MessageTransferred(self.time, association, sent, command, CONTEXT, length, of))

    def submitted(self, of: Any, *, others: int, window: int) -> None:
        association: Any = SimpleNamespace(
            window=AsyncWindow(window, window), pending=others, queued=1
        )
        self.log(OperationChanged(self.time, association, of, OperationState.QUEUED))


def test_a_find() -> None:
    feed, op = Feed(), operation(sent_at=1.25)
    feed.submitted(op, others=2, window=2)
    feed(op, request(), sent=True, length=58)
    for _ in range(12):
        feed(op, response(0xFF00), length=100)
    feed(op, response(0))
    exchange = feed.log.of(op)
    assert exchange is not None
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
        elapsed=seconds,
    )
    shown = final_line(record).rpartition(DOT)[2]
    exchange = Exchange(operation(queued_at=10.0, sent_at=10.0 + seconds), window_was_full=True)
    for time, command in ((10.0, request()), (10.0 + seconds, response(0))):
        exchange.add(Step(time, time, not command.is_response, command, None, None, 0))
    lines = explain(exchange)
    assert f" waited {shown} in the queue" in lines[0]
    assert lines[-1].endswith(f": {shown}.")


def test_a_request_that_had_a_place_in_the_window_did_not_wait_for_it() -> None:
    feed, op = Feed(), operation(sent_at=1.25)
    feed.submitted(op, others=1, window=2)
    feed(op, request(), sent=True)
    exchange = feed.log.of(op)
    assert exchange is not None
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
    exchange = feed.log.of(op)
    assert exchange is not None
    text = "\n".join(explain(exchange))
    assert "C-CANCEL for message 3" in text and "[PS3.7 9.3.2.3]" in text
    assert "it stopped because of the C-CANCEL" in text

    failed = operation()
    feed(failed, request(), sent=True)
    feed(failed, response(0xA700, ErrorComment="no \x1b[31mmemory"))
    exchange = feed.log.of(failed)
    assert exchange is not None
    text = "\n".join(explain(exchange))
    assert "Failure (0xA700)" in text and 'It says "no ^[[31mmemory"' in text


def test_no_final_response() -> None:
    feed, op = Feed(), operation(final=None, state="pending")
    feed(op, request(), sent=True)
    exchange = feed.log.of(op)
    assert exchange is not None
    assert "It is pending: no final response yet." in explain(exchange)


def test_memory_is_bounded() -> None:
    feed = Feed()
    operations = [operation() for _ in range(MAX_EXCHANGES + 5)]
    for op in operations:
        feed(op, request(), sent=True)
    assert feed.log.of(operations[0]) is None
    assert feed.log.of(operations[-1]) is not None
    op = operations[-1]
    for number in range(10 * MAX_STEPS):
        feed(op, response(0xFF00 + number % 2))
    feed(op, response(0))
    exchange = feed.log.of(op)
    assert exchange is not None
    assert len(exchange.steps) == MAX_STEPS
    assert exchange.left_out + len(exchange.steps) == 10 * MAX_STEPS + 2
    assert exchange.steps[0].command.field == CommandField.C_FIND_RQ
    assert exchange.steps[-1].command.status == 0
    assert any("are not kept" in line for line in explain(exchange))


def test_the_association() -> None:
    refused = PresentationContext(7, "1.2.840.10008.1.1", (), 3, None)
    association: Any = SimpleNamespace(
        request=AssociateRequest(
            "ORTHANC",
            "ASSOCSH",
            (ProposedContext(5, STUDY_ROOT, ()),) * 2,
            window=AsyncWindow(8, 1),
        ),
        contexts=(CONTEXT, refused),
        window=AsyncWindow(4, 1),
        peer_max_pdu=16384,
        remarks=("the peer granted more than it was asked for",),
    )
    text = "\n".join(explain_association(association))
    assert "accepted 1 of them" in text
    assert "Refused (abstract syntax not supported): Verification SOP Class" in text
    assert "4 operations outstanding" in text and "16,384 bytes" in text
    assert "Out of order: the peer granted more" in text
