"""Any row of any result: named by its request, several at once, of whoever is asked now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.errors import LanguageError, UsageError
from assocsh.language.rows import NamedRows, parse_row, parse_rows
from assocsh.output.sink import MemoryOutput
from assocsh.session.offers import SessionProvider
from assocsh.session.session import Session
from tests.session.peer import match, peer, shell

Opened = tuple[Session, MemoryOutput]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """A session with the practice archive and three finds: #1 studies, #2 patients, #3 series."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    lines = (
        "open practice --window 4; find study PatientID=PRC-1001; find patient; find series --of 1"
    )
    assert await session.run(lines) == 0, output.said
    output.results.clear()
    output.notes.clear()
    yield session, output
    await session.close()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("3", (None, 3, 3)),
        ("2-5", (None, 2, 5)),
        ("*", (None, 1, None)),
        ("#1.3", (1, 3, 3)),
        ("#12.2-5", (12, 2, 5)),
        ("#1.*", (1, 1, None)),
        ("#1.4-4", (1, 4, 4)),
    ],
)
def test_how_rows_are_named(text: str, rows: tuple[int | None, int, int | None]) -> None:
    assert parse_rows(text) == NamedRows(*rows)
    if rows[1] == rows[2]:
        assert parse_row(text) == NamedRows(*rows)
    else:
        with pytest.raises(UsageError, match="more than one row"):
            parse_row(text)


@pytest.mark.parametrize(
    "text",
    ["", "0", "#1.0", "#0.1", "#1.", "#1", "5-2", "1-0", "-3", "#1.2-", "a", "1.2", "#1.2.3"],
)
def test_what_names_none(text: str) -> None:
    with pytest.raises(UsageError):
        parse_rows(text)


async def test_a_row_of_any_request_is_the_row_that_is_shown() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID=f"P{row}", StudyInstanceUID=f"1.2.{row}") for row in (1, 2)]
        assert await session.run("find study PatientID StudyInstanceUID; find patient; echo") == 0
        for row in (1, 2):
            assert await session.run(f"find series --of #1.{row}") == 0
            assert scp.identifiers[-1].StudyInstanceUID == f"1.2.{row}"
            assert await session.run(f"show #1.{row}") == 0
            assert f"#1 row {row}" in output.text and f"1.2.{row}" in output.text
            for query in (f"#1.{row}.StudyInstanceUID", f"#1.rsp[{row - 1}].StudyInstanceUID"):
                assert await session.run(f"expect {query} == 1.2.{row}") == 0
        assert await session.run("expect #1.*.StudyInstanceUID includes 1.2.2") == 0
        assert await session.run("expect #1.2.StudyInstanceUID == 1.2.1") == 1
        assert await session.run("expect #1.3.StudyInstanceUID not exists") == 0


async def test_show_takes_rows_with_their_request(opened: Opened) -> None:
    session, output = opened
    shown = {}
    for line in ("show #1.2", "show #1 2", "show #1 #1.2"):
        output.results.clear()
        assert await session.run(line) == 0
        shown[line] = output.text
    assert len(set(shown.values())) == 1 and "#1 row 2" in shown["show #1.2"]
    output.results.clear()
    assert await session.run("show #2.2-4") == 0
    assert [row in output.text for row in ("row 1", "row 2", "row 4", "row 5")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert await session.run("show #1 #2.1") != 0
    assert "are of two requests" in output.said
    assert await session.run("show #2.99") != 0
    assert "#2 has no row 99\nhint: it has 8 rows" in output.said


async def test_a_get_of_several_rows_is_one_request_of_as_many_operations(
    opened: Opened, tmp_path: Path
) -> None:
    session, _output = opened
    assert await session.run("get study --of #1.1-2 --to in") == 0
    record = session.requests[3]
    count = len(list((tmp_path / "in").iterdir()))
    assert record.total == 2 and record.category == "Success"
    assert record.suboperations is not None and record.suboperations.completed == count == 24
    assert await session.run("get study --of #3.* --to in2") == 0  # each study once
    series = list(session.requests[2].results.datasets())
    studies = {one.StudyInstanceUID for one in series}
    assert session.requests[4].total == len(studies) < len(series)
    assert await session.run("get study --of #2.1 --to in3") == 5  # a patient is no study
    assert session.requests[5].total == 0


async def test_a_get_of_several_rows_reports_the_worst_and_all_that_came(
    opened: Opened, tmp_path: Path
) -> None:
    session, output = opened
    assert await session.run("get study --of #1.* StudyInstanceUID=1.2.3 --to in") == 0
    assert session.requests[3].total == 1  # what is typed wins over the row
    (job,) = session.submit("get study --of #1.* --to in")
    while not (job.record and job.record.live):
        await asyncio.sleep(0)
    session.interrupt()
    await job.done.wait()
    assert job.record.live == {} and job.record.total <= 2
    assert await session.run("echo") == 0, output.said


async def test_one_row_where_one_is_taken() -> None:
    session = new_session(MemoryOutput())
    for line in ("find series --of #1.1-2", "find series --of *", "mpps start --of 1-2"):
        with pytest.raises(LanguageError, match="more than one row"):
            session.parse(line)


async def test_a_line_waits_for_the_request_that_its_row_is_of() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="1", StudyInstanceUID="1.2.1")]
        scp.gate.clear()
        jobs = session.submit("find study; find series StudyInstanceUID=1.2.9; show #1.1")
        scp.gate.set()
        for job in jobs:
            await job.done.wait()
        assert jobs[2].error is None and "#1 row 1" in output.text


async def test_rows_of_another_peer_are_marked_and_refused() -> None:
    async with peer() as one, peer() as other, shell(one) as (session, output):
        one.matches = [match(PatientID="P1", PatientName="DOE^J", StudyInstanceUID="1.2.1")]
        assert await session.run("find study PatientID PatientName StudyInstanceUID; release") == 0
        assert await session.run(f"open {other.address}") == 0
        offers = SessionProvider(session)
        mark = f"(of {one.address})"
        assert [meta.endswith(mark) for _, meta in offers.rows(1)] == [True]
        assert [meta.endswith(mark) for _, meta in offers.requests_with_rows()] == [True]
        assert dict(offers.recent_values("PatientID"))["P1"].endswith(mark)
        assert await session.run("get study --of #1.1") != 0
        assert (
            f"the rows of #1 are from {one.address}, and {other.address} is open now" in output.said
        )
        assert other.seen == []
        assert await session.run("find series StudyInstanceUID=${#1.1.StudyInstanceUID}") == 0
        assert (
            f"${{#1.1.StudyInstanceUID}} is of {one.address}, and goes to {other.address} now"
            in output.said
        )
        assert other.identifiers[0].StudyInstanceUID == "1.2.1"
