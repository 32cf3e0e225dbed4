"""visible(): nothing that a terminal obeys survives, nothing that is harmless changes."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.text.visible import COMBINING_LIMIT, visible

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def is_safe(text: str) -> bool:
    return all(unicodedata.category(character) not in UNSAFE for character in text)


@pytest.mark.scenario(92)
def test_every_code_point() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        shown = visible(character)
        unsafe = unicodedata.category(character) in UNSAFE
        assert unsafe == (not character.isprintable() and unicodedata.category(character) != "Zs")
        if unsafe:
            assert shown != character and shown.isascii() and shown.isprintable()
        else:
            assert shown == character


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("DOE^JOHN", "DOE^JOHN"),
        ("山田^太郎", "山田^太郎"),
        ("Иванов", "Иванов"),
        ("a\x1b[2Jb", "a^[[2Jb"),
        ("\x00\t\n\r\x07\x08", "^@^I^J^M^G^H"),
        ("\x7f", "^?"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\u00ad\u200b", "\\xad\\u200b"),
        ("ISO\\IR", "ISO\\IR"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_clamps_and_counts_what_is_left_out() -> None:
    assert visible("x" * 256) == "x" * 256
    assert visible("x" * 300) == "x" * 256 + "…(+44)"
    assert visible("x" * 300, limit=None) == "x" * 300
    assert visible("x" * 5, limit=3) == "xxx…(+2)"
    assert visible("é" * 5, limit=3) == "ééé…(+2)"


def test_an_escape_is_never_cut_in_two() -> None:
    assert visible("ab\x1b[0m", limit=3) == "ab…(+4)"
    assert visible("\U000e0041" * 3, limit=12) == "\\U000e0041…(+2)"


def test_combining_marks_do_not_climb() -> None:
    text = "e" + "\u0301" * 10
    shown = visible(text)
    assert shown.count("\u0301") == COMBINING_LIMIT
    assert shown.count("\\u0301") == 10 - COMBINING_LIMIT
    assert visible("e\u0301e\u0301") == "e\u0301e\u0301"


@given(st.text(alphabet=st.characters(), max_size=400), st.none() | st.integers(0, 300))
@pytest.mark.scenario(92)
def test_any_text(text: str, limit: int | None) -> None:
    shown = visible(text, limit)
    assert is_safe(shown)
    if limit is not None:
        assert len(shown) <= limit + len(f"…(+{len(text)})")
    if is_safe(text) and limit is None and not any(unicodedata.combining(c) for c in text):
        assert shown == text or any(unicodedata.category(c) in {"Mn", "Me"} for c in text)
