"""pdu: how long the PDUs are that it takes, and that it sends (PS3.8 D.1)."""

from __future__ import annotations

from assocsh.association.events import PduTransferred
from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import CFind
from assocsh.errors import ProtocolError
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import STUDY_ROOT_FIND
from assocsh.upperlayer.pdus import P_DATA_TF

OURS = 4096
"""Bytes that we say we take: the least that is in use, so that longer answers have to be cut."""

ROOM = 512
"""Bytes that a PDU may be shorter than the longest allowed and still be one that was cut."""

KEYS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyInstanceUID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "ModalitiesInStudy",
    "InstitutionName",
)


class _Longest:
    """Measures the P-DATA-TF that come."""

    wants_pdus = True

    def __init__(self) -> None:
        self.length = 0

    def __call__(self, event: object) -> None:
        if isinstance(event, PduTransferred) and not event.sent and event.pdu_type == P_DATA_TF:
            self.length = max(self.length, sum(map(len, event.buffers)) - 6)


async def measure(peer: Measuring) -> None:
    """What the first negotiation says; then a query with little room for its answers."""
    base = await peer.base()
    said = base.accept.max_pdu
    words = "without a limit" if said == 0 else f"up to {said} bytes"
    if said == 0 or said >= OURS:
        peer.yes("long", said, words, on=base.number, pdu="A-ASSOCIATE-AC, item 51H")
    else:
        peer.no("long", said, words, on=base.number, pdu="A-ASSOCIATE-AC, item 51H")
    if not peer.asks("obeys"):
        return
    if not base.usable(STUDY_ROOT_FIND):
        peer.unknown("obeys", "there are no queries that it could answer at length")
        return
    longest = _Longest()
    contexts = [ContextSpec(STUDY_ROOT_FIND)]
    try:
        async with peer.associated(contexts, max_pdu=OURS, filled=True) as (number, open_one):
            open_one.subscribe(longest)
            request = CFind("STUDY", dict.fromkeys(KEYS, ""), "study")
            operation = open_one.send(request, limit=peer.settings.limit)
            await operation.result()
    except ProtocolError as error:
        peer.no("obeys", why=error.message, on=peer.opened[-1].number)
        return
    if longest.length > OURS:
        peer.no("obeys", longest.length, f"{longest.length} bytes came", on=number)
    elif longest.length > OURS - ROOM:
        why = f"the longest that came has {longest.length} of {OURS} bytes"
        peer.yes("obeys", None, why, on=number, pdu="P-DATA-TF")
    else:
        why = f"its longest answer has {longest.length} bytes: it had nothing to cut"
        peer.unknown("obeys", why, on=number)


SECTION = Section(
    "pdu",
    "Length of PDUs",
    (
        Question("long", f"it takes PDUs of {OURS} bytes or more"),
        Question("obeys", "it sends no longer PDUs than we take", Level.READ),
    ),
    "PS3.8 D.1",
    measure=measure,
    associations=1,
    order=34,
)
