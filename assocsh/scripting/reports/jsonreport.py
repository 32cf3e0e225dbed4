"""The run as one JSON document."""

from __future__ import annotations

import json
from typing import Any

from assocsh.scripting.event_log import SCHEMA
from assocsh.scripting.failures import failure_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, Step

OPTION = "--report-json"
HELP = "one JSON document"


def render(run: RunOutcome) -> str:
    """``{"schema", "program", "redacted", "code", "scripts": [...]}``, indented, ASCII."""
    document = {
        "schema": SCHEMA,
        "program": run.program,
        "redacted": run.redacted,
        "code": run.code,
        "scripts": [_script(outcome) for outcome in run.scripts],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _script(outcome: ScriptOutcome) -> dict[str, Any]:
    return {
        "file": outcome.file,
        "peer": outcome.peer,
        "code": outcome.code,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 3),
        "problem": outcome.problem,
        "capture": outcome.capture or None,
        "snapshot_difference": outcome.difference or None,
        "steps": [_step(outcome, step) for step in outcome.steps],
        "skipped": [{"line": line, "text": text} for line, text in outcome.skipped],
    }


def _step(outcome: ScriptOutcome, step: Step) -> dict[str, Any]:
    done = step.done or {}
    names = ("service", "status", "category", "meaning", "count", "responses", "suboperations")
    return {
        "line": step.line,
        "text": step.text,
        "request": step.request,
        "background": step.background,
        "attempt": step.attempt,
        "passed": not step.failed,
        "code": step.code,
        "seconds": round(step.seconds, 3),
        **{name: done.get(name) for name in names},
        "error": done.get("error"),
        "expectations": [
            {
                "line": check.line,
                "text": check.text,
                "ok": check.ok,
                "actual": check.actual,
                "about": check.about,
            }
            for check in step.checks
        ],
        "exchange": step.exchange,
        "failure": failure_lines(outcome, step, exchange=False),
    }
