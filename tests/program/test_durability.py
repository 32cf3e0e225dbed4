"""When what arrives is on the disk, and what the end of a process leaves: real senders, SIGKILL."""

from __future__ import annotations

import errno
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from assocsh import practice
from assocsh.commands.registry import new_session
from assocsh.datasets import receive, syncing
from assocsh.datasets.durability import Durability
from assocsh.output.sink import MemoryOutput
from tests.peers.dicom_files import write_series
from tests.peers.process import LOOPBACK, answers, free_port, wait_until
from tests.peers.programs import need

IMAGES = 60
SENT = re.compile(r"Sending file: (\S+)")
ACKNOWLEDGED = "Received Store Response (Success)"


@pytest.mark.scenario(78)
@pytest.mark.parametrize("durability", Durability)
def test_killed_while_a_real_sender_stores(durability: Durability, tmp_path: Path) -> None:
    """Every instance that storescu has a success for is there, whole and by its name."""
    chance, images = random.Random(), tmp_path / "images"
    write_series(images, IMAGES, side=256)
    for number in range(2):
        folder, port, log = tmp_path / f"in{number}", free_port(), tmp_path / f"{number}.log"
        # the archive's answer to the echo, which does not come, keeps the program going
        text = f"listen --port {port} --to '{folder}' --as KEEPER --durability {durability}; echo"
        process = subprocess.Popen(
            [sys.executable, "-m", "assocsh", "practice", "--latency", "50000", "-c", text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda port=port: answers(port), 30, "the listener listens")
            argv = [need("storescu"), "-v", "-aec", "KEEPER", "+sd", LOOPBACK, str(port)]
            with log.open("wb") as said:
                sender = subprocess.Popen([*argv, str(images)], stdout=said, stderr=said)
            wanted = chance.randint(1, IMAGES - 10)
            wait_until(
                lambda log=log, wanted=wanted: log.read_text().count(ACKNOWLEDGED) >= wanted,
                30,
                f"{wanted} are acknowledged",
            )
            process.kill()
            sender.wait(30)
        finally:
            process.kill()
            process.wait(10)
        acknowledged: list[Path] = []
        for line in log.read_text().splitlines():
            if (found := SENT.search(line)) is not None:
                last = Path(found[1])
            elif ACKNOWLEDGED in line:
                acknowledged.append(last)
        assert len(acknowledged) >= wanted
        there = {_data_set(path) for path in folder.iterdir() if path.suffix == ".dcm"}
        assert there >= {_data_set(path) for path in acknowledged}
        assert there <= {_data_set(path) for path in images.iterdir()}, "no half ones"


def _data_set(path: Path) -> bytes:
    """What a file holds behind its file meta information."""
    from assocsh.datasets.part10 import open_instance

    return path.read_bytes()[open_instance(path).data_offset :]


class Counting:
    """The ``os`` of a module: counts fsync by file or folder, and lets it fail when told to."""

    def __init__(self, counts: Counter[str], fails: bool) -> None:
        self._counts, self._fails = counts, fails

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fsync(self, fd: int) -> None:
        is_folder = Path(f"/proc/self/fd/{fd}").is_dir()
        self._counts["folder" if is_folder else "file"] += 1
        if self._fails and not is_folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(fd)


@pytest.mark.parametrize("fails", [False, True], ids=["", "EIO"])
async def test_on_the_disk_when_it_is_reported_done(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`get`, and `move` into `listen`: each file, all of them by the end, none; EIO is told."""
    counts: Counter[str] = Counter()
    for module in (receive, syncing):
        monkeypatch.setattr(module, "os", Counting(counts, fails))
    settings = practice.PracticeSettings(durability=Durability.NONE)
    async with await practice.start(settings=settings) as archive:
        for durability in Durability:
            output = MemoryOutput()
            session = new_session(output)
            assert await session.run(f"open {archive.peer}; set durability {durability}") == 0
            counts.clear()
            await session.run("find study")
            code = await session.run(f"get study --of 1 --to '{tmp_path / durability}'")
            files = len(list((tmp_path / durability).glob("*.dcm")))
            failed = fails and durability is not Durability.NONE
            assert code == (1 if failed else 0), output.said
            if durability is Durability.NONE:
                assert not counts
            elif durability is Durability.BATCH:
                assert counts["file"] == files > 1
                assert fails or 1 <= counts["folder"] < files
                assert not fails or output.said.count("may not be on the disk: Input/output") > 0
                assert not fails or f"{files} of what arrived may not be on the disk" in output.said
            elif not fails:
                assert counts["file"] == counts["folder"] == files
            counts.clear()
            listened = tmp_path / f"listened-{durability}"
            await session.run(f"listen --to '{listened}' --as HERE --durability {durability}")
            assert session.listener is not None
            archive.destinations["HERE"] = (LOOPBACK, session.listener.port)
            moved = await session.run("move study --of 1 --to HERE")
            assert moved == (1 if failed else 0), output.said
            assert bool(counts) is (durability is not Durability.NONE)
            assert fails or counts["file"] == (0 if durability is Durability.NONE else files)
            await session.close()
