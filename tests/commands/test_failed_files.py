"""What of a store did not go through: said briefly, listed on request, sent again."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from assocsh.association import listen
from assocsh.errors import LanguageError
from assocsh.language.parse import parse
from assocsh.results.kept import Budget
from assocsh.results.unstored import Outcome, UnstoredFiles
from tests.commands.test_commands import CT, MR, Storage, write
from tests.session.peer import peer, shell

SHOWN = 10


@pytest.fixture
async def storage(tmp_path: Path) -> Any:
    folder = tmp_path / "stored"
    folder.mkdir()
    made = Storage(folder)
    listener = await listen(ae_title="STORAGE", handlers=made.handlers())
    made.address = f"STORAGE@127.0.0.1:{listener.port}"
    yield made
    await listener.close()


def files(folder: Path, count: int, *, kind: str = "failed", first: int = 1) -> list[Path]:
    """``count`` files in ``folder``, which the peer fails or this side refuses."""
    folder.mkdir(exist_ok=True)
    made = []
    for number in range(first, first + count):
        path = folder / f"{kind}{number:03}.dcm"
        if kind == "refused":
            path.write_text("this is not DICOM")
        else:
            write(path, f"1.2.{number}", MR if kind == "no context" else CT)
        made.append(path)
    return made


def said(output: Any) -> list[str]:
    """Every line about a single file."""
    lines = [*output.results, *output.said.splitlines()]
    return [line for line in lines if ".dcm" in line]


@pytest.mark.parametrize("kind", ["failed", "refused", "no context", "warning"])
@pytest.mark.parametrize("format", ["table", "csv", "dump", "expanded"])
@pytest.mark.parametrize("count", [SHOWN, SHOWN + 1, 40])
async def test_the_first_few_are_said_and_all_are_listed(
    storage: Storage, tmp_path: Path, kind: str, format: str, count: int
) -> None:
    folder = tmp_path / "in"
    paths = files(folder, count, kind=kind)
    for number in range(1, count + 1):
        storage.status[f"1.2.{number}"] = 0xB000 if kind == "warning" else 0xA700
    async with shell() as (session, output):
        await session.run(f"open {storage.address} --contexts CTImageStorage")
        session.settings.set("format", format)
        output.results.clear()
        await session.run(f"store {folder} --here")
        assert len(said(output)) == min(count, SHOWN)
        everything = output.text + output.said
        left_out = f"... and {count - SHOWN} more: `show #1` lists them"
        assert (left_out in everything) == (count > SHOWN)
        assert "... and" not in output.text or format != "csv", "csv is rows and nothing else"
        output.results.clear()
        session.settings.set("format", "csv")
        assert await session.run("show #1") == 0
        rows = list(csv.DictReader(io.StringIO(output.text)))
        assert [row["file"] for row in rows] == [str(path) for path in paths]
        assert all(row["reason"] for row in rows)
        status = {"failed": "0xA700", "warning": "0xB000"}.get(kind, "")
        assert {row["status"] for row in rows} == {status}


async def test_they_are_a_table_and_json_too(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    files(folder, 3)
    files(folder, 2, kind="refused")
    storage.status = {"1.2.1": 0xA700, "1.2.2": 0xB000}
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"store {folder}") in (1, 5)
        output.results.clear()
        assert await session.run("show #1; show #1 2") == 0
        assert output.results[0].split() == ["row", "file", "status", "outcome", "reason"]
        assert sum("not this one" in line for line in output.results) >= 2
        output.results.clear()
        session.settings.set("format", "json")
        await session.run("show #1")
        rows = [json.loads(line) for line in output.results]
        outcomes = {Path(row["file"]).name: (row["outcome"], row["status"]) for row in rows}
        assert outcomes == {
            "failed001.dcm": ("Failure", "0xA700"),
            "failed002.dcm": ("Warning", "0xB000"),
            "refused001.dcm": ("refused here", None),
            "refused002.dcm": ("refused here", None),
        }
        assert {row["type"] for row in rows} == {"unstored"}
        assert await session.run("show #1 5") == 5


async def test_failed_files_are_sent_again(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    good = files(folder, 30)
    bad = files(folder, 15, kind="refused")
    storage.status = {f"1.2.{number}": 0xA700 for number in range(1, 13)}
    storage.status["1.2.20"] = 0xB000
    async with shell() as (session, output):
        await session.run(f"open {storage.address} --window 4")
        await session.run(f"store {folder} --repeat 2")
        storage.status.clear()
        for number, path in enumerate(bad):
            write(path, f"1.3.{number}")
        assert await session.run("store --failed #1") == 0
        assert f"#2 C-STORE {12 + 15} of {12 + 15} stored" in output.text
        stored = {path.stem for path in storage.folder.iterdir()}
        assert {f"1.2.{number}" for number in range(1, len(good) + 1)} - {"1.2.20"} <= stored
        assert {f"1.3.{number}" for number in range(len(bad))} <= stored
        assert await session.run("store --failed #2") == 5
        assert "no file of #2 failed" in output.said


async def test_what_a_lost_association_left_over_is_sent_again(tmp_path: Path) -> None:
    """Files that were not answered, were waiting, or were never reached."""
    folder = tmp_path / "in"
    paths = files(folder, 30)
    stored: set[str] = set()

    async def lose(indication: Any) -> None:
        stored.add(indication.command.affected_sop_instance)
        await indication.sink.finish()
        if len(stored) == 5 and broken:
            await indication.association.abort()
            return
        indication.respond(0)

    broken = True
    made = Storage(tmp_path)
    made._store = lose  # type: ignore[method-assign]
    made.folder = tmp_path / "stored"
    made.folder.mkdir()
    listener = await listen(ae_title="STORAGE", handlers=made.handlers())
    async with shell() as (session, output):
        await session.run(f"open STORAGE@127.0.0.1:{listener.port}")
        assert await session.run(f"store {folder}") == 4
        again = session.requests[0].unstored.to_send_again()
        assert set(again) >= {str(path) for path in paths[5:]}
        assert len(again) == 30 - session.requests[0].count
        broken = False
        await session.run("reopen")
        assert await session.run("store --failed #1") == 0
        assert f"#2 C-STORE {len(again)} of {len(again)} stored" in output.text
    await listener.close()


async def test_sending_again_waits_for_what_it_speaks_of(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    files(folder, 20)
    storage.status = {"1.2.7": 0xA700}
    async with shell() as (session, _):
        await session.run(f"open {storage.address}")
        jobs = session.submit(f"store {folder}; store --failed #1")
        for job in jobs:
            await job.done.wait()
        assert session.requests[1].operations.expected == 1


async def test_what_is_no_store_cannot_be_sent_again() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; store --failed #1") == 5
        assert "#1 is no store but C-ECHO" in output.said
        assert await session.run("store --failed #9") == 5


def test_a_store_needs_a_path_or_an_earlier_store() -> None:
    with pytest.raises(LanguageError, match="store needs a path"):
        parse("store --recursive")
    (call,) = parse("store --failed #3")
    assert call.options["--failed"][0].literal == "#3"


def test_memory_is_bounded_and_what_it_does_not_hold_is_counted() -> None:
    budget = Budget(limit=100_000)
    unstored = UnstoredFiles(budget)
    for number in range(10_000):
        unstored.add(f"/somewhere/{number}.dcm", Outcome.FAILURE, f"reason {number}" * 5, 0xA700)
    assert 100 < len(unstored) < 1000
    assert len(unstored) + unstored.forgotten == 10_000
    assert budget.used <= budget.limit
    unstored.close()
    assert budget.used == 0


LACKING = {
    "StudyInstanceUID": "Study Instance UID",
    "SeriesInstanceUID": "Series Instance UID",
    "PatientID": "Patient ID",
}


def without(path: Path, uid: str, keyword: str) -> Path:
    """An instance that has no such element."""
    dataset = dcmread(write(path, uid))
    delattr(dataset, keyword)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0x0110])
@pytest.mark.parametrize("keyword", LACKING)
async def test_what_a_refused_file_lacks_is_told(
    storage: Storage, keyword: str, status: int, tmp_path: Path
) -> None:
    """Whatever the peer calls it: Orthanc says that it is out of resources."""
    file = without(tmp_path / "1.dcm", "1.2.1", keyword)
    storage.status["1.2.1"] = status
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"store {file}") == 1
        assert f"has no {LACKING[keyword]}: an archive may have no place" in output.said


async def test_a_whole_file_that_was_refused_has_the_usual_hint(
    storage: Storage, tmp_path: Path
) -> None:
    storage.status["1.2.1"] = 0xA700
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"store {write(tmp_path / '1.dcm', '1.2.1')}") == 1
        assert "has no room, or cannot write" in output.said
