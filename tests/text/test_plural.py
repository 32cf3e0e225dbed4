from __future__ import annotations

import pytest

from assocsh.text.plural import plural


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 files"),
        (1, "1 file"),
        (2, "2 files"),
        (999, "999 files"),
        (1000, "1,000 files"),
        (1234567, "1,234,567 files"),
        (-1, "-1 files"),
    ],
)
def test_one_has_the_word_and_all_others_its_plural(count: int, expected: str) -> None:
    assert plural(count, "file") == expected


def test_a_plural_that_is_no_s_is_named() -> None:
    assert plural(1, "match", "matches") == "1 match"
    assert plural(0, "match", "matches") == "0 matches"
    assert plural(22000, "match", "matches") == "22,000 matches"
    assert plural(1, "command was", "commands were") == "1 command was"
    assert plural(3, "command was", "commands were") == "3 commands were"
