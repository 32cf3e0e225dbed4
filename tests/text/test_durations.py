from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.text.durations import (
    is_duration,
    parse_duration,
    show_duration,
)


@pytest.mark.parametrize("text", ["5s", "500ms", "2m", "2min", "1h", "0.5s", "1.25h"])
def test_a_duration_has_its_unit(text: str) -> None:
    assert is_duration(text)
    assert parse_duration(text) > 0


@pytest.mark.parametrize("text", ["5", "s", "5 s", "5x", "5ss", ".5s", "5.s", "5s ", "-5s", "٣s"])
def test_a_number_or_another_text_is_none(text: str) -> None:
    assert not is_duration(text)


@pytest.mark.parametrize(
    ("below", "at", "shown"),
    [
        (0.009949, 0.009951, "10 ms"),
        (0.99949, 0.9996, "1 s"),
        (9.9949, 9.9951, "10 s"),
        (119.49, 119.51, "2 min"),
        (3599.4, 3599.6, "1 h"),
    ],
)
def test_what_is_rounded_up_is_said_in_the_next_unit(below: float, at: float, shown: str) -> None:
    assert show_duration(at) == shown
    assert show_duration(below) != shown


@given(st.floats(0, 10**6))
def test_a_shown_duration_is_near_what_it_was(seconds: float) -> None:
    shown = show_duration(seconds)
    parts = shown.split(" ")
    read = sum(
        parse_duration(number + unit) for number, unit in zip(parts[::2], parts[1::2], strict=True)
    )
    step = {"ms": 0.001, "s": 0.5, "min": 0.6, "h": 60}[parts[1]]
    assert abs(read - seconds) <= step
    assert not shown.startswith(("1000 ms", "60 min", "120 s"))
