"""A script passes on a rejection, an abort, a loss or a refusal that it expects, on no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.program.support import ran
from tests.scripting.conftest import run_scripts

ENDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "rejected": (
        "open practice --fault reject=1/1/7",
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
        "open practice --fault break-off=provider-abort\necho",
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
        "open practice --fault break-off=close\necho",
        ("assoc.state == lost", "error.kind == ConnectionLost", "error.by == peer"),
    ),
    "never there": (
        "open practice --fault drop-at-byte=0",
        ("assoc.state == lost", "error contains closed", "error.code == 3"),
    ),
    "refused here": (
        "open practice --contexts verification\nfind study",
        ("error.kind == NoPresentationContext", "error.by == local", "error exists"),
    ),
    "mistyped": (
        "open practice\nget study",
        ("error.kind == UsageError", "error contains StudyInstanceUID"),
    ),
}
CASES = [(end, query) for end, (_, queries) in ENDS.items() for query in queries]


async def outcome(folder: Path, text: str) -> tuple[int, str]:
    """The exit code, and what is said of the failure."""
    path = folder / "night.assoc"
    path.write_text(text + "\n")
    (done,) = await asyncio.to_thread(run_scripts, [str(path)], "")
    return done.code, f"{done.verdict}: {done.failures}"


@pytest.mark.parametrize(("end", "query"), CASES, ids=[f"{end}: {query}" for end, query in CASES])
async def test_what_is_expected_passes(end: str, query: str, tmp_path: Path) -> None:
    text, _ = ENDS[end]
    code, said = await outcome(tmp_path, f"{text}\nexpect {query}")
    assert code == 0, said


@pytest.mark.parametrize("end", ENDS)
async def test_what_is_not_expected_fails(end: str, tmp_path: Path) -> None:
    """Without an ``expect`` of it, and with one that wants another end."""
    text, _ = ENDS[end]
    code, _ = await outcome(tmp_path, text)
    assert code != 0
    code, said = await outcome(tmp_path, f"{text}\nexpect error.kind == NoSuchKind")
    assert code == 1, said
    code, _ = await outcome(tmp_path, f"{text}\nwait\nexpect error exists")
    assert code != 0, "an expect that is not right after it takes nothing over"


@pytest.mark.parametrize("wanted", ["== open", "not == rejected", "== released", "exists"])
async def test_a_state_that_is_no_failure_takes_nothing_over(wanted: str, tmp_path: Path) -> None:
    """The exit code stays that of the failure: who wants it open has not expected a rejection."""
    path = tmp_path / "night.assoc"
    path.write_text(f"open practice --fault reject=1/1/7\nexpect assoc.state {wanted}\n")
    done = await ran("run", str(path), cwd=tmp_path)
    assert done.code == 3, done.err


@pytest.mark.parametrize("query", ["error exists", "assoc.state == rejected"])
async def test_an_error_that_does_not_come_fails(query: str, tmp_path: Path) -> None:
    code, said = await outcome(tmp_path, f"open practice\nexpect {query}")
    assert code == 1, said
