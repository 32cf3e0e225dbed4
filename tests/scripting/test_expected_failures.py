"""A script passes on a rejection, an abort, a loss or a refusal that it expects, on no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.peers.scripted import ScriptedPeer, Wire, abort, reject
from tests.program.support import ran
from tests.scripting.conftest import run_scripts

Script = Callable[[Wire], Awaitable[None]]


async def rejects(wire: Wire) -> None:
    await wire.expect(1)
    await wire.send(reject(1, 1, 7))
    await wire.closed()


async def aborts(wire: Wire) -> None:
    await wire.accept()
    await wire.read_message()
    await wire.send(abort(2, 2))
    await wire.closed()


async def closes(wire: Wire) -> None:
    await wire.accept()
    await wire.read_message()
    await wire.close()


async def closes_at_once(wire: Wire) -> None:
    await wire.expect(1)
    await wire.close()


async def serves_nothing(wire: Wire) -> None:
    await wire.accept()
    await wire.answer_release()


ENDS: dict[str, tuple[Script, str, tuple[str, ...]]] = {
    "rejected": (
        rejects,
        "open $peer",
        (
            "assoc.state == rejected",
            "assoc.rejected.reason == 7",
            "assoc.rejected.source == 1",
            "error.kind == AssociationRejected",
            "error.by == peer",
            "error.code == 3",
        ),
    ),
    "aborted": (
        aborts,
        "open $peer\necho",
        (
            "assoc.state == aborted",
            "assoc.aborted.source == 2",
            "assoc.aborted.reason == 2",
            "error.kind == AssociationAborted",
            "error.by == peer",
            "error.code == 4",
        ),
    ),
    "lost": (
        closes,
        "open $peer\necho",
        ("assoc.state == lost", "error.kind == ConnectionLost", "error.by == peer"),
    ),
    "never there": (
        closes_at_once,
        "open $peer",
        ("assoc.state == lost", "error contains closed", "error.code == 3"),
    ),
    "refused here": (
        serves_nothing,
        "open $peer --contexts verification\nfind study",
        ("error.kind == NoPresentationContext", "error.by == local", "error exists"),
    ),
    "mistyped": (
        serves_nothing,
        "open $peer\nget study",
        ("error.kind == UsageError", "error contains StudyInstanceUID"),
    ),
}
CASES = [(end, query) for end, (_, _, queries) in ENDS.items() for query in queries]


async def outcome(folder: Path, peer: ScriptedPeer, text: str) -> tuple[int, str]:
    """The exit code, and what is said of the failure."""
    path = folder / "night.assoc"
    path.write_text(text + "\n")
    variables = {"peer": peer.address}
    (done,) = await asyncio.to_thread(run_scripts, [str(path)], "", variables=variables)
    return done.code, f"{done.verdict}: {done.failures}"


async def exit_code(folder: Path, peer: ScriptedPeer, text: str) -> tuple[int, str]:
    """The same of the program."""
    path = folder / "night.assoc"
    path.write_text(text + "\n")
    done = await ran("run", str(path), "--set", f"peer={peer.address}", cwd=folder)
    return done.code, done.err


@pytest.mark.parametrize(("end", "query"), CASES, ids=[f"{end}: {query}" for end, query in CASES])
async def test_what_is_expected_passes(end: str, query: str, tmp_path: Path) -> None:
    script, text, _ = ENDS[end]
    async with ScriptedPeer(script) as peer:
        code, said = await outcome(tmp_path, peer, f"{text}\nexpect {query}")
    assert code == 0, said


@pytest.mark.parametrize("end", ENDS)
async def test_what_is_not_expected_fails(end: str, tmp_path: Path) -> None:
    """Without an ``expect`` of it, and with one that wants another end."""
    script, text, _ = ENDS[end]
    async with ScriptedPeer(script) as peer:
        code, _ = await outcome(tmp_path, peer, text)
    assert code != 0
    async with ScriptedPeer(script) as peer:
        code, said = await outcome(tmp_path, peer, f"{text}\nexpect error.kind == NoSuchKind")
    assert code == 1, said
    async with ScriptedPeer(script) as peer:
        code, _ = await outcome(tmp_path, peer, f"{text}\nwait\nexpect error exists")
    assert code != 0, "an expect that is not right after it takes nothing over"


@pytest.mark.parametrize("wanted", ["== open", "not == rejected", "== released", "exists"])
async def test_a_state_that_is_no_failure_takes_nothing_over(wanted: str, tmp_path: Path) -> None:
    """The exit code stays that of the failure: who wants it open has not expected a rejection."""
    async with ScriptedPeer(rejects) as peer:
        code, said = await exit_code(tmp_path, peer, f"open $peer\nexpect assoc.state {wanted}")
    assert code == 3, said


async def test_an_error_that_does_not_come_fails(tmp_path: Path) -> None:
    async with ScriptedPeer(serves_nothing) as peer:
        code, said = await outcome(tmp_path, peer, "open $peer\nexpect error exists")
        assert code == 1, said
    async with ScriptedPeer(serves_nothing) as peer:
        code, said = await outcome(tmp_path, peer, "open $peer\nexpect assoc.state == rejected")
        assert code == 1, said
