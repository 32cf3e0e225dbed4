"""A practice archive for the module, and scripts run in this process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assocsh.commands.registry import new_session
from assocsh.scripting.outcome import ScriptOutcome, outcomes
from assocsh.scripting.runner import QuietOutput, Run, RunPlan, load_all, log_problems
from tests.peers.process import free_port

RunText = Callable[..., ScriptOutcome]


@pytest.fixture(scope="session")
def archive() -> Iterator[str]:
    """The practice archive in a process of its own: ``AET@HOST:PORT``."""
    with subprocess.Popen(
        [sys.executable, "-m", "assocsh", "serve", "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def run_scripts(
    names: list[str], peer: str, lines: list[str] | None = None, **options: Any
) -> list[ScriptOutcome]:
    """Run scripts as ``assocsh run`` does, without its command line."""
    opened = f"open {peer}" if peer else ""
    plan = RunPlan(**{"peer": peer, "open_text": opened, "responses": 1000, **options})
    scripts, problems = load_all(names, plan)
    if problems:
        return [each for log in log_problems(problems, ()) for each in outcomes(log.events)]
    said: list[str] = [] if lines is None else lines
    run = Run(scripts, plan, make_session=new_session, output=lambda: QuietOutput(said.append))
    code = asyncio.run(run.all())
    found = run.outcomes
    assert code == next((each.code for each in found if each.code), 0)
    return found


@pytest.fixture
def run_text(tmp_path: Path, archive: str) -> RunText:
    """``run_text("echo; release")``: the outcome of one script against the practice archive."""

    def run(text: str, **options: Any) -> ScriptOutcome:
        path = tmp_path / "test.assoc"
        path.write_text(text, "utf-8")
        return run_scripts([str(path)], options.pop("peer", archive), **options)[0]

    return run
