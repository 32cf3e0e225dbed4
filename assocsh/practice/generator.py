"""The contents of the practice archive as data sets, made by code and the same every time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from assocsh.datasets.identifiers import dataset_from
from assocsh.practice.people import (
    PEOPLE,
    TODAY,
    WORKLIST,
    Person,
    SeriesPlan,
    StepPlan,
    StudyPlan,
    day,
)
from assocsh.practice.pixels import Ellipse, gray, rgb
from assocsh.records import dataclass
from assocsh.uids import CT_IMAGE_STORAGE, MR_IMAGE_STORAGE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NAMESPACE = uuid.UUID("6f1c1d0e-6d0b-5c0a-9a53-0a55c5b0a5c5")

SOP_CLASSES = {
    "CT": CT_IMAGE_STORAGE,
    "MR": MR_IMAGE_STORAGE,
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "SR": "1.2.840.10008.5.1.4.1.1.88.11",
}


def uid(*names: object) -> str:
    """A UID under 2.25 (PS3.5 B.2), always the same for the same names."""
    text = "/".join(str(name) for name in names)
    return f"2.25.{uuid.uuid5(_NAMESPACE, text).int}"


@dataclass(frozen=True, slots=True)
class Generated:
    """One instance: its header now, its pixels when asked for."""

    person: Person
    study: StudyPlan
    series: SeriesPlan
    study_number: int
    series_number: int
    number: int

    def header(self) -> Dataset:
        """Everything but the pixel data."""
        dataset = dataset_from(self._common())
        for group in (_PIXELS.get(self.series.kind), _KINDS[self.series.kind](self)):
            if group:
                dataset.update(dataset_from(group))
        return dataset

    def dataset(self) -> Dataset:
        """The whole instance."""
        dataset = self.header()
        kind = self.series.kind
        if kind == "US":
            dataset.add_new("PixelData", "OB", rgb(_US[0], _US[1], 16, self._shapes()))
        elif kind != "SR":
            rows, columns = int(dataset.Rows), int(dataset.Columns)
            pixels = gray(rows, columns, _BACKGROUND[kind], self._shapes())
            dataset.add_new("PixelData", "OW", pixels)
        return dataset

    def _common(self) -> dict[str, object]:
        person, study, series = self.person, self.study, self.series
        study_uid = uid(person.patient_id, self.study_number)
        series_uid = uid(person.patient_id, self.study_number, self.series_number)
        date = day(-study.days)
        age = int(date[:4]) - int(person.birth_date[:4]) - (date[4:] < person.birth_date[4:])
        side = _SIDES.get(series.body_part)
        return {
            **_charset(person),
            **({"Laterality": side} if side else {}),
            "SOPClassUID": SOP_CLASSES[series.kind],
            "SOPInstanceUID": uid(series_uid, self.number),
            "InstanceCreationDate": date,
            "InstanceCreationTime": study.time,
            "StudyDate": date,
            "SeriesDate": date,
            "ContentDate": date,
            "StudyTime": study.time,
            "SeriesTime": _later(study.time, 2 * self.series_number),
            "ContentTime": _later(study.time, 2 * self.series_number + 1),
            "AccessionNumber": accession(person, self.study_number),
            "Modality": series.kind,
            "Manufacturer": "assocsh",
            "InstitutionName": "Practice Hospital",
            "ReferringPhysicianName": study.referrer,
            "StationName": f"{series.kind}_ROOM_1",
            "StudyDescription": study.description,
            "SeriesDescription": series.description,
            "ManufacturerModelName": "Synthetic",
            "PatientName": person.name,
            "PatientID": person.patient_id,
            "IssuerOfPatientID": "PRACTICE",
            "PatientBirthDate": person.birth_date,
            "PatientSex": person.sex,
            "PatientAge": f"{age:03d}Y",
            "BodyPartExamined": series.body_part,
            "StudyInstanceUID": study_uid,
            "SeriesInstanceUID": series_uid,
            "StudyID": str(self.study_number),
            "SeriesNumber": str(self.series_number),
            "InstanceNumber": str(self.number),
        }

    def _shapes(self) -> list[Ellipse]:
        """A body, two organs and a spot, moving a little from image to image."""
        top = {"CT": 1500, "MR": 900, "CR": 3000, "US": 200}[self.series.kind]
        turn = self.number / (self.series.count + 1)
        wide = 0.30 + 0.10 * turn
        return [
            Ellipse(0.5, 0.5, 0.42, wide, top * 2 // 3),
            Ellipse(0.45, 0.5 - wide / 2, 0.18, 0.10, top // 3),
            Ellipse(0.45, 0.5 + wide / 2, 0.18, 0.10, top // 3),
            Ellipse(0.75, 0.5, 0.06, 0.05, top),
            Ellipse(0.3 + 0.3 * turn, 0.45, 0.04, 0.04, top // 2),
        ]


# Laterality is for paired body parts only (PS3.3 C.7.3.1); the sides that the studies are of
_SIDES = {"HAND": "L", "KNEE": "R"}

_US = (96, 128)
_BACKGROUND = {"CT": 24, "MR": 8, "CR": 200}


def _gray(rows: int, columns: int, stored: int) -> dict[str, object]:
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": 16,
        "BitsStored": stored,
        "HighBit": stored - 1,
        "PixelRepresentation": 0,
    }


_PIXELS: dict[str, dict[str, object]] = {
    "CT": _gray(128, 128, 12),
    "MR": _gray(96, 96, 12),
    "CR": _gray(160, 128, 12),
    "US": {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "Rows": _US[0],
        "Columns": _US[1],
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
    },
}


def _plane(one: Generated, spacing: str, thickness: str) -> dict[str, object]:
    step = float(thickness) * one.number
    return {
        "PatientPosition": "HFS",
        "PositionReferenceIndicator": "",
        "FrameOfReferenceUID": uid(one.person.patient_id, one.study_number, "frame"),
        "ImagePositionPatient": f"-150\\-150\\{step:g}",
        "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
        "PixelSpacing": f"{spacing}\\{spacing}",
        "SliceThickness": thickness,
        "SliceLocation": f"{step:g}",
        "AcquisitionNumber": "1",
    }


def _ct(one: Generated) -> dict[str, object]:
    return {
        **_plane(one, "2.5", "5"),
        "ImageType": "ORIGINAL\\PRIMARY\\AXIAL",
        "KVP": "120",
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "WindowCenter": "40",
        "WindowWidth": "400",
        "ConvolutionKernel": "B30f",
        "ContrastBolusAgent": "",
    }


def _mr(one: Generated) -> dict[str, object]:
    return {
        **_plane(one, "2.4", "4"),
        "ImageType": "ORIGINAL\\PRIMARY\\M\\SE",
        "ScanningSequence": "SE",
        "SequenceVariant": "SK",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "RepetitionTime": "500" if "T1" in one.series.description else "4000",
        "EchoTime": "12" if "T1" in one.series.description else "98",
        "EchoTrainLength": "1",
        "MagneticFieldStrength": "1.5",
        "WindowCenter": "450",
        "WindowWidth": "900",
    }


def _cr(one: Generated) -> dict[str, object]:
    return {
        "ImageType": "ORIGINAL\\PRIMARY",
        "ViewPosition": "",  # of the series, and its two images have two
        "PatientOrientation": ("L\\F", "A\\F")[(one.number - 1) % 2],
        "KVP": "70",
        "PlateID": "CR-7",
        "ImagerPixelSpacing": "1.4\\1.4",
        "WindowCenter": "1500",
        "WindowWidth": "3000",
    }


def _us(_one: Generated) -> dict[str, object]:
    return {
        "ImageType": "ORIGINAL\\PRIMARY",
        "LossyImageCompression": "00",
        "TransducerData": "",
        "PatientOrientation": "",  # unknown: the probe is held by hand
    }


def _sr(one: Generated) -> dict[str, object]:
    def code(value: str, meaning: str) -> dict[str, object]:
        return {"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning}

    finding = f"{one.study.description}: no abnormality. Invented for practice."
    return {
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [code("121071", "Finding")],
        "ContinuityOfContent": "SEPARATE",
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "UNVERIFIED",
        "ReferencedPerformedProcedureStepSequence": [],
        "PerformedProcedureCodeSequence": [],
        "ContentSequence": [
            {
                "RelationshipType": "CONTAINS",
                "ValueType": "TEXT",
                "ConceptNameCodeSequence": [code("121071", "Finding")],
                "TextValue": finding,
            }
        ],
    }


_KINDS = {"CT": _ct, "MR": _mr, "CR": _cr, "US": _us, "SR": _sr}


def _charset(person: Person) -> dict[str, object]:
    return {"SpecificCharacterSet": person.charset} if person.charset else {}


def accession(person: Person, study_number: int) -> str:
    """The accession number of a study: five digits from the patient's, one for the study."""
    return f"A{person.patient_id[-4:]}{study_number}"


def _later(time: str, minutes: int) -> str:
    total = int(time[:2]) * 60 + int(time[2:4]) + minutes
    return f"{total // 60 % 24:02d}{total % 60:02d}{time[4:]}"


def instances() -> Iterator[Generated]:
    """Every instance of the archive, in order."""
    for person in PEOPLE:
        for study_number, study in enumerate(person.studies, 1):
            for series_number, series in enumerate(study.series, 1):
                for number in range(1, series.count + 1):
                    yield Generated(person, study, series, study_number, series_number, number)


def worklist(today: date | None = None) -> Iterator[Dataset]:
    """Every scheduled procedure step, as a Modality Worklist item (PS3.4 K.6.1).

    They are scheduled for ``today``, that of the clock without one, and the days after it.
    """
    first = datetime.now().astimezone().date() if today is None else today
    people = {person.patient_id: person for person in PEOPLE}
    for number, step in enumerate(WORKLIST, 1):
        yield dataset_from(_worklist_item(number, step, people[step.patient_id], first))


def _worklist_item(number: int, step: StepPlan, person: Person, first: date) -> dict[str, object]:
    return {
        **_charset(person),
        "AccessionNumber": f"W{TODAY:%y%m}{number:03d}",
        "ReferringPhysicianName": person.studies[0].referrer,
        "PatientName": person.name,
        "PatientID": person.patient_id,
        "IssuerOfPatientID": "PRACTICE",
        "PatientBirthDate": person.birth_date,
        "PatientSex": person.sex,
        "PatientWeight": "",
        "MedicalAlerts": "",
        "Allergies": "",
        "PregnancyStatus": 4,
        "StudyInstanceUID": uid("worklist", number),
        "RequestingPhysician": person.studies[0].referrer,
        "RequestedProcedureDescription": step.description,
        "AdmissionID": "",
        "CurrentPatientLocation": "",
        "RequestedProcedureID": f"RP{number:03d}",
        "RequestedProcedurePriority": "ROUTINE",
        "ScheduledProcedureStepSequence": [
            {
                "Modality": step.modality,
                "ScheduledStationAETitle": step.station,
                "ScheduledProcedureStepStartDate": f"{first + timedelta(days=step.days):%Y%m%d}",
                "ScheduledProcedureStepStartTime": step.time + "00",
                "ScheduledPerformingPhysicianName": step.physician,
                "ScheduledProcedureStepDescription": step.description,
                "ScheduledProcedureStepID": f"SPS{number:03d}",
                "ScheduledStationName": step.station,
                "ScheduledProcedureStepStatus": "SCHEDULED",
            }
        ],
    }
