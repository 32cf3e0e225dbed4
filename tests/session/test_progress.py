"""How far long requests are: counts, bytes, speed, and what is left.

The peer of one is scripted: it has answered two of four when that is looked at.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file

from assocsh.datasets.part10 import open_instance
from assocsh.dimse.responses import SubOperations
from assocsh.output.summary import progress_text
from assocsh.results.commitment import Commitment, InstanceName, Transaction
from assocsh.results.operations import Operations
from assocsh.results.request import Arrivals
from assocsh.session import progressing
from assocsh.session.progressing import say_progress
from tests.peers.scripted import ScriptedPeer, Wire, response
from tests.session.peer import peer, shell, until

CT = Path(str(get_testdata_file("CT_small.dcm", download=False)))


@dataclass
class Record:
    """What is counted of a request, and nothing else of it."""

    service: str = "C-STORE"
    operations: Operations = field(default_factory=lambda: Operations(lambda: None))
    arrivals: Arrivals = field(default_factory=Arrivals)
    suboperations: SubOperations | None = None
    final: object = None
    refused: int = 0
    call: Any = field(default_factory=lambda: SimpleNamespace(name="store"))

    @property
    def several(self) -> bool:
        return (self.operations.expected or 0) > 1

    @property
    def finals(self) -> int:
        return self.operations.finals

    @property
    def categories(self) -> Any:
        return self.operations.categories

    def stored(self, count: int, size: int) -> None:
        self.operations.categories["Success"] += count
        self.operations.size += size

    def text(self, now: float) -> str:
        return progress_text(self, now)  # type: ignore[arg-type]


def storing(files: int, size: int) -> Record:
    record = Record()
    record.operations.expected, record.operations.expected_size = files, size
    return record


def test_a_store() -> None:
    record = storing(300, 151_000_000)
    assert record.text(0.0) == "store 0/300"
    record.stored(100, 50_000_000)
    assert record.text(0.5) == "store 100/300 · 50 of 151 MB", "too early for a speed"
    record.stored(84, 42_000_000)
    record.operations.categories["Failure"] += 3
    assert record.text(2.0) == "store 187/300 · 3 failed · 92 of 151 MB · 46 MB/s · 1 s left"


def test_the_speed_is_that_of_the_last_seconds() -> None:
    record = storing(1000, 1000_000_000)
    for second in range(60):
        record.stored(10, 10_000_000)
        text = record.text(float(second))
    assert "10 MB/s" in text
    for second in range(60, 70):
        record.stored(1, 1_000_000)
        text = record.text(float(second))
    assert "1.0 MB/s" in text, text


def test_nothing_is_said_of_what_is_one_exchange() -> None:
    record = Record("C-ECHO")
    assert record.text(0.0) == ""
    record = storing(1, 10)
    assert record.text(0.0) == ""


def test_a_get_whose_peer_does_not_say_what_remains() -> None:
    record = Record("C-GET", call=SimpleNamespace(name="get"))
    assert record.text(0.0) == ""
    record.suboperations = SubOperations(remaining=8, completed=2, failed=0, warning=0)
    assert record.text(0.0) == "get 2/10"
    record.suboperations = SubOperations(remaining=0, completed=3, failed=1, warning=0)
    record.arrivals.size = 4_200_000
    assert record.text(0.1) == "get 4 · 1 failed · 4.2 MB", "four of how many is not known"


def test_a_get_of_rows_that_have_not_all_begun() -> None:
    record = Record("C-GET", call=SimpleNamespace(name="get"))
    record.operations.untold = 2
    record.suboperations = SubOperations(remaining=8, completed=2, failed=0, warning=0)
    assert record.text(0.0) == "get 2", "two of how many is not known before each row has told"
    record.operations.untold = 0
    assert record.text(0.0) == "get 2/10"


def test_a_commit_of_two_transactions() -> None:
    record = Record("N-ACTION", call=SimpleNamespace(name="commit"))
    names = [InstanceName("1.2", f"1.{number}") for number in range(5)]
    first, second = Transaction("1.1", names[:3]), Transaction("1.2", names[3:])
    record.arrivals.commitment = Commitment([first, second])
    assert record.text(0.0) == "commit 0/5"
    kept = Dataset()
    kept.ReferencedSOPSequence = [Dataset(), Dataset()]
    for item, name in zip(kept.ReferencedSOPSequence, names, strict=False):
        item.ReferencedSOPInstanceUID = name.sop_instance
    first.take(2, kept)
    assert record.text(0.5) == "commit 3/5 · 1 failed", "what is not mentioned is not kept"
    second.refused = "no room"
    assert record.text(0.9) == "commit 5/5 · 3 failed"


def many(folder: Path, count: int) -> Path:
    made = folder / "many"
    made.mkdir()
    for number in range(count):
        shutil.copy(CT, made / f"{number}.dcm")
    return made


async def test_the_toolbar_and_requests_have_it(tmp_path: Path) -> None:
    half, go_on = asyncio.Event(), asyncio.Event()

    async def script(connection: Wire) -> None:
        await connection.accept()
        for _ in range(2):
            await connection.send(response(await connection.read_message()))
        half.set()
        asked = await connection.read_message()
        await go_on.wait()
        await connection.send(response(asked))
        await connection.send(response(await connection.read_message()))
        await connection.answer_release()

    async with ScriptedPeer(script) as scripted, shell() as (session, output):
        assert await session.run(f"open {scripted.address}") == 0
        seen: list[str] = []
        session.on_change.append(lambda: seen.append(session.status().progress))
        session.submit(f"store {many(tmp_path, 4)}")
        await half.wait()
        await until(lambda: session.status().progress.startswith("store 2/4"))
        size = CT.stat().st_size
        assert f"{2 * size / 1000:.0f} of {4 * size / 1000:.0f} kB" in session.status().progress
        session.submit("requests")
        await until(lambda: "store 2/4" in output.text)
        go_on.set()
        await until(lambda: "4 of 4 stored" in output.said + output.text)
        assert session.status().progress == ""
        assert " kB/s" in output.text or " MB/s" in output.text, "the line that sums it up has both"
        assert any(text.startswith("store 3/4") for text in seen)
        assert await session.run("release") == 0


@pytest.mark.parametrize("form", ["lines", "json"])
async def test_it_is_said_where_there_is_no_toolbar(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progressing, "EVERY", 0.01)
    monkeypatch.setattr(progressing, "EVERY_OBJECT", 0.01)
    async with peer() as made, shell(made, "--window 2") as (session, output):
        session.settings.set("format", "json" if form == "json" else "table")
        made.echo_gate.clear()
        saying = asyncio.create_task(say_progress(session, json=form == "json"))
        session.submit("echo --repeat 5")
        await until(lambda: "0/5" in output.said or '"progress"' in output.text)
        saying.cancel()
        if form == "json":
            found = json.loads(next(x for x in output.text.splitlines() if '"progress"' in x))
            assert (found["done"], found["total"], found["bytes"]) == (0, 5, 0)
            assert found["left_ms"] is None, "nothing is known yet"
        else:
            assert "#1 echo 0/5" in output.said
        made.echo_gate.set()


async def test_a_get_counts_the_bytes_that_came(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; find study PatientID=PRC-1001") == 0
        output.results.clear()
        assert await session.run("get study --of 1 --to in") == 0
        files = (tmp_path / "in").rglob("*.dcm")
        size = sum(open_instance(file).data_length for file in files)
        assert session.requests[-1].arrivals.size == size
        assert f" · {size / 1000:.0f} kB, " in output.text
