"""Nothing goes over an association: keeping it, and time in which nothing ran here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assocsh.commands.registry import new_session
from assocsh.errors import ConnectionLost
from assocsh.output.sink import MemoryOutput
from assocsh.session import idle
from assocsh.session.session import Session
from tests.session.peer import peer, settle, shell, until


class Clock:
    """A clock of the machine that a test puts forward."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        return idle.clock() + self.slept


@asynccontextmanager
async def opened(options: str = "") -> AsyncIterator[tuple[Session, MemoryOutput, Clock]]:
    output, clock = MemoryOutput(), Clock()
    session = new_session(output)
    session.sleepwatch.clock = clock
    try:
        assert await session.run(f"open practice {options}") == 0
        yield session, output, clock
    finally:
        await session.close(abort=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "TICK", 0.01)
    monkeypatch.setattr(idle, "PATIENCE", 0.05)


@pytest.mark.scenario(74)
async def test_the_peer_is_asked_after_a_sleep() -> None:
    async with opened() as (session, output, clock):
        clock.slept = 4.0
        await settle()  # some ten ticks
        assert "nothing ran" not in output.said, "a busy machine is no sleep"
        clock.slept += 4320
        await until(lambda: "the peer answered: the association is alive" in output.said)
        assert "nothing ran here for 1 h 12 min (the machine slept" in output.said
        assert not session.requests
        assert await session.run("echo") == 0
        assert output.said.count("nothing ran here") == 1


@pytest.mark.scenario(74)
async def test_a_peer_that_does_not_answer_after_a_sleep() -> None:
    async with opened("--fault never-answer") as (session, output, clock):
        clock.slept = 60
        await until(lambda: "the association is probably lost; abort, then reopen" in output.said)
        assert session.association is not None and not session.association.closed
        assert await session.run("abort") == 0


@pytest.mark.scenario(74)
async def test_a_peer_that_resets_what_comes_after_a_sleep() -> None:
    async with opened("--fault break-off=reset") as (session, output, clock):
        clock.slept = 60
        await until(lambda: "association lost" in output.said)
        assert "reset the connection" in output.said
        assert await session.run("echo") == 4


async def test_nothing_to_ask_with() -> None:
    async with opened("--contexts CTImageStorage") as (session, output, clock):
        clock.slept = 60
        await until(lambda: "the peer may have ended the association" in output.said)
        assert session.association is not None and not session.association.closed


async def test_the_hint_of_an_idle_end_speaks_of_idling_once() -> None:
    session = new_session()
    ended = ConnectionLost("the peer closed", hint="set keepalive", by="peer", established=True)
    assert session.keepalive.suggested(ended) is ended, "it was not idle"
    ended.idle = 61.0
    first = session.keepalive.suggested(ended)
    assert first is not None and first.hint == "set keepalive"
    second = session.keepalive.suggested(ended)
    assert second is not None and second.hint == "`reopen` opens the same association again"
    assert second.message == ended.message and second.idle == 61.0 and second.code == 4
    assert ended.hint == "set keepalive", "others hold the error itself"


async def test_the_keepalive_waits_for_what_is_pending() -> None:
    async with peer() as scp, shell(scp, "--window 2") as (session, _):
        scp.gate.clear()
        session.submit("find study PatientID=")
        await until(lambda: scp.seen == ["C-FIND"])
        await session.run("set keepalive 20ms")
        await settle(20)
        assert scp.seen == ["C-FIND"], "an association that is waited for is not idle"
        scp.gate.set()
        await until(lambda: scp.seen[1:3] == ["C-ECHO", "C-ECHO"])


async def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert idle.clock() <= idle.clock()
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.delattr(time, "CLOCK_MONOTONIC", raising=False)
    assert abs(idle.clock() - time.monotonic()) < 60
