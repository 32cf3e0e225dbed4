"""Modality Performed Procedure Step Notification (PS3.4 F.9): others hear what became of a step.

Nobody subscribes to these. Told is whoever has an association open on which the class was accepted,
and whoever the archive knows the address of, on an association of its own with the SCP role.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from assocsh.dimse.requests import NEventReport
from assocsh.errors import AssocshError, NoPresentationContext
from assocsh.practice.reporting import report_on_new
from assocsh.uids import MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.practice.reporting import Reach
    from assocsh.upperlayer import PresentationContext

IN_PROGRESS, COMPLETED, DISCONTINUED, UPDATED = 1, 2, 3, 4
"""Event types (PS3.4 Table F.9.2-1). There is no event information: who wants to know more reads
the step."""


def _carries(context: PresentationContext) -> bool:
    """Whether events may be told on a context: it is of this class, and the archive its SCP."""
    own = context.abstract_syntax == MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION
    return own and context.accepted and context.as_scp


class Notifications:
    """Tells of steps, one event after the other.

    ``known`` has addresses by AE title, ``reach`` opens an association to one of them;
    ``established`` are the associations that there are.
    """

    def __init__(
        self,
        known: Mapping[str, tuple[str, int]],
        reach: Reach,
        established: Callable[[], Iterable[Association]],
    ) -> None:
        self._known = known
        self._reach = reach
        self._established = established
        self._deaf: set[tuple[str, tuple[str, int]]] = set()
        """Who does not take such events: asked once."""
        self._telling = asyncio.Lock()

    async def tell(self, instance_uid: str, event: int) -> None:
        """Report an event of a step. It is lost where it cannot be delivered."""
        report = NEventReport(MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION, instance_uid, event)
        async with self._telling:
            told = set()
            for association in list(self._established()):
                if any(map(_carries, association.contexts)):
                    told.add(association.peer.ae)
                    with contextlib.suppress(AssocshError):
                        await association.send(report).result()
            for receiver, address in list(self._known.items()):
                if receiver not in told and (receiver, address) not in self._deaf:
                    with contextlib.suppress(AssocshError):
                        await self._call(receiver, address, report)

    async def _call(self, receiver: str, address: tuple[str, int], report: NEventReport) -> None:
        try:
            await report_on_new(self._reach, receiver, address, report)
        except NoPresentationContext:
            self._deaf.add((receiver, address))
            raise
