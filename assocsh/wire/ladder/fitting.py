"""Words that fit: along an arrow there is only so much room."""

from __future__ import annotations

from collections.abc import Sequence

from assocsh.text.cells import clip, width

BETWEEN = "  "

LEAST = 10
"""Columns of words that are cut, so that they still say something."""


def fitted(parts: Sequence[str], room: int, between: str = BETWEEN) -> str:
    """The first of ``parts``, cut if it must be, and of the others those that still fit.

    Where none of them fits, as much of the second as does: the reason of a rejection is long.
    """
    first = text = clip(parts[0], room)
    for part in parts[1:]:
        longer = f"{text}{between}{part}"
        if width(longer) <= room:
            text = longer
    left = room - width(first) - len(between)
    if text == first and len(parts) > 1 and left >= LEAST:
        return first + between + clip(parts[1], left)
    return text


def clock_text(seconds: float) -> str:
    """The time of a row: ``3.1 ms``, ``12.345 s``, ``15:07 min``."""
    if seconds < 0.99995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 600:
        return f"{seconds:.3f} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}:{rest:02.0f} min"
