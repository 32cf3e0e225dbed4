"""What a Unified Procedure Step consists of (PS3.4 CC). Pure: nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assocsh.commands.performing import known_from_row, plain
from assocsh.errors import UsageError

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.commands.referencing import ReferencedSeries
    from assocsh.session.keys import Keys

CHANGE_STATE, REQUEST_CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND = 1, 2, 3, 4, 5
"""Action types (CC.2.1 to CC.2.3)."""

PERFORMED = "UnifiedProcedureStepPerformedProcedureSequence"
PROGRESS = "ProcedureStepProgressInformationSequence"

WORKITEMS: Mapping[str, tuple[str, str]] = {
    "processing": ("110001", "Image Processing"),
    "quality-control": ("110002", "Quality Control"),
    "diagnosis": ("110003", "Computer Aided Diagnosis"),
    "detection": ("110004", "Computer Aided Detection"),
    "interpretation": ("110005", "Interpretation"),
    "transcription": ("110006", "Transcription"),
    "verification": ("110007", "Report Verification"),
    "print": ("110008", "Print"),
}
"""What is to be done: a word, and its code (PS3.16 CID 9231, DCM)."""

_EMPTY = (
    "TransactionUID",
    "WorklistLabel",
    "ScheduledProcessingParametersSequence",
    "ScheduledStationNameCodeSequence",
    "ScheduledStationClassCodeSequence",
    "ScheduledStationGeographicLocationCodeSequence",
    "ScheduledWorkitemCodeSequence",
    "CommentsOnTheScheduledProcedureStep",
    "InputInformationSequence",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "OtherPatientIDsSequence",
    "PatientBirthDate",
    "PatientSex",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
    "AdmittingDiagnosesDescription",
    "AdmittingDiagnosesCodeSequence",
    "ReferencedRequestSequence",
    PROGRESS,
    PERFORMED,
)
"""What N-CREATE has, with a value or without (type 2 in Table CC.2.5-3)."""

_REQUIRED = (
    "ScheduledProcedureStepPriority",
    "ProcedureStepLabel",
    "ScheduledProcedureStepStartDateTime",
    "InputReadinessState",
    "ProcedureStepState",
)
"""What N-CREATE must give a value (type 1 there)."""

NEEDED_TO_COMPLETE = (
    "PerformedStationNameCodeSequence",
    "PerformedProcedureStepStartDateTime",
    "PerformedWorkitemCodeSequence",
    "PerformedProcedureStepEndDateTime",
)
"""What the item of the performed procedure needs a value of before COMPLETED (CC.2.5.1.1)."""

ASKED_TO_COMPLETE = (
    "ProcedureStepState",
    "ProcedureStepLabel",
    "ScheduledWorkitemCodeSequence",
    "ScheduledStationNameCodeSequence",
    PERFORMED,
)

RETURNED = (
    "ProcedureStepLabel",
    "ProcedureStepState",
    "ScheduledProcedureStepPriority",
    "ScheduledProcedureStepStartDateTime",
    "PatientName",
    "PatientID",
    "SOPInstanceUID",
)
"""The columns of a list of steps."""

ALSO_RETURNED = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "WorklistLabel",
    "InputReadinessState",
    "StudyInstanceUID",
    "ScheduledWorkitemCodeSequence",
    "ScheduledStationNameCodeSequence",
    PROGRESS,
)


def code(value: str, meaning: str, scheme: str = "DCM") -> dict[str, str]:
    """The item of a code sequence."""
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def created(
    known: Dataset | None,
    given: Keys,
    *,
    label: str | None,
    priority: str | None,
    workitem: str | None,
    inputs: Sequence[ReferencedSeries],
    now: datetime,
) -> Dataset:
    """The attributes of a new step. ``known`` is a row that tells of the patient and the study.

    Raises UsageError with everything of type 1 that has no value.
    """
    from assocsh.datasets.identifiers import build_identifier, dataset_from

    row = known_from_row(known) if known is not None else {}
    if inputs and not row:
        row = dict(inputs[0].values)
    values: dict[str, Any] = {
        keyword: row.get(keyword) or ([] if keyword.endswith("Sequence") else None)
        for keyword in _EMPTY
    }
    values |= {
        "TransactionUID": None,
        PROGRESS: [],
        PERFORMED: [],
        "ProcedureStepState": "SCHEDULED",
        "ScheduledProcedureStepPriority": (priority or "medium").upper(),
        "ProcedureStepLabel": label
        or row.get("ScheduledProcedureStepDescription")
        or row.get("RequestedProcedureDescription")
        or row.get("StudyDescription"),
        "ScheduledProcedureStepStartDateTime": f"{now:%Y%m%d%H%M%S}",
        "InputReadinessState": "READY",
    }
    if workitem is not None:
        values["ScheduledWorkitemCodeSequence"] = [code(*WORKITEMS[workitem])]
    if row.get("StudyInstanceUID"):
        values["StudyInstanceUID"] = row["StudyInstanceUID"]
    if inputs:
        values["InputInformationSequence"] = references(inputs)
    if row.get("AccessionNumber") or row.get("RequestedProcedureID"):
        values["ReferencedRequestSequence"] = [_request(row)]
    made = dataset_from(values)
    made.update(build_identifier(None, given))
    missing = [one for one in _REQUIRED if not str(made.get(one) or "").strip()]
    if missing:
        raise UsageError(
            f"no value for {', '.join(missing)}: a step is not created without (type 1, PS3.4 "
            "Table CC.2.5-3)",
            hint="--label names it; Keyword=value gives any other",
        )
    return made


def _request(row: Mapping[str, Any]) -> dict[str, Any]:
    """The item of Referenced Request Sequence (PS3.3 C.30.3)."""
    return {
        "StudyInstanceUID": row.get("StudyInstanceUID"),
        "AccessionNumber": row.get("AccessionNumber"),
        "RequestedProcedureID": row.get("RequestedProcedureID"),
        "RequestedProcedureDescription": row.get("RequestedProcedureDescription"),
        "RequestedProcedureCodeSequence": row.get("RequestedProcedureCodeSequence") or [],
    }


def references(series: Sequence[ReferencedSeries]) -> list[dict[str, Any]]:
    """Instances with where they are, as input or output of a step (PS3.3 Table 10-3b)."""
    return [
        {
            "TypeOfInstances": "DICOM",
            "StudyInstanceUID": one.study,
            "SeriesInstanceUID": one.uid,
            "ReferencedSOPSequence": one.references(),
            **(
                {"DICOMRetrievalSequence": [{"RetrieveAETitle": one.retrieve_ae}]}
                if one.retrieve_ae
                else {}
            ),
        }
        for one in series
    ]


def performed(
    step: Dataset,
    *,
    workitem: str | None,
    station: str,
    started: str,
    outputs: Sequence[ReferencedSeries],
    now: datetime,
) -> dict[str, Any]:
    """The item of the performed procedure, whole: what the step has of it, and what is missing.

    ``station`` is the AE title that performed it. Raises UsageError with all that the final state
    needs and nothing tells.
    """
    items = step.get(PERFORMED) or ()
    item: dict[str, Any] = plain(items[0]) if items else {}
    known = plain(step)
    stations = known.get("ScheduledStationNameCodeSequence")
    if not item.get("PerformedStationNameCodeSequence"):
        item["PerformedStationNameCodeSequence"] = stations or [code(station, station, "L")]
    if workitem is not None:
        item["PerformedWorkitemCodeSequence"] = [code(*WORKITEMS[workitem])]
    elif not item.get("PerformedWorkitemCodeSequence"):
        item["PerformedWorkitemCodeSequence"] = known.get("ScheduledWorkitemCodeSequence") or []
    item["PerformedProcedureStepStartDateTime"] = (
        item.get("PerformedProcedureStepStartDateTime") or started
    )
    item["PerformedProcedureStepEndDateTime"] = f"{now:%Y%m%d%H%M%S}"
    if outputs or not item.get("OutputInformationSequence"):
        item["OutputInformationSequence"] = references(outputs)
    for keyword in ("ActualHumanPerformersSequence", "PerformedStationClassCodeSequence"):
        item.setdefault(keyword, [])
    missing = [keyword for keyword in NEEDED_TO_COMPLETE if not item.get(keyword)]
    if missing:
        raise UsageError(
            f"no value for {', '.join(missing)}: a step is not completed without (PS3.4 "
            "CC.2.5.1.1), and nothing was sent",
            hint="--workitem says what was done",
        )
    return item
