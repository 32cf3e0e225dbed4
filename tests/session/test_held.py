"""What a session holds of associations and requests that have ended: what they came to, no more."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from assocsh.association.events import EngineEvent, OperationChanged
from assocsh.session.session import Session
from tests.session.peer import peer, shell, until


class Seen:
    """Refers weakly to every association and operation of a session."""

    def __init__(self, session: Session) -> None:
        self.associations: list[weakref.ref[Any]] = []
        self.operations: list[weakref.ref[Any]] = []
        session.observers.add(self)

    def __call__(self, event: EngineEvent) -> None:
        if not self.associations or self.associations[-1]() is not event.association:
            self.associations.append(weakref.ref(event.association))
        if isinstance(event, OperationChanged):
            self.operations.append(weakref.ref(event.operation))

    def held(self) -> list[Any]:
        """Those that are there, but for the association that was the last one."""
        gc.collect()
        references = [*self.associations[:-1], *self.operations]
        return [each() for each in references if each() is not None]


@pytest.mark.parametrize(
    "lines",
    [
        "echo; find study PatientID; release",
        "echo --repeat 20; abort",
        "find series --limit 1; get series --of 1 --to in; release",
        "find study PatientID=NOBODY; store no-such-folder; release --now",
        "echo; n-get ModalityPerformedProcedureStep 1.2.3; release",
        "wire detail; echo; wire off; release",
    ],
)
async def test_of_associations_that_ended_the_last_is_held(lines: str, tmp_path: Path) -> None:
    """And no operation: a request that is kept holds what it brought, not how it was brought."""
    async with shell() as (session, _):
        session.base = tmp_path
        seen = Seen(session)
        for _ in range(3):
            assert await session.run("open practice") == 0
            for line in lines.split(";"):
                await session.run(line)
        assert len(seen.associations) == 3 and seen.operations
        assert all(record.done.is_set() for record in session.requests)
        assert seen.held() == []


async def test_nor_of_those_that_were_lost_with_requests_pending() -> None:
    async with shell() as (session, _):
        seen = Seen(session)
        for _ in range(3):
            async with peer() as scp:
                scp.echo_gate.clear()
                assert await session.run(f"open {scp.address} --window 4") == 0
                jobs = session.submit("echo --repeat 6")
                await until(lambda scp=scp: len(scp.seen) == 4)
            await until(lambda jobs=jobs: all(job.done.is_set() for job in jobs))
        assert len(seen.associations) == 3 and len(seen.operations) >= 18
        assert all(record.failed for record in session.requests)
        assert seen.held() == []


async def test_what_was_said_on_them_is_still_told(tmp_path: Path) -> None:
    async with shell() as (session, _):
        session.base = tmp_path
        for _ in range(2):
            assert await session.run("open practice; find study PatientID; release") == 0
        gc.collect()
        first, second = (session.exchange_of(record) for record in session.requests)
    assert first is not None and second is not None
    assert (first.talk.number, second.talk.number) == (1, 2)
    assert first.steps[0].command.label == second.steps[0].command.label == "C-FIND-RQ"
