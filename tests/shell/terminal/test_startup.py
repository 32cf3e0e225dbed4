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
from assocsh.shell.terminal.app import Shell

async def main():
    with create_pipe_input() as source, create_app_session(input=source, output=DummyOutput()):
        shell = None
        def begin():
            print(*sorted(sys.modules))
            from assocsh.shell.provider import SessionProvider
            from assocsh.shell.session import Session
            session = Session()
            return session, SessionProvider(session)
        def prompted(loaded):
            print(*sorted(sys.modules))
            shell.leaving.close()
        shell = Shell(begin, source=source, screen=DummyOutput(), loader=prompted)
        await shell.run(greeting="hello")

asyncio.run(main())
"""

HEAVY = ("pydicom", "pynetdicom", "numpy", "rich", "pygments.lexers", "pygments.lexers.python")


def test_nothing_heavy_before_the_prompt() -> None:
    done = subprocess.run(
        python("-c", UP_TO_THE_PROMPT), cwd=ROOT, capture_output=True, text=True, check=True
    )
    prompted, begun = (set(line.split()) for line in done.stdout.splitlines())
    assert "assocsh.shell.terminal.app" in prompted
    assert "assocsh.shell.session" not in prompted
    assert "assocsh.shell.session" in begun
    for loaded in (prompted, begun):
        assert loaded.isdisjoint(HEAVY)
        assert not {name for name in loaded if name.startswith("pygments.lexers")}


@pytest.mark.serial
@pytest.mark.slow
def test_the_first_prompt_costs_little_more_than_prompt_toolkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 30 ms more than ``import prompt_toolkit``, in time of the processor.

    The best of several, side by side: what the rest of the machine does costs both alike.
    """
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    report = tmp_path / "used"
    imported: list[float] = []
    prompted: list[float] = []
    more = 1.0
    for attempt in range(40):
        imported.append(_used(f"import prompt_toolkit; {USED}", report))
        prompted.append(_used(UNTIL_THE_PROMPT, report))
        if attempt >= 5:  # the first ones write the byte code
            more = min(prompted[1:]) - min(imported[1:])
            if more < 0.030:
                break
    print(f"first prompt: {min(prompted):.3f} s, {more * 1000:.0f} ms more than the import alone")
    assert more < 0.030


USED = "import sys, time; open(sys.argv[1], 'w').write(str(time.process_time()))"

UNTIL_THE_PROMPT = f"""
from assocsh.shell.terminal.app import Shell
from assocsh.__main__ import main

def prompted(shell):
    {USED}
    shell._leave(0)

Shell._start = prompted
main([])
"""


def _used(program: str, report: Path) -> float:
    """Seconds of the processor until ``program`` wrote its report."""
    with PtyTerminal(python("-c", program, str(report))) as terminal:
        assert terminal.wait_exit() == 0
    return float(report.read_text())
