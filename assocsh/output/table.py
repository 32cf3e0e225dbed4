"""Tables that fit: widths from the cells, then shrunk until the lines fit the terminal.

Cells are text that was made visible before; widths are terminal columns.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from assocsh.records import NamedTuple, dataclass, replace
from assocsh.text.cells import clip, clip_middle, fill, folded, width

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``least`` is how narrow it may get; ``middle`` cuts out of the middle (UIDs).

    ``short`` is the title where room is scarce. A ``name`` is cut, and left out, after all others.
    """

    key: str
    title: str = ""
    short: str = ""
    right: bool = False
    middle: bool = False
    least: int = 8
    name: bool = False

    @property
    def turn(self) -> int:
        """When it gives way: UIDs first, names of persons last."""
        return 0 if self.middle else 2 if self.name else 1

    @property
    def head(self) -> str:
        return self.title or self.key


def fit(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> list[int] | None:
    """The width of each column, together no wider than ``room``; None when that cannot be done.

    UIDs give way first, then the widest of the others, and names of persons last.
    """
    widths = _natural(columns, rows)
    if room is None:
        return widths
    least = [_least(column) for column in columns]
    over = _total(widths) - room
    for turn in range(3):
        able = [
            (-widths[index], index)
            for index, column in enumerate(columns)
            if column.turn == turn and widths[index] > least[index]
        ]
        heapq.heapify(able)  # the widest first
        while over > 0 and able:
            _, widest = heapq.heappop(able)
            second = -able[0][0] if able else 0
            floor = max(least[widest], second - 1)
            step = max(1, min(over, widths[widest] - floor))
            widths[widest] -= step
            over -= step
            if widths[widest] > least[widest]:
                heapq.heappush(able, (-widths[widest], widest))
    return widths if over <= 0 else None


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max([width(column.head), *(width(row[index]) for row in rows)])
        for index, column in enumerate(columns)
    ]


class Choice(NamedTuple):
    """Which columns are shown, how wide, and which are not."""

    columns: list[Column]
    widths: list[int]
    dropped: list[Column]

    def cells(self, all_columns: Sequence[Column], row: Sequence[str]) -> list[str]:
        """The cells of ``row`` that are shown."""
        dropped = {column.key for column in self.dropped}
        return [text for column, text in zip(all_columns, row, strict=True)
                if column.key not in dropped]  # fmt: skip


def choose(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> Choice | None:
    """Fit as many columns as there is room for; None when hardly any would be left.

    Short titles come first, then cells are cut, then UIDs are left out, then columns from the
    right. The first column (the number of the row) always stays. How many have to go is counted
    before any is fitted: the peer says how many columns there are, and may say four hundred.
    """
    widths = _natural(columns, rows)
    if room is None or _total(widths) <= room:
        return Choice(list(columns), widths, [])
    scarce = [replace(column, title=column.short or column.title) for column in columns]
    narrow = [
        min(natural, _least(column))
        for natural, column in zip(_natural(scarce, rows), scarce, strict=True)
    ]
    over = _total(narrow) - room
    gone: set[int] = set()
    for spare in _spare(scarce):
        if over <= 0:
            break
        gone.add(spare)
        over -= narrow[spare] + len(GAP)
    if over > 0:
        return None
    shown = [index for index in range(len(columns)) if index not in gone]
    kept = [scarce[index] for index in shown]
    fitting = fit(kept, [[row[index] for index in shown] for row in rows], room)
    assert fitting is not None
    return Choice(kept, fitting, [columns[index] for index in sorted(gone)])


def _spare(columns: Sequence[Column]) -> list[int]:
    """The columns that may be left out, those that are first."""
    numbers = range(1, len(columns))
    uids = [index for index in numbers if columns[index].middle]
    others = [index for index in reversed(numbers) if not columns[index].middle]
    others.sort(key=lambda index: columns[index].turn)
    # the last UID of the row is its own; those of the levels above go first
    spare = uids if len(others) >= 2 else uids[:-1]
    return spare + others[: max(len(others) - 2, 0)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _least(column: Column) -> int:
    """How narrow a column may become, if it is not narrower by itself."""
    head = width(column.head)
    return max(column.least, head if head <= 12 else 8)


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
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    room: int | None = None,
    *,
    titles: bool = True,
) -> list[str]:
    """A whole table as lines; pairs of name and value where it cannot fit."""
    widths = fit(columns, rows, room)
    if widths is None:
        out: list[str] = []
        for number, row in enumerate(rows, 1):
            out += expanded([column.head for column in columns], row, f"{number}", room)
        return out
    above = header(columns, widths) if titles else []
    return [*above, *(line(columns, widths, row) for row in rows)]


def expanded(
    names: Sequence[str], cells: Sequence[str], title: str, room: int | None = None
) -> list[str]:
    """One row as pairs of name and value under a rule with ``title``; values are folded."""
    return [rule(title, room), *pairs(names, cells, room, " │ ")]


def rule(title: str, room: int | None = None) -> str:
    """A line with ``title`` in it, over one row."""
    begun = f"── {title} "
    return begun + "─" * max((min(room or 60, 60)) - width(begun), 2)


def pairs(
    names: Sequence[str], cells: Sequence[str], room: int | None = None, gap: str = GAP
) -> list[str]:
    """Names and values in two columns; values are folded."""
    names_wide = max((width(name) for name in names), default=0)
    out: list[str] = []
    for name, text in zip(names, cells, strict=True):
        value_wide = None if room is None else max(room - names_wide - len(gap), 8)
        first, *rest = [text] if value_wide is None else folded(text, value_wide)
        out.append(f"{fill(name, names_wide)}{gap}{first}".rstrip())
        out += [f"{' ' * names_wide}{gap}{more}" for more in rest]
    return out
