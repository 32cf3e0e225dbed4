"""``--columns`` and ``--sort``: what is shown of rows, and in which order; numbers stay."""

from __future__ import annotations

import csv
import json

import pytest

from assocsh.errors import LanguageError
from assocsh.results.columns import Sorting, SortKey
from tests.session.peer import shell

SORTED = "--columns PatientName,StudyDate --sort -StudyDate,PatientName"


def test_an_order() -> None:
    sorting = Sorting([SortKey("Number", descending=True), SortKey("Name")])
    rows = [("9", "b"), ("10", "A"), ("", "c"), ("9", "a"), ("x", "d")]
    for number, name in rows:
        sorting.add({"Number": number, "Sequence[0].Name": name})
    assert sorting.order(5) == [4, 1, 3, 0, 2], "numbers by size, and what has no value last"


async def test_every_format_follows_and_the_numbers_stay() -> None:
    async with shell() as (session, output):
        assert await session.run(f"open practice; find study {SORTED}") == 0
        lines = [line.split() for line in output.text.splitlines() if line[:3].strip().isdigit()]
        dates = [line[-1] for line in lines]
        assert len(dates) > 5 and dates == sorted(dates, reverse=True)
        assert dates[0].count("-") == 2, "people read days"
        numbers = [int(line[0]) for line in lines]
        assert sorted(numbers) == list(range(1, len(numbers) + 1)) != numbers
        first = session.requests[-1].results.dataset(numbers[0] - 1)
        assert str(first.StudyDate) == dates[0].replace("-", ""), "the number is that of --of"

        output.results.clear()
        session.settings.set("format", "csv")
        assert await session.run(f"show #1 {SORTED}") == 0
        titles, *rows = csv.reader(output.text.splitlines())
        assert titles == ["PatientName", "StudyDate"]
        assert [row[1] for row in rows] == [day.replace("-", "") for day in dates], "raw elsewhere"

        output.results.clear()
        session.settings.set("format", "json")
        assert await session.run(f"find study {SORTED}; show #1 --columns StudyDate") == 0
        made = [json.loads(line) for line in output.text.splitlines()]
        rows_of = [each for each in made if each["type"] == "row"]
        assert [each["row"] for each in rows_of[: len(numbers)]] == numbers
        assert set(rows_of[0]["dataset"]) == {"00080020", "00100010"}
        assert set(rows_of[-1]["dataset"]) == {"00080020"}


async def test_a_column_is_asked_for_and_found_in_its_sequence() -> None:
    async with shell() as (session, output):
        line = "worklist --columns Modality,ScheduledProcedureStepLocation --sort Modality"
        assert await session.run(f"open practice; {line}") == 0
        assert "Modality  ScheduledProcedureStepLocation" in output.text
        shown = [line.split()[1] for line in output.text.splitlines() if line[:2].strip().isdigit()]
        assert len(shown) > 3 and shown == sorted(shown)
        assert await session.run("find study PatientID --columns StudyID,(0010,0010)") == 0
        asked = session.requests[-1].results.dataset(0)
        assert "StudyID" in asked and "PatientName" in asked
        assert await session.run("find study --columns PatientNmae") != 0
        assert "PatientName" in output.said
        with pytest.raises(LanguageError, match="names no attribute"):
            await session.run("find study --sort ,")
