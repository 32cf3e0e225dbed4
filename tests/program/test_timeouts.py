"""``set``: every timer acts on the association that is open, says what it did, and exits 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.support import on_screen, ran

PRACTICE = "open practice --fault never-answer"


@pytest.mark.scenario(36)
async def test_a_timer_acts_on_the_open_association(tmp_path: Path) -> None:
    async with on_screen(tmp_path) as screen:
        await screen.enter(f"{PRACTICE} --timeout 40s", "· open · window")
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
        await screen.enter("wire summary")
        await screen.enter(
            "echo", "#3 C-ECHO: no response to the C-ECHO with Message ID 1 for 0.1 s"
        )
        await screen.wait_for("-> A-ABORT")
        text = await screen.wait_for("association aborted by this side: a request had no response")
        assert "`reopen` opens it again" in text
        screen.terminal.send("c-d")
        assert await screen.wait_exit() == 0


@pytest.mark.parametrize(("policy", "end"), [("abort", "A-ABORT"), ("keep", "A-RELEASE-RQ")])
async def test_no_response_is_exit_4(policy: str, end: str) -> None:
    done = await ran(
        *("-c", f"set on-timeout {policy}; set timeout 100ms; wire summary; {PRACTICE}; echo; echo")
    )
    assert done.code == 4
    assert "error: #1 C-ECHO: no response to the C-ECHO with Message ID 1 for 0.1 s" in done.err
    assert "#2" not in done.err
    sent = [line.split("->")[1].split()[0] for line in done.err.splitlines() if " -> " in line]
    assert sent == ["A-ASSOCIATE-RQ", "C-ECHO-RQ", end]


@pytest.mark.scenario(3)
async def test_no_answer_to_the_request_is_exit_3() -> None:
    done = await ran("-c", "set acse-timeout 100ms; wire summary; open practice --fault silent")
    assert done.code == 3
    assert "did not answer the A-ASSOCIATE-RQ within 0.1 s" in done.err
    assert "-> A-ABORT" in done.err


@pytest.mark.scenario(67)
async def test_no_answer_to_a_release_is_said() -> None:
    line = "open practice --fault never-release; set release-timeout 100ms; wire summary; release"
    done = await ran("-c", line)
    assert done.code == 0
    assert "no answer to A-RELEASE-RQ within 0.1 s: aborted" in done.err
    assert "-> A-ABORT" in done.err
