"""role: which roles it grants to who connects (PS3.7 D.3.3.4): what a C-GET depends on."""

from __future__ import annotations

from assocsh.association.proposals import ContextSpec
from assocsh.probe.measuring import Measuring, Negotiated
from assocsh.probe.model import Question
from assocsh.probe.section import Section
from assocsh.uids import (
    CT_IMAGE_STORAGE,
    MR_IMAGE_STORAGE,
    SECONDARY_CAPTURE_IMAGE_STORAGE,
    STORAGE_COMMITMENT,
    STUDY_ROOT_GET,
)
from assocsh.upperlayer.negotiation import Role

ASKED = {
    "storage-both": (CT_IMAGE_STORAGE, Role(scu=True, scp=True)),
    "storage-scp": (MR_IMAGE_STORAGE, Role(scu=False, scp=True)),
    "storage-scu": (SECONDARY_CAPTURE_IMAGE_STORAGE, Role(scu=True, scp=False)),
    "commitment-scp": (STORAGE_COMMITMENT, Role(scu=False, scp=True)),
}
"""A class and the roles that are proposed for it, by the name of the question."""


async def measure(peer: Measuring) -> None:
    """One negotiation beside a context for C-GET: a class for each combination of roles."""
    specs = [ContextSpec(STUDY_ROOT_GET), *(ContextSpec(uid) for uid, _ in ASKED.values())]
    found = await peer.negotiate(specs, roles=dict(ASKED.values()), filled=True)
    for name, (uid, role) in ASKED.items():
        _judge(peer, name, found, uid, role)
    get = found.usable(STUDY_ROOT_GET)
    if not get:
        peer.no("get", why="there is no C-GET: its SOP class is refused", on=found.number)
    elif peer.answers["role.storage-both"].value == "as asked":
        peer.yes("get", why="the SCP role of storage is granted", on=found.number)
    elif peer.answers["role.storage-both"].value is None:
        peer.unknown("get", "CTImageStorage is not accepted", on=found.number)
    else:
        peer.no("get", why="the SCP role of storage is not granted", on=found.number)


def _judge(peer: Measuring, name: str, found: Negotiated, uid: str, asked: Role) -> None:
    context = next(one for one in found.contexts if one.abstract_syntax == uid)
    if not context.accepted:
        peer.unknown(name, "its SOP class is not accepted", on=found.number)
        return
    answered = context.role_answered
    if answered is None:
        # the default roles hold then, which for SCU alone are what was asked for
        pdu = "A-ASSOCIATE-AC without item 54H"
        said = peer.yes if asked == Role(scu=True, scp=False) else peer.no
        said(name, "no answer", "no answer: the default roles hold", on=found.number, pdu=pdu)
    elif answered == asked:
        peer.yes(name, "as asked", on=found.number, pdu="A-ASSOCIATE-AC, item 54H")
    else:
        value = f"SCU {int(answered.scu)}, SCP {int(answered.scp)}"
        peer.no(name, value, f"it answers {value}", on=found.number, pdu="A-ASSOCIATE-AC, item 54H")


SECTION = Section(
    "role",
    "Roles",
    (
        Question("storage-both", "of storage it grants both roles"),
        Question("storage-scp", "of storage it grants the SCP role alone"),
        Question("storage-scu", "of storage it grants the SCU role alone"),
        Question("commitment-scp", "of storage commitment it grants the SCP role"),
        Question("get", "C-GET can deliver"),
    ),
    "PS3.7 D.3.3.4",
    measure=measure,
    associations=1,
    order=31,
)
