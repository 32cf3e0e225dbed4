"""ian: Instance Availability Notification: what can be had, and from where (PS3.4 R)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.commands.referencing import FILES, STORED, ReferencedSeries, referenced
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Slot
from assocsh.text.plural import plural
from assocsh.uids import INSTANCE_AVAILABILITY_NOTIFICATION, MODALITY_PERFORMED_PROCEDURE_STEP

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.session.workflow import PerformedStep

SPEC = CommandSpec(
    "ian",
    "N-CREATE: tell that instances are available, one notification for each study",
    Heading.SERVICES,
    order=28,
    parameters=(STORED, FILES),
    options=(
        Option(
            "--availability",
            Slot.CHOICE,
            "HOW",
            ("online", "nearline", "offline", "unavailable"),
            summary="how quickly they can be had (online)",
        ),
        Option(
            "--retrieve-from",
            Slot.AE_TITLE,
            "AET",
            summary="who has them (whom they were stored at, else the peer)",
        ),
    ),
    examples=(
        "ian examples/ct.dcm",
        "store examples; ian",
        "ian examples --availability nearline --retrieve-from ARCHIVE",
    ),
    section="PS3.4 R.3.2 (Instance Availability Notification SOP Class)",
    sends=True,
    service="N-CREATE",
    details="Without words it tells of all that this session has stored.",
)


@command(SPEC)
async def ian(session: Session, call: BoundCall) -> None:
    """Tell of the instances of files, or of stores. Raises UsageError when there are none."""
    from assocsh.datasets.identifiers import dataset_from
    from assocsh.datasets.uid_form import new_uid
    from assocsh.dimse.requests import NCreate
    from assocsh.session.sending import Group

    record = call.record
    peer = session.open_association().peer.ae
    series = await referenced(session, call, since=0)
    if not series:
        raise UsageError(
            "nothing was stored here yet, so there is nothing to tell of",
            hint="name files, or store them first",
        )
    studies: dict[str, list[ReferencedSeries]] = {}
    for one in series:
        studies.setdefault(one.study, []).append(one)
    record.operations.expected = len(studies)
    group = Group(session, record)
    for study, of_study in studies.items():
        made = notification(
            study,
            of_study,
            session.workflow.of_study(study),
            availability=(call.option("--availability") or "online").upper(),
            retrieve_ae=call.option("--retrieve-from"),
            peer=peer,
        )
        request = NCreate(INSTANCE_AVAILABILITY_NOTIFICATION, new_uid(), dataset_from(made))
        if await group.send(request) is None:
            break
    await group.finish()
    instances = sum(len(one.instances) for one in series)
    record.detail = f"{plural(len(studies), 'study', 'studies')}, {plural(instances, 'instance')}"


def notification(
    study: str,
    series: list[ReferencedSeries],
    step: PerformedStep | None,
    *,
    availability: str,
    retrieve_ae: str | None,
    peer: str,
) -> dict[str, Any]:
    """The attributes of one notification (Table R.3.2-1), ``step`` what the study was made by."""
    steps = []
    if step is not None:
        steps.append(
            {
                "ReferencedSOPClassUID": MODALITY_PERFORMED_PROCEDURE_STEP,
                "ReferencedSOPInstanceUID": step.uid,
                "PerformedWorkitemCodeSequence": [],
            }
        )
    return {
        "ReferencedPerformedProcedureStepSequence": steps,
        "StudyInstanceUID": study,
        "ReferencedSeriesSequence": [
            {
                "SeriesInstanceUID": one.uid,
                "ReferencedSOPSequence": [
                    {
                        **reference,
                        "InstanceAvailability": availability,
                        "RetrieveAETitle": retrieve_ae or one.retrieve_ae or peer,
                    }
                    for reference in one.references()
                ],
            }
            for one in series
        ],
    }
