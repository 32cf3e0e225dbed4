"""Result sets: bytes as they came, bounded memory."""

from __future__ import annotations

import pytest

from assocsh.datasets.identifiers import build_identifier, encode
from assocsh.results.kept import Budget, ResultSet

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"


def test_data_sets_are_kept_as_bytes_and_decoded_when_asked_for() -> None:
    results = ResultSet()
    made = build_identifier("STUDY", [("PatientID", "P1")])
    for syntax in (EXPLICIT, IMPLICIT):
        results.append(encode(made, syntax), syntax)
    assert len(results) == 2
    assert results.raw(1) == (encode(made, IMPLICIT), IMPLICIT)
    assert [each.PatientID for each in results.datasets()] == ["P1", "P1"]
    with pytest.raises(IndexError):
        results.dataset(2)
    with pytest.raises(IndexError):
        results.raw(-1)


def test_beyond_the_budget_they_go_to_a_file() -> None:
    budget = Budget(limit=100)
    first, second = ResultSet(budget), ResultSet(budget)
    first.append(b"x" * 60, EXPLICIT)
    assert budget.used == 60, "in memory"
    second.append(b"y" * 60, EXPLICIT)
    assert budget.used == 60
    second.append(b"z" * 10, IMPLICIT)
    assert second.raw(0) == (b"y" * 60, EXPLICIT)
    assert second.raw(1) == (b"z" * 10, IMPLICIT)
    assert second.size == 70
    first.append(b"w" * 50, EXPLICIT)
    assert first.raw(0)[0] == b"x" * 60
    assert first.raw(1)[0] == b"w" * 50
    assert budget.used == 0
    first.close()
    second.close()
    assert len(first) == 0


def test_closing_gives_the_memory_back() -> None:
    budget = Budget()
    results = ResultSet(budget)
    results.append(b"x" * 60, EXPLICIT)
    results.close()
    results.close()
    assert budget.used == 0
