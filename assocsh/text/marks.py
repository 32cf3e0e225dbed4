"""Carets under a part of a line."""

from __future__ import annotations

from assocsh.text.cells import cell, width

LONGEST = 200
"""Characters of a line that are shown around a mark."""


def marked(
    line: str, start: int, end: int, *, number: int, where: str, beside: str = ""
) -> list[str]:
    """A line of a text with carets under ``start`` to ``end`` of it, and where that is::

          --> check.assoc:3:1
         3 | fnd study PatientID=123
           | ^^^ beside

    Whatever the line, ``where`` and ``beside`` hold is made visible. Of a very long line the part
    around the mark is shown.
    """
    column = start + 1
    if len(line) > LONGEST:
        begin = max(start - LONGEST // 2, 0)
        before, after = "…" if begin else "", "…" if begin + LONGEST < len(line) else ""
        line = f"{before}{line[begin : begin + LONGEST]}{after}"
        start = start - begin + len(before)
        end = min(end - begin + len(before), len(line) - len(after))
    lead = width(cell(line[:start], None))
    mark = max(width(cell(line[start:end], None)), 1)
    margin = " " * len(str(number))
    source = f"{cell(where, None)}:" if where else ""
    beside = f" {cell(beside, None)}" if beside else ""
    return [
        f" {margin}--> {source}{number}:{column}",
        f" {number} | {cell(line, None)}",
        f" {margin} | {' ' * lead}{'^' * mark}{beside}",
    ]
