"""How an association ends on purpose: release, from either side, and abort (PS3.8 7.2, 7.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.association import endings
from assocsh.association.state import AssociationState
from assocsh.errors import AssociationError, AssociationReleased, LocalProtocolError
from assocsh.upperlayer.states import State

if TYPE_CHECKING:
    from assocsh.association.engine import Engine


class Closing:
    """Release and abort of one association."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._release_waiter: asyncio.Future[None] | None = None
        self._release_sent = False
        self._answer_release = False

    # -- asked for by us ---------------------------------------------------------------------

    async def release(self, *, now: bool, timeout: float | None) -> None:
        """See Association.release. Raises what ended the association before it was released."""
        engine = self._engine
        if engine.ended_by is not None:
            if isinstance(engine.ended_by, AssociationReleased):
                return
            raise engine.ended_by
        if self._release_waiter is None:
            if engine.state is not AssociationState.OPEN:
                raise LocalProtocolError(f"the association is {engine.state}: nothing to release")
            self._release_waiter = engine.loop.create_future()
            await self._ask(now, timeout)
        else:
            await asyncio.shield(self._release_waiter)
        await engine.protocol.wait_closed()
        if not self._release_sent and not isinstance(engine.ended_by, AssociationReleased):
            assert engine.ended_by is not None
            raise engine.ended_by

    async def _ask(self, now: bool, timeout: float | None) -> None:
        engine, waiter = self._engine, self._release_waiter
        assert waiter is not None and engine.dimse is not None
        engine.enter(AssociationState.RELEASING)
        if now:
            engine.dimse.lanes.accepting = False
        while not waiter.done() and not (self._all_sent() if now else self._quiet()):
            await self._turn()
        if waiter.done() or engine.upper.state is not State.Sta6:
            # The association ended meanwhile, or the peer asked first: then that is answered.
            await asyncio.shield(waiter)
            return
        self._release_sent = True
        engine.upper.release_request(engine.loop.time())
        engine.protocol.flush()
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(waiter)
        except TimeoutError:
            engine.stream.remark(
                f"no answer to A-RELEASE-RQ within {timeout:g} s: aborted; "
                "all requests had been answered",
                "peer",
            )
            self.abort_because(endings.aborted_by_us("the peer did not answer A-RELEASE-RQ"))

    async def abort(self) -> None:
        """See Association.abort."""
        self.abort_because(endings.aborted_by_us("abort was asked for", asked=True))
        await self._engine.protocol.wait_closed()

    def abort_because(self, error: AssociationError, *, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT and end the association with ``error``; does nothing if it has ended."""
        engine = self._engine
        if engine.state.is_end:
            return
        error.established = engine.dimse is not None
        if engine.upper.state not in (State.Sta1, State.Sta13):
            engine.upper.abort_request(engine.loop.time(), source, reason)
        engine.protocol.flush()
        engine.protocol.close_after_abort()
        engine.end(AssociationState.ABORTED, error)

    # -- done by the peer ----------------------------------------------------------------------

    def release_asked(self, collision: bool) -> None:
        """An A-RELEASE-RQ arrived."""
        engine = self._engine
        dimse = engine.dimse
        assert dimse is not None
        if dimse.mid_reception:
            self.abort_because(endings.release_mid_message(), source=2, reason=2)
            return
        if collision:
            # Sta9: the requestor answers at once; in Sta10 the acceptor waits for the peer's RP.
            if engine.upper.state is State.Sta9:
                engine.upper.release_response(engine.loop.time())
                engine.protocol.flush()
            return
        if engine.state is AssociationState.OPEN:
            engine.enter(AssociationState.RELEASING)
        engine.fail_operations(
            AssociationReleased(
                "the peer released the association before it answered",
                by="peer",
                established=True,
                hint="what had been sent may or may not have been performed",
            )
        )
        self._answer_release = True
        self.turn_done()

    def release_confirmed(self) -> None:
        """An A-RELEASE-RP arrived."""
        engine = self._engine
        if engine.upper.state is State.Sta12:
            engine.upper.release_response(engine.loop.time())
            engine.protocol.flush()
        self._released("the association was released")

    def transport_closed(self, error: Exception | None) -> None:
        """The connection ended without A-ABORT and without A-RELEASE-RP."""
        engine = self._engine
        if self._release_sent:
            engine.stream.remark("the peer closed the connection in place of A-RELEASE-RP", "peer")
            self._released("the association was released")
        else:
            engine.end(AssociationState.LOST, endings.connection_lost(engine, error))

    # -- waiting -------------------------------------------------------------------------------

    def turn_done(self) -> None:
        """After each batch in or out: has what is waited for come about?"""
        engine = self._engine
        self._wake()
        if self._answer_release and not engine.performer.busy and self._all_sent():
            self._answer_release = False
            if engine.upper.state is State.Sta8:
                engine.upper.release_response(engine.loop.time())
                engine.protocol.flush()
                self._released("the peer released the association", by_peer=True)

    def ended(self) -> None:
        """The association ended, whatever the cause."""
        if self._release_waiter is not None and not self._release_waiter.done():
            self._release_waiter.set_result(None)
        self._wake()

    def _released(self, text: str, *, by_peer: bool = False) -> None:
        self._engine.end(
            AssociationState.RELEASED,
            AssociationReleased(text, by="peer" if by_peer else "local", established=True),
        )

    def _quiet(self) -> bool:
        """Nothing outstanding in either direction (PS3.7 A.5)."""
        dimse = self._engine.dimse
        return dimse is None or (dimse.idle and not self._engine.performer.busy)

    def _all_sent(self) -> bool:
        dimse = self._engine.dimse
        return dimse is None or not (dimse.lanes.mid_message or dimse.lanes.control_backlog)

    async def _turn(self) -> None:
        waiter = self._engine.loop.create_future()
        self._idle_waiters.append(waiter)
        await waiter

    def _wake(self) -> None:
        waiters, self._idle_waiters = self._idle_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
