"""Tables of as many columns as a peer likes: the same choice as by trying, and not its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.output import table
from assocsh.output.table import GAP, Choice, Column, choose


def tried_one_by_one(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int
) -> Choice | None:
    """What ``choose`` says it does, without any thought for time."""
    widths = fitted(columns, rows, None)
    assert widths is not None
    if sum(widths) + len(GAP) * (len(widths) - 1) <= room:
        return Choice(list(columns), widths, [])
    scarce = [
        Column(c.key, c.short or c.title, c.short, c.right, c.middle, c.least, c.name)
        for c in columns
    ]
    numbers = range(1, len(columns))
    uids = [index for index in numbers if columns[index].middle]
    others = [index for index in reversed(numbers) if not columns[index].middle]
    others = [index for names in (False, True) for index in others if columns[index].name is names]
    spare = (uids if len(others) >= 2 else uids[:-1]) + others[: max(len(others) - 2, 0)]
    shown = list(range(len(columns)))
    for victim in (None, *spare):
        if victim is not None:
            shown.remove(victim)
        kept = [scarce[index] for index in shown]
        widths = fitted(kept, [[row[index] for index in shown] for row in rows], room)
        if widths is not None:
            dropped = [columns[index] for index in range(len(columns)) if index not in shown]
            return Choice(kept, widths, dropped)
    return None


def fitted(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> list[int] | None:
    """The widest column gives one place after the other, UIDs first and names of persons last."""
    widths = [
        max(len(column.head), *(len(row[index]) for row in rows))
        for index, column in enumerate(columns)
    ]
    if room is None:
        return widths
    for middle, name in ((True, False), (False, False), (False, True)):
        while sum(widths) + len(GAP) * (len(widths) - 1) > room:
            able = [
                index
                for index, column in enumerate(columns)
                if (column.middle, column.name) == (middle, name)
                and widths[index]
                > max(column.least, len(column.head) if len(column.head) <= 12 else 8)
            ]
            if not able:
                break
            widths[max(able, key=lambda index: widths[index])] -= 1
    return widths if sum(widths) + len(GAP) * (len(widths) - 1) <= room else None


_COLUMNS = st.lists(
    st.builds(
        Column,
        key=st.uuids().map(str),
        title=st.text("x", min_size=1, max_size=20),
        short=st.text("s", max_size=6),
        middle=st.booleans(),
        least=st.sampled_from([3, 8, 13]),
    ).flatmap(lambda c: st.sampled_from([c, replace(c, name=not c.middle)])),
    min_size=1,
    max_size=12,
)


@given(_COLUMNS, st.integers(1, 120), st.data())
def test_the_choice_is_the_one_that_trying_finds(
    columns: list[Column], room: int, data: st.DataObject
) -> None:
    cells = st.lists(st.text("a", max_size=40), min_size=len(columns), max_size=len(columns))
    rows = data.draw(st.lists(cells, min_size=1, max_size=3))
    expected, found = tried_one_by_one(columns, rows, room), choose(columns, rows, room)
    assert (found is None) is (expected is None)
    if found is None or expected is None:
        return
    assert (found.columns, found.dropped) == (expected.columns, expected.dropped)
    assert sorted(found.widths) == sorted(expected.widths)
    shown = [row[columns.index(c)] for row in rows[:1] for c in columns if c not in found.dropped]
    assert found.cells(columns, rows[0]) == shown


def work(monkeypatch: pytest.MonkeyPatch, count: int, wide: int) -> int:
    """How often a width is measured and a column made narrower for a table of ``count``."""
    done = 0

    def measured(text: str) -> int:
        nonlocal done
        done += 1
        return len(text)

    real = table.heapq.heappop

    def popped(heap: list[tuple[int, int]]) -> tuple[int, int]:
        nonlocal done
        done += 1
        return real(heap)

    columns = [Column(f"{index}", f"({index:04x},0010)") for index in range(count)]
    row = ["x" * (1 + index % wide) for index in range(count)]
    with monkeypatch.context() as patch:
        patch.setattr(table, "width", measured)
        patch.setattr(table.heapq, "heappop", popped)
        assert choose(columns, [row], 80) is not None
    return done


def test_work_grows_with_the_number_of_columns_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of 425 elements in 3.4 KB took minutes when each choice was tried."""
    small, large = work(monkeypatch, 100, 30), work(monkeypatch, 1600, 30)
    assert large <= 16 * small * 1.1


def test_wide_cells_are_no_more_work_than_they_have_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = work(monkeypatch, 10, 10), work(monkeypatch, 10, 10_000)
    assert many <= few + 10 * 10
