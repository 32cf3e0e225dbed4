"""idle: how long it leaves an association open on which nothing happens, and how it ends it."""

from __future__ import annotations

import asyncio

from assocsh.association.proposals import ContextSpec
from assocsh.errors import AssociationAborted, AssociationReleased, ConnectionLost
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import VERIFICATION


async def measure(peer: Measuring) -> None:
    """Wait, as long as ``max_idle`` says, and look at what ends the waiting."""
    most = peer.settings.max_idle
    async with peer.associated([ContextSpec(VERIFICATION)]) as (number, association):
        begun = peer.now()
        try:
            async with asyncio.timeout(most):
                await association.wait_closed()
        except TimeoutError:
            why = f"still open after {most:g} s"
            peer.yes("stays-open", why=why, on=number)
            peer.unknown("in-order", f"it did not end it within {most:g} s (--max-idle)")
            return
        seconds, ended = peer.now() - begun, association.ended_by
        how = "it closes the connection"
        if isinstance(ended, AssociationAborted):
            how = "A-ABORT"
        elif isinstance(ended, AssociationReleased):
            how = "A-RELEASE-RQ"
        elif isinstance(ended, ConnectionLost) and ended.__cause__ is not None:
            how = "TCP reset"
        why = f"ended after {seconds:.0f} s: {how}"
        peer.no("stays-open", round(seconds), why, on=number, times={"idle": seconds * 1000})
        said = peer.yes if how in ("A-ABORT", "A-RELEASE-RQ") else peer.no
        said("in-order", how, how, on=number, pdu=how)


SECTION = Section(
    "idle",
    "Idle associations",
    (
        Question("stays-open", "it leaves an idle association open", Level.TIME),
        Question("in-order", "it says so when it ends one that is idle", Level.TIME),
    ),
    "PS3.8 9.1.5",
    Level.TIME,
    measure=measure,
    associations=1,
    waits=True,
    order=70,
)
