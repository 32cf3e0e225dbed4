"""Idle associations: ``set keepalive 30s``, and the suggestion when a peer has dropped one.

Stock peers drop an association after 60 s without traffic. A C-ECHO now and then keeps it, where
the Verification SOP class was accepted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError
from assocsh.output.sink import Kind

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.errors import AssociationError
    from assocsh.session.session import Session

REOPEN = "reopen opens the same association again"


class KeepAlive:
    """Sends the C-ECHOs of one session; they are no numbered requests."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._task: asyncio.Task[None] | None = None
        self._suggested = False

    def start(self) -> None:
        """Begin, with what is set now; without a setting stop."""
        self.stop()
        association = self._session.association
        every = self._session.settings.seconds("keepalive")
        if every is None or association is None or association.closed:
            return
        try:
            from assocsh.dimse.requests import CEcho

            association.context_for(CEcho())
        except AssocshError:
            self._session.note(
                "keepalive needs C-ECHO, and the peer did not accept Verification", Kind.WARNING
            )
            return
        self._task = asyncio.create_task(self._run(association, every), name="assocsh keepalive")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, association: Association, every: float) -> None:
        loop = asyncio.get_running_loop()
        while not association.closed:
            left = association.last_activity + every - loop.time()
            if left > 0:
                await asyncio.sleep(left)
            elif association.pending or association.queued:
                await asyncio.sleep(every)
            else:
                try:
                    await association.echo().result()
                except AssocshError:
                    return  # how the association ended is said by others

    def suggest(self, error: AssociationError | None) -> None:
        """Before an end is told: its hint speaks of idling the first time only."""
        if error is None or not error.idle:
            return
        if self._suggested:
            error.hint = REOPEN
        self._suggested = True
