"""A failure in words: where it is, what was expected, what was there, and the exchange before it.

::

    error: expectation failed
      --> worklist.assoc:9:8
     9 | expect count == 1
       |        ^^^^^ actual 0   (#2 C-FIND 0x0000 Success, 41 ms)
"""

from __future__ import annotations

import shlex
from functools import cache

from assocsh.output.failure import check_lines, exchange_line
from assocsh.output.problems import FINDING, HINT
from assocsh.scripting.event_log import Event
from assocsh.scripting.outcome import ScriptOutcome, Step
from assocsh.text.marks import marked
from assocsh.text.visible import visible

EXCHANGE_LINES = 40
"""Lines of an exchange that are shown with a failure: the last ones."""


def failure_lines(outcome: ScriptOutcome, step: Step, *, exchange: bool = True) -> list[str]:
    """Everything about the failure of one step, as visible text."""
    lines: list[str] = []
    failed = [check for check in step.checks if not check.ok]
    if step.code and (step.error or not failed):
        lines += _step_lines(step.source or outcome.file, step)
    for check in failed:
        lines += check_lines(check.source or outcome.file, check)
    if exchange and step.exchange:
        lines.append("the exchange:")
        lines += [f"  {line}" for line in exchange_lines(step)]
    return lines


def _step_lines(file: str, step: Step) -> list[str]:
    number = str(step.line)
    margin = " " * len(number)
    error = step.error
    if error is not None:
        what, hint = error[1], error[2]
    else:
        what, hint = step.result or "failed", ""
        if step.done is not None and step.done.get("error_comment"):
            what += f'; error comment "{step.done["error_comment"]}"'
        if step.code == 1:
            hint = "when this status is wanted, say so: expect status == " + (
                step.done["status"] if step.done and step.done.get("status") else "0x0000"
            )
    lines = [f"error: {visible(what, 500)}"]
    place = (step.done or {}).get("error") or {}
    if place.get("source_line") is not None:
        source, column, end = place["source_line"], place["column"], place["end"]
        lines += marked(source, column, end, number=place["line"], where=file)
    else:
        first = step.text.splitlines()[0] if step.text else ""
        lines += [
            f" {margin}--> {visible(file)}:{step.line}:1",
            f" {number} | {visible(first, None)}",
        ]
    finding = (step.done or {}).get("finding")
    if finding and not (error is not None and finding["id"] in _restating()):
        text = finding["message"]
        if finding["hint"] and finding["hint"] != hint:
            text += f"; {finding['hint']}"
        lines.append(f"finding: {visible(text, 500)} [{visible(finding['section'])}]")
    if hint:
        lines.append(f"hint: {visible(hint, 500)}")
    return lines


def _is_advice(event: Event) -> bool:
    """What was said on the screen and stands in the failure itself."""
    return event["type"] == "note" and str(event.get("text")).startswith((HINT, FINDING))


@cache
def _restating() -> frozenset[str]:
    """The findings that say nothing to who has read the error."""
    from assocsh.wire.findings import rules

    return frozenset(rule.id for rule in rules() if rule.restates)


def problem_lines(problem: Event) -> list[str]:
    """A script that could not be run at all: the place of the mistake, if it has one."""
    lines = [f"error: {visible(problem['message'], 500)}"]
    if problem.get("source_line") is not None:
        lines += marked(
            problem["source_line"],
            problem["column"],
            problem["end"],
            number=problem["line"],
            where=problem["file"],
        )
    if problem.get("hint"):
        lines.append(f"hint: {visible(problem['hint'], 500)}")
    return lines


def capture_line(outcome: ScriptOutcome) -> str:
    """Where everything that was said is, and what reads it."""
    file = shlex.quote(visible(outcome.capture, None))
    return f"what was said is captured: `assocsh read {file}` shows it"


def snapshot_lines(outcome: ScriptOutcome) -> list[str]:
    """A run that differs from its stored snapshot: what is different, and what to do about it."""
    from assocsh.scripting.snapshot import SUFFIX

    stored = outcome.difference.splitlines()
    if not any(line.startswith((" ", "-")) for line in stored[2:]):
        return [
            f"error: there is no {visible(outcome.file + SUFFIX)}",
            "hint: --snapshot writes it; keep it beside the script",
        ]
    return [
        f"error: this run differs from {visible(outcome.file + SUFFIX)}",
        *stored,
        "hint: --update accepts it as it is now",
    ]


def exchange_lines(step: Step, limit: int = EXCHANGE_LINES) -> list[str]:
    """What went over the wire for one step, a line for each message or PDU."""
    lines = [exchange_line(event) for event in step.exchange if not _is_advice(event)]
    if len(lines) > limit:
        lines = [f"… {len(lines) - limit} lines before these", *lines[-limit:]]
    return lines
