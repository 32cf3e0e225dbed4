"""What a Modality Performed Procedure Step consists of (PS3.4 F.7.2, PS3.3 C.4.13 to C.4.16).

Pure: data sets are made from a row of a worklist, or from what files say, and nothing is sent. What
the standard wants to have a value (type 1) and has none is named, all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assocsh.datasets.performed_steps import AT_ITS_BEGIN, SCHEDULED, lacking
from assocsh.errors import UsageError
from assocsh.session.keys import Keys, spelled

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.commands.referencing import ReferencedSeries

OF_SCHEDULED = (
    "StudyInstanceUID",
    "ReferencedStudySequence",
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence",
)
"""What an item of Scheduled Step Attributes Sequence (0040,0270) has; some may be empty."""

EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "ProcedureCodeSequence",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "Modality",
    "StudyID",
    "PerformedProtocolCodeSequence",
    "PerformedSeriesSequence",
)
"""What N-CREATE has, with a value or without: only what was created can be set (F.7.2.1.2)."""

REASONS: Mapping[str, tuple[str, str]] = {
    "doctor": ("110500", "Doctor canceled procedure"),
    "equipment": ("110501", "Equipment failure"),
    "wrong-procedure": ("110502", "Incorrect procedure ordered"),
    "allergy": ("110503", "Patient allergic to media/contrast"),
    "died": ("110504", "Patient died"),
    "refused": ("110505", "Patient refused to continue procedure"),
    "treatment": ("110506", "Patient taken for treatment or surgery"),
    "no-show": ("110507", "Patient did not arrive"),
    "pregnant": ("110508", "Patient pregnant"),
    "charging": ("110509", "Change of procedure for correct charging"),
    "duplicate": ("110510", "Duplicate order"),
    "unit": ("110511", "Nursing unit cancel"),
    "wrong-side": ("110512", "Incorrect side ordered"),
    "unspecified": ("110513", "Discontinued for unspecified reason"),
    "wrong-entry": ("110514", "Incorrect worklist entry selected"),
    "condition": ("110515", "Patient condition prevented continuing"),
}
"""Why a step is discontinued: a word, and its code (PS3.16 CID 9300, DCM)."""


def reason_item(word: str) -> dict[str, str]:
    """The code of a reason as the item of a code sequence."""
    value, meaning = REASONS[word]
    return {"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning}


def begun(
    known: Mapping[str, Any], given: Keys, *, station: str, now: datetime, number: str
) -> Dataset:
    """The attributes of a step that begins now.

    ``known`` has, by keyword, what a row or files tell; ``given`` is what was typed, and wins.
    ``station`` is the AE title that performs it, ``number`` a Performed Procedure Step ID. Raises
    UsageError with everything of type 1 that has no value.
    """
    from assocsh.datasets.identifiers import build_identifier, dataset_from

    scheduled = {keyword: known.get(keyword) or _nothing(keyword) for keyword in OF_SCHEDULED}
    values: dict[str, Any] = {keyword: known.get(keyword) or _nothing(keyword) for keyword in EMPTY}
    values |= {
        SCHEDULED: [scheduled],
        "PerformedProcedureStepID": number,
        "PerformedStationAETitle": station,
        "PerformedStationName": known.get("ScheduledStationName") or known.get("StationName"),
        "PerformedLocation": known.get("ScheduledProcedureStepLocation"),
        "PerformedProcedureStepStartDate": f"{now:%Y%m%d}",
        "PerformedProcedureStepStartTime": f"{now:%H%M%S}",
        "PerformedProcedureStepStatus": "IN PROGRESS",
        "PerformedProcedureStepDescription": known.get("ScheduledProcedureStepDescription")
        or known.get("RequestedProcedureDescription")
        or known.get("StudyDescription"),
        "ProcedureCodeSequence": known.get("RequestedProcedureCodeSequence") or [],
        "PerformedProtocolCodeSequence": known.get("ScheduledProtocolCodeSequence") or [],
    }
    made = dataset_from(values)
    typed = build_identifier(None, [(placed(path), value) for path, value in given])
    _overlay(made, typed)
    missing = [path for path, _ in lacking(made, AT_ITS_BEGIN)]
    if missing:
        raise UsageError(
            f"no value for {', '.join(missing)}: a step cannot begin without (type 1, PS3.4 "
            "Table F.7.2-1)",
            hint="take a row of `worklist` with --of, name files, or --set Keyword=value",
        )
    return made


def in_character_set(dataset: Dataset, charset: str) -> Dataset:
    """``dataset`` in this character set, where that has all its characters; in UTF-8 where not.

    Who plans in one character set may read no other.
    """
    from assocsh.datasets.identifiers import encode
    from assocsh.uids import EXPLICIT_LE

    if charset:
        declared = dataset.get("SpecificCharacterSet")
        dataset.SpecificCharacterSet = charset
        try:
            encode(dataset, EXPLICIT_LE)
        except UsageError:
            dataset.SpecificCharacterSet = declared or "ISO_IR 192"
    return dataset


def placed(path: str) -> str:
    """Where an attribute stands in N-CREATE: what was scheduled is in a sequence."""
    names = {keyword.lower(): keyword for keyword in OF_SCHEDULED}
    keyword = names.get(spelled(path))
    return path if keyword is None else f"{SCHEDULED}[0].{keyword}"


def ended(
    status: str,
    series: Sequence[ReferencedSeries],
    *,
    now: datetime,
    protocol: str,
    given: Keys | None = None,
    reason: str | None = None,
) -> Dataset:
    """The N-SET that ends a step (final state of Table F.7.2-1).

    ``protocol`` is the Protocol Name of a series that has none of its own. Raises UsageError when a
    value of type 1 is missing.
    """
    from assocsh.datasets.identifiers import build_identifier, dataset_from

    values: dict[str, Any] = {
        "PerformedProcedureStepStatus": status,
        "PerformedProcedureStepEndDate": f"{now:%Y%m%d}",
        "PerformedProcedureStepEndTime": f"{now:%H%M%S}",
        "PerformedSeriesSequence": [_series_item(one, protocol) for one in series],
    }
    if reason is not None:
        values["PerformedProcedureStepDiscontinuationReasonCodeSequence"] = [reason_item(reason)]
    made = dataset_from(values)
    _overlay(made, build_identifier(None, given or []))
    return made


def _series_item(series: ReferencedSeries, protocol: str) -> dict[str, Any]:
    from assocsh.datasets.dictionary import uid_keyword

    values = series.values
    name = values.get("ProtocolName") or values.get("SeriesDescription") or protocol
    if not name:
        raise UsageError(
            f"no ProtocolName for series {series.uid}: a step cannot end without (type 1, PS3.4 "
            "Table F.7.2-1)",
            hint="--set PerformedProcedureStepDescription=... when it begins names it too",
        )
    images: list[dict[str, str]] = []
    others: list[dict[str, str]] = []
    for reference in series.references():
        keyword = uid_keyword(reference["ReferencedSOPClassUID"])
        (images if "Image" in keyword else others).append(reference)
    return {
        "PerformingPhysicianName": values.get("PerformingPhysicianName"),
        "ProtocolName": name[:64],
        "OperatorsName": values.get("OperatorsName"),
        "SeriesInstanceUID": series.uid,
        "SeriesDescription": values.get("SeriesDescription"),
        "RetrieveAETitle": series.retrieve_ae or None,
        "ReferencedImageSequence": images,
        "ReferencedNonImageCompositeSOPInstanceSequence": others,
    }


def known_from_row(item: Dataset) -> dict[str, Any]:
    """What a worklist item tells, by keyword: its own elements, those of its first step."""
    found = plain(item)
    steps = item.get("ScheduledProcedureStepSequence") or ()
    if steps:
        found |= plain(steps[0])
    return found


def known_from_files(series: Sequence[ReferencedSeries]) -> dict[str, Any]:
    """What the first series tells. Raises UsageError where there are several studies."""
    studies = dict.fromkeys(one.study for one in series)
    if len(studies) > 1:
        raise UsageError(
            f"these files are of {len(studies)} studies, and a step is of one",
            hint="name the files of one study",
        )
    return dict(series[0].values) if series else {}


def text_of(dataset: Dataset, keyword: str) -> str:
    """The value of an element as one text, its values joined as DICOM does; empty without one."""
    from assocsh.output.values import value_text

    return value_text(dataset[keyword]) if keyword in dataset else ""


def plain(dataset: Dataset) -> dict[str, Any]:
    """Texts by keyword, sequences as lists of the same; without private elements and padding."""
    from assocsh.output.values import elements, value_text

    found: dict[str, Any] = {}
    for element in elements(dataset):
        keyword = element.keyword
        if not keyword or keyword == "SpecificCharacterSet":
            continue
        if element.VR == "SQ":
            found[keyword] = [plain(item) for item in element.value]
        elif not isinstance(element.value, bytes):
            found[keyword] = value_text(element)
    return found


def _nothing(keyword: str) -> list[Any] | None:
    return [] if keyword.endswith("Sequence") else None


def _overlay(made: Dataset, typed: Dataset) -> None:
    """Put what was typed over what was made, items of sequences element by element."""
    for element in typed:
        if element.VR == "SQ" and element.tag in made and made[element.tag].value:
            for into, item in zip(made[element.tag].value, element.value, strict=False):
                _overlay(into, item)
        else:
            made[element.tag] = element
