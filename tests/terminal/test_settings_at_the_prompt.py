"""The settings that the prompt itself reads: ``bell`` and ``editing``.

The peer that asks or aborts is scripted: it does so when the bell has been set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh.session.settings import Settings
from assocsh.terminal.bell import EVERY, Bell
from tests.peers.scripted import VERIFICATION, ScriptedPeer, Wire, abort, echo_rq
from tests.program.support import on_screen
from tests.terminal.conftest import FakeShell
from tests.terminal.pty_terminal import PtyTerminal, python

Start = Callable[..., FakeShell]

BEL = b"\x07"


# -- bell


def test_the_bell_rings_when_it_is_on(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.control("attention 1", "print off")
    shell.wait_for("off")
    assert shell.received.count(BEL) == 0
    shell.enter("set bell on")
    shell.wait_for("submitted at once: 'set bell on'")
    shell.control("attention 50")
    shell.wait_for(lambda t: BEL in t.received)
    shell.control("attention 50", "print once for all of them")
    shell.wait_for("once for all of them")
    assert shell.received.count(BEL) == 1
    shell.enter("set bell off")
    shell.wait_for("submitted at once: 'set bell off'")


def test_a_bell_in_plain_lines(fake_shell: Start) -> None:
    shell = fake_shell(term="dumb")
    shell.wait_for("assocsh>")
    shell.enter("set bell on")
    shell.wait_for("submitted at once")
    shell.control("attention 9")
    shell.wait_for(lambda t: BEL in t.received)
    shell.control("print after")
    shell.wait_for("after")
    assert shell.received.count(BEL) == 1


def test_it_rings_again_when_a_while_has_passed() -> None:
    now, rung = 0.0, 0
    settings = Settings()

    def ring() -> None:
        nonlocal rung
        rung += 1

    bell = Bell(lambda: settings, ring, lambda: now)
    expected = []
    for value, at in (("off", 0.0), ("on", 1.0), ("on", 1.0), ("on", 1.0 + EVERY / 2)):
        settings.set("bell", value)
        now = at
        bell.attention()
        expected.append(rung)
    now = 1.0 + EVERY
    bell.attention()
    assert [*expected, rung] == [0, 1, 1, 1, 2]


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
@pytest.mark.parametrize("what", ["asks", "aborts"])
async def test_the_peer_asks_or_aborts(what: str, on: bool, tmp_path: Path) -> None:
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        request = await wire.accept()
        await go.wait()
        if what == "asks":
            await wire.send(echo_rq(request.context(VERIFICATION), 1))
            await wire.read_message()
        else:
            await wire.send(abort(2, 0))

    async with ScriptedPeer(script) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts verification", "· open · window")
        if on:
            await screen.enter("set bell on; set bell", "bell  on")
        assert BEL not in screen.terminal.received
        go.set()
        await screen.wait_for("the peer asks for" if what == "asks" else "aborted by the peer")
        if on:
            await screen.wait_for(lambda terminal: BEL in terminal.received)
        await screen.enter("set bell off; set bell", "bell  off")
        assert screen.terminal.received.count(BEL) == on


async def test_what_this_side_does_is_silent(tmp_path: Path) -> None:
    async with on_screen(tmp_path) as screen:
        await screen.enter("set bell on; open practice", "· open · window")
        await screen.enter("find study PatientID=PRC-1004", "1 match")
        await screen.enter("get study --of 1 --to in", "C-GET 0x0000 Success")
        await screen.enter("abort", "association aborted")
        await screen.enter("reopen", "· open · window")
        await screen.enter("release", "association released")
        assert BEL not in screen.terminal.received


# -- editing


def vi_works(terminal: PtyTerminal) -> None:
    """Type a line, and let vi's keys take its first letter away."""
    terminal.send("ab cd")
    terminal.wait_for("assocsh> ab cd")
    terminal.send("escape", "0", "x")
    terminal.wait_for("assocsh> b cd")
    terminal.send("c-c")
    terminal.wait_until_gone("b cd")


def emacs_works(terminal: PtyTerminal) -> None:
    """Type a line, and let emacs' keys put a letter before it."""
    terminal.send("bcd")
    terminal.wait_for("assocsh> bcd")
    terminal.send("c-a", "a")
    terminal.wait_for("assocsh> abcd")
    terminal.send("c-c")
    terminal.wait_until_gone("abcd")


def test_set_editing_changes_the_keys_at_once(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    emacs_works(shell)
    shell.enter("set editing vi")
    shell.wait_for("submitted at once: 'set editing vi'")
    vi_works(shell)
    shell.enter("set editing emacs")
    shell.wait_for("submitted at once: 'set editing emacs'")
    emacs_works(shell)


def test_editing_of_the_config_file_and_f4(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('editing = "vi"\n')
    env = {"ASSOCSH_CONFIG": str(config), "ASSOCSH_HISTORY": str(tmp_path / "history")}
    with PtyTerminal(python("-m", "assocsh"), env=env) as terminal:
        terminal.wait_for("not connected")
        vi_works(terminal)
        terminal.send("f4")
        terminal.wait_for("emacs keys")
        emacs_works(terminal)
        terminal.enter("set editing")
        terminal.wait_for("editing  emacs")
        terminal.send("f4")
        terminal.wait_for("vi keys")
        vi_works(terminal)
