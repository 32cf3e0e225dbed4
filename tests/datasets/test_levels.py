from __future__ import annotations

import pytest

from assocsh.datasets.dictionary import find_tag
from assocsh.datasets.levels import (
    QUERY_LEVELS,
    UNIQUE_KEY,
    UNIQUE_KEY_TAG,
    UNIQUE_KEYS,
    USUAL_KEYS,
    default_return_keys,
    keys_to_offer,
)
from assocsh.datasets.paths import parse_path
from assocsh.errors import UsageError


@pytest.mark.parametrize("level", QUERY_LEVELS)
def test_the_unique_keys_of_a_level_are_its_own_and_those_above(level: str) -> None:
    depth = QUERY_LEVELS.index(level)
    assert UNIQUE_KEYS[level] == tuple(UNIQUE_KEY[each] for each in QUERY_LEVELS[: depth + 1])
    assert find_tag(UNIQUE_KEY[level]).tag == UNIQUE_KEY_TAG[level]
    assert UNIQUE_KEY[level] in USUAL_KEYS[level]


@pytest.mark.parametrize("level", USUAL_KEYS)
def test_what_is_asked_for_is_offered_too_and_exists(level: str) -> None:
    asked, offered = default_return_keys(level.lower()), keys_to_offer(level)
    assert offered[: len(asked)] == asked
    assert len(set(offered)) == len(offered)
    for path in offered:
        assert parse_path(path)[-1].entry.keyword


def test_the_patient_root_asks_for_no_more_of_the_patient_than_the_id() -> None:
    keys = default_return_keys("STUDY", "patient")
    assert "PatientID" in keys
    assert not {"PatientName", "PatientSex", "PatientBirthDate"} & set(keys)
    assert "PatientName" in default_return_keys("STUDY", "study")


@pytest.mark.parametrize("ask", [default_return_keys, keys_to_offer])
def test_no_such_level(ask: object) -> None:
    with pytest.raises(UsageError, match="'studies' is not a query/retrieve level"):
        ask("studies")  # type: ignore[operator]
