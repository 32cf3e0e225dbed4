"""The one grammar of tags and paths: every spelling, and what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.datasets.dictionary import entries, find_tag
from assocsh.datasets.paths import format_path, parse_path
from assocsh.datasets.spelling import (
    PATH,
    TAG,
    check_form,
    last_step,
    path_tags,
    scan_path,
    scan_step,
    tag_number,
)
from assocsh.errors import UsageError

PATIENT_ID = [
    "PatientID",
    "patientid",
    "PATIENTID",
    "(0010,0020)",
    "( 0010 , 0020 )",
    "(0010, 0020)",
    "(10,20)",
    "(0x0010,0x0020)",
    "0010,0020",
    "10,20",
    "10 , 20",
    "00100020",
    "0x00100020",
    "0X00100020",
    "(00100020)",
    "(0x00100020)",
]
"""One tag in every spelling."""
ITEMS = ["", "[0]", "[ 0 ]", "[12]", "[*]", "(3)", "( 3 )"]
BEHIND = ["", " ", "=", "=1", " == 'X'", "[x]", "[", "]", "..", ".=", ";", "\\", '"', "$", "?"]
"""What may follow a path and is no part of it."""


@pytest.mark.parametrize("text", PATIENT_ID)
def test_every_spelling_of_a_tag(text: str) -> None:
    assert find_tag(text).tag == 0x00100020
    assert parse_path(text)[0].entry.keyword == "PatientID"
    assert scan_path(text) == len(text)
    assert re.fullmatch(TAG, text)
    check_form(text)


@pytest.mark.parametrize("separator", [".", ">", "/"])
@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize(
    "sequence",
    ["ScheduledProcedureStepSequence", "(0040,0100)", "(40,100)", "40,100", "00400100"],
)
def test_every_spelling_of_a_path(sequence: str, item: str, separator: str) -> None:
    for tag in PATIENT_ID:
        path = f"{sequence}{item}{separator}{tag}"
        first, last = parse_path(path)
        assert (first.entry.tag, last.entry.tag) == (0x00400100, 0x00100020)
        digits = item.strip("[]() ")
        assert first.item == (int(digits) if digits.isdigit() else digits or None)
        check_form(path)
        assert last_step(path) == len(sequence + item + separator)
        assert path_tags(path) == [sequence, tag]
        for behind in BEHIND:
            assert scan_path(path + behind) == len(path), behind
            assert scan_path(f"rsp[0].{path}{behind}", 7) == 7 + len(path), behind


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "[0]",
        "=x",
        "(",
        "()",
        "(10)",
        "(10,)",
        "(,20)",
        "10,",
        "12",
        "#2",
        "-1",
        "é",
        "*",
    ],
)
def test_where_no_path_begins_none_is_found(text: str) -> None:
    assert scan_path(text) == 0
    assert scan_path(f"x {text}", 2) == 2
    assert scan_step(text) == (0, 0)
    assert path_tags(text) == []
    with pytest.raises(UsageError):
        check_form(text)
    with pytest.raises(UsageError):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("BeamSequence[0].", "BeamSequence[0]"),
        ("BeamSequence[0", "BeamSequence"),
        ("BeamSequence[-1].BeamName", "BeamSequence"),
        ("BeamSequence[0]BeamName", "BeamSequence[0]"),
        ("BeamSequence(0)(1)", "BeamSequence(0)"),
        ("BeamSequence>>BeamName", "BeamSequence"),
        ("PatientName^x", "PatientName"),
        ("(0010,0020)5", "(0010,0020)"),
        ("PatientID,20", "PatientID"),
    ],
)
def test_only_whole_steps_belong_to_a_path(text: str, reaches: str) -> None:
    assert text[: scan_path(text)] == reaches
    with pytest.raises(UsageError):
        check_form(text)
    with pytest.raises(UsageError):
        parse_path(text)


@pytest.mark.parametrize("text", ["001000200", "0010002", "10,00200", "0x10", "0010,0020,3", "1e3"])
def test_a_number_of_other_lengths_is_no_tag(text: str) -> None:
    assert tag_number(text) is None
    with pytest.raises(UsageError):
        find_tag(text)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("", 0),
        ("Pat", 0),
        ("(0010,", 0),
        ("BeamSequence[0].", 16),
        ("BeamSequence[0].(300a,", 16),
        ("BeamSequence(0)>Beam", 16),
        ("BeamSequence/", 13),
        ("300a,00b0.Con", 10),
        ("300a,00b0.ControlPointSequence[*].", 34),
    ],
)
def test_completion_is_told_where_the_last_step_begins(text: str, begins: int) -> None:
    assert last_step(text) == begins


def test_what_is_wrong_with_an_item_is_said() -> None:
    with pytest.raises(UsageError, match=r"\[first\] is not the number of an item"):
        check_form("BeamSequence[first].BeamName")


_KEYWORDS = st.sampled_from([entry.keyword for entry in entries()])
_SEQUENCES = st.sampled_from([entry for entry in entries() if entry.vr == "SQ"])


@given(number=st.integers(0, 0xFFFFFFFF), data=st.data())
def test_a_number_is_read_back_from_each_spelling(number: int, data: st.DataObject) -> None:
    group, element = number >> 16, number & 0xFFFF
    prefix = data.draw(st.sampled_from(["", "0x", "0X"]))
    hexadecimal = data.draw(st.sampled_from(["x", "X"]))
    width = data.draw(st.sampled_from(["", "04"]))
    one = f"{prefix}{group:{width}{hexadecimal}}"
    two = f"{prefix}{element:{width}{hexadecimal}}"
    eight = f"{prefix}{number:08{hexadecimal}}"
    for text in (f"({one},{two})", f"{one},{two}", f"( {one} ,\t{two} )", eight, f"({eight})"):
        assert tag_number(text) == number
        assert scan_path(text + "=") == len(text)
        assert find_tag(text).tag == number


@given(
    steps=st.lists(st.tuples(_SEQUENCES, st.sampled_from([None, 0, 7, "*"])), max_size=4),
    last=_KEYWORDS,
    separator=st.sampled_from(".>/"),
    numbered=st.booleans(),
)
def test_a_path_in_any_spelling_means_the_same_as_in_our_own(
    steps: list[tuple[object, object]], last: str, separator: str, numbered: bool
) -> None:
    parts = [
        (entry.number if numbered else entry.keyword) + ("" if item is None else f"[{item}]")  # type: ignore[attr-defined]
        for entry, item in steps
    ]
    text = separator.join([*parts, last.lower()])
    read = parse_path(text)
    assert [step.item for step in read] == [item for _entry, item in steps] + [None]
    assert read[-1].entry.keyword == find_tag(last).keyword
    assert parse_path(format_path(read)) == read
    assert scan_path(text) == len(text)


@given(text=st.text(alphabet="PSq01af,.>/()[]* x0X=é\n\t", max_size=30))
def test_the_three_readers_agree_on_what_a_path_is(text: str) -> None:
    whole = bool(text) and scan_path(text) == len(text)
    assert whole == bool(re.fullmatch(PATH, text))
    try:
        check_form(text)
    except UsageError:
        assert not whole
    else:
        assert whole
        assert last_step(text) <= len(text)
    try:
        parse_path(text)
    except UsageError:
        return
    stripped = text.strip()
    assert scan_path(stripped) == len(stripped)
