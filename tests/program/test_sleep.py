"""Time that passes while nothing runs here: a suspended machine, a stopped shell."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.session import idle
from assocsh.session.session import Session
from tests.peers.scripted import Script, ScriptedPeer, Wire
from tests.program.support import on_screen, patient, silent
from tests.session.peer import until


class Clock:
    """A clock of the machine that a test puts forward."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        return idle.clock() + self.slept


@asynccontextmanager
async def opened(
    script: Script, options: str = ""
) -> AsyncIterator[tuple[Session, MemoryOutput, Clock]]:
    output, clock = MemoryOutput(), Clock()
    session = new_session(output)
    session.sleepwatch.clock = clock
    async with ScriptedPeer(script) as peer:
        assert await session.run(f"open {peer.address} {options}") == 0
        try:
            yield session, output, clock
        finally:
            await session.close(abort=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "TICK", 0.01)
    monkeypatch.setattr(idle, "PATIENCE", 0.05)


@pytest.mark.scenario(74)
async def test_the_peer_is_asked_after_a_sleep() -> None:
    async with opened(patient) as (session, output, clock):
        clock.slept = 4.0
        await asyncio.sleep(0.05)
        assert "nothing ran" not in output.said, "a busy machine is no sleep"
        clock.slept += 4320
        await until(lambda: "the peer answered: the association is alive" in output.said)
        assert "nothing ran here for 1 h 12 min (the machine slept" in output.said
        assert not session.requests
        assert await session.run("echo") == 0
        assert output.said.count("nothing ran here") == 1


@pytest.mark.scenario(74)
async def test_a_peer_that_does_not_answer_after_a_sleep() -> None:
    async with opened(silent) as (session, output, clock):
        clock.slept = 60
        await until(lambda: "the association is probably lost; abort, then reopen" in output.said)
        assert session.association is not None and not session.association.closed
        assert await session.run("abort") == 0


@pytest.mark.scenario(74)
async def test_a_peer_that_resets_what_comes_after_a_sleep() -> None:
    async def forgets(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        wire.reset()

    async with opened(forgets) as (session, output, clock):
        clock.slept = 60
        await until(lambda: "association lost" in output.said)
        assert "reset the connection" in output.said
        assert await session.run("echo") == 4


async def test_nothing_to_ask_with() -> None:
    async with opened(patient, "--contexts CTImageStorage") as (session, output, clock):
        clock.slept = 60
        await until(lambda: "the peer may have ended the association" in output.said)
        assert session.association is not None and not session.association.closed


@pytest.mark.scenario(79, 63)
async def test_dropped_while_the_shell_was_stopped(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        await go.wait()

    async with ScriptedPeer(script) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts qr", "· open · window")
        screen.terminal.signal(signal.SIGSTOP)
        go.set()
        await peer.done()
        screen.terminal.signal(signal.SIGCONT)
        await screen.wait_for("association lost: SCRIPTED")
        await screen.enter("echo", "reopen")
