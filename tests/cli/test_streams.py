"""Streams that are closed, or full: each way in says so, hangs nowhere, and shows no traceback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from assocsh.output.sink import StreamOutput
from tests.program.support import ROOT

SCRIPT = "open practice\necho\n"

WAYS = {
    "--version": (),
    "--help": (),
    "completion": ("bash",),
    "practice": ("-c", "echo"),
    "-c": ("help",),
    "run": ("a.assoc", "--report-tap", "-"),
    "read": ("none.pcap",),
    "lesson": ("report",),
    "tls": ("NOBODY@127.0.0.1:1",),
    "probe": ("practice", "acse"),
    "serve": ("--port", "0"),
}
"""Each way in, with what follows it."""

WRITES = frozenset(WAYS) - {"read", "tls"}
"""They have something to say on stdout; the others end with an error before."""

ENDS = {"serve": 128 + signal.SIGTERM, "read": 2, "tls": 3}
"""How a way ends where all is well, if not with 0."""


async def code_of(folder: Path, way: str, redirected: str) -> tuple[int, str]:
    """The exit code of a way in, and what was said on stdout and stderr; ``serve`` is ended."""
    (folder / "a.assoc").write_text(SCRIPT)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'exec "$@" {redirected}', "bash"),
        *(sys.executable, "-m", "assocsh", way, *WAYS[way]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder)},
    )
    assert process.stdout is not None and process.stderr is not None
    said = b""
    if way == "serve" and "1>" not in redirected:
        said = await asyncio.wait_for(process.stdout.readline(), 30)
        process.send_signal(signal.SIGTERM)
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, (said + out + err).decode()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("redirected", ["1>&-", "1>/dev/full"])
async def test_results_that_cannot_be_written(way: str, redirected: str, tmp_path: Path) -> None:
    code, said = await code_of(tmp_path, way, redirected)
    assert "Traceback" not in said
    if way in WRITES:
        assert code == 1, said
        assert "Bad file descriptor" in said or "No space left on device" in said
    else:
        assert code == ENDS[way]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("redirected", ["0<&- 2>&-", "2>/dev/full"])
async def test_what_else_is_missing_changes_nothing(
    way: str, redirected: str, tmp_path: Path
) -> None:
    code, said = await code_of(tmp_path, way, redirected)
    assert "Traceback" not in said
    assert code == ENDS.get(way, 0), said


def test_a_program_that_embeds_a_session_may_close_its_stderr(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as err:
        output = StreamOutput(sys.stdout, err)
    output.note("nobody hears this")
