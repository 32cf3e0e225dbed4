"""Tables that fit: widths from the cells, then shrunk until the lines fit the terminal.

Cells are text that was made visible before; widths are terminal columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from assocsh.text.cells import clip, clip_middle, fill, width

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``least`` is how narrow it may get; ``middle`` cuts out of the middle (UIDs).

    ``short`` is the title where room is scarce.
    """

    key: str
    title: str = ""
    short: str = ""
    right: bool = False
    middle: bool = False
    least: int = 8

    @property
    def head(self) -> str:
        return self.title or self.key


def fit(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> list[int] | None:
    """The width of each column, together no wider than ``room``; None when that cannot be done.

    UIDs give way first, then the widest.
    """
    widths = [
        max([width(column.head), *(width(row[index]) for row in rows)])
        for index, column in enumerate(columns)
    ]
    if room is None:
        return widths
    over = _total(widths) - room
    for middle in (True, False):
        while over > 0:
            able = [
                index
                for index, column in enumerate(columns)
                if column.middle is middle and widths[index] > _least(column, widths[index])
            ]
            if not able:
                break
            widest = max(able, key=lambda index: widths[index])
            rest = [widths[index] for index in able if index != widest]
            floor = max(_least(columns[widest], widths[widest]), max(rest, default=0) - 1)
            step = max(1, min(over, widths[widest] - floor))
            widths[widest] -= step
            over -= step
    return widths if over <= 0 else None


class Choice(NamedTuple):
    """Which columns are shown, how wide, and which are not."""

    columns: list[Column]
    widths: list[int]
    dropped: list[Column]

    def cells(self, all_columns: Sequence[Column], row: Sequence[str]) -> list[str]:
        """The cells of ``row`` that are shown."""
        return [text for column, text in zip(all_columns, row, strict=True)
                if column not in self.dropped]  # fmt: skip


def choose(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> Choice | None:
    """Fit as many columns as there is room for; None when hardly any would be left.

    Short titles come first, then cells are cut, then UIDs are left out, then columns from the
    right. The first column (the number of the row) always stays.
    """
    kept = list(columns)
    widths = fit(kept, rows, None)
    assert widths is not None
    if room is None or _total(widths) <= room:
        return Choice(kept, widths, [])
    scarce = [replace(column, title=column.short or column.title) for column in columns]
    shown = list(range(len(scarce)))
    for leave_out in (None, *_by_importance(scarce)):
        if leave_out is not None:
            shown.remove(leave_out)
        kept = [scarce[index] for index in shown]
        fitting = fit(kept, [[row[index] for index in shown] for row in rows], room)
        if fitting is not None:
            dropped = [columns[index] for index in range(len(columns)) if index not in shown]
            return Choice(kept, fitting, dropped)
    return None


def _by_importance(columns: Sequence[Column]) -> list[int]:
    """The columns that may be left out, the one that is missed least first."""
    numbers = range(1, len(columns))
    uids = [index for index in numbers if columns[index].middle]
    others = [index for index in reversed(numbers) if not columns[index].middle]
    # the last UID of the row is its own; those of the levels above go first
    spare = uids if len(others) >= 2 else uids[:-1]
    return spare + others[: max(len(others) - 2, 0)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _least(column: Column, natural: int) -> int:
    return min(natural, max(column.least, width(column.head) if width(column.head) <= 12 else 8))


def line(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    """One line of a table, without blanks at its end."""
    parts = []
    for column, columns_wide, text in zip(columns, widths, cells, strict=True):
        cut = clip_middle(text, columns_wide) if column.middle else clip(text, columns_wide)
        parts.append(fill(cut, columns_wide, right=column.right))
    return GAP.join(parts).rstrip()


def header(columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    """The titles, and a rule below them."""
    titles = line(columns, widths, [column.head for column in columns])
    return [titles, GAP.join("─" * columns_wide for columns_wide in widths)]


def render(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None = None
) -> list[str]:
    """A whole table as lines; pairs of name and value where it cannot fit."""
    widths = fit(columns, rows, room)
    if widths is None:
        out: list[str] = []
        for number, row in enumerate(rows, 1):
            out += expanded([column.head for column in columns], row, f"{number}", room)
        return out
    return [*header(columns, widths), *(line(columns, widths, row) for row in rows)]


def expanded(
    names: Sequence[str], cells: Sequence[str], title: str, room: int | None = None
) -> list[str]:
    """One row as pairs of name and value under a rule with ``title``."""
    names_wide = max((width(name) for name in names), default=0)
    rule = f"── {title} "
    out = [rule + "─" * max((min(room or 60, 60)) - width(rule), 2)]
    for name, text in zip(names, cells, strict=True):
        shown = text if room is None else clip(text, max(room - names_wide - 3, 8))
        out.append(f"{fill(name, names_wide)} │ {shown}".rstrip())
    return out
