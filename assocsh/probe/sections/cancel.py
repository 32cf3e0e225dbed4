"""cancel: what becomes of a C-CANCEL, and how soon (PS3.7 9.3.2.3, PS3.4 C.4.1.3.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import CEcho, CFind
from assocsh.dimse.status import CANCEL
from assocsh.probe.asking import NOWHERE, matches
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import STUDY_ROOT_FIND, VERIFICATION

if TYPE_CHECKING:
    from assocsh.association import Association, Operation

KEYS = {"StudyInstanceUID": "", "PatientName": "", "StudyDate": ""}
TRIES, TRYING = 12, 1.0
"""How often, and for how many seconds, a query is cancelled before it is said that it cannot be
told: where there are few studies it is chance whether a C-CANCEL comes before the last row."""

LEAST = 20
"""Studies among which a C-CANCEL is in time."""

ON_ITS_WAY = 0.25
"""Seconds in which rows may come that were sent before the C-CANCEL was read."""

TURNS = 100
"""Turns of the loop in which a request goes out."""


async def measure(peer: Measuring) -> None:
    """A query that is cancelled at once, one after its first row, one that has ended by then."""
    base = await peer.base()
    if not base.usable(STUDY_ROOT_FIND):
        peer.leave_open(SECTION, "there are no queries")
        return
    specs = [ContextSpec(VERIFICATION), ContextSpec(STUDY_ROOT_FIND)]
    async with peer.associated(specs, filled=True) as (number, association):
        if await _too_quick(peer, association):
            why = f"it has fewer than {LEAST} studies, and names them too quickly to be stopped"
            peer.unknown("at-once", why, on=number)
            peer.unknown("after-a-row", why, on=number)
        for name, rows in (("at-once", 0), ("after-a-row", 1)):
            if peer.answered(name):
                continue
            until = peer.now() + TRYING
            for _ in range(TRIES):
                if peer.now() > until or await _cancelled(peer, name, number, association, rows):
                    break
        nothing = CFind("STUDY", {**KEYS, "StudyInstanceUID": NOWHERE}, "study")
        late = association.send(nothing)
        await _sent(late)
        late.cancel()
        await late.result()
        final = await association.send(CEcho()).result()
        if final.category == "Success":
            peer.yes("goes-on", why="an echo is answered", on=number, pdu="C-ECHO-RSP")
        else:
            peer.no("goes-on", why=f"{final.status:04X} to an echo", on=number, pdu="C-ECHO-RSP")


async def _too_quick(peer: Measuring, association: Association) -> bool:
    """Whether it is chance if a C-CANCEL comes before the last row: there are few, and at once."""
    begun = peer.now()
    found = await matches(association, CFind("STUDY", KEYS, "study"), LEAST)
    return len(found.rows) < LEAST and peer.now() - begun < ON_ITS_WAY


async def _cancelled(
    peer: Measuring, name: str, number: int, association: Association, rows: int
) -> bool:
    """Cancel one query after ``rows`` rows, and answer ``name``; whether that was told.

    Rows that come right after the C-CANCEL may have been on their way: they are no proof.
    """
    operation = association.send(CFind("STUDY", KEYS, "study"))
    for _ in range(rows):
        await anext(operation)
    await _sent(operation)
    if not operation.done:
        operation.cancel()
    begun = latest = peer.now()
    async for response in operation:
        latest = peer.now() if response.is_pending else latest
    final = await operation.result()
    took = {"cancel": (peer.now() - begun) * 1000}
    pdu = f"C-FIND-RSP {final.status:04X}"
    if final.status == CANCEL:
        peer.yes(name, why="obeyed", on=number, pdu=pdu, times=took)
    elif operation.cancel_result == "ignored" and latest - begun > ON_ITS_WAY:
        why = f"ignored: rows went on coming, then {final.status:04X}"
        peer.no(name, why=why, on=number, pdu=pdu, times=took)
    else:
        peer.unknown(name, "it has too few studies for a C-CANCEL to be in time", on=number)
        return False
    return True


async def _sent(operation: Operation) -> None:
    """Until it is on its way: what is cancelled before is never sent."""
    for _ in range(TURNS):
        if operation.sent_at is not None or operation.done:
            return
        await asyncio.sleep(0)


SECTION = Section(
    "cancel",
    "C-CANCEL",
    (
        Question("at-once", "it obeys a C-CANCEL that comes at once", Level.READ),
        Question("after-a-row", "it obeys a C-CANCEL after the first row", Level.READ),
        Question("goes-on", "a C-CANCEL that comes too late does no harm", Level.READ),
    ),
    "PS3.7 9.3.2.3",
    Level.READ,
    measure=measure,
    associations=1,
    order=52,
)
