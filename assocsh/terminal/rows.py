"""How many rows of a terminal a text takes."""

from __future__ import annotations

from prompt_toolkit.utils import get_cwidth

from assocsh.text.patterns import pattern

_COLOUR = pattern(r"\x1b\[[0-9;]*m")


def rows_of(text: str, columns: int) -> int:
    """The rows that ``text``, lines that end in a line end, takes on ``columns`` columns.

    Colours take none. A last line without a line end counts as a row.
    """
    columns = max(columns, 1)
    lines = _COLOUR.sub("", text).removesuffix("\n").split("\n")
    return sum(_rows_of_line(line, columns) for line in lines)


def _rows_of_line(line: str, columns: int) -> int:
    if line.isascii():
        return max(1, -(-len(line) // columns))
    rows, used = 1, 0
    for character in line:
        width = get_cwidth(character)
        if used + width > columns:  # a wide character does not begin in the last column
            rows += 1
            used = 0
        used += width
    return rows
