"""What the keys of the prompt are, and what a config file makes of them."""

from __future__ import annotations

import pytest

from assocsh.errors import UsageError
from assocsh.language.keys import ACTIONS, check_action, key_map, key_of, keys_text, parse_key


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("F3", ("f3",)),
        ("f24", ("f24",)),
        ("Ctrl-T", ("c-t",)),
        ("ctrl-t", ("c-t",)),
        ("Alt-H", ("escape", "h")),
        ("Ctrl-X Ctrl-T", ("c-x", "c-t")),
    ],
)
def test_how_a_key_is_written(written: str, keys: tuple[str, ...]) -> None:
    assert parse_key(written) == keys


@pytest.mark.parametrize(
    "written",
    ["", "x", "F0", "F25", "Ctrl-", "Ctrl-1", "Meta-x", "Ctrl-C", "Ctrl-D", "Ctrl-M", "F1 F2 F3"],
)
def test_what_is_no_key_or_not_free(written: str) -> None:
    with pytest.raises(UsageError):
        parse_key(written)


def test_an_unknown_action_has_the_nearest() -> None:
    assert check_action("requests") == "requests"
    with pytest.raises(UsageError) as caught:
        check_action("request")
    assert "requests" in caught.value.hint


def test_changes() -> None:
    keys = key_map({"Ctrl-T": "requests", "F6": "none", "F1": "wire"})
    assert keys[("c-t",)] == "requests"
    assert ("f6",) not in keys
    assert keys[("f1",)] == "wire" == keys[("f5",)]
    assert set(key_map({}).values()) == set(ACTIONS)


def test_a_key_that_is_moved_is_told_where_it_is() -> None:
    assert key_of("fuzzy", {}) == "F2"
    assert key_of("fuzzy", {"Ctrl-T": "fuzzy"}) == "F2", "it has both"
    assert key_of("fuzzy", {"Ctrl-T": "fuzzy", "F2": "none"}) == "Ctrl-T"
    assert key_of("fuzzy", {"F2": "wire"}) == ""
    rows = keys_text({"Ctrl-R": "requests"}).splitlines()
    assert [row.split("  ")[0] for row in rows].count("Ctrl-R") == 1, "it searches no more"


def test_help_tells_the_keys_as_they_are() -> None:
    text = keys_text({"Ctrl-T": "requests", "F6": "none"})
    assert "Ctrl-T" in text and "\nF6 " not in text
    assert max(map(len, text.splitlines())) <= 100
