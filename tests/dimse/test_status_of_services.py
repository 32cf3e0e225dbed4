"""What one status means to each service."""

from __future__ import annotations

import pytest

from assocsh.dimse.status import category, meaning, meanings


@pytest.mark.parametrize(
    ("status", "services"),
    [
        (0xA702, {"C-STORE", "C-GET", "C-MOVE"}),
        (0xA801, {"C-MOVE"}),
        (0x1234, set()),
        (0xFFFF, set()),
    ],
)
def test_only_those_services_are_named_that_mean_something(status: int, services: set[str]) -> None:
    found = meanings(status)
    named = [service for services in found.values() for service in services]
    assert set(named) == services
    assert len(named) == len(services)
    for words, of in found.items():
        assert {meaning(status, service) for service in of} == {words}


@pytest.mark.parametrize("status", [0x0000, 0x0122, 0x0210, 0xFE00])
def test_a_general_status_means_the_same_to_all(status: int) -> None:
    ((words, services),) = meanings(status).items()
    assert words == meaning(status, "C-ECHO")
    assert {"C-ECHO", "C-STORE", "C-FIND", "C-MOVE", "N-ACTION"} <= set(services)


@pytest.mark.parametrize("status", [0xFFFF, 0x1234, 0xB123])
def test_a_status_without_words_says_so(status: int) -> None:
    text = meaning(status, "C-ECHO")
    assert text.startswith(("undefined status in the Pending range", "no standard meaning"))
    assert "range" in text or category(status).lower() in text
