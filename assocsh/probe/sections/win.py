"""win: how many operations at once it agrees to, and how it serves them (PS3.7 D.3.3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import CEcho, CFind
from assocsh.dimse.status import SUCCESS
from assocsh.errors import AssociationError
from assocsh.probe.measuring import Measuring, outcome_of
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import STUDY_ROOT_FIND, VERIFICATION
from assocsh.upperlayer.negotiation import AsyncWindow

if TYPE_CHECKING:
    from assocsh.association import Association, Operation

OFFERED, ECHOES, QUERIES = 8, 20, 4
TRIES, LONG = 5, 0.5
"""How often several queries are sent at once, and the seconds that they take together where it is
no chance, twice, if their answers are not mixed."""


async def measure(peer: Measuring) -> None:
    """Offer a window of 8, and serve ourselves of what is granted; then offer one without limit.

    There are peers that break where a window is offered: that is why it has associations of its
    own.
    """
    base = await peer.base()
    specs = [ContextSpec(VERIFICATION)]
    specs += [ContextSpec(STUDY_ROOT_FIND)] if base.usable(STUDY_ROOT_FIND) else []
    async with peer.associated(specs, window=OFFERED, filled=True) as (number, association):
        assert association.accept is not None
        item = association.accept.window
        granted = association.window
        value = f"{granted.invoked}/{granted.performed}"
        if item is None:
            pdu = "A-ASSOCIATE-AC without item 53H"
            peer.no("granted", value, "no answer: one at a time", on=number, pdu=pdu)
        else:
            said = peer.no if granted.invoked == 1 else peer.yes
            said("granted", value, f"{value} of {OFFERED}/{OFFERED}", on=number, pdu="item 53H")
        if peer.asks("served"):
            await _serve(peer, number, association, asks=len(specs) > 1)
    window = AsyncWindow(0, 0)
    try:
        found = await peer.negotiate([ContextSpec(VERIFICATION)], window=window, filled=True)
    except AssociationError as error:
        peer.unknown("unlimited", f"{outcome_of(error)} where it was offered")
        return
    said_of = found.accept.window
    if said_of is not None and said_of.invoked == 0:
        peer.yes("unlimited", "0", on=found.number, pdu="item 53H")
    else:
        value = "1" if said_of is None else str(said_of.invoked)
        peer.no("unlimited", value, f"{value} at once", on=found.number)


async def _serve(peer: Measuring, number: int, association: Association, *, asks: bool) -> None:
    """Send as much at once as is granted, and look at the order of the answers."""
    order: list[int] = []
    echoes = [association.send(CEcho()) for _ in range(ECHOES)]
    for echo in echoes:
        echo.add_done_callback(lambda ended: order.append(ended.number))
    served = sum([(await echo.result()).status == SUCCESS for echo in echoes])
    said = peer.yes if served == ECHOES else peer.no
    said("served", served, f"{served} of {ECHOES} echoes", on=number, pdu="C-ECHO-RSP")
    if order == sorted(order):
        peer.yes("in-order", why="echoes come back in order", on=number, pdu="C-ECHO-RSP")
    else:
        peer.no("in-order", why="echoes overtake each other", on=number, pdu="C-ECHO-RSP")
    if association.window.invoked == 1:
        peer.no("at-once", why="one at a time is what was agreed", on=number)
    elif not asks:
        peer.unknown("at-once", "there are no queries to tell it by", on=number)
    else:
        await _overlap(peer, number, association)


async def _overlap(peer: Measuring, number: int, association: Association) -> None:
    """Whether answers of one query come between those of another. Where none ever do, and quickly,
    it may be that each was done before the next was read."""
    slow = 0
    for _ in range(TRIES):
        begun = peer.now()
        came = await _answered(peer, association)
        slow += peer.now() - begun >= LONG
        if len(came) < 2 * QUERIES:
            why = "its queries have too few answers to tell it by"
            peer.unknown("at-once", why, on=number)
            return
        blocks = sum(1 for place, each in enumerate(came) if not place or came[place - 1] != each)
        if blocks > QUERIES:
            peer.yes("at-once", why="answers of several queries come mixed", on=number)
            return
        if slow > 1:
            peer.no("at-once", why="one query is answered after the other", on=number)
            return
    why = "one query is answered after the other, but too quickly to tell it by"
    peer.unknown("at-once", why, on=number)


async def _answered(peer: Measuring, association: Association) -> list[int]:
    """Send several queries at once: the Message IDs of the answers, as they came."""
    import asyncio

    request = CFind("STUDY", {"StudyInstanceUID": "", "PatientName": ""}, "study")
    queries = [association.send(request, limit=peer.settings.limit) for _ in range(QUERIES)]
    came: list[int] = []
    note = came.append

    async def read(query: Operation) -> None:
        async for response in query:
            note(response.message_id)

    await asyncio.gather(*map(read, queries))
    return came


SECTION = Section(
    "win",
    "Asynchronous operations window",
    (
        Question("granted", "it agrees to more than one operation at once"),
        Question("unlimited", "it agrees to any number of operations at once"),
        Question("served", "it answers all of many requests", Level.READ),
        Question("in-order", "it answers in order", Level.READ),
        Question("at-once", "it works at several requests at once", Level.READ),
    ),
    "PS3.7 D.3.3.3",
    measure=measure,
    associations=2,
    order=32,
)
