from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from assocsh.datasets.identifiers import (
    build_identifier,
    dataset_from,
    decode,
    default_return_keys,
    encode,
    to_json,
)
from assocsh.errors import AssocshError, UsageError

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.mark.parametrize(
    "path",
    [
        "ScheduledProcedureStepSequence[0].Modality",
        "ScheduledProcedureStepSequence.Modality",
        "scheduledprocedurestepsequence.modality",
        "ScheduledProcedureStepSequence/Modality",
        "ScheduledProcedureStepSequence>Modality",
        "(0040,0100)[0].Modality",
        "(0040,0100)[0].(0008,0060)",
        "(0040,0100).(0008,0060)",
        "0040,0100.0008,0060",
        "00400100.00080060",
        "00400100[ 0 ].00080060",
        "40,100.8,60",
        "0x00400100.0x00080060",
    ],
)
def test_every_spelling_of_a_path(path: str) -> None:
    ds = build_identifier("worklist", [(path, "CT")])
    assert ds.ScheduledProcedureStepSequence[0].Modality == "CT"
    assert len(ds) == 1


def test_items_are_created_up_to_the_index() -> None:
    ds = build_identifier(None, [("BeamSequence[3]", None), ("BeamSequence[1].BeamName", "b")])
    assert len(ds.BeamSequence) == 4
    assert ds.BeamSequence[1].BeamName == "b"
    ds = build_identifier(None, [("BeamSequence", "")])
    assert len(ds.BeamSequence) == 0
    deep = "BeamSequence[0].BeamLimitingDeviceSequence[0].NumberOfLeafJawPairs"
    ds = build_identifier(None, [(deep, "1"), ("BeamSequence[*].BeamName", "all")])
    assert ds.BeamSequence[0].BeamLimitingDeviceSequence[0].NumberOfLeafJawPairs == 1
    assert ds.BeamSequence[0].BeamName == "all"


def test_level_return_keys_and_order() -> None:
    ds = build_identifier(
        "study", [("PatientID", "1\\2"), ("StudyDate", "20260101-"), ("PatientID", None)]
    )
    assert ds.QueryRetrieveLevel == "STUDY"
    assert list(ds.PatientID) == ["1", "2"]
    assert ds.StudyDate == "20260101-"
    for level in ("patient", "STUDY", "series", "image"):
        keys = build_identifier(level, [(key, None) for key in default_return_keys(level)])
        assert len(encode(keys, EXPLICIT)) > 40
    worklist = build_identifier("worklist", [(k, None) for k in default_return_keys("worklist")])
    assert "QueryRetrieveLevel" not in worklist
    assert "Modality" in worklist.ScheduledProcedureStepSequence[0]
    with pytest.raises(UsageError, match="level"):
        default_return_keys("nonsense")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("Rows", "512", 512),
        ("Rows", "0x10", 16),
        ("SmallestImagePixelValue", "7", 7),
        ("StudyDate", "-20260101", "-20260101"),
        ("StudyDate", "2026.01.31", "2026.01.31"),
        ("StudyDate", "20240229", "20240229"),
        ("StudyDate", "20000229-20240229", "20000229-20240229"),
        ("StudyDate", "202602??", "202602??"),
        ("StudyTime", "235960", "235960"),
        ("AcquisitionDateTime", "2026-2027", "2026-2027"),
        ("AcquisitionDateTime", "20240229120000-0330", "20240229120000-0330"),
        ("AcquisitionDateTime", "20240229-0330-20240301+1400", "20240229-0330-20240301+1400"),
        ("StudyTime", "0900-113000.5", "0900-113000.5"),
        ("AcquisitionDateTime", "20260101-0500", "20260101-0500"),
        ("AcquisitionDateTime", "20260101090000+0100-2027", "20260101090000+0100-2027"),
        ("SOPClassUID", "CTImageStorage", "1.2.840.10008.5.1.4.1.1.2"),
        ("StudyInstanceUID", "1.2.3\\1.2.4", ["1.2.3", "1.2.4"]),
        ("FrameIncrementPointer", "00181063", 0x00181063),
        ("FrameIncrementPointer", "FrameTime", 0x00181063),
        ("PatientName", "HEWETT*", "HEWETT*"),
        ("PixelSpacing", "0.5\\0.5", [0.5, 0.5]),
        ("(0009,1001)", "0aff1", None),
        ("(0009,1001)", "0aff", b"\x0a\xff"),
        ("TextValue", "a\\b", "a\\b"),
        ("PatientAge", "045Y", "045Y"),
        ("InstanceNumber", "4", 4),
        ("InstanceNumber", "1*", None),
        ("SliceThickness", "?", None),
        ("PixelSpacing", "0.5\\", [0.5, ""]),
        ("StudyDate", "*", "*"),
        ("ExposureTimeInuS", "1.5", 1.5),
        ("RecommendedDisplayFrameRateInFloat", "1.5", 1.5),
    ],
)
def test_values_by_vr(key: str, text: str, value: object) -> None:
    if value is None:
        with pytest.raises(UsageError):
            build_identifier(None, [(key, text)])
        return
    ds = build_identifier(None, [(key, text)])
    (element,) = ds
    got = list(element.value) if isinstance(value, list) else element.value
    assert got == value
    encode(ds, EXPLICIT)


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("Rows", "many", "VR US"),
        ("Rows", "65536", "65535"),
        ("Rows", "1\\", "VR US"),
        ("PixelIntensityRelationshipSign", "-40000", "32767"),
        ("RecommendedDisplayFrameRateInFloat", "x", "number"),
        ("SliceThickness", "thick", "number"),
        ("SliceThickness", "nan", "finite"),
        ("StudyDate", "2026-01-01", "20260131"),
        ("StudyDate", "20261301", "20260131"),
        ("StudyDate", "20260230", "20260131"),
        ("StudyDate", "2026.02.30", "20260131"),
        ("StudyDate", "20260229", "20260131"),
        ("StudyDate", "19000229", "20260131"),
        ("StudyDate", "20260431-", "20260131"),
        ("StudyDate", "-20260431", "20260131"),
        ("StudyDate", "20260101-20260230", "20260131"),
        ("StudyDate", "20260101\\20260230", "20260131"),
        ("StudyDate", "20260100", "20260131"),
        ("StudyTime", "256060", "0930"),
        ("StudyTime", "236060", "0930"),
        ("StudyTime", "24", "0930"),
        ("StudyTime", "0900-2500", "0930"),
        ("AcquisitionDateTime", "20260230", "DT"),
        ("AcquisitionDateTime", "20260230120000", "DT"),
        ("AcquisitionDateTime", "20260101-20260431", "DT"),
        ("AcquisitionDateTime", "2026010125", "DT"),
        ("AcquisitionDateTime", "20260101120000+9900", "DT"),
        ("StudyDate", "yesterday", "20260131"),
        ("StudyTime", "25", "0930"),
        ("AcquisitionDateTime", "nope", "DT"),
        ("StudyInstanceUID", "abc", "UID"),
        ("StudyInstanceUID", "1." + "2" * 70, "64"),
        ("PatientAge", "45", "045Y"),
        ("BeamSequence", "x", "sequence"),
        ("BeamSequence[0]", "x", "item"),
        ("PatientName.Modality", "x", "only a sequence"),
        ("PatientName[0]", "x", "only a sequence"),
        ("BeamSequence[-1].BeamName", "x", "item number"),
        ("BeamSequence[99999].BeamName", "x", "limit"),
        ("BeamSequence[*].BeamName", "x", "none yet"),
        ("BeamSequence[0]BeamName", "x", "path"),
        ("BeamSequence[0].", "x", "path"),
        ("", "x", "path"),
        ("PatentName", "x", "PatientName"),
        (".".join(["BeamSequence"] * 70), None, "steps"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(key: str, text: str | None, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_identifier(None, [(key, text)])
    assert why in caught.value.message + caught.value.hint


def test_character_set_is_declared_when_needed() -> None:
    assert "SpecificCharacterSet" not in build_identifier("STUDY", [("PatientName", "A*")])
    ds = build_identifier("STUDY", [("PatientName", "山田*")])
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert str(decode(encode(ds, EXPLICIT), EXPLICIT).PatientName) == "山田*"
    nested = build_identifier(
        None, [("ScheduledProcedureStepSequence.ScheduledProcedureStepDescription", "Müller")]
    )
    assert nested.SpecificCharacterSet == "ISO_IR 192"
    given = build_identifier(None, [("SpecificCharacterSet", "ISO_IR 100"), ("PatientName", "Ü")])
    assert b"\xdc" in encode(given, EXPLICIT)
    wrong = build_identifier(None, [("SpecificCharacterSet", "ISO_IR 100"), ("PatientName", "山")])
    with pytest.raises(UsageError, match="character set"):
        encode(wrong, EXPLICIT)


def test_dataset_from_mapping() -> None:
    ds = dataset_from(
        {
            "PatientID": "123",
            "StudyDescription": "",
            "Rows": 5,
            "InstanceNumber": 7,
            "PixelSpacing": [0.5, 1],
            "(0008,0060)": None,
            "RequestAttributesSequence": [{"RequestedProcedureID": "R1"}],
            "ScheduledProcedureStepSequence.Modality": "CT",
            "PixelData": b"\0\1",
            "StudyInstanceUID": ["1.2", "1.3"],
        }
    )
    back = decode(encode(ds, EXPLICIT), EXPLICIT)
    assert back.PatientID == "123"
    assert back.Rows == 5
    assert back.InstanceNumber == 7
    assert list(back.PixelSpacing) == [0.5, 1]
    assert back.RequestAttributesSequence[0].RequestedProcedureID == "R1"
    assert back.ScheduledProcedureStepSequence[0].Modality == "CT"
    assert back.PixelData == b"\0\1"
    same = Dataset()
    assert dataset_from(same) is same
    assert len(dataset_from(None)) == 0
    for wrong in ({"Rows": 70000}, {"Rows": "x"}, {"Rows": 1.5}, {"PixelData": 3}, {"Nope": 1}):
        with pytest.raises(AssocshError):
            dataset_from(wrong)


def test_json_model() -> None:
    ds = build_identifier(
        "STUDY",
        [
            ("PatientName", "Yamada^Tarou=山田^太郎"),
            ("StudyInstanceUID", "1.2\\1.3"),
            ("PatientID", ""),
            ("Rows", "3"),
            ("InstanceNumber", "4"),
            ("SliceThickness", "1.5"),
            ("FrameIncrementPointer", "FrameTime"),
            ("ScheduledProcedureStepSequence.Modality", "CT"),
            ("(0009,1001)", "0aff"),
        ],
    )
    model = to_json(decode(encode(ds, EXPLICIT), EXPLICIT))
    assert model["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}],
    }
    assert model["0020000D"]["Value"] == ["1.2", "1.3"]
    assert model["00100020"] == {"vr": "LO"}
    assert model["00280010"]["Value"] == [3]
    assert model["00200013"]["Value"] == [4]
    assert model["00180050"]["Value"] == [1.5]
    assert model["00280009"]["Value"] == ["00181063"]
    assert model["00400100"]["Value"] == [{"00080060": {"vr": "CS", "Value": ["CT"]}}]
    assert model["00091001"] == {"vr": "UN", "InlineBinary": "Cv8="}
