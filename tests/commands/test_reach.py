"""No retrieve, delete or query reaches further than what stands on its line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.datasets.levels import UNIQUE_KEYS
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session

OTHER = {"PATIENT": "PatientName", "STUDY": "AccessionNumber", "SERIES": "Modality"}
NOTHING = ("", "*", "?", "1.2.*", "\\", " ", "1.2.3\\")


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    made = new_session(MemoryOutput())
    made.base = tmp_path
    assert await made.run("open practice") == 0
    yield made
    await made.close()


async def refused(session: Session, line: str) -> str:
    """What is said of a line that must not be sent."""
    assert isinstance(session.output, MemoryOutput)
    session.output.notes.clear()
    code = await session.run(line)
    assert code in (2, 5), (line, session.output.said)
    record = session.requests.last
    assert record is not None and not record.total, "nothing was sent"
    return session.output.said


@pytest.mark.parametrize(("service", "level"), list(product(("get", "move"), UNIQUE_KEYS)))
async def test_a_retrieve_needs_the_unique_key_of_its_level(
    session: Session, service: str, level: str
) -> None:
    own = UNIQUE_KEYS[level][-1]
    to = "--to X" if service == "move" else ""
    lines = [f"{service} {level.lower()} {to}"]
    lines += [f"{service} {level.lower()} {key} {to}" for key in (own, f"{own}=")]
    lines += [f"{service} {level.lower()} {own}='{value}' {to}" for value in NOTHING]
    lines += [f"{service} {level.lower()} {above}=1.2.3 {to}" for above in UNIQUE_KEYS[level][:-1]]
    if level in OTHER:
        lines.append(f"{service} {level.lower()} {OTHER[level]}=X {to}")
    for line in lines:
        said = await refused(session, line)
        assert own in said and "--all" in said


@pytest.mark.parametrize("key", ["0020000D", "(0020,000d)", "studyinstanceuid"])
async def test_the_key_counts_in_any_spelling(session: Session, key: str, tmp_path: Path) -> None:
    assert await session.run("find study") == 0
    uid = "${#1.rsp[0].StudyInstanceUID}"
    assert await session.run(f"get study {key}={uid} --to {tmp_path}/in") == 0
    assert session.requests.last is not None
    assert session.requests.last.arrivals.received


async def test_all_is_everything(session: Session, tmp_path: Path) -> None:
    assert await session.run(f"get patient --all --to {tmp_path}/in") in (0, 1)
    assert session.requests.last is not None and session.requests.last.total == 1


@pytest.mark.parametrize(
    "line",
    [
        "find study PatientID=$empty",
        "find study PatientID=${#1.rsp[0].NoSuchKeyword}",
        "get study StudyInstanceUID=$empty",
        "get study StudyInstanceUID=$empty --all",
        "move study StudyInstanceUID=$empty --to X",
        "n-delete BasicFilmSession $empty",
        "n-set BasicFilmSession $empty NumberOfCopies=1",
        "n-action BasicFilmSession $empty 1",
        "n-get Printer $empty",
    ],
)
async def test_a_reference_to_nothing_is_no_value(session: Session, line: str) -> None:
    assert await session.run("find study") == 0
    assert isinstance(session.output, MemoryOutput)
    session.variables["empty"] = ""
    code = await session.run(line)
    assert code in (1, 2, 5)
    record = session.requests.last
    assert record is not None and (record.number == 1 or not record.total), session.output.said
