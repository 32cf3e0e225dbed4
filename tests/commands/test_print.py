"""print, on the practice archive's printer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from assocsh import uids
from assocsh.commands.registry import new_session
from assocsh.datasets.identifiers import dataset_from
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.practice.test_film import read_png
from tests.session.peer import until


def image(path: Path, *, frames: int = 1, level: int = 0, **more: Any) -> Path:
    """A gray image of 2 x 2 pixels, its frames ``level``, ``level + 50`` and so on."""
    made = dataset_from(
        {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
            "SOPInstanceUID": "1.2.3",
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "NumberOfFrames": frames,
            "Rows": 2,
            "Columns": 2,
            "BitsAllocated": 8,
            "BitsStored": 8,
            "HighBit": 7,
            "PixelRepresentation": 0,
            "WindowCenter": 128,
            "WindowWidth": 256,
        }
    )
    made.add_new("PixelData", "OB", b"".join(bytes([level + 50 * n]) * 4 for n in range(frames)))
    for keyword, value in more.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.save_as(path, enforce_file_format=True)
    return path


def make_files(folder: Path) -> None:
    """Files that cannot be printed as they are."""
    (folder / "none").mkdir(parents=True)
    image(folder / "frames.dcm", frames=3)
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    image(folder / "deep.dcm", BitsAllocated=16, BitsStored=16, HighBit=15, **colour)
    image(folder / "bits.dcm", BitsAllocated=1, BitsStored=1, HighBit=0)
    jpeg = get_testdata_file("examples_ybr_color.dcm")
    assert isinstance(jpeg, str)
    (folder / "jpeg.dcm").write_bytes(Path(jpeg).read_bytes())
    for name in ("text.txt", "none/notes.txt"):
        (folder / name).write_text("no image", "utf-8")


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


@pytest.mark.parametrize(
    ("files", "samples"), [("us.dcm", 3), ("ct.dcm", 1), ("ct.dcm examples/us.dcm", 3)]
)
async def test_the_image_decides_where_both_were_negotiated(
    tmp_path: Path, files: str, samples: int
) -> None:
    async with printing(tmp_path, "--contexts print") as (session, output):
        assert await session.run(f"print examples/{files} --layout 2x1") == 0
        assert ("colour" in output.text) == (samples == 3)
        assert read_png(await film(tmp_path, 1)).samples == samples
        # each request went on the context of one Meta class
        meta = uids.COLOR_PRINT_META if samples == 3 else uids.GRAYSCALE_PRINT_META
        conversation = session.observers.conversation()
        (talk,) = conversation.conversation.talks
        used = {talk.contexts[one.request.context_id].abstract_syntax for one in talk.exchanges}
        assert used == {meta}


async def test_the_context_that_is_named_decides(tmp_path: Path) -> None:
    async with printing(tmp_path, "--contexts print") as (session, output):
        line = "print examples/us.dcm --bits 12"
        assert await session.run(line) == 5
        assert "with 8 bits, not 12" in output.said
        assert await session.run(f"{line} --on BasicGrayscalePrintManagementMeta") == 0
        assert await session.run("print examples/ct.dcm --on BasicColorPrintManagementMeta") == 0
        assert read_png(await film(tmp_path, 2)).samples == 3


async def test_colour_that_was_not_negotiated_is_said(tmp_path: Path) -> None:
    async with printing(tmp_path) as (session, output):
        assert await session.run("print examples/us.dcm") == 0
        assert "printed in grayscale" in output.said
        assert await session.run("reopen --contexts +BasicColorPrintManagementMeta") == 0
        output.notes.clear()
        assert await session.run("print examples/us.dcm") == 0
        assert "printed in grayscale" not in output.said
        assert read_png(await film(tmp_path, 2)).samples == 3


async def test_frames_each_or_one(tmp_path: Path) -> None:
    image(tmp_path / "frames.dcm", frames=3, level=50)
    async with printing(tmp_path) as (session, output):
        options = "--film 8x10 --layout 2x2"
        assert await session.run(f"print frames.dcm --frame all {options}") == 0
        assert "3 images on 1 sheet" in output.text
        page = read_png(await film(tmp_path, 1))
        centres = [page.at(x, y)[0] for y in (125, 375) for x in (100, 300)]
        assert centres == [50, 100, 150, 0]
        assert await session.run("print frames.dcm --frame 2 --film 8x10") == 0
        assert read_png(await film(tmp_path, 2)).at(200, 250) == (100,)
        await session.run("set format json; print frames.dcm --frame 3 --dry-run")
        assert "image box 1 (frames.dcm frame 3)" in output.text


async def test_a_folder_is_its_images(tmp_path: Path) -> None:
    """What cannot be printed is left out, and why; files that are no DICOM are none of it."""
    make_files(tmp_path / "files")
    image(tmp_path / "files" / "a.dcm", level=40)
    image(tmp_path / "files" / "none" / "b.dcm", level=90)
    async with printing(tmp_path) as (session, output):
        assert await session.run("print files --film 8x10 --layout 2x1") == 0
        assert "2 images on 1 sheet" in output.text
        for name in ("deep.dcm", "bits.dcm", "jpeg.dcm", "frames.dcm"):
            assert f"{name}: " in output.said
        assert ".txt" not in output.said
        page = read_png(await film(tmp_path, 1))
        assert [page.at(x, 250)[0] for x in (100, 300)] == [40, 90]


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
        ("print examples/ct.dcm --frame 0", "--frame"),
        ("print examples/ct.dcm --frame x", "--frame"),
        ("print files/frames.dcm", "has 3 frames: which one is to be printed?"),
        ("print files/frames.dcm --frame 4", "has no frame 4, it has 3"),
        ("print files/deep.dcm", "RGB of 3 samples and 16 bits cannot be printed"),
        ("print files/bits.dcm", "pixels of 1 bit cannot be printed"),
        ("print files/jpeg.dcm", "there is nothing here that decompresses it"),
        ("print files/text.txt", "is no DICOM file"),
        ("print files/none", "nothing in it can be printed"),
        ("print files", "nothing in it can be printed; the first: "),
    ],
)
async def test_what_cannot_be_printed_is_said_before_anything_is_sent(
    tmp_path: Path, line: str, says: str
) -> None:
    make_files(tmp_path / "files")
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
