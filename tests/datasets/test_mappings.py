"""Data sets from what a program has: its keys, its dates and numbers, and what is no value."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag
from pydicom.uid import UID
from pydicom.valuerep import DA, IS, DSfloat, PersonName

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.dictionary import entries
from assocsh.datasets.identifiers import build_identifier, dataset_from
from assocsh.errors import UsageError

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
NAIVE = dt.datetime(2026, 1, 5, 10, 5)  # noqa: DTZ001 - DICOM has such
EAST = dt.timezone(dt.timedelta(hours=5, minutes=30))


def sent(source: dict[object, object]) -> Dataset:
    """The data set as a peer reads it."""
    return decode(encode(dataset_from(source), EXPLICIT), EXPLICIT)


@pytest.mark.parametrize(
    "key", [Tag("PatientID"), Tag(0x0010, 0x0020), 0x00100020, (0x0010, 0x0020), "(0010,0020)"]
)
def test_a_key_may_be_a_tag(key: object) -> None:
    assert sent({key: "123"}).PatientID == "123"


@pytest.mark.parametrize("key", [None, 1.5, True, -1, 2**32, (16, 2**16), (1, 2, 3), b"PatientID"])
def test_what_is_no_key_is_named(key: object) -> None:
    with pytest.raises(UsageError, match="is no key of a data set") as caught:
        dataset_from({key: "1"})
    assert repr(key) in caught.value.message


@pytest.mark.parametrize(
    ("keyword", "value", "text"),
    [
        ("StudyDate", dt.date(2026, 1, 5), "20260105"),
        ("StudyDate", dt.date(812, 1, 5), "08120105"),
        ("StudyDate", NAIVE, "20260105"),
        ("StudyDate", DA("20260105"), "20260105"),
        ("StudyTime", dt.time(10, 5), "100500"),
        ("StudyTime", dt.time(10, 5, 7, 1500), "100507.001500"),
        ("StudyTime", NAIVE, "100500"),
        ("AcquisitionDateTime", dt.date(2026, 1, 5), "20260105"),
        ("AcquisitionDateTime", NAIVE, "20260105100500"),
        ("AcquisitionDateTime", dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC), "20260105010000+0000"),
        ("AcquisitionDateTime", dt.datetime(2026, 1, 5, 1, tzinfo=EAST), "20260105010000+0530"),
        ("StudyDate", [dt.date(2026, 1, 5), "20260106"], ["20260105", "20260106"]),
        ("PatientID", 123, "123"),
        ("InstanceNumber", 7, "7"),
        ("InstanceNumber", IS("7"), "7"),
        ("InstanceNumber", 7.0, "7"),
        ("SliceThickness", 1.5, "1.5"),
        ("SliceThickness", DSfloat("1.50"), "1.50"),
        ("SliceThickness", Decimal("1.25"), "1.25"),
        ("SliceThickness", 0.1 + 0.2, "0.3"),
        ("SliceThickness", -1 / 3, "-0.3333333333333"),
        ("SliceThickness", 1e-300 / 3, "3.333333333e-301"),
        ("PixelSpacing", MultiValue(DSfloat, ["0.5", "0.25"]), ["0.5", "0.25"]),
        ("PixelSpacing", (0.5, 1), ["0.5", "1"]),
        ("PatientName", PersonName("Doe^Jane"), "Doe^Jane"),
        ("StudyInstanceUID", UID("1.2.3"), "1.2.3"),
        ("StudyInstanceUID", [UID("1.2.3"), "1.2.4"], ["1.2.3", "1.2.4"]),
        ("OtherPatientIDs", ["A", None, 3], ["A", "", "3"]),
    ],
)
def test_values_go_out_as_dicom_values(keyword: str, value: object, text: object) -> None:
    data = encode(dataset_from({keyword: value}), IMPLICIT)
    expected = "\\".join(text) if isinstance(text, list) else str(text)
    assert data[8:].rstrip(b"\0 ").decode() == expected


@pytest.mark.parametrize(
    ("keyword", "value", "read"),
    [
        ("Rows", 5, 5),
        ("Rows", [1, 2], [1, 2]),
        ("Rows", ["1", 2], [1, 2]),
        ("Rows", 2.0, 2),
        ("RecommendedDisplayFrameRateInFloat", 1.5, 1.5),
        ("RecommendedDisplayFrameRateInFloat", Decimal("1.5"), 1.5),
        ("EventTimeOffset", 0.1, 0.1),
        ("FrameIncrementPointer", Tag("FrameTime"), 0x00181063),
        ("FrameIncrementPointer", (0x0018, 0x1063), 0x00181063),
        ("FrameIncrementPointer", ["FrameTime", 0x00181065], [0x00181063, 0x00181065]),
        ("PixelData", bytearray(b"\1\2"), b"\1\2"),
        ("PixelData", memoryview(b"\1\2\3"), b"\1\2\3\0"),
    ],
)
def test_numbers_tags_and_bytes(keyword: str, value: object, read: object) -> None:
    assert sent({keyword: value})[keyword].value == read


class Anything:
    def __repr__(self) -> str:
        return "<anything " + "x" * 500


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        *[
            (keyword, value)
            for keyword in (
                "PatientID",
                "Rows",
                "StudyDate",
                "PixelData",
                "EventTimeOffset",
                "StudyInstanceUID",
            )
            for value in (Anything(), {"a": 1}, {1}, True, 1j, Path("x"))
        ],
        ("PatientID", b"123"),
        ("PatientID", dt.date(2026, 1, 5)),
        ("PatientName", dt.time(10)),
        ("StudyDate", dt.time(10)),
        ("StudyTime", dt.date(2026, 1, 5)),
        ("StudyTime", b"10"),
        ("StudyInstanceUID", uuid.uuid4()),
        ("InstanceNumber", 1.5),
        ("InstanceNumber", float("inf")),
        ("InstanceNumber", Fraction(1, 3)),
        ("Rows", 70000),
        ("Rows", [1, 70000]),
        ("Rows", [1, None]),
        ("Rows", "x"),
        ("SliceThickness", float("nan")),
        ("TextValue", ["a", "b"]),
        ("BeamSequence", 5),
        ("BeamSequence", [5]),
        ("BeamSequence", "x"),
        ("BeamSequence[0]", {"BeamName": "x"}),
    ],
)
def test_anything_else_is_refused_and_named(keyword: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        dataset_from({keyword: value})
    assert keyword.partition("[")[0] in caught.value.message
    assert len(caught.value.message) < 250


def test_what_is_wrong_in_an_item_is_said_with_its_place() -> None:
    wrong = {"RequestAttributesSequence": [{}, {"BeamSequence": {"Rows": Anything()}}]}
    with pytest.raises(
        UsageError, match=r"in RequestAttributesSequence\[1\]: in BeamSequence\[0\]: Rows has VR US"
    ):
        dataset_from(wrong)


@pytest.mark.parametrize("source", [5, "PatientID", ["PatientID"], Anything()])
def test_what_is_no_mapping(source: object) -> None:
    with pytest.raises(UsageError, match="is made from a mapping"):
        dataset_from(source)  # type: ignore[arg-type]


_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(),
        st.text(max_size=20),
        st.binary(max_size=5),
        st.dates(),
        st.times(),
        st.datetimes(timezones=st.sampled_from([None, dt.UTC, EAST])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from(entries()), _VALUES)
def test_whatever_is_given_is_sent_as_a_value_of_its_vr_or_refused(
    entry: object, value: object
) -> None:
    keyword: str = entry.keyword  # type: ignore[attr-defined]
    try:
        data = encode(dataset_from({keyword: value}), EXPLICIT)
    except UsageError:
        return
    decode(data, EXPLICIT)
    assert b"datetime" not in data and b"Decimal" not in data


# ---- private elements, and UIDs that are none ------------------------------------------------


def test_text_in_a_private_element() -> None:
    keys = [("(0009,1001)", "FOO"), ("(0009,0010)", "ACME 1.0"), ("(0009,1002)", "0aff")]
    dataset = decode(encode(build_identifier(None, keys), EXPLICIT), EXPLICIT)
    assert (dataset[0x00091001].VR, dataset[0x00091001].value) == ("LO", "FOO")
    assert (dataset[0x00091002].VR, dataset[0x00091002].value) == ("UN", b"\x0a\xff")
    long = build_identifier(None, [("(0009,1001)", "x" * 65)])
    assert (long[0x00091001].VR, long[0x00091001].value) == ("UT", "x" * 65)
    several = build_identifier(None, [("(0009,1001)", "FOO*\\BAR")])
    assert (several[0x00091001].VR, list(several[0x00091001].value)) == ("LO", ["FOO*", "BAR"])
    assert encode(build_identifier(None, [("(0009,1001)", "Müller")]), EXPLICIT).endswith(
        "Müller".encode() + b" "
    )


@pytest.mark.parametrize("creator_first", [True, False])
def test_a_creator_that_is_known_tells_the_vr(creator_first: bool) -> None:
    keys = [("(0019,0010)", "SIEMENS MR HEADER"), ("(0019,100a)", "3"), ("(0019,100c)", "1000")]
    if not creator_first:
        keys.reverse()
    dataset = build_identifier(None, keys)
    assert dataset[0x0019100A].VR == "US"
    assert dataset[0x0019100A].value == 3
    assert (dataset[0x0019100C].VR, dataset[0x0019100C].value) == ("IS", 1000)
    with pytest.raises(UsageError, match="VR US"):
        build_identifier(None, [*keys[:1], *keys[2:], ("(0019,100a)", "x"), keys[0]])
    mapped = dataset_from({0x0019100A: 3, 0x00190010: "SIEMENS MR HEADER"})
    assert (mapped[0x0019100A].VR, mapped[0x0019100A].value) == ("US", 3)


@pytest.mark.parametrize("text", ["05fa52f0e599f17b", "1.2." + "3" * 80, "1..2", "1.2.", "a b"])
def test_a_uid_that_came_from_the_peer_goes_back_as_it_is(text: str) -> None:
    keys = [("StudyInstanceUID", text)]
    with pytest.raises(UsageError):
        build_identifier("STUDY", keys)
    asked: list[tuple[str, str]] = []

    def came(keyword: str, value: str) -> bool:
        asked.append((keyword, value))
        return True

    dataset = build_identifier("STUDY", keys, came=came)
    assert asked == [("StudyInstanceUID", text)]
    assert decode(encode(dataset, EXPLICIT), EXPLICIT).StudyInstanceUID == text
    with pytest.raises(UsageError):
        build_identifier("STUDY", keys, came=lambda _keyword, _value: False)


def test_a_proper_uid_is_not_asked_about() -> None:
    build_identifier("STUDY", [("StudyInstanceUID", "1.2.3")], came=lambda *_: 1 / 0)  # type: ignore[arg-type,return-value]
