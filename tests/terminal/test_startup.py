"""Prompt first: nothing heavy is loaded before it stands. How soon is the benchmark's to say."""

from __future__ import annotations

import asyncio
import gc
import subprocess

import pytest

from assocsh.terminal.loading import Keywords, load_behind
from tests.terminal.pty_terminal import ROOT, python

UP_TO_THE_PROMPT = """
import asyncio, sys
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from assocsh.terminal.app import Shell

async def main():
    with create_pipe_input() as source, create_app_session(input=source, output=DummyOutput()):
        shell = None
        def begin():
            print(*sorted(sys.modules))
            from assocsh.session.offers import SessionProvider
            from assocsh.commands.registry import new_session
            session = new_session()
            return session, SessionProvider(session)
        def prompted(loaded):
            print(*sorted(sys.modules))
            shell.leaving.close()
        shell = Shell(begin, source=source, screen=DummyOutput(), loader=prompted)
        await shell.run(greeting="hello")

asyncio.run(main())
"""

HEAVY = (
    "assocsh.association",
    "assocsh.dimse",
    "assocsh.upperlayer",
    "assocsh.practice",
    "pydicom",
    "pynetdicom",
    "numpy",
    "rich",
    "pygments.lexers",
    "pygments.lexers.python",
)


def test_nothing_heavy_before_the_prompt() -> None:
    done = subprocess.run(
        python("-c", UP_TO_THE_PROMPT), cwd=ROOT, capture_output=True, text=True, check=True
    )
    prompted, begun = (set(line.split()) for line in done.stdout.splitlines())
    assert "assocsh.terminal.app" in prompted
    assert "assocsh.session.session" not in prompted
    assert "assocsh.session.session" in begun
    for loaded in (prompted, begun):
        assert loaded.isdisjoint(HEAVY)
        assert not {name for name in loaded if name.startswith("pygments.lexers")}


@pytest.mark.parametrize("enabled", [False, True])
async def test_the_collector_is_on_when_all_is_loaded(enabled: bool) -> None:
    """It is off on the way to the prompt; what was loaded by then it never looks at again."""
    loop = asyncio.get_running_loop()
    loaded: asyncio.Future[Keywords] = loop.create_future()
    before = gc.get_freeze_count()
    try:
        if not enabled:
            gc.disable()
        load_behind(loaded.set_result)
        assert "patientname" in await asyncio.wait_for(loaded, 30)
        assert gc.isenabled()
        assert (gc.get_freeze_count() > before) == (not enabled)
    finally:
        gc.enable()
        gc.unfreeze()
