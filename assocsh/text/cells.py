"""Text from outside in cells and lines: what ``visible`` gives, with its width on a terminal."""

from __future__ import annotations

import re

from assocsh.text.patterns import pattern
from assocsh.text.visible import DEFAULT_LIMIT, visible

__all__ = [
    "DEFAULT_LIMIT",
    "cell",
    "clip",
    "clip_middle",
    "fill",
    "folded",
    "lines",
    "visible",
    "width",
    "wrapped",
]

NEWLINE = "⏎"
GUTTER = "│ "
"""Before each line of a text from outside, so that none of it looks like a line of ours."""

_COLUMN = pattern(r" *\S+(?: \S+)*? {2,}(?=\S)")
_MARKED = pattern(r" *[0-9]* *\| ")


def cell(text: str, limit: int | None = DEFAULT_LIMIT) -> str:
    """One line of ``text``: line ends shown as ⏎, everything else as ``visible`` shows it."""
    if not text.isprintable():
        text = text.replace("\r\n", NEWLINE).replace("\n", NEWLINE)
    return visible(text, limit)


def lines(text: str, limit: int | None = None) -> list[str]:
    """``text`` as lines that each begin with a gutter: never column 0, never like a prompt."""
    parts = text.replace("\r\n", "\n").split("\n")
    return [GUTTER + visible(part, limit) for part in parts]


def width(text: str) -> int:
    """Columns that ``text``, already made visible, takes on a terminal."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    columns = wcswidth(text)
    return columns if columns >= 0 else len(text)


def fill(text: str, columns: int, *, right: bool = False) -> str:
    """``text`` with blanks up to ``columns``."""
    blanks = " " * max(columns - width(text), 0)
    return blanks + text if right else text + blanks


def _take(text: str, columns: int, *, end: bool = False) -> str:
    """As much of the beginning (or the end) of ``text`` as fits into ``columns``."""
    if text.isascii():
        return text[max(len(text) - columns, 0) :] if end else text[:columns]
    taken = text[max(len(text) - columns, 0) :] if end else text[:columns]
    while width(taken) > columns:
        taken = taken[1:] if end else taken[:-1]
    return taken


def clip(text: str, columns: int) -> str:
    """``text`` cut to ``columns``, with … for what is left out."""
    if width(text) <= columns:
        return text
    return _take(text, max(columns - 1, 0)) + "…"


def clip_middle(text: str, columns: int) -> str:
    """As ``clip``, with the … in the middle: the ends of a UID tell it from others."""
    if width(text) <= columns or columns < 5:
        return clip(text, columns)
    tail = _take(text, columns // 2, end=True)
    return clip(_take(text, columns - 1 - width(tail)) + "…" + tail, columns)


def folded(text: str, columns: int) -> list[str]:
    """``text`` in lines of at most ``columns``: between words, or in a word that is longer.

    Nothing of it is lost but the blanks at which it is broken.
    """
    columns = max(columns, 2)  # no character is wider
    if width(text) <= columns:
        return [text]
    out: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= columns:
            line = longer
            continue
        if line:
            out.append(line)
        line = word
        while width(line) > columns:
            piece = _take(line, columns)
            out.append(piece)
            line = line[len(piece) :]
    return [*out, line]


def wrapped(text: str, columns: int | None) -> list[str]:
    """A line of ``text`` broken between words so that it fits; what follows is indented.

    Where two or more blanks make a second column, what follows stands under that. A line with a
    mark under or in it (``place``) stays whole: it means nothing in pieces.
    """
    if columns is None or width(text) <= columns or _MARKED.match(text):
        return [text]
    column = _COLUMN.match(text)
    if column is not None and width(column[0]) <= columns // 2:
        indent = " " * width(column[0])
    else:
        indent = " " * (min(len(text) - len(text.lstrip()), columns // 2) + 2)
    out: list[str] = []
    line = ""
    for word in re.split(r"(?<=\S)(?=\s)", text):
        if line.strip() and width(line + word) > columns:
            out.append(line)
            line = indent + word.lstrip()
        else:
            line += word
    return [*out, line]
