"""print, on the practice archive's printer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.practice.test_film import read_png
from tests.session.peer import until


@asynccontextmanager
async def printing(folder: Path, options: str = "") -> AsyncIterator[tuple[Session, MemoryOutput]]:
    """A session with the practice archive, which keeps its films in ``films``."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = folder
    try:
        assert await session.run(f"open practice --prints films {options}") == 0
        yield session, output
    finally:
        await session.close()


async def film(folder: Path, number: int) -> bytes:
    """A page, once the printer has it: it says so after its answer."""
    path = folder / "films" / f"film-{number}.png"
    async with asyncio.timeout(10):
        while not (path.exists() and path.read_bytes().endswith(b"IEND\xaeB`\x82")):
            await asyncio.sleep(0.005)
    return path.read_bytes()


async def test_a_student_sees_the_film(tmp_path: Path) -> None:
    async with printing(tmp_path) as (session, output):
        line = "print examples/ct.dcm examples/mr.dcm --film 8x10 --layout 2x1"
        assert await session.run(line) == 0
        assert r"2 images on 1 sheet of 8INX10IN, STANDARD\2,1, grayscale" in output.text
        page = read_png(await film(tmp_path, 1))
        assert (page.width, page.height, page.samples) == (400, 500, 1)
        assert page.at(100, 260) != (0,) != page.at(300, 260)
        assert (
            await session.run("print examples/ct.dcm examples/mr.dcm --layout 1x1 --session") == 0
        )
        assert read_png(await film(tmp_path, 3)).width == 700


async def test_in_colour(tmp_path: Path) -> None:
    colour = "--contexts BasicColorPrintManagementMeta"
    async with printing(tmp_path, colour) as (session, output):
        assert await session.run("print examples/us.dcm") == 0
        assert "colour" in output.text
        page = read_png(await film(tmp_path, 1))
        assert page.samples == 3
        assert any(
            red > 2 * green for red, green, _ in zip(*[iter(page.rows[400])] * 3, strict=True)
        )


async def test_a_dry_run_shows_each_request_and_sends_none(tmp_path: Path) -> None:
    async with printing(tmp_path, "--contexts print") as (session, output):
        await session.run("set format json; print examples/ct.dcm examples/mr.dcm --dry-run")
        steps = [json.loads(line) for line in output.results]
        steps = [one for one in steps if one["type"] == "step"]
        requests = [one["request"] for one in steps]
        assert requests == ["N-CREATE"] * 2 + ["N-SET"] * 2 + ["N-ACTION"] + ["N-DELETE"] * 2
        image = steps[2]["attributes"]
        assert image["BasicGrayscaleImageSequence[0].PixelData"] == "16,384 bytes"
        named = "ReferencedFilmSessionSequence[0].ReferencedSOPClassUID"
        assert steps[1]["attributes"][named] == "1.2.840.10008.5.1.1.1"
        assert "nothing was sent" in output.said
        assert session.association is not None and not session.association.pending
    assert list((tmp_path / "films").iterdir()) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("print examples/ct.dcm --layout 0x1", "is no layout"),
        ("print examples/ct.dcm --film 1x1", "is no film size"),
        ("print status examples/ct.dcm", "prints no files with it"),
        ("print examples/sr.dcm", "has no image"),
        ("print examples/ct.dcm --frame 2", "has no frame 2"),
        ("print nothing.dcm", "No such file"),
    ],
)
async def test_what_cannot_be_printed_is_said_before_anything_is_sent(
    tmp_path: Path, line: str, says: str
) -> None:
    async with printing(tmp_path) as (session, output):
        assert await session.run(line) in (2, 5)
        assert says in output.said
        assert session.association is not None
        assert "N-CREATE" not in output.text


async def test_a_failure_names_its_step_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A layout that the printer does not know."""
    async with printing(tmp_path) as (session, output):
        assert await session.run(r"print examples/ct.dcm --layout ROW\1,2") == 1
        assert "N-CREATE of film box 1: 0x0106 Failure" in output.said
        assert "ImageDisplayFormat" in output.said
        assert await session.run("print examples/ct.dcm") == 0


async def test_printing_where_no_printer_was_negotiated(tmp_path: Path) -> None:
    async with printing(tmp_path, "--contexts verification") as (session, output):
        assert await session.run("print examples/ct.dcm") == 5
        assert "--contexts +BasicGrayscalePrintManagementMeta" in output.said


async def test_what_was_made_is_removed_also_when_it_is_cancelled(tmp_path: Path) -> None:
    async with printing(tmp_path, "--latency 100") as (session, output):
        assert session.practice._running is not None
        kept = session.practice._running.archive.instances._instances
        before = len(kept)  # the printer itself, and what other services have
        session.submit("print examples/ct.dcm")
        await until(lambda: len(kept) > before)  # the film session
        await session.run("cancel #1")
        await session.run("wait")
        assert "stopped waiting" in output.said
        await until(lambda: len(kept) == before)
