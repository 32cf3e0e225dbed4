"""The query/retrieve levels (PS3.4 C.6) and the worklist: their unique keys and the usual ones.

Keywords only, and light: completion asks with a key press, the session for each query.
"""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.errors import UsageError

QUERY_LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
"""From the top down."""

UNIQUE_KEY: Mapping[str, str] = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
"""The unique key of each level (PS3.4 C.6.1.1)."""

UNIQUE_KEY_TAG: Mapping[str, int] = {
    "PATIENT": 0x00100020,
    "STUDY": 0x0020000D,
    "SERIES": 0x0020000E,
    "IMAGE": 0x00080018,
}
"""The same as tags."""

UNIQUE_KEYS: Mapping[str, tuple[str, ...]] = {
    level: tuple(UNIQUE_KEY[above] for above in QUERY_LEVELS[: depth + 1])
    for depth, level in enumerate(QUERY_LEVELS)
}
"""The unique keys of a level and of those above it (PS3.4 C.6.1, C.6.2), its own the last."""

_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "StudyDescription",
    "StudyInstanceUID",
    "StudyID",
)
_SERIES = (
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "SeriesInstanceUID",
    "NumberOfSeriesRelatedInstances",
)
_IMAGE = ("SOPClassUID", "SOPInstanceUID", "InstanceNumber")
_STEP = "ScheduledProcedureStepSequence"
_WORKLIST = (
    *_PATIENT,
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    *(
        f"{_STEP}[0].{keyword}"
        for keyword in (
            "Modality",
            "ScheduledStationAETitle",
            "ScheduledProcedureStepStartDate",
            "ScheduledProcedureStepStartTime",
            "ScheduledPerformingPhysicianName",
            "ScheduledProcedureStepDescription",
            "ScheduledProcedureStepID",
        )
    ),
)

_UPS = (
    "ProcedureStepState",
    "ScheduledProcedureStepPriority",
    "ProcedureStepLabel",
    "WorklistLabel",
    "ScheduledProcedureStepStartDateTime",
    "PatientName",
    "PatientID",
    "SOPClassUID",
    "SOPInstanceUID",
)

USUAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "PATIENT": (*_PATIENT, "NumberOfPatientRelatedStudies"),
    "STUDY": ("PatientName", "PatientID", *_STUDY, "NumberOfStudyRelatedInstances"),
    "SERIES": ("StudyInstanceUID", *_SERIES),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", *_IMAGE),
    "WORKLIST": _WORKLIST,
    "UPS": _UPS,
}
"""What is usually asked for at a level, as paths. The unique keys of the levels above are among
them, so that the next query can go deeper."""

_FURTHER: Mapping[str, tuple[str, ...]] = {
    "PATIENT": (),
    "STUDY": (
        "ReferringPhysicianName",
        "PatientBirthDate",
        "PatientSex",
        "NumberOfStudyRelatedSeries",
    ),
    "SERIES": ("BodyPartExamined", "SeriesDate"),
    "IMAGE": (),
    "WORKLIST": (),
    "UPS": ("ScheduledStationNameCodeSequence", "AdmissionID", "InputReadinessState"),
}

KEYS_OF_MODEL: Mapping[str, tuple[str, ...]] = {
    "worklist": _WORKLIST,
    "ups-pull": _UPS,
    "ups-watch": _UPS,
    "ups-query": _UPS,
    "hanging-protocol": (
        "HangingProtocolName",
        "HangingProtocolDescription",
        "HangingProtocolLevel",
        "HangingProtocolCreator",
        "SOPInstanceUID",
    ),
    "color-palette": ("ContentLabel", "ContentDescription", "ContentCreatorName", "SOPInstanceUID"),
    "implant-template": (
        "Manufacturer",
        "ImplantName",
        "ImplantSize",
        "ImplantPartNumber",
        "EffectiveDateTime",
        "SOPInstanceUID",
    ),
    "implant-assembly": (
        "Manufacturer",
        "ImplantAssemblyTemplateName",
        "ImplantAssemblyTemplateIssuer",
        "SOPInstanceUID",
    ),
    "implant-group": (
        "ImplantTemplateGroupName",
        "ImplantTemplateGroupDescription",
        "ImplantTemplateGroupIssuer",
        "SOPInstanceUID",
    ),
    "relevant-patient": (*_PATIENT, "ObservationDateTime", "ContentSequence"),
    "relevant-patient-breast": (*_PATIENT, "ObservationDateTime", "ContentSequence"),
    "relevant-patient-cardiac": (*_PATIENT, "ObservationDateTime", "ContentSequence"),
    "product-characteristics": (
        "ProductPackageIdentifier",
        "Manufacturer",
        "ProductName",
        "ProductParameterSequence",
    ),
    "substance-approval": (
        "PatientName",
        "PatientID",
        "ProductPackageIdentifier",
        "SubstanceAdministrationApproval",
    ),
    "defined-protocol": ("ProtocolName", "SOPClassUID", "SOPInstanceUID"),
    "protocol-approval": ("ApprovalSequence", "SOPClassUID", "SOPInstanceUID"),
    "inventory": ("ContentDate", "ContentTime", "InventoryPurpose", "SOPInstanceUID"),
}
"""What is usually asked for in a model without levels, by its name."""


MODELS_WITH_LEVELS = ("patient", "study", "patient-study")
"""The Query/Retrieve information models of patients and studies (PS3.4 C.6)."""

INSTANCE_ROOT = "composite-instance"
"""Retrieves instances, or frames of one, by SOP Instance UID alone (PS3.4 Y); there is no query."""

WITHOUT_BULK_DATA = "without-bulk-data"
"""The same by C-GET only, and without pixels and the like (PS3.4 Z)."""

_RETRIEVED_FLAT = (
    "hanging-protocol",
    "color-palette",
    "implant-template",
    "implant-assembly",
    "implant-group",
    "defined-protocol",
    "protocol-approval",
    "inventory",
)

FIND_MODELS = (*MODELS_WITH_LEVELS, "repository", *KEYS_OF_MODEL)
"""Every model that C-FIND asks, by name."""

MOVE_MODELS = (*MODELS_WITH_LEVELS, INSTANCE_ROOT, *_RETRIEVED_FLAT)
"""Every model whose instances C-MOVE sends."""

GET_MODELS = (*MODELS_WITH_LEVELS, INSTANCE_ROOT, WITHOUT_BULK_DATA, *_RETRIEVED_FLAT)
"""Every model whose instances C-GET brings."""

MODEL_NAMES = frozenset((*FIND_MODELS, *GET_MODELS))
"""Every model that has a name here."""


def retrieved_by(level: str, model: str | None) -> tuple[str, ...]:
    """The unique keys of what a C-GET or C-MOVE names at ``level`` in ``model``, its own the last.

    The SOP Instance UID alone where nothing is above it: in models without levels (PS3.4 U.6, X.6,
    BB.6), of composite instances and of their frames (PS3.4 Y.6, Z.6).
    """
    if model in (INSTANCE_ROOT, WITHOUT_BULK_DATA):
        return (UNIQUE_KEY["IMAGE"],)
    return UNIQUE_KEYS.get(level, (UNIQUE_KEY["IMAGE"],))


def default_return_keys(level: str, model: str | None = None) -> list[str]:
    """What is asked for when no return key was typed: the usual keys of a level, as paths.

    ``model`` patient asks for no patient attributes below the patient level but Patient ID. Without
    a level those of ``model``, none for one that is not known. Raises UsageError for a level that
    there is not.
    """
    if not level:
        return list(KEYS_OF_MODEL.get(model or "", ()))
    name = _known(level)
    if name == "STUDY" and model == "patient":
        return ["PatientID", *_STUDY]
    return list(USUAL_KEYS[name])


def keys_to_offer(level: str) -> list[str]:
    """What completion offers first at a level: the usual keys, then some more that archives have.

    Raises UsageError for a level that there is not.
    """
    name = _known(level)
    return [*USUAL_KEYS[name], *_FURTHER[name]]


def _known(level: str) -> str:
    name = level.upper()
    if name not in USUAL_KEYS:
        raise UsageError(
            f"{level!r} is not a query/retrieve level",
            hint="the levels are " + ", ".join(each.lower() for each in USUAL_KEYS),
        )
    return name
