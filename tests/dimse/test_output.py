"""``has_output`` tells exactly whether ``next_pieces`` would give something.

The driver comes back at once while it is True. If it is True and nothing comes, the loop is busy
for as long as that lasts; if it is False and something would come, nobody fetches it.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from assocsh.dimse import events as ev
from assocsh.dimse.commandset import CommandSet
from assocsh.dimse.invocation import Invocation
from assocsh.dimse.window import MessageIds
from tests.dimse import support

LONG = os.environ.get("ASSOCSH_HYPOTHESIS") == "long"
LIVES, STEPS = (3000, 80) if LONG else (150, 30)


class Moody:
    """A source that has something now, has nothing yet, or fails: as the test sets ``mood``."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.mood = "ready"
        self.disappointed = 0
        """How often it was asked and gave nothing."""

    def read(self, size: int) -> bytes | None:
        if self.mood == "ready":
            return bytes(min(size, 64))
        self.disappointed += 1
        if self.mood == "waits":
            return None
        raise OSError(5, "Input/output error")

    def close(self) -> None:
        return None


class Output(RuleBasedStateMachine):
    """One machine in every state that its user, its peer and its sources can bring it into."""

    @initialize(window=st.sampled_from([0, 1, 2, 5]))
    def begin(self, window: int) -> None:
        self.machine = support.machine(window, performed=0, peer_max_pdu=64)
        # so few that all of them are often outstanding
        self.machine.lanes._ids = MessageIds(highest=3)
        self.sources: list[Moody] = []
        self.invocations: list[Invocation] = []
        self.peers_ids = 0

    @property
    def disappointed(self) -> int:
        return sum(source.disappointed for source in self.sources)

    @rule(values=st.sampled_from([support.ECHO, support.FIND]))
    def invoke(self, values: dict[int, int | str | tuple[int, ...]]) -> None:
        data = b"x" * 90 if values is support.FIND else None
        self.invocations.append(support.invoke(self.machine, values, data))

    @rule(mood=st.sampled_from(["ready", "waits", "fails"]), length=st.sampled_from([0, 60, 300]))
    def store(self, mood: str, length: int) -> None:
        source = Moody(length)
        source.mood = mood
        self.sources.append(source)
        self.invocations.append(self.machine.invoke(3, dict(support.STORE), source))

    @rule(index=st.integers(0, 20), mood=st.sampled_from(["ready", "waits", "fails"]))
    def change_mood(self, index: int, mood: str) -> None:
        if self.sources:
            self.sources[index % len(self.sources)].mood = mood
            if mood != "waits":
                self.machine.lanes.source_ready()

    @rule(index=st.integers(0, 20), status=st.sampled_from([0x0000, 0xFF00, 0xFE00]))
    def answer(self, index: int, status: int) -> None:
        outstanding = list(self.machine.outstanding.values())
        if outstanding:
            support.respond(self.machine, outstanding[index % len(outstanding)], status)

    @rule(index=st.integers(0, 20))
    def cancel(self, index: int) -> None:
        if self.invocations:
            self.machine.cancel(self.invocations[index % len(self.invocations)])

    @rule(index=st.integers(0, 20))
    def fail(self, index: int) -> None:
        if self.invocations:
            self.machine.fail(self.invocations[index % len(self.invocations)])

    @rule()
    def serve(self) -> None:
        """The peer asks, and is answered."""
        self.peers_ids += 1
        command = CommandSet.of(
            CommandField=0x0030, CommandDataSetType=0x0101, MessageID=self.peers_ids
        )
        self.machine.receive([support.command_pdv(1, command)], 0.0)
        performing = self.machine.performing.get(self.peers_ids)
        if performing is not None:
            self.machine.respond(performing, 0)

    @rule()
    def read_ahead(self) -> None:
        self.machine.lanes.read_ahead()

    @rule(rarely=st.integers(0, 9), how=st.sampled_from(["gate", "stop", "close"]))
    def end(self, rarely: int, how: str) -> None:
        if rarely:
            return
        if how == "gate":
            self.machine.lanes.accepting = False
        elif how == "stop":
            self.machine.fail_invocations()
        else:
            self.machine.close()

    @rule(budget=st.sampled_from([1, 50, 150, 1 << 20]))
    def pump(self, budget: int) -> None:
        lanes = self.machine.lanes
        told, before = lanes.has_output, self.disappointed
        pieces = lanes.next_pieces(budget, 0.0)
        if not told:
            assert not pieces, "nobody would have come for it"
        elif not pieces:
            assert self.disappointed > before, "told, and nothing came"
            assert not lanes.has_output, "the driver would come back for ever"

    @rule()
    def drain(self) -> None:
        """As the driver does: again and again while there is output. It comes to an end."""
        lanes = self.machine.lanes
        turns = 0
        while lanes.has_output:
            lanes.next_pieces(1 << 20, 0.0)
            turns += 1
            assert turns <= 2 * len(self.invocations) + 2, "the driver comes back for ever"

    @invariant()
    def ids_in_use_are_distinct(self) -> None:
        machine = getattr(self, "machine", None)
        if machine is not None:
            assert len(machine.outstanding) <= 3
            assert [e for e in machine.take_events() if isinstance(e, ev.Violation)] == []


@pytest.mark.timeout(1800 if LONG else 60)
def test_what_is_told_is_what_comes() -> None:
    run_state_machine_as_test(
        Output,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.rule("M1")
def test_every_message_id_is_outstanding() -> None:
    """65,535 unanswered requests: the next one waits, and the driver is not called back."""
    machine = support.machine(0)
    invocations = [support.invoke(machine, support.ECHO) for _ in range(0x10000)]
    machine.lanes.observed = False
    while machine.lanes.next_pieces(1 << 20, 0.0):
        pass
    assert (len(machine.outstanding), machine.queued) == (0xFFFF, 1)
    assert not machine.lanes.has_output and not machine.lanes.has_work
    support.respond(machine, invocations[4710])
    assert machine.lanes.has_output
    assert machine.lanes.next_pieces(1 << 20, 0.0)
    assert invocations[-1].message_id == 4711


def test_nothing_follows_a_source_that_failed_in_the_middle_of_a_message() -> None:
    """The failure is told once; the driver is not called back, whatever else is to be said."""
    machine = support.machine(2, peer_max_pdu=64)
    source = Moody(300)
    machine.invoke(3, dict(support.STORE), source)
    assert machine.lanes.next_pieces(200, 0.0)
    source.mood = "fails"
    support.invoke(machine, support.ECHO)
    machine.take_events()
    for _ in range(3):
        machine.lanes.next_pieces(1 << 20, 0.0)
        assert not machine.lanes.has_output
    failed = support.kinds(machine, ev.SourceFailed)
    assert [e.midway for e in failed] == [True]  # type: ignore[union-attr]
    assert machine.lanes.mid_message
