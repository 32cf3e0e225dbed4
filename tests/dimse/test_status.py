"""Statuses: their category and their words, against pynetdicom's tables (PS3.7 Annex C)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.status import GENERAL_STATUS, QR_MOVE_SERVICE_CLASS_STATUS, code_to_category

from assocsh.dimse import status
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import category, meaning

SERVICES = sorted({field.service for field in CommandField} | {"", "C-NOTHING"})

CONSTANTS = [
    (name, value) for name, value in vars(status).items() if name.isupper() and name[0] != "_"
]


@pytest.mark.parametrize("value", sorted({n for _, n in CONSTANTS if isinstance(n, int)}))
def test_every_status_that_is_used_here_has_words_and_the_category_it_should(value: int) -> None:
    theirs = code_to_category(value)
    assert category(value) == theirs
    words = [meaning(value, service) for service in SERVICES]
    assert any("no standard meaning" not in text and "undefined" not in text for text in words)


@given(st.integers(0, 0xFFFF), st.sampled_from(SERVICES))
def test_every_number_has_a_category_and_words(value: int, service: str) -> None:
    assert category(value) in ("Success", "Warning", "Failure", "Cancel", "Pending")
    assert (category(value) == "Pending") == (value in status.PENDING_STATUSES)
    words = meaning(value, service)
    assert words and words.isprintable()


def test_the_words_are_those_of_the_service_then_the_general_ones() -> None:
    assert meaning(0x0000, "C-FIND") == "Success"
    assert meaning(0xA801, "C-MOVE") == QR_MOVE_SERVICE_CLASS_STATUS[0xA801][1]
    assert meaning(0xA801, "C-ECHO") == "no standard meaning (failure)"
    assert meaning(0x0110, "C-ECHO") == (GENERAL_STATUS[0x0110][1] or GENERAL_STATUS[0x0110][0])
    assert meaning(0xFF17, "C-FIND") == "undefined status in the Pending range (0xff17)"
    assert meaning(0xB123, "C-FIND") == "no standard meaning (warning)"
