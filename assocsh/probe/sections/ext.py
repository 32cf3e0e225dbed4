"""ext: SOP Class Extended Negotiation (PS3.7 D.3.3.5): asked, answered, and proved by a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.association.proposals import ContextSpec
from assocsh.datasets.extended import SERVICES, YES, meanings
from assocsh.dimse.requests import CFind
from assocsh.probe.asking import Sample, days_from, matches, sample_study
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from assocsh.upperlayer.negotiation import CommonNegotiation

if TYPE_CHECKING:
    from assocsh.association import Association

OF_FIND = ("relational", "datetime", "fuzzy", "timezone")
STORAGE_SERVICE = "1.2.840.10008.4.2"
SAID, UNSAID = (
    "1.2.3.4.5.6.7.1",
    "1.2.3.4.5.6.7.2",
)
"""Two SOP classes of nobody: of one it is said that it is one of storage (item 57H)."""


async def measure(peer: Measuring) -> None:
    """One negotiation for everything, and on it the queries that prove what was agreed."""
    base = await peer.base()
    if not base.usable(STUDY_ROOT_FIND):
        peer.leave_open(SECTION, "there are no queries: their SOP class is refused")
        return
    specs = [ContextSpec(STUDY_ROOT_FIND)]
    specs += [ContextSpec(uid) for uid in (STUDY_ROOT_GET, STUDY_ROOT_MOVE) if base.usable(uid)]
    extended = {"find": ",".join(OF_FIND)}
    extended |= {uid: "01" for uid in (STUDY_ROOT_GET, STUDY_ROOT_MOVE) if base.usable(uid)}
    common = {SAID: CommonNegotiation(STORAGE_SERVICE)}
    async with peer.associated(
        [*specs, ContextSpec(SAID), ContextSpec(UNSAID)],
        extended=extended,
        common=common,
        filled=True,
    ) as (number, association):
        taken = {one.abstract_syntax: one for one in association.contexts}
        asked = SERVICES["find"].information(OF_FIND)
        answered = taken[STUDY_ROOT_FIND].extended_answered
        said = {one.name: one.word for one in meanings(STUDY_ROOT_FIND, answered or b"")}
        pdu = "A-ASSOCIATE-AC without item 56H"
        if answered is not None:
            pdu = f"A-ASSOCIATE-AC, item 56H {answered.hex()}"
        for name in OF_FIND:
            if said.get(name) == YES:
                peer.yes(name, why=f"asked {asked.hex()}", on=number, pdu=pdu)
            else:
                why = "no answer" if answered is None else f"answered {answered.hex()}"
                peer.no(name, why=why, on=number, pdu=pdu)
        for name, uid in (("relational-get", STUDY_ROOT_GET), ("relational-move", STUDY_ROOT_MOVE)):
            if uid not in taken:
                peer.unknown(name, "its SOP class is refused", on=number)
            elif (taken[uid].extended_answered or b"")[:1] == b"\x01":
                peer.yes(name, on=number)
            else:
                peer.no(name, on=number)
        if taken[SAID].accepted and not taken[UNSAID].accepted:
            peer.yes("common", why="taken with item 57H and not without", on=number)
        elif taken[SAID].accepted:
            peer.unknown("common", "it takes any SOP class", on=number)
        else:
            peer.no("common", why=f"{taken[SAID].meaning}", on=number)
        if peer.asks("relational-proved"):
            await _prove(peer, number, association)


async def _prove(peer: Measuring, number: int, association: Association) -> None:
    keys = {"SeriesInstanceUID": "", "StudyInstanceUID": "", "Modality": ""}
    found = await matches(association, CFind("SERIES", keys, "study"), peer.settings.limit)
    if found.failed:
        peer.no("relational-proved", why=found.words, on=number, pdu="C-FIND-RSP")
    elif found.rows:
        peer.yes("relational-proved", why="series without a study", on=number, pdu="C-FIND-RSP")
    else:
        peer.unknown("relational-proved", "the query was answered, with no row", on=number)
    sample = await sample_study(association, peer.settings.limit)
    ranges = None if sample is None else _ranges(sample)
    if sample is None or ranges is None:
        peer.unknown("datetime-proved", "there is no study with a date and a time before 23 h")
        return
    keys = {"StudyInstanceUID": sample.uid, "StudyDate": ranges[0], "StudyTime": ranges[1]}
    found = await matches(association, CFind("STUDY", keys, "study"), peer.settings.limit)
    if found.failed:
        peer.unknown("datetime-proved", found.words, on=number)
    elif found.rows:
        peer.yes("datetime-proved", why="as one range", on=number, pdu="C-FIND-RSP")
    else:
        peer.no("datetime-proved", why="as two ranges", on=number, pdu="C-FIND-RSP")


def _ranges(sample: Sample) -> tuple[str, str] | None:
    """Ranges of date and time that hold the study as one range, and as two ranges do not."""
    date, time = sample.get("StudyDate"), sample.get("StudyTime")
    if len(date) != 8 or not date.isdigit() or not time[:4].isdigit() or time[:2] >= "23":
        return None
    later = f"{int(time[:2]) + 1:02}{time[2:4]}00"
    return f"{days_from(date, -1)}-{date}", f"{later}-{time[:4]}59"


SECTION = Section(
    "ext",
    "Extended negotiation",
    (
        *(Question(name, f"it agrees to {name} queries") for name in OF_FIND),
        Question("relational-get", "it agrees to a relational C-GET"),
        Question("relational-move", "it agrees to a relational C-MOVE"),
        Question("common", "it takes a class that is only said to be one of storage (57H)"),
        Question("relational-proved", "it answers a relational query", Level.READ),
        Question("datetime-proved", "it takes date and time for one range", Level.READ),
    ),
    "PS3.7 D.3.3.5, PS3.4 C.5.1.1",
    measure=measure,
    associations=1,
    order=40,
)
