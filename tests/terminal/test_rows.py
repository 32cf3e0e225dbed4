"""How many rows a text takes, against a terminal that counts them."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.terminal.rows import rows_of


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("", 10, 1),
        ("\n", 10, 1),
        ("a\n", 10, 1),
        ("a\nb\n", 10, 2),
        ("a\nb", 10, 2),
        ("x" * 10 + "\n", 10, 1),
        ("x" * 11 + "\n", 10, 2),
        ("\x1b[31m" + "x" * 10 + "\x1b[0m\n", 10, 1),
        ("山" * 5 + "\n", 10, 1),
        ("山" * 5 + "\n", 9, 2),
        ("山" * 9 + "\n", 9, 3),
    ],
)
def test_rows(text: str, columns: int, rows: int) -> None:
    assert rows_of(text, columns) == rows


@given(
    # (Of one column each: what pyte does with others at the margin, terminals do not.)
    st.lists(st.text("abé", max_size=40), min_size=1, max_size=8),
    st.integers(2, 30),
)
def test_rows_as_a_terminal_counts_them(lines: list[str], columns: int) -> None:
    screen = pyte.Screen(columns, 400)
    pyte.Stream(screen).feed("".join(f"{line}\r\n" for line in lines))
    assert rows_of("".join(f"{line}\n" for line in lines), columns) == screen.cursor.y
