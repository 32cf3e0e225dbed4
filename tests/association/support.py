"""What the tests of the association share: events kept, contexts, peers that do one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from assocsh import Timeouts, connect
from assocsh.association.association import Association
from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    OperationChanged,
    PeerRequest,
    Remark,
    StateChanged,
)
from assocsh.association.operation import Operation
from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import EncodedData, StoredData
from assocsh.errors import AssocshError
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire

QUICK = Timeouts(connect=2, acse=2, dimse=2, release=2, write_stall=2, artim=2)
"""So that a test that goes wrong ends soon; what is tested sets its own."""

SPECS = [
    ContextSpec(scripted.VERIFICATION, (scripted.IMPLICIT,)),
    ContextSpec(scripted.CT, (scripted.IMPLICIT,), scp=True),
    ContextSpec(scripted.STUDY_FIND, (scripted.IMPLICIT,)),
    ContextSpec(scripted.STUDY_MOVE, (scripted.IMPLICIT,)),
    ContextSpec(scripted.STUDY_GET, (scripted.IMPLICIT,)),
]
ECHO, CT, FIND, MOVE, GET = 1, 3, 5, 7, 9
"""The presentation context ids of SPECS."""

ROLES = ((scripted.CT, 1, 1),)
"""What a peer answers that lets us be SCP of CT: C-GET delivers then."""

KEYS = {"PatientID": "1"}
STUDY = {"StudyInstanceUID": "1.2.3"}


class Watch:
    """An observer that keeps what it saw."""

    def __init__(self) -> None:
        self.events: list[EngineEvent] = []
        self._waiting: list[tuple[Callable[[EngineEvent], bool], asyncio.Future[EngineEvent]]] = []

    def __call__(self, event: EngineEvent) -> None:
        self.events.append(event)
        for wanted, future in self._waiting:
            if not future.done() and wanted(event):
                future.set_result(event)

    async def until(self, wanted: Callable[[EngineEvent], bool], seconds: float = 3) -> EngineEvent:
        """The first event that is wanted, of those that were and those to come."""
        for event in self.events:
            if wanted(event):
                return event
        future: asyncio.Future[EngineEvent] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, future))
        async with asyncio.timeout(seconds):
            return await future

    async def state_of(self, operation: Operation, state: str) -> None:
        """Wait until ``operation`` enters ``state``."""
        await self.until(
            lambda e: (
                isinstance(e, OperationChanged) and e.operation is operation and e.state == state
            )
        )

    async def remark(self, words: str) -> Remark:
        found = await self.until(lambda e: isinstance(e, Remark) and words in e.text)
        assert isinstance(found, Remark)
        return found

    async def received(self, label: str, count: int = 1) -> None:
        """Wait until ``count`` messages of this name are in."""
        seen = 0

        def wanted(event: EngineEvent) -> bool:
            nonlocal seen
            if isinstance(event, MessageTransferred) and not event.sent:
                seen += event.command.label == label
            return seen >= count

        await self.until(wanted)

    async def asked(self) -> PeerRequest:
        found = await self.until(lambda e: isinstance(e, PeerRequest))
        assert isinstance(found, PeerRequest)
        return found

    @property
    def remarks(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Remark)]

    @property
    def states(self) -> list[str]:
        """What the association went through."""
        return [str(event.state) for event in self.events if isinstance(event, StateChanged)]

    def ends_of(self, operation: Operation) -> list[str]:
        """The ends that ``operation`` entered: exactly one, in a sound engine."""
        return [
            str(event.state)
            for event in self.events
            if isinstance(event, OperationChanged)
            and event.operation is operation
            and event.state.is_end
        ]

    @property
    def sent(self) -> list[str]:
        """The names of the messages that went out."""
        return [
            event.command.label
            for event in self.events
            if isinstance(event, MessageTransferred) and event.sent
        ]


def opened(
    peer: ScriptedPeer, watch: Watch | None = None, **options: Any
) -> AbstractAsyncContextManager[Association]:
    """``connect`` with SPECS and timers that a test has time for. Leaving it releases."""
    return connect(
        peer.address,
        **{"contexts": SPECS, "timeouts": QUICK, "observer": watch, **options},
    )


@asynccontextmanager
async def until_aborted(peer: ScriptedPeer, watch: Watch | None = None, **options: Any) -> Any:
    """The same, but leaving it aborts, whatever is pending."""
    association = await connect(
        peer.address,
        **{"contexts": SPECS, "timeouts": QUICK, "observer": watch, **options},
    )
    try:
        yield association
    finally:
        await association.abort()


def a_store(size: int = 1000) -> StoredData:
    return StoredData(
        "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", EncodedData(bytes(size), scripted.IMPLICIT)
    )


async def error_of(operation: Operation) -> AssocshError:
    """The error that ends it, which has to come within two seconds."""
    async with asyncio.timeout(2):
        try:
            response = await operation.result()
        except AssocshError as error:
            return error
    raise AssertionError(f"no error but {response!r}")


async def hold(wire: Wire) -> None:
    """Keep the connection and say nothing, until the other side ends it."""
    await wire.closed()
