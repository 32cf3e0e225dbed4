"""Prompt first: nothing heavy is loaded before it stands, and it stands soon."""

from __future__ import annotations

import subprocess
import time

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


BARE = """
from prompt_toolkit import PromptSession
PromptSession("assocsh> ", bottom_toolbar="FAKE@127.0.0.1:104").prompt()
"""


@pytest.mark.serial
@pytest.mark.slow
def test_the_first_prompt_costs_little_more_than_prompt_toolkit() -> None:
    """At most 30 ms more than a bare prompt; the best of several, one beside the other."""

    def measured(*arguments: str) -> float:
        with PtyTerminal(python(*arguments)) as terminal:
            terminal.wait_for("assocsh>")
            return time.monotonic() - terminal.started

    bare, ours = [], []
    for _ in range(8):
        bare.append(measured("-c", BARE))
        ours.append(measured("-m", "assocsh"))
    print(f"first prompt: bare {min(bare) * 1000:.0f} ms, assocsh {min(ours) * 1000:.0f} ms")
    assert min(ours) - min(bare) < 0.030
