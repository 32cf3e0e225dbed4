"""Prompt first: nothing heavy is loaded before it stands, and it stands soon."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.shell.terminal.pty_terminal import ROOT, PtyTerminal, python

UP_TO_THE_PROMPT = """
import asyncio, sys
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from assocsh.shell.session import Session
from assocsh.shell.terminal.app import Shell

async def main():
    with create_pipe_input() as source, create_app_session(input=source, output=DummyOutput()):
        shell = None
        def prompted(loaded):
            print(*sorted(sys.modules))
            shell.leaving.close()
        shell = Shell(Session(), source=source, screen=DummyOutput(), loader=prompted)
        await shell.run(greeting="hello")

asyncio.run(main())
"""

HEAVY = ("pydicom", "pynetdicom", "numpy", "rich", "pygments.lexers", "pygments.lexers.python")


def test_nothing_heavy_before_the_prompt() -> None:
    done = subprocess.run(
        python("-c", UP_TO_THE_PROMPT), cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "assocsh.shell.terminal.app" in loaded
    assert "assocsh.shell.session" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert not {name for name in loaded if name.startswith("pygments.lexers")}


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="no /proc/PID/schedstat")
def test_the_first_prompt_costs_little_more_than_prompt_toolkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 30 ms more than ``import prompt_toolkit``, in time of the processor.

    The best of several, side by side: what the rest of the machine does costs both alike.
    """
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    imported, prompted = [], []
    for _ in range(10):
        code = "import prompt_toolkit, sys; sys.stdout.write('assocsh>'); sys.stdin.read()"
        imported.append(_used_until_prompt("-c", code))
        prompted.append(_used_until_prompt("-m", "assocsh"))
    more = min(prompted[1:]) - min(imported[1:])  # the first ones write the byte code
    print(f"first prompt: {min(prompted):.3f} s, {more * 1000:.0f} ms more than the import alone")
    assert more < 0.030


def _used_until_prompt(*arguments: str) -> float:
    with PtyTerminal(python(*arguments)) as terminal:
        terminal.wait_for("assocsh>")
        schedstat = Path(f"/proc/{terminal.process.pid}/schedstat").read_text()
    return int(schedstat.split()[0]) / 1e9
