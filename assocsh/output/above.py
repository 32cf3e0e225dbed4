"""What stands once above a table instead of in a column of it: what is the same in all rows.

Rows come in blocks, and what was true of the first ones may not be of those that follow: then the
table begins again, with a column for what differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from assocsh.language.quoting import quoted
from assocsh.output.table import Column
from assocsh.text.cells import wrapped


class Above:
    """For one table: which of its columns stand above it. The first column always stays."""

    def __init__(self, fewest: int = 2) -> None:
        self._fewest = fewest
        """Rows without which nothing can be called the same in all of them."""
        self._same: dict[str, str] = {}
        """What is the same in all rows by column; empty for a column without a value."""
        self._shown: set[str] = set()
        """Those that were a column once: they stay one."""

    def take(self, keys: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Look at the next rows; whether other columns stand above than before."""
        before = dict(self._same)
        for place, key in enumerate(keys[1:], 1):
            texts = {row[place] for row in rows}
            if key in self._shown or texts == {self._same.get(key)}:
                continue
            alike = len(texts) == 1 and key not in self._same
            if alike and (texts == {""} or len(rows) >= self._fewest):
                self._same[key] = texts.pop()
            else:
                self._show(key)
        if not self._shown and (values := [key for key, text in self._same.items() if text]):
            self._show(values[-1])  # a table of numbers alone says nothing
        return self._same != before

    def _show(self, key: str) -> None:
        self._same.pop(key, None)
        self._shown.add(key)

    def places(self, keys: Sequence[str]) -> list[int]:
        """The places of the columns that stay."""
        return [place for place, key in enumerate(keys) if not place or key not in self._same]

    def rest(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]]
    ) -> tuple[list[Column], list[list[str]]]:
        """The columns that stay, and rows with those alone."""
        places = self.places([column.key for column in columns])
        left = [[row[place] for place in places] for row in rows]
        return [columns[place] for place in places], left

    def same(self) -> dict[str, str]:
        """What is the same in all rows, by column."""
        return {key: text for key, text in self._same.items() if text}

    def empty(self) -> list[str]:
        """The columns without a value in any row."""
        return [key for key, text in self._same.items() if not text]


def same_line(same: Sequence[tuple[str, str]], room: int | None) -> list[str]:
    """``in all rows: Modality=CT ...``; nothing for nothing."""
    if not same:
        return []
    text = " ".join(f"{name}={quoted(value, inside_word=True) or value}" for name, value in same)
    return wrapped(f"in all rows: {text}", room)
