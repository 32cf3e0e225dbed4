"""Whether expectations hold: numbers, texts, ranges, every response."""

from __future__ import annotations

import pytest

from assocsh.errors import LanguageError, UsageError
from assocsh.language.evaluate import Value, assigned, evaluate
from assocsh.language.expectations import parse_expect, parse_let
from assocsh.language.place import Place
from assocsh.language.queries import Query


class Fake:
    """Values by the text of their query."""

    values: dict[str, Value | list[Value]] = {
        "status": 0,
        "status.category": "Success",
        "#2.status": 0xA901,
        "#2.status.category": "Failure",
        "count": 3,
        "elapsed": 0.25,
        "error": None,
        "rsp[0].PatientID": "00123",
        "rsp[0].PatientName": "DOE^JANE",
        "rsp[0].StudyDate": "20260115",
        "rsp[0].ImageType": "ORIGINAL\\PRIMARY",
        "rsp[0].SliceThickness": "2.500000",
        "rsp[0].StudyDescription": "",
        "rsp[0].Modality": None,
        "rsp[*].Modality": ["CT", "MR", "CT"],
        "rsp[*].StudyDate": ["20260101", "20260115"],
        "rsp[*].SeriesTime": ["10", None],
        "rsp[*].Laterality": [],
        "rsp[*].Rows": [512, 512, None, 256, 256, 1, 1],
        "assoc.state": "released",
        "assoc.contexts[CTImageStorage].transfer_syntax": "ExplicitVRLittleEndian",
    }

    def value(self, query: Query) -> Value | list[Value]:
        name = f"#{query.request}." if query.request else ""
        for step in query.steps:
            name += str(step) if not step.name or not name or name.endswith(".") else f".{step}"
        if name.endswith(".Nonsense"):
            raise LanguageError("Nonsense is no element", text=name, start=7, end=9, line=4)
        if name.startswith("#9"):
            raise UsageError("there is no request #9", hint="the last one is #2")
        return self.values[name]

    def variable(self, name: str) -> str:
        if name == "nothing":
            raise UsageError("$nothing has no value")
        return {"id": "00123", "n": "3", "range": "1..5", "ct": "CT"}[name]


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("status == 0x0000", True),
        ("status == 0", True),
        ("status == Success", True),
        ("status != Failure", True),
        ("status == success", True),
        ("status == SUCCESS", True),
        ("status == 'success'", True),
        ("status != failure", True),
        ("status != success", False),
        ("status not == success", False),
        ("status startswith succ", True),
        ("#2.status == failure", True),
        ("#2.status == success", False),
        ("#2.status.category == FAILURE", True),
        ("#2.status == Failure", True),
        ("#2.status == 0xA900..0xA9FF", True),
        ("status == 0xA900..0xA9FF", False),
        ("#2.status not == 0xA900..0xA9FF", False),
        ("status == '0'", False),  # a quoted word is the category
        ("count == 3", True),
        ("count >= 4", False),
        ("count == 1..5", True),
        ("count == $n", True),
        ("count == $range", False),  # a value is never a range
        ("count == ${count}", True),
        ("elapsed < 500ms", True),
        ("elapsed < 1", True),
        ("elapsed > 1s", False),
        ("error not exists", True),
        ("rsp[0].PatientID == 00123", True),
        ("rsp[0].PatientID == 123", False),
        ("rsp[0].PatientID == $id", True),
        ("rsp[0].PatientID == '00123'", True),
        ("rsp[0].SliceThickness == 2.5", True),
        ("rsp[0].SliceThickness == '2.5'", False),
        ("rsp[0].SliceThickness < 3", True),
        ("rsp[0].SliceThickness < 10", True),
        ("rsp[0].StudyDate >= 20260101", True),
        ("rsp[0].StudyDate == 20260101..20260131", True),
        ("rsp[0].PatientName startswith DOE", True),
        ("rsp[0].PatientName endswith JANE", True),
        ("rsp[0].PatientName contains E^J", True),
        ("rsp[0].PatientName matches /^doe/", False),
        ("rsp[0].PatientName matches /^doe/i", True),
        ("rsp[0].PatientName not matches /ROE/", True),
        ("rsp[0].PatientName < ROE", True),
        ("rsp[0].PatientName <= DOE^JANE", True),
        ("rsp[0].PatientName > ROE", False),
        ("rsp[0].PatientName >= DOE", True),
        ("status matches /Succ/", True),
        ("rsp[*].SeriesTime isempty", False),
        ("rsp[*].SeriesTime == 10", False),
        ("rsp[0].ImageType includes PRIMARY", True),
        ("rsp[0].ImageType includes PRIM", False),
        ("rsp[0].ImageType == ORIGINAL\\PRIMARY", True),
        ("rsp[0].StudyDescription exists", True),
        ("rsp[0].StudyDescription isempty", True),
        ("rsp[0].PatientID not isempty", True),
        ("rsp[0].Modality exists", False),
        ("rsp[0].Modality not exists", True),
        ("rsp[0].Modality isempty", False),
        ("rsp[0].Modality == CT", False),
        ("rsp[0].Modality != CT", False),  # there is none to differ
        ("rsp[0].Modality not == CT", False),
        ("rsp[0].Modality not includes CT", True),
        ("rsp[*].Modality includes MR", True),
        ("rsp[*].Modality includes $ct", True),
        ("rsp[*].Modality includes US", False),
        ("rsp[*].Modality not includes US", True),
        ("rsp[*].Modality == CT", False),
        ("rsp[*].Modality not == US", True),
        ("rsp[*].Modality != CT", False),
        ("rsp[*].StudyDate matches /^2026/", True),
        ("rsp[*].StudyDate >= 20260102", False),
        ("rsp[*].SeriesTime exists", False),
        ("rsp[*].Laterality == R", False),
        ("rsp[*].Laterality not == R", False),
        ("rsp[*].Laterality not includes R", True),
        ("rsp[*].Laterality not exists", True),
        ("rsp[*].Laterality exists", False),
        ("assoc.state == released", True),
        ("assoc.contexts[CTImageStorage].transfer_syntax == ExplicitVRLittleEndian", True),
        ("assoc.contexts[CTImageStorage].transfer_syntax == 1.2.840.10008.1.2.1", True),
        ("assoc.contexts[CTImageStorage].transfer_syntax == 1.2.840.10008.1.2", False),
    ],
)
def test_outcomes(text: str, ok: bool) -> None:
    assert evaluate(parse_expect(text), Fake()).ok is ok


@pytest.mark.parametrize(
    ("text", "actual"),
    [
        ("count == 1", "3"),
        ("#2.status == 0", "0xA901"),
        ("#2.status == Success", "Failure"),
        ("elapsed < 1ms", "250 ms"),
        ("rsp[*].Modality == CT", "CT, MR, CT"),
        ("rsp[*].Laterality == R", "no responses"),
        ("rsp[0].Modality == CT", "no value"),
        ("rsp[0].StudyDescription == x", "empty"),
        ("rsp[*].Rows == 1", "512, 512, no value, 256, 256 and 2 more"),
        ("rsp[*].SeriesTime == 10", "10, no value"),
    ],
)
def test_the_actual_value_is_said(text: str, actual: str) -> None:
    assert evaluate(parse_expect(text), Fake()).actual == actual


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("#9.status == 0", 7, "there is no request #9"),
        ("count == $nothing", 16, "$nothing has no value"),
        ("count < DOE", 13, "3 is a number"),
        ("count < 1..3", 13, "< does not go with a range"),
        ("rsp[0].Nonsense == 1", 7, "Nonsense is no element"),
        ("count == ${rsp[*].Modality}", 18, "has 3 values"),
        ("count == ${rsp[0].Modality}", 18, "has no value"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_place(text: str, start: int, message: str) -> None:
    whole = f"expect {text}"
    place = Place(whole, 4, "a.assoc")
    expectation = parse_expect(text, offset=7, place=place)
    with pytest.raises(LanguageError) as caught:
        evaluate(expectation, Fake(), place)
    assert message in caught.value.message
    assert (caught.value.start, caught.value.line) == (start, 4)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = rsp[0].PatientID", "00123"),
        ("x = #2.status", "0xA901"),
        ("x = count", "3"),
        ("x = 'a b'", "a b"),
        ('x = "$id/$n"', "00123/3"),
        ("x = $id", "00123"),
        ("x = 500ms", "500ms"),
    ],
)
def test_what_let_keeps(text: str, kept: str) -> None:
    assert assigned(parse_let(text), Fake(), Place(text)) == kept


@pytest.mark.parametrize("text", ["x = rsp[*].Modality", "x = rsp[0].Modality", "x = error"])
def test_let_wants_one_value(text: str) -> None:
    with pytest.raises(LanguageError):
        assigned(parse_let(text), Fake(), Place(text))
