"""A list of things of one kind: contexts, requests, settings, peers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assocsh.output.table import Column
from assocsh.records import dataclass
from assocsh.text.cells import cell


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of values by column key; ``type`` is what each row is called in JSON.

    Values are text, numbers, truth values, None, or lists and dicts of these (JSON only).
    """

    type: str
    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]]
    as_pairs: bool = False
    """One thing with many properties: people read it as names and values, not as a table."""

    def cells(self) -> list[list[str]]:
        """The rows as text for a table, made visible."""
        return [[_cell(row.get(column.key)) for column in self.columns] for row in self.rows]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return cell(", ".join(map(str, value)))
    return cell(str(value))
