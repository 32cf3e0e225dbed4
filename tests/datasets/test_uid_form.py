from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.datasets.receive import instance_filename
from assocsh.datasets.uid_form import IN_TEXT, is_uid


@pytest.mark.parametrize("text", ["1", "1.2.3", "0.0", "2.25." + "9" * 38, "1.02.3", "1" * 64])
def test_a_uid(text: str) -> None:
    assert is_uid(text)
    assert instance_filename(text) == f"{text}.dcm"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".1",
        "1..2",
        "1.2a",
        "1.2 ",
        " 1.2",
        "1.2\n",
        "1.2\0",
        "1" * 65,
        "١.٢",
        "../1",
    ],
)
def test_no_uid(text: str) -> None:
    assert not is_uid(text)
    assert instance_filename(text).startswith("sha256-")


@given(st.lists(st.integers(0, 10**9), min_size=4, max_size=6))
def test_a_uid_is_found_in_a_sentence(parts: list[int]) -> None:
    uid = ".".join(map(str, [parts[0] % 3, *parts[1:]]))
    found = IN_TEXT.findall(f"context 1: '{uid}' is not {uid}, version 1.2.3 or x{uid}")
    assert found == [uid, uid]
