"""An association beside the session's own, with the same peer, for what that one cannot carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assocsh.errors import AssociationError, AssociationRejected
from assocsh.records import replace
from assocsh.session.opening import open_association
from assocsh.session.plan import timeouts_for

if TYPE_CHECKING:
    from assocsh.association import Association, ContextSpec
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

PATIENCE = 3.0
"""Seconds for the answer to the A-ASSOCIATE-RQ. A peer that serves one association at a time gives
none as long as the session's own is open."""

_PERMANENT = 1


class Beside:
    """Opens associations beside the session's own, in whose place if there is no other way.

    ``call`` is the command that needs them; ``restore`` has to be called when it has them no more.
    """

    def __init__(self, session: Session, call: BoundCall) -> None:
        self._session = session
        self._call = call
        self._gave_way = False

    async def connect(self, specs: Sequence[ContextSpec]) -> Association:
        """One that proposes ``specs`` and no role, with the titles, TLS and identity of the own.

        Where the peer does not answer a second association, the own one is released for as long,
        if nothing else is going on. Raises AssociationError.
        """
        if self._gave_way:
            return await self._connect(specs, None)
        try:
            return await self._connect(specs, PATIENCE)
        except AssociationError as error:
            final = isinstance(error, AssociationRejected) and error.result == _PERMANENT
            if final or not self._own_can_give_way():
                raise
        session = self._session
        session.note(
            "the peer does not answer a second association: the open one is released for it"
        )
        await session.open_association().release()
        self._gave_way = True
        return await self._connect(specs, None)

    async def restore(self) -> None:
        """Open the session's own association again, if it gave way. Raises as an opening does."""
        plan = self._session.open_plan
        if self._gave_way and plan is not None:
            self._gave_way = False
            await open_association(self._session, plan, self._call)

    def _own_can_give_way(self) -> bool:
        session = self._session
        own = session.open_association()
        return not (own.closed or own.pending or own.queued or len(session.jobs) > 1)

    async def _connect(self, specs: Sequence[ContextSpec], patience: float | None) -> Association:
        from assocsh.association import connect

        session = self._session
        plan = session.open_plan
        assert plan is not None  # there is an association
        timeouts = timeouts_for(session.settings, plan)
        if patience is not None:
            timeouts = replace(timeouts, acse=min(patience, timeouts.acse or patience))
        options: dict[str, Any] = {} if plan.max_pdu is None else {"max_pdu": plan.max_pdu}
        return await connect(
            session.open_association().peer,
            calling_ae=plan.calling_ae,
            called_ae=plan.called_ae,
            window=plan.window,
            contexts=list(specs),
            timeouts=timeouts,
            tls=plan.tls,
            user_identity=plan.identity,
            observer=session.observers.watch_beside,
            **options,
        )
