"""Associations that idle: dropped by the peer, said at once, reopened, kept.

The peers are scripted: they go after a second, stock ones after a minute, and count what came.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh import practice
from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from tests.peers.dcmtk import Storescp
from tests.peers.scripted import CT, VERIFICATION, Closed, ScriptedPeer, Wire, abort, response
from tests.program.support import on_screen

IDLE = 1.2
"""Seconds: above what counts as idle."""


def drops_idle(*, aborts: bool) -> Callable[[Wire], object]:
    """Answers, and goes when nothing came for a while: as stock peers do after a minute."""

    async def script(wire: Wire) -> None:
        wire.timeout = IDLE
        await wire.accept()
        try:
            while True:
                await wire.send(response(await wire.read_message()))
        except (TimeoutError, Closed):
            await wire.send(*([abort(2, 0)] if aborts else []))

    return script


@pytest.mark.scenario(63)
async def test_dropped_said_and_reopened(tmp_path: Path) -> None:
    async with (
        ScriptedPeer(drops_idle(aborts=True), drops_idle(aborts=False)) as peer,
        on_screen(tmp_path, columns=200) as screen,
    ):
        await screen.enter(f"open {peer.address} --contexts verification", "· open · window")
        screen.terminal.send("half a li")
        await screen.wait_for("association aborted by the peer:")
        text = await screen.wait_for("assocsh> half a li")
        assert re.search(r" after \d\.\d s without a message", text)
        assert "`set keepalive 1s` keeps it; `reopen` opens it again" in text
        screen.terminal.send("c-c")
        await screen.enter("reopen", "· open · window")
        await screen.wait_for("association lost:")
        text = await screen.wait_for(lambda t: t.text.count("hint:") == 2)
        assert re.search(r"closed the connection after \d\.\d s without a message", text)
        assert text.count("keepalive") == 1, "suggested the first time it bites"
        await screen.enter("echo", "hint: `reopen` opens the same association again")


@pytest.mark.scenario(63)
async def test_kept_alive(tmp_path: Path) -> None:
    echoes = asyncio.Event()

    async def script(wire: Wire) -> None:
        wire.timeout = IDLE
        await wire.accept()
        with contextlib.suppress(Closed):
            for count in range(100):
                await wire.send(response(await wire.read_message()))
                if count == 8:
                    echoes.set()

    async with ScriptedPeer(script) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts verification", "· open · window")
        await screen.enter("set keepalive 200ms")
        await asyncio.wait_for(echoes.wait(), 10)
        await screen.enter("echo", "#1 C-ECHO 0x0000 Success")
        await screen.enter("requests", "service")
        assert "#2" not in screen.terminal.text, "they are no requests of the user"


async def test_keepalive_needs_verification_and_says_so_once() -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept()
        assert [each.abstract_syntax for each in request.proposed] == [CT]
        await wire.closed()

    output = MemoryOutput()
    session = new_session(output)
    async with ScriptedPeer(script) as peer:
        await session.run(f"set keepalive 50ms; open {peer.address} --contexts CTImageStorage")
        await session.run("set format json; set format table; set timeout 5s")
        await session.run("abort")
        await peer.done()
    assert output.said.count("the peer did not accept Verification") == 1
    await session.close()


@pytest.mark.peer("storescp")
@pytest.mark.scenario(63)
async def test_a_stock_peer(start_storescp: Callable[..., Storescp], tmp_path: Path) -> None:
    peer = start_storescp("--socket-timeout", "1", "-ta", "1", "-td", "1")
    async with on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts verification", "· open · window")
        text = await screen.wait_for("association lost:", 5)
        assert "without a message" in text and "keepalive" in text
        await screen.enter("set keepalive 200ms")
        await screen.enter("reopen", "· open · window")
        await screen.enter("wire summary", lambda t: t.text.count("C-ECHO-RSP") >= 8)
        await screen.wait_for("· open · window")


async def test_practice_never_drops() -> None:
    """An hour, as the loop's clock tells it: every timer that there is has run out."""
    archive = await practice.start()
    session = new_session(MemoryOutput())
    loop = asyncio.get_running_loop()
    clock = loop.time
    try:
        assert await session.run(f"open {archive.peer} --contexts {VERIFICATION}; echo") == 0
        loop.time = lambda: clock() + 3600  # type: ignore[method-assign]
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert await session.run("echo; expect assoc.state == open") == 0
    finally:
        del loop.time  # type: ignore[misc]
        await session.close()
        await archive.close()
