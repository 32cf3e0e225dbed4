"""How an association ends on purpose: release, from either side, and abort (PS3.8 7.2, 7.3)."""

from __future__ import annotations

import asyncio

from assocsh.association import endings
from assocsh.association.core import Core
from assocsh.association.state import AssociationState
from assocsh.association.waiters import Waiters
from assocsh.errors import (
    AssociationError,
    AssociationReleased,
    LocalProtocolError,
    ProtocolError,
)
from assocsh.upperlayer.reasons import REASON_NOT_SPECIFIED
from assocsh.upperlayer.states import State

# The source of an A-ABORT (PS3.8 9.3.8).
_SERVICE_USER, _SERVICE_PROVIDER = 0, 2

ANSWERING = 1.0
"""Seconds that a release which waits for no answer leaves this side to give the answers it owes:
none can be sent behind an A-RELEASE-RQ (PS3.8 7.2.2)."""


class Closing:
    """Release and abort of one association."""

    def __init__(self, engine: Core) -> None:
        self._engine = engine
        self._over: asyncio.Future[None] = engine.loop.create_future()
        self.change = Waiters()
        """A release that waits until nothing is pending, or until all is sent."""
        self._releasing: asyncio.Task[None] | None = None
        self._now = False
        self._patience: float | None = None
        self._release_sent = False
        self._gave_up = False
        self.answer_release = False
        """The peer asked for release, and is answered when all is sent."""

    # -- asked for by us ---------------------------------------------------------------------

    async def release(self, *, now: bool, timeout: float | None) -> None:
        """See Association.release. Raises what ended the association before it was released.

        The release goes on when a caller of it is cancelled; a second caller joins it.
        """
        engine = self._engine
        if engine.ended_by is None:
            if engine.state not in (AssociationState.OPEN, AssociationState.RELEASING):
                raise LocalProtocolError(f"the association is {engine.state}: nothing to release")
            self._now = self._now or now
            self._patience = timeout
            if engine.state is AssociationState.OPEN:
                engine.set_state(AssociationState.RELEASING)
                self._releasing = engine.loop.create_task(self._release())
            self.change.wake()
            await asyncio.shield(self._over)
        await engine.protocol.wait_closed()
        assert engine.ended_by is not None
        released = isinstance(engine.ended_by, AssociationReleased)
        if not (released or self._release_sent or self._gave_up):
            raise engine.ended_by.with_traceback(None)

    async def _release(self) -> None:
        """Wait until nothing is pending, ask for release, wait for the answer."""
        engine = self._engine
        assert engine.dimse is not None
        lanes = engine.dimse.lanes
        alone_until: float | None = None
        owed_until: float | None = None
        while not (self._over.done() or engine.upper.state is not State.Sta6):
            if self._now:
                lanes.accepting = False
            if self._quiet() or (self._now and self._answered()):
                break
            answering = self._now and self._all_sent()
            if answering:
                if owed_until is None:
                    owed_until = engine.loop.time() + ANSWERING
                if engine.loop.time() >= owed_until:
                    break
            if answering or not self._abandoned():
                alone_until = None
            elif alone_until is None and self._patience is not None:
                alone_until = engine.loop.time() + self._patience
            try:
                async with asyncio.timeout_at(owed_until if answering else alone_until):
                    await self.change.next()
            except TimeoutError:
                if answering:
                    continue
                self._gave_up = True
                engine.stream.remark(
                    f"{len(engine.dimse.outstanding)} requests that nobody waits for had no answer "
                    f"within {self._patience:g} s: aborted, since a release has to wait for them "
                    "(PS3.7 A.5)",
                    "peer",
                )
                self._abort("requests that nobody waits for were not answered")
        if self._over.done() or engine.upper.state is not State.Sta6:
            # The association ended meanwhile, or the peer asked first: then that is answered.
            return
        self._release_sent = True
        engine.upper.release_request(engine.loop.time())
        engine.protocol.flush()
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(self._over)
        except TimeoutError:
            engine.stream.remark(
                f"no answer to A-RELEASE-RQ within {self._patience:g} s: aborted", "peer"
            )
            self._abort("the peer did not answer A-RELEASE-RQ")

    async def abort(self) -> None:
        """See Association.abort."""
        self._abort("abort was asked for", asked=True)
        # Where it had ended, the peer may still keep the connection open: no longer than this.
        self._engine.protocol.close_after_abort()
        await self._engine.protocol.wait_closed()

    def abort_because(self, error: AssociationError) -> None:
        """Send A-ABORT and end the association with ``error``; does nothing if it has ended.

        For a ProtocolError the A-ABORT says what was wrong with the peer's bytes.
        """
        engine = self._engine
        if engine.state.is_end:
            return
        source, reason = _SERVICE_USER, REASON_NOT_SPECIFIED
        if isinstance(error, ProtocolError):
            source, reason = _SERVICE_PROVIDER, error.reason
        if engine.upper.state not in (State.Sta1, State.Sta13):
            engine.upper.abort_request(engine.loop.time(), source, reason)
        engine.protocol.flush()
        engine.protocol.close_after_abort()
        engine.end(AssociationState.ABORTED, error)

    def _abort(self, why: str, *, asked: bool = False) -> None:
        """Abort for a reason of this side."""
        established = self._engine.dimse is not None
        self.abort_because(endings.aborted_by_us(why, asked=asked, established=established))

    # -- done by the peer ----------------------------------------------------------------------

    def release_asked(self, collision: bool) -> None:
        """An A-RELEASE-RQ arrived."""
        engine = self._engine
        dimse = engine.dimse
        assert dimse is not None
        if dimse.mid_reception:
            self.abort_because(endings.release_mid_message())
            return
        if collision:
            # Sta9: the requestor answers at once; in Sta10 the acceptor waits for the peer's RP.
            if engine.upper.state is State.Sta9:
                engine.upper.release_response(engine.loop.time())
                engine.protocol.flush()
            return
        if engine.state is AssociationState.OPEN:
            engine.set_state(AssociationState.RELEASING)
        engine.fail_operations(
            AssociationReleased(
                "the peer released the association before it answered",
                by="peer",
                established=True,
                hint="what had been sent may or may not have been performed",
            )
        )
        self.answer_release = True
        self.turn_done()

    def release_confirmed(self) -> None:
        """An A-RELEASE-RP arrived."""
        engine = self._engine
        if engine.upper.state is State.Sta12:
            engine.upper.release_response(engine.loop.time())
            engine.protocol.flush()
        self._released("the association was released")

    def transport_closed(self, error: Exception | None, partial: int) -> None:
        """The connection ended without A-ABORT and without A-RELEASE-RP."""
        engine = self._engine
        if self._release_sent:
            engine.stream.remark("the peer closed the connection in place of A-RELEASE-RP", "peer")
            self._released("the association was released")
        elif engine.dimse is None and not engine.upper.is_requestor:
            lost = endings.requestor_left(engine.situation().peer, error)
            engine.end(AssociationState.LOST, lost)
        else:
            lost_here = endings.connection_lost(engine.situation(), error, partial)
            engine.end(AssociationState.LOST, lost_here)

    # -- waiting -------------------------------------------------------------------------------

    def turn_done(self) -> None:
        """After each batch in or out: let a release go on, answer a release of the peer."""
        self.change.wake()
        if not self.answer_release:
            return
        engine = self._engine
        if self._answered():
            self.answer_release = False
            if engine.upper.state is State.Sta8:
                engine.upper.release_response(engine.loop.time())
                engine.protocol.flush()
                self._released("the peer released the association", by_peer=True)

    def ended(self) -> None:
        """The association ended, whatever the cause."""
        self._over.set_result(None)
        self.change.wake()

    def _released(self, text: str, *, by_peer: bool = False) -> None:
        self._engine.end(
            AssociationState.RELEASED,
            AssociationReleased(text, by="peer" if by_peer else "local", established=True),
        )

    def _quiet(self) -> bool:
        """Whether nothing is outstanding in either direction (PS3.7 A.5)."""
        dimse = self._engine.dimse
        return dimse is None or (dimse.idle and not self._engine.performing)

    def _answered(self) -> bool:
        """Whether this side owes no answer, and what it had to say is sent."""
        return not self._engine.performing and self._all_sent()

    def _abandoned(self) -> bool:
        """Whether a release waits for nothing but requests that have ended on this side already.

        Those were cancelled without C-CANCEL, or timed out: the peer may never answer them, and no
        timer watches over them any more.
        """
        dimse = self._engine.dimse
        if dimse is None or self._engine.performing or dimse.lanes.mid_message:
            return False
        if not dimse.outstanding or (dimse.queued and dimse.window.is_open):
            return False
        return all(one.detached for one in dimse.outstanding.values())

    def _all_sent(self) -> bool:
        dimse = self._engine.dimse
        return dimse is None or not (dimse.lanes.mid_message or dimse.lanes.control_backlog)
