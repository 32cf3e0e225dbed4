"""``set``: every timer acts on the association that is open, says what it did, and exits 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.scripted import ABORT, RELEASE_RQ, RQ, ScriptedPeer, Wire
from tests.program.support import on_screen, pdu_types, ran, silent


@pytest.mark.scenario(36)
async def test_a_timer_acts_on_the_open_association(tmp_path: Path) -> None:
    async with ScriptedPeer(silent) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --timeout 40s", "· open · window")
        await screen.enter("set on-timeout keep")
        await screen.enter("echo", "1 pending / 0 queued")
        await screen.enter("set timeout 100ms", "#1 C-ECHO: no response")
        await screen.wait_for("· open ·")
        await screen.wait_for("1 pending / 0 queued")  # its place stays taken
        await screen.enter("set on-timeout abort")
        await screen.enter("echo", "1 pending / 1 queued")
        await screen.enter("set release-timeout 100ms")
        await screen.enter("release --now", "association released")
        await screen.enter("reopen", "· open · window")
        await screen.enter(
            "echo", "#3 C-ECHO: no response to the C-ECHO with Message ID 1 for 0.1 s"
        )
        text = await screen.wait_for("association aborted by this side: a request had no response")
        assert "`reopen` opens it again" in text
        screen.terminal.send("c-d")
        assert await screen.wait_exit() == 0
        assert pdu_types(peer)[-1] == RELEASE_RQ
        assert pdu_types(peer, 1)[-1] == ABORT


@pytest.mark.parametrize("policy", ["abort", "keep"])
async def test_no_response_is_exit_4(policy: str) -> None:
    async with ScriptedPeer(silent) as peer:
        done = await ran(
            *("-c", f"set on-timeout {policy}; set timeout 100ms; open {peer.address}; echo; echo")
        )
        await peer.done()
    assert done.code == 4
    assert "error: #1 C-ECHO: no response to the C-ECHO with Message ID 1 for 0.1 s" in done.err
    assert "#2" not in done.err
    assert pdu_types(peer)[-1] == (ABORT if policy == "abort" else RELEASE_RQ)


async def _says_nothing(wire: Wire) -> None:
    await wire.expect(RQ)
    await wire.expect(ABORT)


async def _does_not_release(wire: Wire) -> None:
    await wire.accept()
    await wire.expect(RELEASE_RQ)
    await wire.expect(ABORT)


@pytest.mark.scenario(3)
async def test_no_answer_to_the_request_is_exit_3() -> None:
    async with ScriptedPeer(_says_nothing) as peer:
        done = await ran("-c", f"set acse-timeout 100ms; open {peer.address}")
        await peer.done()
    assert done.code == 3
    assert "did not answer the A-ASSOCIATE-RQ within 0.1 s" in done.err


@pytest.mark.scenario(67)
async def test_no_answer_to_a_release_is_said() -> None:
    async with ScriptedPeer(_does_not_release) as peer:
        done = await ran("-c", f"open {peer.address}; set release-timeout 100ms; release")
        await peer.done()
    assert done.code == 0
    assert "no answer to A-RELEASE-RQ within 0.1 s: aborted" in done.err
