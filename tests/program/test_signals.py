"""Signals, terminals and outputs that go away: the peer is told, files are whole or absent.

The peers are scripted: the tests wait for what has arrived there, and count it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.peers.dicom_files import write_series
from tests.peers.scripted import (
    ABORT,
    C_CANCEL,
    C_STORE,
    CT,
    PDATA,
    RELEASE_RQ,
    Closed,
    ScriptedPeer,
    Wire,
    command,
    element,
    message,
    response,
)
from tests.program.support import ROOT, ended, on_screen, pdu_types, requests, started

SIZE = 200_000
"""Bytes of pixel data of each instance."""


def instance(context: int, number: int) -> bytes:
    said = command(
        field=C_STORE,
        message_id=number,
        affected_class=CT,
        affected_instance=f"1.2.{number}",
        data_set_type=0,
    )
    uid = f"1.2.{number}".encode().ljust(10, b"\0")
    data = element(0x00080018, uid) + element(0x7FE00010, bytes(SIZE))
    return message(context, said, data)


async def endless_get(wire: Wire) -> None:
    """Answers a C-GET with instances until the connection ends."""
    request = await wire.accept(roles=[(CT, 1, 1)])
    assert (await wire.read_message()).command["affected_class"]
    number = 0

    async def read() -> None:
        with contextlib.suppress(Closed, TimeoutError):
            while True:
                await wire.read_pdu()

    reading = asyncio.create_task(read())
    with contextlib.suppress(ConnectionError, TimeoutError):
        while not reading.done():
            number += 1
            await wire.send(instance(request.context(CT), number))
            await asyncio.sleep(0)
    await reading


async def several(folder: Path) -> None:
    """Wait until some instances are there."""
    while len(list(folder.glob("*.dcm"))) < 4:
        await asyncio.sleep(0.005)


def whole_or_absent(folder: Path) -> None:
    """Nothing but whole instances."""
    found = list(folder.iterdir())
    assert found
    for path in found:
        assert path.suffix == ".dcm"
        assert path.stat().st_size > SIZE
        assert path.read_bytes()[128:132] == b"DICM"


GET = "get study StudyInstanceUID=1.2.3 --to in"


@pytest.mark.scenario(76, 77)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (None, 129)]
)
async def test_a_get_is_ended_by_a_signal(
    tmp_path: Path, number: signal.Signals | None, code: int
) -> None:
    """None: the terminal is closed."""
    async with ScriptedPeer(endless_get) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts qr,CTImageStorage", "· open · window")
        await screen.enter(f"record {tmp_path / 'made.assoc'}", "recording to")
        await screen.enter(GET, "1 pending")
        await asyncio.wait_for(several(tmp_path / "in"), 10)
        if number is None:
            await asyncio.to_thread(screen.terminal.vanish)
        else:
            screen.terminal.signal(number)
        assert await screen.wait_exit(5) == code
        await peer.done()
        if number is not None:
            assert screen.terminal.tty_restored
            text = screen.terminal.everything
            assert "association aborted" in text and "Traceback" not in text
            assert "#1 C-GET failed: this side aborted" in text
    types = pdu_types(peer)
    assert types.count(ABORT) == 1 and types[-1] == ABORT
    whole_or_absent(tmp_path / "in")
    recorded = (tmp_path / "made.assoc").read_text()
    assert "get study" in recorded and recorded.endswith("\n")


@pytest.mark.scenario(76)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_the_same_without_a_terminal(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with ScriptedPeer(endless_get) as peer:
        options = (peer.address, "--contexts", "qr,CTImageStorage")
        async with started(*options, "-c", f"{GET}; echo", cwd=tmp_path) as process:
            await asyncio.wait_for(several(tmp_path / "in"), 15)
            process.send_signal(number)
            done = await ended(process)
        await peer.done()
    assert done.code == code
    assert "received in in" in done.err
    assert pdu_types(peer).count(ABORT) == 1 and pdu_types(peer)[-1] == ABORT
    whole_or_absent(tmp_path / "in")


async def ignores_cancel(wire: Wire) -> None:
    """Never answers what is not an echo."""
    await wire.accept()
    async for found in requests(wire):
        if found.field == 0x0030:
            await wire.send(response(found))


@pytest.mark.scenario(75, 47)
async def test_interrupts_at_the_prompt_leave_the_association_alive(tmp_path: Path) -> None:
    async with ScriptedPeer(ignores_cancel) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts qr --window 1", "· open · window")
        for unsent in ("one", "two", "three"):  # seen gone, so that none meets the next line
            screen.terminal.send(unsent)
            await screen.wait_for(f"assocsh> {unsent}")
            screen.terminal.signal(signal.SIGINT)
            await screen.wait_until_gone(f"assocsh> {unsent}")
        await screen.enter("find study PatientID=1", "1 pending / 0 queued")
        await screen.enter("wait")
        await screen.enter("find series PatientID=1")
        screen.terminal.send("c-c")
        await screen.wait_for("#2 C-FIND withdrawn: nothing was sent")
        screen.terminal.send("c-c")
        await screen.wait_for("#1 C-FIND C-CANCEL sent")
        screen.terminal.signal(signal.SIGINT)
        await screen.wait_for("wait: stopped")
        screen.terminal.signal(signal.SIGINT)
        await screen.wait_for("#1 C-FIND is being cancelled already")
        await screen.wait_for("abort the association")
        await screen.enter("status", "open")
        await screen.enter("abort", "association aborted")
        screen.terminal.send("c-d")
        assert await screen.wait_exit() == 0
        await peer.done()
    messages = [body[5] & 1 for kind, body in peer.wires[0].received if kind == PDATA]
    assert messages.count(1) == 2, "one C-FIND and one C-CANCEL"


@asynccontextmanager
async def waiting(wire_count: asyncio.Event) -> AsyncIterator[ScriptedPeer]:
    async def script(wire: Wire) -> None:
        await wire.accept()
        async for _ in requests(wire):
            wire_count.set()

    async with ScriptedPeer(script) as peer:
        yield peer


@pytest.mark.scenario(75)
@pytest.mark.parametrize("line", ["find study PatientID=1", "find study PatientID=1 & wait"])
async def test_interrupts_without_a_prompt(line: str) -> None:
    """The first cancels, the second aborts."""
    asked = asyncio.Event()
    cancelled = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        async for found in requests(wire):
            (cancelled if found.field == C_CANCEL else asked).set()

    async with ScriptedPeer(script) as peer:
        async with started(peer.address, "-c", f"{line}; echo") as process:
            await asyncio.wait_for(asked.wait(), 15)
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(cancelled.wait(), 5)
            process.send_signal(signal.SIGINT)
            done = await ended(process, 5)
        await peer.done()
    assert done.code == 130
    assert pdu_types(peer)[-1] == ABORT


@pytest.mark.scenario(75)
async def test_an_interrupt_of_a_store_aborts_it(tmp_path: Path) -> None:
    """DIMSE has no cancel for it."""
    file = write_series(tmp_path, 1)[0].path
    asked = asyncio.Event()
    async with waiting(asked) as peer:
        async with started(peer.address, "-c", f"store {file}; echo") as process:
            await asyncio.wait_for(asked.wait(), 15)
            process.send_signal(signal.SIGINT)
            done = await ended(process, 5)
        await peer.done()
    assert done.code == 130
    assert pdu_types(peer)[-1] == ABORT


@pytest.mark.scenario(80)
@pytest.mark.parametrize("format", ["table", "json", "csv"])
@pytest.mark.parametrize("end", ["| head -1", ">/dev/full"])
async def test_an_output_that_ends(end: str, format: str) -> None:
    async def many(wire: Wire) -> None:
        await wire.accept()
        async for found in requests(wire):
            if found.field != 0x0020:
                continue
            data = element(0x00100020, b"P1") + element(0x0020000D, b"1.2.3\0")
            with contextlib.suppress(ConnectionError):
                await wire.send(*(response(found, 0xFF00, data) for _ in range(3000)))
                await wire.send(response(found))

    async with ScriptedPeer(many) as peer:
        line = (
            f'"$PY" -m assocsh {peer.address} --format {format} -c "find study; find study" {end}'
        )
        process = await asyncio.create_subprocess_exec(
            *("bash", "-o", "pipefail", "-c", line),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PY": sys.executable},
        )
        done = await ended(process)
        await peer.done()
    beside = [
        text for text in done.err.splitlines() if not text.startswith(("open:", "* ", "hint:"))
    ]
    if "head" in end:
        assert done.code == 141
        assert not beside, done.err
    else:
        assert done.code == 1
        assert beside == ["error: write error: No space left on device"], done.err
    assert pdu_types(peer)[-1] in (ABORT, RELEASE_RQ)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.scenario(77)
async def test_a_terminal_that_is_gone_takes_no_time(tmp_path: Path) -> None:
    """Without SIGHUP (nohup), with a peer that does not close: no loop over a dead terminal."""
    async with ScriptedPeer(ignores_cancel) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts qr", "· open · window")
        pid = screen.terminal.process.pid
        before, began = cpu_seconds(pid), time.monotonic()
        await asyncio.to_thread(screen.terminal.vanish)
        spent = before
        while screen.terminal.process.poll() is None and time.monotonic() - began < 5:
            with contextlib.suppress(OSError):
                spent = cpu_seconds(pid)
            await asyncio.sleep(0.02)
        assert screen.terminal.process.poll() == 129
        assert spent - before < 0.5
