"""Annotations for GitHub Actions: ``::error file=...,line=...::message`` on stdout."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.scripting.failures import snapshot_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome
from assocsh.text.visible import visible

OPTION = "--github"
HELP = "annotations for GitHub Actions on stdout"
TAKES_FILE = False


def render(run: RunOutcome) -> str:
    """One line for each failure; nothing for a run that passed."""
    return "".join(f"{line}\n" for outcome in run.scripts for line in _lines(outcome))


def _lines(outcome: ScriptOutcome) -> Iterator[str]:
    if outcome.problem is not None:
        line = outcome.problem.get("line") or 1
        file = outcome.problem.get("file") or outcome.file
        yield _annotation(file, line, outcome.problem["message"])
    for step in outcome.failures:
        for check in step.checks:
            if not check.ok:
                text = f"expect {check.text}: actual {check.actual} ({check.about})"
                yield _annotation(check.source or outcome.file, check.line, text)
        file = step.source if step.source and step.line else outcome.file
        if step.error is not None:
            yield _annotation(file, step.line or 1, step.error[1])
        elif step.code and all(check.ok for check in step.checks):
            yield _annotation(file, step.line or 1, f"{step.text}: {step.result or 'failed'}")
    if outcome.difference:
        text = snapshot_lines(outcome)[0].removeprefix("error: ")
        yield _annotation(outcome.file, 1, f"{text}; --update accepts it")
    if outcome.unexplained:
        yield _annotation(outcome.file, 1, outcome.verdict)


def _annotation(file: str, line: int, text: str) -> str:
    properties = f"file={_property(visible(file))},line={line},title=assocsh"
    return f"::error {properties}::{_data(visible(text, 500))}"


def _data(text: str) -> str:
    """A message: nothing in it may end the command or begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
