"""Two whole sides in memory, led by hypothesis against a model of the nine engine rules.

Each side is an UpperLayerMachine and a DimseMachine, wired as the driver wires them. Bytes are cut
anywhere. ``ASSOCSH_HYPOTHESIS=long`` runs many more and longer lives.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assocsh.dimse import events as ev
from assocsh.dimse.invocation import Invocation, Performing
from assocsh.dimse.performed import MAX_PERFORMING
from assocsh.states import CancelOutcome, OperationState
from assocsh.upperlayer import events as upper_events
from assocsh.upperlayer.negotiation import AsyncWindow
from tests.dimse import support
from tests.dimse.support import Side

LONG = os.environ.get("ASSOCSH_HYPOTHESIS") == "long"
LIVES, STEPS = (800, 100) if LONG else (150, 50)

SELDOM = st.integers(0, 19)
"""For what ends the association: done at 7 alone, for hypothesis is fond of 0."""

REQUESTS = (support.ECHO, support.FIND, support.GET, support.MOVE, support.STORE)
FINAL = (0x0000, 0xA700, 0xB000, 0xFE00, 0x0122)


class Watched:
    """One side, the bytes on their way to it, and what the model knows of its requests."""

    def __init__(self, side: Side, name: str) -> None:
        self.side = side
        self.name = name
        self.inbox = b""
        """Sent by the other side and not yet arrived."""
        self.wire = b""
        """Every P-DATA-TF byte that went out."""
        self.invocations: list[Invocation] = []
        self.states: dict[int, OperationState] = {}
        self.responses: dict[int, list[tuple[int, bytes | None]]] = {}
        self.promised: dict[int, list[tuple[int, bytes | None]]] = {}
        """By invocation, what the other side answered, in order."""
        self.read = 0
        self.performings: list[Performing] = []
        self.withdrawn: set[int] = set()
        self.cancelled: list[int] = []

    @property
    def dimse(self) -> Any:
        assert self.side.dimse is not None
        return self.side.dimse

    @property
    def associated(self) -> bool:
        return self.side.upper.state.name == "Sta6"

    def look(self) -> None:
        """Take the new events into the model, checking each."""
        log = self.side.log
        while self.read < len(log):
            event = log[self.read]
            self.read += 1
            assert not isinstance(event, ev.Violation), event
            assert not isinstance(event, ev.UnmatchedResponse), event
            if isinstance(event, ev.StateChanged):
                key = id(event.invocation)
                before, after = self.states[key], event.state
                assert after in support.NEXT[before], f"{self.name}: {before} to {after}"
                self.states[key] = event.state
            elif isinstance(event, ev.ResponseReceived):
                key = id(event.invocation)
                self.responses[key].append((event.command.status, event.data))
                assert event.final == (event.command.status not in (0xFF00, 0xFF01))
            elif isinstance(event, ev.IndicationReceived | ev.StoreEnded):
                self.performings.append(event.performing)
            elif isinstance(event, ev.CancelReceived):
                self.cancelled.append(event.message_id)


class TwoSides(RuleBasedStateMachine):
    """An association in memory; every rule is something a user, the peer or the network does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = False

    @precondition(lambda self: not self.begun)
    @rule(
        window=st.sampled_from([None, 1, 2, 3, 8, 0]),
        grant=st.sampled_from([None, 1, 2, 8, 0]),
        max_pdu=st.sampled_from([64, 100, 1024, 16384]),
    )
    def associate(self, window: int | None, grant: int | None, max_pdu: int) -> None:
        requestor, acceptor = support.associated(
            None if window is None else AsyncWindow(window, window),
            None if grant is None else AsyncWindow(grant, grant),
            requestor_max=max_pdu,
            acceptor_max=max_pdu,
        )
        self.sides = (Watched(requestor, "requestor"), Watched(acceptor, "acceptor"))
        self.max_pdu = max_pdu
        self.begun = True
        self.now = 0.0
        both = None not in (window, grant)
        self.limit = 1 if not both else min(w for w in (window, grant, 1 << 30) if w)  # type: ignore[type-var]
        if self.limit == 1 << 30:
            self.limit = 0  # type: ignore[assignment]
        for watched in self.sides:
            assert watched.dimse.window.limit == self.limit
            assert watched.dimse.performed_window.limit == self.limit

    def pick(self, which: int) -> tuple[Watched, Watched]:
        return self.sides[which], self.sides[1 - which]

    @precondition(lambda self: self.begun)
    @rule(
        which=st.integers(0, 1),
        values=st.sampled_from(REQUESTS),
        size=st.sampled_from([0, 2, 60, 400, 3000]),
    )
    def invoke(self, which: int, values: dict[int, Any], size: int) -> None:
        watched, _ = self.pick(which)
        if not watched.associated or len(watched.invocations) > 40:
            return
        data = bytes(size) if values is not support.ECHO and size else None
        invocation = support.invoke(watched.dimse, values, data)
        watched.invocations.append(invocation)
        watched.states[id(invocation)] = OperationState.QUEUED
        watched.responses[id(invocation)] = []
        watched.promised[id(invocation)] = []

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1), budget=st.sampled_from([1, 50, 500, 1 << 20]))
    def pump(self, which: int, budget: int) -> None:
        watched, other = self.pick(which)
        sent = watched.side.send(budget, self.now)
        watched.look()
        if watched.side.upper.state.name in ("Sta6", "Sta8"):
            watched.wire += sent
        other.inbox += sent

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1), size=st.sampled_from([1, 5, 6, 7, 100, 5000, 1 << 20]))
    def arrive(self, which: int, size: int) -> None:
        watched, _ = self.pick(which)
        piece, watched.inbox = watched.inbox[:size], watched.inbox[size:]
        if piece:
            self.take(watched, watched.side.receive(piece, self.now))

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1))
    def deliver(self, which: int) -> None:
        """All that one side has to say now arrives at the other."""
        self.pump(which, 1 << 20)
        self.arrive(1 - which, 1 << 30)

    @precondition(lambda self: self.begun)
    @rule(
        which=st.integers(0, 1),
        values=st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4),
        answers=st.lists(
            st.tuples(
                st.integers(0, 50),
                st.sampled_from((0xFF00, 0xFF01, *FINAL)),
                st.sampled_from([0, 10, 700]),
            ),
            max_size=6,
        ),
    )
    def converse(
        self, which: int, values: list[dict[int, Any]], answers: list[tuple[int, int, int]]
    ) -> None:
        """Some requests arrive, some answers to them, or to earlier ones, come back."""
        for one in values:
            self.invoke(which, one, 60)
        self.deliver(which)
        for index, status, size in answers:
            self.respond(1 - which, index, status, size)
        self.deliver(1 - which)

    def take(self, watched: Watched, events: list[upper_events.Event]) -> None:
        watched.side.log += watched.dimse.take_events()
        watched.look()
        for event in events:
            assert not isinstance(event, upper_events.ProviderAbort), event.error
            if isinstance(event, upper_events.AbortIndication | upper_events.ReleaseConfirmation):
                self.end(watched)
            elif isinstance(event, upper_events.ReleaseIndication):
                watched.dimse.fail_invocations()
                if not event.collision:
                    # what is being sent is finished, then the answer goes (AR-4)
                    while watched.dimse.lanes.mid_message:
                        self.pump(self.sides.index(watched), 1 << 20)
                if watched.side.upper.state.name in ("Sta8", "Sta9"):
                    watched.side.upper.release_response(self.now)
            if watched.side.upper.state.name == "Sta12":
                watched.side.upper.release_response(self.now)
        watched.side.log += watched.dimse.take_events()
        watched.look()

    def end(self, watched: Watched) -> None:
        watched.dimse.close()
        watched.side.log += watched.dimse.take_events()
        watched.look()

    @precondition(lambda self: self.begun)
    @rule(
        which=st.integers(0, 1),
        index=st.integers(0, 50),
        status=st.sampled_from((0xFF00, 0xFF01, 0xFF00, *FINAL)),
        size=st.sampled_from([0, 10, 700]),
    )
    def respond(self, which: int, index: int, status: int, size: int) -> None:
        """Out of order, any status: the answer reaches the request it is for, and no other."""
        watched, other = self.pick(which)
        alive = [p for p in watched.performings if watched.dimse.performing.get(p.message_id) is p]
        if not alive or watched.side.upper.state.name not in ("Sta6", "Sta8"):
            return
        performing = alive[index % len(alive)]
        data = bytes([index]) * size if support.answers_with_data(performing) else None
        data = data or None
        watched.dimse.respond(performing, status, data)
        for invocation in other.invocations:
            if other.dimse.outstanding.get(performing.message_id) is invocation:
                other.promised[id(invocation)].append((status, data))

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1), index=st.integers(0, 50))
    def cancel(self, which: int, index: int) -> None:
        watched, _ = self.pick(which)
        if not watched.invocations:
            return
        invocation = watched.invocations[index % len(watched.invocations)]
        state = watched.states[id(invocation)]
        outcome = watched.dimse.cancel(invocation)
        expected = {
            OperationState.QUEUED: CancelOutcome.WITHDRAWN,
            OperationState.CANCELLING: CancelOutcome.ALREADY,
        }.get(state, CancelOutcome.FINISHED if state.is_end else None)
        if expected is None:
            cancellable = invocation.field in (0x0010, 0x0020, 0x0021)
            expected = CancelOutcome.REQUESTED if cancellable else CancelOutcome.DETACHED
        assert outcome is expected
        if outcome is CancelOutcome.WITHDRAWN:
            watched.withdrawn.add(id(invocation))
        watched.side.log += watched.dimse.take_events()
        watched.look()

    @precondition(lambda self: self.begun)
    @rule(seconds=st.sampled_from([0.5, 31.0]))
    def wait(self, seconds: float) -> None:
        """A request that times out fails; its id and its place stay taken."""
        self.now += seconds
        for watched in self.sides:
            watched.dimse.handle_timeout(self.now)
            for event in watched.dimse.take_events():
                assert isinstance(event, ev.TimedOut)
                taken = len(watched.dimse.outstanding)
                watched.dimse.fail(event.invocation)
                assert len(watched.dimse.outstanding) == taken
                watched.side.log += watched.dimse.take_events()
            watched.look()

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1), rarely=SELDOM)
    def abort(self, which: int, rarely: int) -> None:
        watched, other = self.pick(which)
        if rarely != 7 or watched.side.upper.state.name not in ("Sta6", "Sta7", "Sta8"):
            return
        watched.side.upper.abort_request(self.now)
        other.inbox += watched.side.send(0, self.now)
        self.end(watched)

    @precondition(lambda self: self.begun)
    @rule(which=st.integers(0, 1), rarely=SELDOM)
    def release(self, which: int, rarely: int) -> None:
        """At any time between two messages, as ``release --now`` does it."""
        watched, other = self.pick(which)
        if rarely != 7 or not watched.associated:
            return
        watched.dimse.lanes.accepting = False
        while watched.dimse.lanes.mid_message or watched.dimse.lanes.control_backlog:
            self.pump(which, 1 << 20)
        watched.side.upper.release_request(self.now)
        other.inbox += watched.side.send(0, self.now)

    @precondition(lambda self: self.begun)
    @rule(rarely=SELDOM)
    def lose(self, rarely: int) -> None:
        if rarely != 7:
            return
        for watched in self.sides:
            watched.inbox = b""
            watched.side.upper.transport_closed(self.now)
            self.end(watched)

    # -- what always holds -----------------------------------------------------------------------

    @invariant()
    def the_window_is_never_exceeded(self) -> None:
        for watched in self.sides if self.begun else ():
            dimse = watched.dimse
            assert dimse.window.outstanding == len(dimse.outstanding)
            if self.limit:
                assert len(dimse.outstanding) <= self.limit
            assert len(dimse.performing) <= MAX_PERFORMING

    @invariant()
    def ids_are_unique_and_owned(self) -> None:
        for watched in self.sides if self.begun else ():
            for message_id, invocation in watched.dimse.outstanding.items():
                assert invocation.message_id == message_id and 1 <= message_id <= 65535
                assert not (invocation.answered and invocation.sent)

    @invariant()
    def an_end_is_an_end(self) -> None:
        for watched in self.sides if self.begun else ():
            for invocation in watched.invocations:
                assert watched.states[id(invocation)] is invocation.state
            gone = watched.side.upper.state.name in ("Sta1", "Sta13")
            if gone and watched.read == len(watched.side.log) and not watched.dimse.outstanding:
                assert all(i.state.is_end for i in watched.invocations if i.message_id is None)

    @invariant()
    def responses_are_the_ones_given(self) -> None:
        for watched in self.sides if self.begun else ():
            for invocation in watched.invocations:
                got = watched.responses[id(invocation)]
                assert got == watched.promised[id(invocation)][: len(got)]

    def teardown(self) -> None:
        """At last: no fragments interleaved, nothing withdrawn was sent, all that can end ends."""
        if not self.begun:
            return
        for watched in self.sides:
            whole, _rest = _whole(watched.wire, self.max_pdu)
            asked = [m.command.message_id for m in whole if not m.command.is_response]
            asked = [message_id for message_id in asked if message_id]
            assert len(asked) == len(set(asked)), "a Message ID was used twice"
            sent = {
                i.message_id for i in watched.invocations if i.state is not OperationState.WITHDRAWN
            }
            assert set(asked) <= sent
            self.end(watched)
            for invocation in watched.invocations:
                assert invocation.state.is_end
            assert watched.dimse.queued == 0 and not watched.dimse.outstanding


def _whole(wire: bytes, max_pdu: int) -> tuple[list[support.Sent], bytes]:
    """Whole messages of a P-DATA stream whose end may be missing, and what is left of it."""
    end = at = 0
    mid_command = mid_data = False
    while at < len(wire) and wire[at] == 4:
        length = int.from_bytes(wire[at + 2 : at + 6], "big")
        assert length <= max_pdu
        control = wire[at + 11]
        body = wire[at + 12 : at + 6 + length]
        at += 6 + length
        if control & 1:
            assert not mid_data
            mid_command = not control & 2
            if control & 2:
                mid_data = _announces_data(wire, end, at)
        else:
            assert mid_data and body
            mid_data = not control & 2
        if not mid_command and not mid_data:
            end = at
    return support.read_messages(wire[:end]), wire[end:]


def _announces_data(wire: bytes, start: int, end: int) -> bool:
    command = b""
    while start < end:
        length = int.from_bytes(wire[start + 2 : start + 6], "big")
        command += wire[start + 12 : start + 6 + length]
        start += 6 + length
    return support.CommandSet.decode(command).has_data


@pytest.mark.rule("E1", "E2", "E3", "E4", "E5", "E6", "M1", "M3", "M6", "W5", "W8", "R6")
@pytest.mark.timeout(1800 if LONG else 60)
def test_two_sides_live_by_the_rules() -> None:
    run_state_machine_as_test(
        TwoSides,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# -- chunking ----------------------------------------------------------------------------------


def _a_session() -> tuple[bytes, bytes]:
    """A long stream for the requestor, with everything in it, and the requests it answers."""
    requestor, acceptor = support.associated(AsyncWindow(0, 0))
    assert requestor.dimse is not None and acceptor.dimse is not None
    for values in (*REQUESTS, *REQUESTS):
        support.invoke(
            requestor.dimse, values, bytes(40_000) if values is not support.ECHO else None
        )
    while data := requestor.send():
        acceptor.receive(data)
    for index, performing in enumerate(reversed(acceptor.performings)):
        data = bytes([index]) * 20_000 if support.answers_with_data(performing) else None
        acceptor.dimse.respond(performing, 0xFF00, data)
        acceptor.dimse.respond(performing, 0x0000 if index % 2 else 0xA700)
    for _ in range(3):
        support.invoke(acceptor.dimse, support.STORE, bytes(20_000))
    stream = b""
    while data := acceptor.send():
        stream += data
    return stream, bytes(1)


STREAM = _a_session()[0]


def _take_in(cuts: list[int]) -> list[object]:
    """What a requestor with ten requests out makes of STREAM, cut at ``cuts``."""
    requestor, acceptor = support.associated(AsyncWindow(0, 0))
    assert requestor.dimse is not None
    for values in (*REQUESTS, *REQUESTS):
        support.invoke(
            requestor.dimse, values, bytes(40_000) if values is not support.ECHO else None
        )
    while requestor.send():
        pass
    requestor.log.clear()
    places = [0, *sorted(cuts), len(STREAM)]
    seen: list[object] = []
    stored: dict[int, bytes] = {}
    for start, end in itertools.pairwise(places):
        requestor.receive(STREAM[start:end])
        for event in requestor.log:
            match event:
                case ev.StoreData(performing=performing, data=data):
                    before = stored.get(performing.message_id, b"")
                    stored[performing.message_id] = before + bytes(data)
                case ev.ResponseReceived(invocation=invocation, command=command, data=data):
                    seen.append((invocation.message_id, command.status, data))
                case ev.StateChanged(invocation=invocation, state=state):
                    seen.append((invocation.message_id, state))
                case ev.StoreEnded(performing=performing, length=length):
                    seen.append((performing.message_id, length, stored[performing.message_id]))
        requestor.log.clear()
    del acceptor
    return seen


WHOLE = _take_in([])


def test_the_session_is_rich() -> None:
    assert len(WHOLE) > 30
    assert sum(1 for one in WHOLE if isinstance(one[1], OperationState)) == 10  # type: ignore[index]


@pytest.mark.rule("E9")
@pytest.mark.scenario(23)
@settings(max_examples=400 if LONG else 40, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=60))
def test_any_segmentation_means_the_same(cuts: list[int]) -> None:
    assert _take_in(cuts) == WHOLE


@pytest.mark.scenario(21)
@pytest.mark.parametrize("size", [1, 7, 1460])
def test_small_segments_mean_the_same(size: int) -> None:
    assert _take_in(list(range(0, len(STREAM), size))) == WHOLE


@pytest.mark.rule("E9")
@settings(max_examples=5000 if LONG else 150, deadline=None)
@given(st.data())
@pytest.mark.timeout(1800 if LONG else 60)
def test_a_spoiled_session_ends_in_a_violation_at_worst(data: st.DataObject) -> None:
    """Bytes changed, left out, put in: no exception ever leaves the machines."""
    requestor, _ = support.associated(AsyncWindow(0, 0))
    assert requestor.dimse is not None
    for values in REQUESTS:
        support.invoke(requestor.dimse, values, b"xx")
    requestor.send()
    start = data.draw(st.integers(0, len(STREAM) - 3000))
    spoiled = bytearray(STREAM[start : start + 3000] if data.draw(st.booleans()) else STREAM[:3000])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        what = data.draw(st.integers(0, 2))
        if what == 0:
            spoiled[at] = data.draw(st.integers(0, 255))
        elif what == 1:
            del spoiled[at]
        else:
            spoiled[at:at] = data.draw(st.binary(max_size=8))
    requestor.receive(bytes(spoiled))
    assert requestor.upper.state.name in ("Sta6", "Sta13", "Sta1", "Sta8")
