"""A shell that was stopped while its peer went away.

The peer is scripted: it goes when the shell has been stopped, and not before.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.peers.scripted import ScriptedPeer, Wire
from tests.program.support import on_screen


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
