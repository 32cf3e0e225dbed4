"""Prompt first: nothing heavy is loaded before it stands. How soon is the benchmark's to say."""

from __future__ import annotations

import subprocess
import time

from tests.shell.terminal.pty_terminal import ROOT, python

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


BARE = """
from prompt_toolkit import PromptSession
PromptSession("assocsh> ", bottom_toolbar="not connected").prompt()
"""


@pytest.mark.serial
@pytest.mark.slow
def test_from_a_key_to_the_menu() -> None:
    """At most 25 ms more than a bare prompt takes to show a letter; the median of several."""
    with PtyTerminal(python("-c", BARE)) as bare, PtyTerminal(python("-m", "assocsh")) as ours:
        for terminal in (bare, ours):
            terminal.wait_for("not connected")
        ours.send("find study ")
        ours.wait_for("PatientName")
        shown, offered = [], []
        for _ in range(15):
            shown.append(_seconds(bare, "x", "assocsh> x"))
            bare.send("c-a", "\x0b")
            bare.wait_until_gone("assocsh> x")
            offered.append(_seconds(ours, "Pat", "(0010,0010) PN"))
            ours.send("backspace", "backspace", "backspace")
            ours.wait_until_gone("study Pat")
            ours.send("escape")
            ours.wait_until_gone("(0010,0010) PN")
    more = sorted(offered)[7] - sorted(shown)[7]
    print(f"key to menu: {more * 1000:.1f} ms more than a key of a bare prompt")
    assert more < 0.025


def _seconds(terminal: PtyTerminal, keys: str, wanted: str) -> float:
    started = time.monotonic()
    terminal.send(keys)
    terminal.wait_for(wanted)
    return time.monotonic() - started
