"""What a peer sends, and disks that fail: whole files or none, nothing outside the folder.

The peers are scripted: no archive names instances like paths, or sends them without an end.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assocsh import practice
from assocsh.association import protocol
from assocsh.commands.registry import new_session
from assocsh.datasets import file_bytes, instance, part10, spool, syncing
from assocsh.output.sink import MemoryOutput
from assocsh.practice import Practice
from tests.peers.dicom_files import write_series
from tests.peers.scripted import AC as ACCEPTED
from tests.peers.scripted import (
    CT,
    ScriptedPeer,
    Wire,
    associate_rq,
    dial,
    read_association,
    response,
)
from tests.program.support import ran, requests, started
from tests.program.test_hostile import PAYLOADS, store_rq
from tests.program.test_signals import GET, SIZE, endless_get, several

UIDS: tuple[bytes, ...] = (
    *(b"..", b".", b"...", b"/", b"//", b"\\", b"../esc", b"../../esc", b"../../../../tmp/esc"),
    *(b"/tmp/esc", b"/etc/passwd", b"..\\esc", b"..\\..\\esc", b"C:\\esc", b"C:esc", b"\\\\h\\s"),
    *(b"1.2.3/../../esc", b"1.2.3\\..\\esc", b"1.2/3", b"1..2", b".1.2", b"1.2.", b"1.2.3\0/../x"),
    *(b"~/esc", b"~root", b"$HOME/esc", b"`touch esc`", b"$(touch esc)", b"; touch esc", b"|esc"),
    *(b"CON", b"NUL", b"aux.dcm", b"COM1", b"esc:stream", b"-rf", b"--help", b"*", b"?", b"esc "),
    *(
        b"%2e%2e%2fesc",
        b"..%2fesc",
        b"%00",
        b"1.2\n3",
        b"1.2\r3",
        b"1.2\t3",
        b"\xef\xbc\x8e\xef\xbc\x8e",
    ),
    *(
        b"1.2.\xef\xbc\x93",
        b"\xff\xfe",
        b"\xe2\x80\xae1.2",
        b"1." * 32 + b"1",
        b"9" * 65,
        b"a" * 64,
    ),
    *(b".hidden", b".part", b"esc.dcm", b"../in2/esc", b"in/esc", b"1.2.3.dcm", b"0", b"01.2"),
)


async def opened(address: str, *lines: str, base: Path) -> tuple[int, str]:
    output = MemoryOutput()
    session = new_session(output)
    session.base = base
    try:
        async with asyncio.timeout(20):
            code = await session.run("; ".join((f"open {address}", *lines)))
    finally:
        await session.close(abort=True)
    return code, output.said


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.scenario(90)
async def test_uids_that_would_be_paths(tmp_path: Path) -> None:
    """In a C-GET, and at the listener."""
    home = tmp_path / "a" / "b" / "home"
    home.mkdir(parents=True)
    values = [*UIDS, *PAYLOADS]

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        asked = await wire.read_message()
        for uid in values:
            await wire.send(store_rq(request.context(CT), uid))
            assert (await wire.read_message()).command["status"] == 0
        await wire.send(response(asked, completed=len(values), failed=0, warning=0))
        async for _ in requests(wire):
            pass

    async with ScriptedPeer(script) as peer:
        code, said = await opened(
            f"{peer.address} --contexts qr,CTImageStorage", GET, "release", base=home
        )
        assert code == 0, said
        await peer.done()
    output = MemoryOutput()
    session = new_session(output)
    session.base = home
    assert await session.run("listen --to moved --as HERE") == 0
    assert session.listener is not None
    wire = await dial(session.listener.port)
    await wire.send(associate_rq([(1, CT, ("1.2.840.10008.1.2",))], called="HERE"))
    read_association(await wire.expect(ACCEPTED))
    for uid in values:
        await wire.send(store_rq(1, uid))
        assert (await wire.read_message()).command["status"] == 0
    await wire.release()
    await session.close()
    for folder in ("in", "moved"):
        names = [path.name for path in (home / folder).iterdir()]
        assert len(names) == len(values), "each has a file of its own"
        assert all(name.endswith(".dcm") and not name.startswith(".") for name in names)
    made = {
        name for name in tree(tmp_path) if not name.startswith(("a/b/home/in/", "a/b/home/mov"))
    }
    assert made == {"a", "a/b", "a/b/home", "a/b/home/in"}
    assert not Path("/tmp/esc").exists()


@pytest.mark.scenario(78)
async def test_killed_in_the_middle_of_a_get(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with ScriptedPeer(endless_get) as peer:
            options = (peer.address, "--contexts", "qr,CTImageStorage")
            async with started(*options, "-c", GET, cwd=folder) as process:
                await asyncio.wait_for(several(folder / "in"), 15)
                await asyncio.sleep(chance.random() * 0.05)
                process.send_signal(signal.SIGKILL)
                await process.wait()
            await peer.done()
        for path in (folder / "in").iterdir():
            if path.suffix == ".dcm":
                assert path.stat().st_size > SIZE
            else:
                assert path.name.startswith(".") and path.suffix == ".part"


class Failing:
    """The ``os`` of a module whose ``k``-th call of one function fails."""

    def __init__(self, name: str, k: int, number: int) -> None:
        self._name, self._left, self._number = name, k, number
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name != self._name:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.failed = True
                raise OSError(self._number, os.strerror(self._number))
            return real(*arguments, **named)

        return call


CALLS = (
    ("open", spool, errno.EMFILE),
    ("dup", spool, errno.EMFILE),
    ("writev", file_bytes, errno.ENOSPC),
    ("fsync", syncing, errno.EIO),
    ("link", spool, errno.EDQUOT),
    ("unlink", spool, errno.EACCES),
    ("fstatvfs", spool, errno.EIO),
    ("open", part10, errno.EMFILE),
    ("pread", instance, errno.EIO),
    ("writev", protocol, errno.ECONNRESET),
)


@pytest.fixture
async def archive() -> Any:
    running = await practice.start()
    yield running
    await running.close()


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Path]:
    write_series(tmp_path / "images", 4, side=32)
    yield tmp_path / "images"


@pytest.mark.scenario(89, 85)
@pytest.mark.parametrize(("name", "module", "number"), CALLS)
async def test_the_kth_call_fails(
    name: str,
    module: ModuleType,
    number: int,
    archive: Practice,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever fails, at whatever time: an answer, an exit code, whole files, and no traceback."""
    if name == "unlink":
        # only what has a hidden name meanwhile is ever unlinked
        monkeypatch.setattr(spool, "_NAMELESS", 0)
    codes = set()
    for k in range(1, 15):
        failing = Failing(name, k, number)
        folder = tmp_path / f"{name}{k}"
        output = MemoryOutput()
        session = new_session(output)
        with monkeypatch.context() as patch:
            patch.setattr(module, "os", failing)
            async with asyncio.timeout(20):
                text = f"open {archive.peer}; find study; get study --of 1 --to '{folder}'"
                codes.add(await session.run(f"{text}; store '{images}'; echo", keep_going=True))
        alive = session.association is not None and not session.association.closed
        if alive:
            assert await session.run("echo") == 0, "the association goes on"
        await session.close()
        assert "internal error" not in output.said
        assert "Traceback" not in output.said
        for path in folder.iterdir() if folder.exists() else ():
            if path.suffix != ".dcm":
                assert name == "unlink" and path.suffix == ".part"
            else:
                assert path.read_bytes()[128:132] == b"DICM"
        assert failing.failed or k > 1
        if failing.failed and module is not protocol and name != "unlink":
            assert codes - {0}, output.said
    assert codes <= {0, 1, 2, 3, 4, 5}  # 2: the folder cannot be opened, nothing was sent


@pytest.mark.scenario(97)
async def test_only_the_owner_reads_what_is_made(archive: Practice, tmp_path: Path) -> None:
    """Whatever the umask: folders, instances, recordings, logs, the history."""
    from assocsh.session.history_file import Entry, HistoryFile

    before = os.umask(0)
    try:
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        code, said = await opened(
            str(archive.peer),
            f"record '{home}/made.assoc'",
            "find study",
            f"get study --of 1 --to '{home}/in/deep'",
            "record --stop",
            base=home,
        )
        assert code == 0, said
        kept = HistoryFile(home / "state" / "history.jsonl", note=print)
        kept.began(Entry(1.0, "echo", "a-1"), patient=False)
        kept.tidy(2e9, 30)
        script = home / "made.assoc"
        done = await ran(
            *("run", str(script), str(archive.peer), "--log", f"{home}/log.jsonl"),
            *("--report-junit", f"{home}/junit.xml", "--report-html", f"{home}/report.html"),
            cwd=home,
        )
        assert done.code in (0, 1), done.err
    finally:
        os.umask(before)
    names = {path.name for path in home.iterdir()}
    assert {"in", "made.assoc", "state", "log.jsonl", "junit.xml", "report.html"} <= names
    for path in home.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path
