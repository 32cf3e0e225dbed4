"""The program in a process or a terminal of its own, against a peer in this process."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.peers.scripted import (
    PDATA,
    RELEASE_RQ,
    Closed,
    Message,
    ScriptedPeer,
    Wire,
    release_rp,
)
from tests.terminal.pty_terminal import PtyTerminal, Wanted, python

ROOT = Path(__file__).resolve().parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@asynccontextmanager
async def started(
    *arguments: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> AsyncIterator[Process]:
    """The program without a terminal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assocsh", *arguments),
        stdin=DEVNULL if stdin is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        start_new_session=True,
    )
    if stdin is not None:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: Process, seconds: float = 30) -> Ran:
    """Wait for the end of the program; a traceback is a failure."""
    out, err = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode is not None
    assert b"Traceback" not in out + err, err.decode()
    return Ran(process.returncode, out.decode(), err.decode())


async def ran(
    *arguments: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run the program to its end."""
    async with started(*arguments, stdin=stdin, env=env, cwd=cwd) as process:
        return await ended(process)


class Screen:
    """A shell in a terminal, for tests that are coroutines: nothing here blocks their loop."""

    def __init__(self, terminal: PtyTerminal) -> None:
        self.terminal = terminal

    async def wait_for(self, wanted: Wanted, seconds: float | None = None) -> str:
        return await asyncio.to_thread(self.terminal.wait_for, wanted, seconds)

    async def wait_until_gone(self, text: str) -> str:
        return await asyncio.to_thread(self.terminal.wait_until_gone, text)

    async def enter(self, line: str, wanted: Wanted | None = None) -> None:
        """Type a line; then wait until the screen shows ``wanted``."""
        self.terminal.enter(line)
        if wanted is not None:
            await self.wait_for(wanted)

    async def wait_exit(self, seconds: float | None = None) -> int:
        return await asyncio.to_thread(self.terminal.wait_exit, seconds)


@asynccontextmanager
async def on_screen(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    rows: int = 40,
    columns: int = 120,
) -> AsyncIterator[Screen]:
    """The shell in a terminal, at its prompt."""
    environment = {"ASSOCSH_HISTORY": str(folder / "history.jsonl"), **(env or {})}
    with PtyTerminal(
        python("-m", "assocsh", *arguments),
        columns=columns,
        rows=rows,
        env=environment,
        cwd=folder,
    ) as terminal:
        screen = Screen(terminal)
        await screen.wait_for("assocsh>")
        yield screen


async def requests(wire: Wire) -> AsyncIterator[Message]:
    """Each DIMSE message of the program until it releases, which is answered, or is gone."""
    while True:
        try:
            yield await wire.read_message()
        except AssertionError:
            if wire.received[-1][0] == RELEASE_RQ:
                await wire.send(release_rp())
                await wire.closed()
            elif wire.received[-1][0] == PDATA:
                raise
            return
        except Closed:
            return


def pdu_types(peer: ScriptedPeer, connection: int = 0) -> Sequence[int]:
    """What the peer received on one of its connections."""
    return [pdu_type for pdu_type, _ in peer.wires[connection].received]
