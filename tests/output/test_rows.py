"""Rows of tables on more than one output."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from assocsh.output.console import Console
from assocsh.output.rows import TableRows
from assocsh.output.sink import MemoryOutput
from assocsh.results.columns import Columns
from tests.session.peer import match


def rows(console: Console, number: int) -> TableRows:
    record: Any = SimpleNamespace(number=number, columns=Columns(["PatientID"]))
    return TableRows(console, record)


async def test_titles_come_again_after_another_table_of_the_same_output() -> None:
    output = MemoryOutput()
    console = Console(output)
    first, second = rows(console, 1), rows(console, 2)
    for table in (first, second, first):
        table.add(match(PatientID="P1"))
        table.flush()
    assert output.text.count("PatientID") == 3


async def test_a_table_of_another_output_is_none_of_ours() -> None:
    ours, theirs = MemoryOutput(), MemoryOutput()
    first, other = rows(Console(ours), 1), rows(Console(theirs), 1)
    for table in (first, other, first):
        table.add(match(PatientID="P1"))
        table.flush()
    assert ours.text.count("PatientID") == 1, "nothing stands between its rows"
    assert ours.text.count("P1") == 2
