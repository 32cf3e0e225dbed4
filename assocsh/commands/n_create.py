"""n-create: N-CREATE as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.normalizing import attributes, perform, sop_class
from assocsh.commands.parameters import KEYS, SOP_CLASS
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Slot

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "n-create",
    "N-CREATE: make an instance at the peer",
    Heading.SERVICES,
    order=60,
    parameters=(SOP_CLASS, KEYS),
    options=(Option("--uid", Slot.UID, "UID", summary="its UID (the peer chooses)"),),
    examples=(
        "n-create ModalityPerformedProcedureStep --uid 1.2.826.0.1.3680043.2.5 "
        "ScheduledStepAttributesSequence[0].StudyInstanceUID=1.2.826.0.1.3680043.2.9 Modality=CT "
        "PerformedProcedureStepStatus='IN PROGRESS' PerformedProcedureStepID=PPS1 "
        "PerformedStationAETitle=CT1 PerformedProcedureStepStartDate=20260101 "
        "PerformedProcedureStepStartTime=0800",
        "n-create BasicFilmSession --uid 1.2.826.0.1.3680043.2.8 NumberOfCopies=1",
        "n-create BasicFilmBox --uid 1.2.826.0.1.3680043.2.6 ImageDisplayFormat=STANDARD\\1,1 "
        "ReferencedFilmSessionSequence[0].ReferencedSOPInstanceUID=1.2.826.0.1.3680043.2.8",
    ),
    section="PS3.7 10.1.5 (N-CREATE)",
    sends=True,
)


@command(SPEC)
async def n_create(session: Session, call: BoundCall) -> None:
    """Make an instance; without ``--uid`` the peer chooses its UID."""
    from assocsh.dimse.requests import NCreate

    uid = call.option("--uid") or ""
    await perform(session, call, NCreate(sop_class(call), uid, attributes(call)))
