"""Which data elements identify a patient, and what stands in for their values.

The elements are those of PS3.15 Table E.1-1 that occur in identifiers, worklist items and command
lines; besides them every person name and every free text.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.language.queries import Query


class Pseudonym(StrEnum):
    """The kind of value that stands in for one that identifies."""

    NAME = "name"
    ID = "id"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    UID = "uid"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BY_VR = {
    "PN": Pseudonym.NAME,
    "LT": Pseudonym.TEXT,
    "ST": Pseudonym.TEXT,
    "UT": Pseudonym.TEXT,
    "UC": Pseudonym.TEXT,
    "DA": Pseudonym.DATE,
    "DT": Pseudonym.DATE,
    "TM": Pseudonym.TIME,
    "UI": Pseudonym.UID,
}

_IDS = _names(
    """AccessionNumber AdmissionID CurrentPatientLocation DeviceSerialNumber
    FillerOrderNumberImagingServiceRequest IssuerOfAdmissionID IssuerOfPatientID
    MedicalRecordLocator PerformedProcedureStepID PlacerOrderNumberImagingServiceRequest
    RequestedProcedureID ScheduledProcedureStepID StationName ServiceEpisodeID StudyID
    PerformedStationAETitle PerformedStationName ScheduledStationName"""
)
_TEXTS = _names(
    """AcquisitionDeviceProcessingDescription AdmittingDiagnosesDescription Allergies
    DerivationDescription DischargeDiagnosisDescription ImageComments InstitutionAddress
    InstitutionName InstitutionalDepartmentName InterpretationDiagnosisDescription
    ModifyingSystem PatientInstitutionResidence PerformedLocation
    PerformedProcedureStepDescription ProtocolName ReasonForStudy
    ReasonForTheImagingServiceRequest ReasonForTheRequestedProcedure
    RequestedProcedureDescription RequestedProcedureLocation ScheduledPatientInstitutionResidence
    ScheduledProcedureStepDescription ScheduledProcedureStepLocation SeriesDescription
    ServiceEpisodeDescription SpecialNeeds StudyDescription TextValue VisitComments"""
)
_KEPT_OF_PATIENT = frozenset({"PatientSex", "PatientSpeciesDescription", "PatientSexNeutered"})


@lru_cache(maxsize=4096)
def pseudonym_for(tag: int, vr: str) -> Pseudonym | None:
    """What stands in for the values of a data element; None when they may be shown."""
    from assocsh.datasets.dictionary import entry_of

    keyword = entry_of(tag).keyword
    if keyword in _IDS:
        return Pseudonym.ID
    if keyword in _TEXTS:
        return Pseudonym.TEXT
    if vr in _BY_VR:
        return _BY_VR[vr]
    if tag >> 16 == 0x0010 and vr not in ("SQ", "CS") and keyword not in _KEPT_OF_PATIENT:
        return Pseudonym.ID
    return None


def identifies(query: Query) -> Pseudonym | None:
    """What stands in for the values of a query; None where they may be shown."""
    names = [step.name for step in query.steps[1:] if step.name]
    if query.root not in ("rsp", "last") or not names:
        return None
    return pseudonym_for_path(names[-1])


def pseudonym_for_path(path: str) -> Pseudonym | None:
    """The same for a tag or path as it is typed: ``PatientID``, ``00100020``, ``Seq[0].Kw``."""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.datasets.spelling import path_tags
    from assocsh.errors import AssocshError

    tags = path_tags(path)
    try:
        entry = find_tag(tags[-1] if tags else path)
    except AssocshError:
        return None
    return pseudonym_for(entry.tag, entry.vr)
