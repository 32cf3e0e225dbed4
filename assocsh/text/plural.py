"""How many of what: a number with its word."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 3
"""Names of many that are written out."""


def plural(count: int, word: str, words: str | None = None) -> str:
    """``1 match``, ``2 matches``, ``20,000 files``: a count with the word that goes with it.

    ``words`` is the word for all counts but 1; without it that is ``word`` with an s. Thousands
    are set off by commas, as in every number of bytes or lines that is shown.
    """
    return f"{count:,} {word if count == 1 else words or f'{word}s'}"


def some(names: Sequence[str]) -> str:
    """``CT, MR and 5 more``: the first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
