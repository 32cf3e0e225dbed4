"""limit: how many associations it has room for at once. It stops at the first refusal."""

from __future__ import annotations

from contextlib import AsyncExitStack

from assocsh.association.proposals import ContextSpec
from assocsh.errors import AssociationError
from assocsh.probe.measuring import Measuring, outcome_of
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import VERIFICATION


async def measure(peer: Measuring) -> None:
    """Open one after the other, keep them, and let go of all of them in order."""
    most, count, ended = peer.settings.max_open, 0, ""
    on, refused = 0, False
    async with AsyncExitStack() as stack:
        while count < most:
            one = peer.associated([ContextSpec(VERIFICATION)], together=True)
            try:
                on, _ = await stack.enter_async_context(one)
            except AssociationError as error:
                ended, refused = outcome_of(error), count > 0
                on = peer.opened[-1].number
                break
            count += 1
    if not ended:
        peer.yes("room", count, f"{count} at once, and no end to it", on=on, pdu="A-ASSOCIATE-AC")
    elif refused and ended.startswith("rejected"):
        pdu = f"A-ASSOCIATE-RJ {ended.removeprefix('rejected ')}"
        peer.no("room", count, f"{count} at once, the next is {ended}", on=on, pdu=pdu)
    elif refused:
        # a peer without room may say nothing, but neither does one whose connection broke
        peer.unknown("room", f"{count} at once, the next has no answer: {ended}", count, on=on)
    else:
        peer.unknown("room", f"not even one: {ended}", on=on)


SECTION = Section(
    "limit",
    "Room for associations",
    (Question("room", "it has room for as many associations at once as were tried", Level.LOAD),),
    "PS3.8 9.3.4",
    Level.LOAD,
    measure=measure,
    associations=32,
    order=80,
)
