from __future__ import annotations

import random
import tracemalloc
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.results.ranks import at_ranks


@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=30),
    st.integers(1, 300),
    st.lists(st.integers(0, 10**9), max_size=5),
)
def test_what_stands_there_in_order(some: list[float], times: int, asked: list[int]) -> None:
    values = array("d", some * times)
    ranks = [rank % len(values) for rank in asked]
    ordered = sorted(values)
    assert at_ranks(values, ranks) == {rank: ordered[rank] for rank in ranks}


@pytest.mark.parametrize("shape", ["alike", "one long one", "each twice the last", "even"])
def test_many_of_any_shape(shape: str) -> None:
    made = random.Random(1)
    values = {
        "alike": [0.5] * 5000,
        "one long one": [made.random() / 1000 for _ in range(5000)] + [1e12],
        "each twice the last": [2.0**-n for n in range(1000)] * 5,
        "even": [made.random() for _ in range(5000)],
    }[shape]
    ordered, ranks = sorted(values), range(0, len(values), 37)
    assert at_ranks(array("d", values), ranks) == {rank: ordered[rank] for rank in ranks}
    with pytest.raises(IndexError):
        at_ranks(array("d", values), [len(values)])


def test_no_list_of_all_of_them() -> None:
    made = random.Random(1)
    values = array("d", (made.random() for _ in range(100_000)))
    tracemalloc.start()
    try:
        at_ranks(values, (0, 50_000, 95_000))
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
