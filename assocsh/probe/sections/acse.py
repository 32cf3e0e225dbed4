"""acse: whose AE titles are looked at (PS3.8 9.3.4)."""

from __future__ import annotations

from assocsh.association.proposals import ContextSpec
from assocsh.errors import AssociationRejected
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Question, Verdict
from assocsh.probe.section import Section
from assocsh.uids import VERIFICATION

WRONG_CALLED = "NOSUCHAETITLE"
WRONG_CALLING = "PROBE"
UNKNOWN_CALLER = (1, 3)
"""Source and reason of an A-ASSOCIATE-RJ: the calling AE title is not recognized."""


async def measure(peer: Measuring) -> None:
    """Ask in our own name first; then with a called and a calling AE title that cannot be known."""
    try:
        base = await peer.base()
    except AssociationRejected as error:
        if (error.source, error.reason) == UNKNOWN_CALLER:
            peer.rejected("own", error, Verdict.NO, f"{peer.settings.calling_ae}: ")
        raise
    peer.yes("own", peer.settings.calling_ae, on=base.number, pdu="A-ASSOCIATE-AC")
    await _ask(peer, "any-called", called_ae=WRONG_CALLED)
    if peer.settings.calling_ae == WRONG_CALLING:
        peer.unknown("any-calling", f"{WRONG_CALLING} is who asks: probe with another --as")
    else:
        await _ask(peer, "any-calling", calling_ae=WRONG_CALLING)
    title = peer.settings.peer.ae
    if title == title.swapcase():
        peer.unknown("any-case", f"{title} has no letters")
    else:
        await _ask(peer, "any-case", called_ae=title.swapcase())


async def _ask(peer: Measuring, name: str, **titles: str) -> None:
    """One association with other titles: refused for them is a no, refused otherwise is not."""
    said = next(iter(titles.values()))
    try:
        found = await peer.negotiate([ContextSpec(VERIFICATION)], **titles)
    except AssociationRejected as error:
        peer.rejected(name, error, Verdict.NO, f"{said}: ")
    else:
        peer.yes(name, why=f"{said} is let in", on=found.number, pdu="A-ASSOCIATE-AC")


SECTION = Section(
    "acse",
    "AE titles",
    (
        Question("own", "our AE title is let in"),
        Question("any-called", "it takes another called AE title than its own"),
        Question("any-calling", "it takes a calling AE title that it cannot know"),
        Question("any-case", "it takes its AE title in the other case"),
    ),
    "PS3.8 9.3.4",
    measure=measure,
    associations=3,
    order=20,
)
