"""PS3.4 C.2.2.2, kind by kind, as a table."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from assocsh.datasets.identifiers import build_identifier
from assocsh.practice.matching import compile_identifier, wildcard

STORED = [
    ("SpecificCharacterSet", "ISO_IR 192"),
    ("PatientName", "Yamada^Hanako=山田^花子=やまだ^はなこ"),
    ("PatientID", "ABC-123"),
    ("PatientSex", "F"),
    ("OtherPatientNames", "Meyer^Anna\\O'Brien^Anna^^"),
    ("ReferringPhysicianName", "Straße^Jörg"),
    ("StudyInstanceUID", "1.2.3"),
    ("StudyDate", "20260115"),
    ("StudyTime", "103015.25"),
    ("StudyDescription", "CT [Abdomen] 50%"),
    ("AccessionNumber", ""),
    ("ModalitiesInStudy", "CT\\SR"),
    ("AcquisitionDateTime", "20260115103015+0100"),
    ("Rows", "512"),
    ("InstanceNumber", "7"),
    ("SliceThickness", "2.50"),
    ("FrameIncrementPointer", "FrameTime"),
    ("ProcedureCodeSequence[0].CodeValue", "A"),
    ("ProcedureCodeSequence[0].CodeMeaning", "one"),
    ("ProcedureCodeSequence[1].CodeValue", "B"),
    ("ProcedureCodeSequence[1].CodeMeaning", "two"),
]

CASES = [
    # single value matching: case counts except in names
    ("PatientID", "ABC-123", True),
    ("PatientID", "abc-123", False),
    ("PatientID", "ABC-12", False),
    ("PatientID", " ABC-123 ", True),
    ("PatientSex", "F", True),
    ("StudyDescription", "CT [Abdomen] 50%", True),
    ("Rows", "512", True),
    ("Rows", "511", False),
    ("InstanceNumber", "07", True),
    ("SliceThickness", "2.5", True),
    ("SliceThickness", "2.51", False),
    ("FrameIncrementPointer", "(0018,1063)", True),
    ("FrameIncrementPointer", "(0018,1064)", False),
    ("ModalitiesInStudy", "SR", True),
    ("ModalitiesInStudy", "MR", False),
    ("ModalitiesInStudy", "MR\\CT", True),
    ("Laterality", "L", False),
    # names: without case, any component group, empty components at the end do not count
    ("PatientName", "yamada^hanako", True),
    ("PatientName", "Yamada^Hanako^^", True),
    ("PatientName", "山田^花子", True),
    ("PatientName", "やまだ*", True),
    ("PatientName", "Yamada", False),
    ("PatientName", "Yamada^*^*^*", True),
    ("PatientName", "Yamada^Hanako^*", True),
    ("PatientName", "=山田*", True),
    ("PatientName", "yam*=山*", True),
    ("PatientName", "yam*=川*", False),
    ("OtherPatientNames", "o'brien^anna", True),
    ("OtherPatientNames", "MEYER*", True),
    ("ReferringPhysicianName", "STRASSE^JÖRG", True),
    ("ReferringPhysicianName", "strasse*", True),
    # list of UID
    ("StudyInstanceUID", "1.2.3", True),
    ("StudyInstanceUID", "9.9\\1.2.3", True),
    ("StudyInstanceUID", "9.9\\1.2", False),
    # universal
    ("AccessionNumber", "", True),
    ("Laterality", "", True),
    ("AccessionNumber", "*", True),
    ("Laterality", "*", True),
    ("StudyDate", "*", True),
    ("PatientName", "**", True),
    # empty value
    ("AccessionNumber", '""', True),
    ("PatientID", '""', False),
    # wildcard
    ("PatientID", "ABC*", True),
    ("PatientID", "*123", True),
    ("PatientID", "A*1*3", True),
    ("PatientID", "ABC-???", True),
    ("PatientID", "ABC-??", False),
    ("PatientID", "abc*", False),
    ("StudyDescription", "CT [*", True),
    ("StudyDescription", "* 50%", True),
    ("StudyDescription", "CT .*", False),
    ("AccessionNumber", "?*", False),
    # ranges
    ("StudyDate", "20260115", True),
    ("StudyDate", "2026.01.15", True),
    ("StudyDate", "20260101-20260131", True),
    ("StudyDate", "20260115-20260115", True),
    ("StudyDate", "20260116-", False),
    ("StudyDate", "20260115-", True),
    ("StudyDate", "-20260115", True),
    ("StudyDate", "-20260114", False),
    ("StudyTime", "10", True),
    ("StudyTime", "1030", True),
    ("StudyTime", "10:30", True),
    ("StudyTime", "1031", False),
    ("StudyTime", "103015.25", True),
    ("StudyTime", "103015.26", False),
    ("StudyTime", "1030-1030", True),
    ("StudyTime", "0900-", True),
    ("StudyTime", "-10", True),
    ("StudyTime", "-1029", False),
    ("AcquisitionDateTime", "20260115093015", True),
    ("AcquisitionDateTime", "20260115103015+0100", True),
    ("AcquisitionDateTime", "20260115", True),
    ("AcquisitionDateTime", "2026", True),
    ("AcquisitionDateTime", "202601", True),
    ("AcquisitionDateTime", "2025", False),
    ("AcquisitionDateTime", "20260115043015-0500", True),
    ("AcquisitionDateTime", "20260101-20260201", True),
    ("AcquisitionDateTime", "20260115093016-", False),
    ("AcquisitionDateTime", "-20260115103015+0100", True),
    # sequence
    ("ProcedureCodeSequence", "", True),
    ("ProcedureCodeSequence[0].CodeValue", "B", True),
    ("ProcedureCodeSequence[0].CodeValue", "C", False),
    ("ProcedureCodeSequence[0].CodeValue", "", True),
    ("RequestAttributesSequence[0].RequestedProcedureID", "", True),
    ("RequestAttributesSequence[0].RequestedProcedureID", "X", False),
]


def stored() -> Dataset:
    return build_identifier(None, STORED)


@pytest.mark.parametrize(("key", "text", "expected"), CASES)
def test_one_key(key: str, text: str, expected: bool) -> None:
    assert compile_identifier(build_identifier("STUDY", [(key, text)]))(stored()) is expected


def test_all_keys_must_match_and_within_one_item() -> None:
    both = [("PatientID", "ABC*"), ("StudyDate", "2027-")]
    assert not compile_identifier(build_identifier(None, [both[0], ("StudyDate", "20270101-")]))(
        stored()
    )
    item = "ProcedureCodeSequence[0]."
    same = build_identifier(None, [(item + "CodeValue", "B"), (item + "CodeMeaning", "two")])
    mixed = build_identifier(None, [(item + "CodeValue", "A"), (item + "CodeMeaning", "two")])
    assert compile_identifier(same)(stored())
    assert not compile_identifier(mixed)(stored())


def worklist(day: str, time: str) -> Dataset:
    step = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStart"
    return build_identifier(None, [(step + "Date", day), (step + "Time", time)])


@pytest.mark.parametrize(
    ("day", "time", "combined", "apart"),
    [
        ("20260705", "1000", True, True),
        ("20260705", "0900", False, False),
        ("20260706", "0900", True, False),
        ("20260706", "2300", True, False),
        ("20260707", "1800", True, True),
        ("20260707", "1801", False, False),
    ],
)
def test_date_and_time_together(day: str, time: str, combined: bool, apart: bool) -> None:
    key = worklist("20260705-20260707", "1000-1800")
    assert compile_identifier(key, combined=True)(worklist(day, time)) is combined
    assert compile_identifier(key)(worklist(day, time)) is apart


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "nonsense"),
        ("StudyTime", "99:99x"),
        ("AcquisitionDateTime", "20261399"),
        ("Rows", None),
    ],
)
def test_what_is_not_of_its_vr_matches_nothing(keyword: str, value: str | None) -> None:
    key = build_identifier(None, [(keyword, "")])
    key[keyword]._value = value if value is not None else "many"
    assert compile_identifier(key)(stored()) is False


@given(st.text(max_size=30))
def test_a_text_without_wildcards_matches_itself_only(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert wildcard(plain)(plain)
    assert not wildcard(plain)(plain + "x")
    assert wildcard("*" + plain + "?")("any" + plain + "1")


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_as_the_standard_library_sees_them(pattern: str, value: str) -> None:
    assert wildcard(pattern)(value) is fnmatch.fnmatchcase(value, pattern)


def test_no_pattern_takes_long() -> None:
    assert not wildcard("*a" * 60 + "b")("a" * 20000)
    assert not wildcard("*" * 500 + "?" * 50 + "b")("a" * 20000)
