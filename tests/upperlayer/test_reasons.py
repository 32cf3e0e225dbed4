"""The codes in words: all that are defined, and all that are not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_RJ

from assocsh.upperlayer import (
    RejectConfirmation,
    UpperLayerMachine,
    abort_meaning,
    reject_meaning,
)
from assocsh.upperlayer.negotiation import RESULT_MEANING, result_meaning
from assocsh.upperlayer.pdus import PDU_NAMES, encode_reject, pdu_name
from assocsh.upperlayer.reasons import (
    ABORT_REASONS,
    ABORT_SOURCES,
    REJECT_REASONS,
    REJECT_RESULTS,
    REJECT_SOURCES,
    abort_words,
    reject_words,
)
from tests.upperlayer import corpus

DEFINED = [
    (result, source, reason)
    for result in (1, 2)
    for source, reason in ((1, 1), (1, 2), (1, 3), (1, 7), (2, 1), (2, 2), (3, 1), (3, 2))
]


@pytest.mark.parametrize("codes", DEFINED)
def test_6_every_defined_rejection_has_its_own_text(codes: tuple[int, int, int]) -> None:
    """16 combinations of PS3.8 9.3.4; pynetdicom knows the same."""
    theirs = A_ASSOCIATE_RJ()
    theirs.result, theirs.source, theirs.reason_diagnostic = codes
    assert theirs.reason_str  # defined there too
    text, hint = reject_meaning(*codes)
    assert "undefined" not in text
    assert "/".join(map(str, codes)) in text
    assert hint
    machine = UpperLayerMachine()
    machine.associate_request(corpus.our_request())
    machine.connected_as_requestor(0.0)
    assert machine.receive_data(encode_reject(*codes), 0.0) == [RejectConfirmation(*codes)]
    assert machine.close_wanted


def test_texts_differ() -> None:
    assert len({reject_meaning(*codes)[0] for codes in DEFINED}) == 16
    assert len({abort_meaning(2, reason)[0] for reason in (0, 1, 2, 4, 5, 6)}) == 6


def test_hints_name_the_next_step() -> None:
    assert "case-sensitive" in reject_meaning(1, 1, 7)[1]
    assert "registered" in reject_meaning(1, 1, 3)[1]
    assert "close others" in reject_meaning(2, 3, 2)[1]


@pytest.mark.parametrize("codes", list(itertools.product((0, 1, 3, 255), repeat=3)))
def test_undefined_codes_have_words_too(codes: tuple[int, int, int]) -> None:
    text, hint = reject_meaning(*codes)
    assert text
    assert hint
    text, hint = abort_meaning(codes[0], codes[1])
    assert text
    assert hint
    machine = UpperLayerMachine()
    machine.associate_request(corpus.our_request())
    machine.connected_as_requestor(0.0)
    assert machine.receive_data(encode_reject(*codes), 0.0) == [RejectConfirmation(*codes)]


def test_an_abort_of_the_user_has_no_reason() -> None:
    """PS3.8 9.3.8: the reason field is not significant for source 0."""
    assert abort_meaning(0, 0)[1] == abort_meaning(0, 6)[1]
    assert "undefined source 1" in abort_meaning(1, 0)[0]


def test_the_words_of_the_standard() -> None:
    said = reject_words(1, 1, 7)
    assert said == "rejected permanent by the service user: called AE title not recognized"
    assert abort_words(2, 2) == "by the service provider: unexpected PDU"
    assert abort_words(0, 2) == abort_words(0, 0) == "by the service user"


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_only_what_is_defined_has_the_standards_words(
    result: int, source: int, reason: int
) -> None:
    """The words for PDUs and the text for the user give the same reason, from one table."""
    words = reject_words(result, source, reason)
    defined = result in REJECT_RESULTS and (source, reason) in REJECT_REASONS
    assert ("undefined" not in words) == defined
    why = REJECT_REASONS.get((source, reason), f"undefined reason {reason}")
    assert words.endswith(f": {why}") and why in reject_meaning(result, source, reason)[0]
    assert REJECT_SOURCES.get(source, f"undefined source {source}") in words

    words = abort_words(source, reason)
    defined = source == 0 or (source in ABORT_SOURCES and reason in ABORT_REASONS)
    assert ("undefined" not in words) == defined
    if source:
        why = ABORT_REASONS.get(reason, f"undefined reason {reason}")
        assert words.endswith(f": {why}") and why in abort_meaning(source, reason)[0]


@given(st.integers(0, 255))
def test_every_number_has_a_name(number: int) -> None:
    assert ("unknown" not in pdu_name(number)) == (number in PDU_NAMES)
    assert ("undefined" not in result_meaning(number)) == (number in RESULT_MEANING)
    assert pdu_name(number) == PDU_NAMES.get(number, f"unknown PDU type {number:#04x}")
