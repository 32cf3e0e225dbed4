"""worklist: what is scheduled, for a day, a station, a modality (PS3.4 K)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.arranging import ARRANGING, arrange
from assocsh.commands.find import search
from assocsh.commands.parameters import KEYS, LIMIT
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.session.keys import Keys, identifier, merged, spelled, typed_keys
from assocsh.text.dates import parse_dates

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "worklist",
    "C-FIND: what is scheduled, one line for each step",
    Heading.SERVICES,
    order=22,
    parameters=(
        Parameter("when", Slot.DATES, summary="today, tomorrow, -1d..+1d, 20261101-20261130"),
        KEYS,
    ),
    options=(
        Option("--station", Slot.AE_TITLE, "AET", summary="AE title that is to perform it"),
        Option("--modality", Slot.VALUE, "MODALITY", summary="CT, MR, ...: what is to be used"),
        LIMIT,
        *ARRANGING,
    ),
    examples=(
        "worklist today",
        "worklist -1d..+1d --modality MR",
        "worklist --sort ScheduledProcedureStepStartTime,-PatientName",
        "worklist --station CT_ROOM_1 PatientID=PRC-1001",
    ),
    section="PS3.4 K.6.1 (Modality Worklist Information Model)",
    sends=True,
    details="Keys of a scheduled step go into the sequence by themselves: Modality=CT. A row has "
    "more than\nis shown (`show #1 1`): what `mpps start --of 1` needs.",
    service="C-FIND",
    gives_rows=True,
    level="worklist",
)

STEP = "ScheduledProcedureStepSequence"

OF_STEP = frozenset(
    """
    Modality RequestedContrastAgent ScheduledStationAETitle ScheduledProcedureStepStartDate
    ScheduledProcedureStepStartTime ScheduledProcedureStepEndDate ScheduledProcedureStepEndTime
    ScheduledPerformingPhysicianName ScheduledProcedureStepDescription
    ScheduledProtocolCodeSequence ScheduledProcedureStepID ScheduledStationName
    ScheduledProcedureStepLocation PreMedication ScheduledProcedureStepStatus
    CommentsOnTheScheduledProcedureStep
    """.lower().split()
)
"""Keys that are elements of the scheduled step, not of the item itself (PS3.4 Table K.6-1)."""

SHOWN = (
    "PatientName",
    "PatientID",
    f"{STEP}[0].ScheduledProcedureStepStartDate",
    f"{STEP}[0].ScheduledProcedureStepStartTime",
    f"{STEP}[0].Modality",
    f"{STEP}[0].ScheduledStationAETitle",
    f"{STEP}[0].ScheduledProcedureStepDescription",
    "AccessionNumber",
)
"""The columns of the table."""

NEEDED = (
    "SpecificCharacterSet",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "ReferringPhysicianName",
    "StudyInstanceUID",
    "ReferencedStudySequence",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence",
    f"{STEP}[0].ScheduledPerformingPhysicianName",
    f"{STEP}[0].ScheduledProcedureStepID",
    f"{STEP}[0].ScheduledProtocolCodeSequence",
    f"{STEP}[0].ScheduledStationName",
    f"{STEP}[0].ScheduledProcedureStepLocation",
)
"""What a modality asks for besides, to fill in its images and its performed procedure step."""


@command(SPEC)
async def worklist(session: Session, call: BoundCall) -> None:
    """Ask with the keys inside the sequence, and show a flat table of what is scheduled."""
    from assocsh.dimse.requests import CFind

    record = call.record
    typed = [(inside(path), value) for path, value in typed_keys(call)]
    keys = merged(options_as_keys(call), typed)
    keys = merged(arrange(record.columns, call, inside), keys)
    named = {spelled(path) for path, _ in keys}
    keys += [(path, None) for path in (*SHOWN, *NEEDED) if path.lower() not in named]
    if not record.columns.only:
        asked = [path for path, _ in typed if spelled(path) not in map(str.lower, SHOWN)]
        record.columns.paths = [*SHOWN, *(path for path in asked if spelled(path) != spelled(STEP))]
    record.columns.alone = True
    for path, _ in typed:
        session.recent.use(path)
    request = CFind("WORKLIST", identifier(session, "WORKLIST", keys))
    await search(session, record, request, call.integer("--limit", least=1))


def inside(path: str) -> str:
    """The path of a key in a worklist item: elements of the scheduled step are in its sequence."""
    return f"{STEP}[0].{path}" if spelled(path) in OF_STEP else path


def options_as_keys(call: BoundCall) -> Keys:
    """What ``WHEN``, ``--station`` and ``--modality`` ask for. Raises UsageError."""
    when = call.argument("when")
    given = {
        "ScheduledProcedureStepStartDate": parse_dates(when) if when else None,
        "ScheduledStationAETitle": call.option("--station"),
        "Modality": call.option("--modality"),
    }
    return [(inside(keyword), value) for keyword, value in given.items() if value]
