"""``get --compare`` and ``move --compare``: what comes back has to be what was sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.language.queries import query_fields
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.datasets.make import IMPLICIT, ct, write
from tests.session.peer import shell

KEYS = "StudyInstanceUID=1.2.3 SeriesInstanceUID=1.2.3.1"


@asynccontextmanager
async def stored(*files: Path) -> AsyncIterator[tuple[Session, MemoryOutput]]:
    """A session on a practice archive that has just been sent ``files``."""
    async with shell() as (session, output):
        await session.run("open practice")
        for path in files:
            assert await session.run(f"store {path}") == 0
        yield session, output


def changed(path: Path, to: Path, **elements: str) -> Path:
    dataset = dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(to)
    return to


async def test_a_get_that_brings_back_what_was_sent(tmp_path: Path) -> None:
    one = write(tmp_path / "one.dcm", ct("1.2.3.4"))
    two = write(tmp_path / "two.dcm", ct("1.2.3.5"), IMPLICIT)
    get = f"get series {KEYS} --to {tmp_path / 'back'}"
    async with stored(one, two) as (session, output):
        assert await session.run(f"{get} --compare {tmp_path}") == 0
        assert "2 compared, 0 different" in output.text
        assert await session.run("expect compared == 2; expect different == 0") == 0
        assert await session.run(f"set format json; {get} --compare {tmp_path}") == 0
        objects = [json.loads(line) for line in output.results if line.startswith("{")]
        final = next(each for each in objects if each["type"] == "final")
        assert (final["compared"], final["different"]) == (2, 0)


async def test_the_first_difference_is_named(tmp_path: Path) -> None:
    sent = write(tmp_path / "sent.dcm", ct("1.2.3.4"))
    other = changed(sent, tmp_path / "other.dcm", Modality="MR")
    async with stored(sent) as (session, output):
        command = f"get series {KEYS} --to {tmp_path / 'back'} --compare {other}"
        assert await session.run(command) == 1
        assert "1 of 1 received differs from" in output.said
        assert "1.2.3.4: Modality (0008,0060) differs: at byte 0 of 2" in output.said
        assert await session.run("expect different == 1") == 0


async def test_what_has_no_original_is_told(tmp_path: Path) -> None:
    sent = write(tmp_path / "sent.dcm", ct("1.2.3.4"))
    more = write(tmp_path / "more.dcm", ct("1.2.3.5"))
    async with stored(sent, more) as (session, output):
        command = f"get series {KEYS} --to {tmp_path / 'back'} --compare {sent}"
        assert await session.run(command) == 1
        assert f"1 of 2 received differs from {sent}: 1.2.3.5: no instance" in output.said


async def test_nothing_to_compare_with(tmp_path: Path) -> None:
    async with stored() as (session, output):
        command = f"get series {KEYS} --to {tmp_path} --compare {tmp_path / 'nowhere'}"
        assert await session.run(command) == 5
        assert "nowhere: No such file or directory" in output.said
        assert session.requests[-1].total == 0, "it was refused before anything was sent"
        assert await session.run("expect compared not exists") == 0


async def test_nothing_arrived(tmp_path: Path) -> None:
    sent = write(tmp_path / "sent.dcm", ct("1.2.3.4"))
    async with stored() as (session, output):
        command = f"get study StudyInstanceUID=1.2.9 --to {tmp_path / 'in'} --compare {sent}"
        assert await session.run(command) == 1
        assert f"nothing arrived to compare with {sent}" in output.said


async def test_without_compare_there_is_nothing_to_ask_for(tmp_path: Path) -> None:
    async with stored() as (session, _):
        await session.run(f"get study StudyInstanceUID=1.2.9 --to {tmp_path}")
        assert await session.run("expect compared not exists; expect different not exists") == 0
        assert {"compared", "different"} <= set(query_fields(()))


async def test_a_move_compares_what_the_listener_got(tmp_path: Path) -> None:
    sent = write(tmp_path / "sent.dcm", ct("1.2.3.4"))
    other = changed(sent, tmp_path / "other.dcm", Modality="MR")
    async with stored(sent) as (session, output):
        await session.run(f"listen --to {tmp_path / 'moved'}")
        assert await session.run(f"move series {KEYS} --compare {sent}") == 0
        assert "1 compared, 0 different" in output.text
        assert await session.run(f"move series {KEYS} --compare {other}") == 1
        assert "Modality (0008,0060) differs" in output.said


@pytest.mark.parametrize("command", ["", "listen --to {0} --as HERE; "])
async def test_a_move_to_somewhere_else_cannot_be_compared(tmp_path: Path, command: str) -> None:
    sent = write(tmp_path / "sent.dcm", ct("1.2.3.4"))
    async with stored() as (session, output):
        await session.run(command.format(tmp_path))
        assert await session.run(f"move series {KEYS} --to ELSEWHERE --compare {sent}") != 0
        assert "ELSEWHERE is not listening here" in output.said
        assert session.requests[-1].total == 0
