"""TAP version 13: a point for each command and each expectation, across all scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assocsh.output.failure import check_lines
from assocsh.scripting.failures import failure_lines, problem_lines, snapshot_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, Step
from assocsh.text.visible import visible

OPTION = "--report-tap"
HELP = "TAP version 13"


class _Point(Protocol):
    def __call__(
        self, ok: bool, name: str, details: Sequence[str] = (), directive: str = ""
    ) -> None: ...


def render(run: RunOutcome) -> str:
    """The run as TAP. What was not run is skipped; a script that cannot be run is one failure."""
    points: list[list[str]] = []

    def point(ok: bool, name: str, details: Sequence[str] = (), directive: str = "") -> None:
        word = "ok" if ok else "not ok"
        head = f"{word} {len(points) + 1} - {_name(name)}{directive}"
        points.append([head, *(f"# {line}" for line in details)])

    for outcome in run.scripts:
        for step in outcome.deciding:
            _step(outcome, step, point)
        for line, text in outcome.skipped:
            name = f"{outcome.file}:{line} {text}"
            point(True, name, (), " # SKIP a command before it failed or was quit")
        if outcome.problem is not None:
            point(False, outcome.file, problem_lines(outcome.problem))
        if outcome.difference:
            point(False, f"{outcome.file} as in its snapshot", snapshot_lines(outcome))
        if outcome.unexplained:
            point(False, f"{outcome.file} {outcome.verdict}")
    lines = ["TAP version 13", f"1..{len(points)}"]
    for each in points:
        lines += each
    return "\n".join(lines) + "\n"


def _step(outcome: ScriptOutcome, step: Step, point: _Point) -> None:
    name = f"{outcome.file}:{step.line} {step.text}"
    own = step.code and (step.error is not None or all(check.ok for check in step.checks))
    point(not own, name, failure_lines(outcome, step) if own else ())
    for check in step.checks:
        details = () if check.ok else check_lines(check.source or outcome.file, check)
        point(check.ok, f"{outcome.file}:{check.line} expect {check.text}", details)


def _name(text: str) -> str:
    """A description: one line, and no # that would begin a directive."""
    return visible(text).replace("#", "\\#")
