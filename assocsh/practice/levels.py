"""The levels of the query/retrieve information models, and which attributes are found at which.

PS3.4 C.6.1 (patient root), C.6.2 (study root), and the retired patient/study only model.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from assocsh.datasets.dictionary import find_tag
from assocsh.datasets.levels import QUERY_LEVELS
from assocsh.dimse import sopclasses

MODELS: Mapping[str, tuple[str, ...]] = {
    "patient": QUERY_LEVELS,
    "study": ("STUDY", "SERIES", "IMAGE"),
    "patient-study": ("PATIENT", "STUDY"),
}


_ATTRIBUTES = {
    "PATIENT": """
        PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID
        PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs OtherPatientIDsSequence
        OtherPatientNames PatientBirthName EthnicGroup PatientComments PatientSpeciesDescription
        PatientBreedDescription ResponsiblePerson PatientIdentityRemoved
    """,
    "STUDY": """
        StudyInstanceUID StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence
        StudyID StudyDescription ReferringPhysicianName NameOfPhysiciansReadingStudy
        PhysiciansOfRecord ConsultingPhysicianName AdmittingDiagnosesDescription
        AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientWeight Occupation
        AdditionalPatientHistory ProcedureCodeSequence AdmissionID MedicalAlerts Allergies
        ReasonForPerformedProcedureCodeSequence TimezoneOffsetFromUTC
    """,
    "SERIES": """
        SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDescriptionCodeSequence
        SeriesDate SeriesTime BodyPartExamined Laterality PatientPosition ProtocolName
        OperatorsName PerformingPhysicianName Manufacturer ManufacturerModelName StationName
        InstitutionName InstitutionalDepartmentName DeviceSerialNumber SoftwareVersions
        FrameOfReferenceUID RequestAttributesSequence PerformedProcedureStepID
        PerformedProcedureStepStartDate PerformedProcedureStepStartTime
        PerformedProcedureStepDescription ReferencedPerformedProcedureStepSequence
    """,
}
COMPUTED: Mapping[str, Mapping[int, str]] = {
    "PATIENT": {
        0x00201200: "NumberOfPatientRelatedStudies",
        0x00201202: "NumberOfPatientRelatedSeries",
        0x00201204: "NumberOfPatientRelatedInstances",
    },
    "STUDY": {
        0x00080061: "ModalitiesInStudy",
        0x00080062: "SOPClassesInStudy",
        0x00201206: "NumberOfStudyRelatedSeries",
        0x00201208: "NumberOfStudyRelatedInstances",
    },
    "SERIES": {0x00201209: "NumberOfSeriesRelatedInstances"},
}
"""What is counted when it is asked for."""

ANSWERED_ANYWAY = frozenset({0x00080005, 0x00080052, 0x00080054, 0x00080056})
"""Character set, level, Retrieve AE Title, Instance Availability: the archive's own words."""


@cache
def attributes(level: str) -> frozenset[int]:
    """The tags that are matched and returned at ``level``, not counting the levels above it."""
    words = _ATTRIBUTES.get(level, "").split()
    return frozenset({find_tag(word).tag for word in words} | set(COMPUTED.get(level, ())))


@cache
def supported(level: str) -> frozenset[int] | None:
    """The tags that a key at ``level`` may have, those of the levels above included; None: any."""
    if level == "IMAGE":
        return None
    down_to = QUERY_LEVELS[: QUERY_LEVELS.index(level) + 1]
    return frozenset().union(*(attributes(one) for one in down_to))


def model_of(sop_class: str) -> str | None:
    """patient, study, patient-study or worklist, from the SOP class of a request."""
    for table in (sopclasses.FIND, sopclasses.GET, sopclasses.MOVE):
        for model, uid in table.items():
            if uid == sop_class:
                return model
    return None
