"""What a run came to, read back from its event log: what the reports and the snapshot show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from assocsh.language.model import Grammar
from assocsh.language.table import grammar_of
from assocsh.language.verdict import Check
from assocsh.records import dataclass, field
from assocsh.scripting.event_log import Event

EXIT_MEANINGS = {
    0: "passed",
    1: "an expectation or a DIMSE status failed",
    2: "not a script that can be run",
    3: "the association could not be established",
    4: "the association was lost",
    5: "refused on this side before sending",
    130: "interrupted",
}
"""What the exit codes of the program mean."""

LEFT = "ScriptLeft"
"""The kind of problem of a script that ``quit`` ended before its last line."""

CYCLE = 3
"""Messages that may go round: C-STORE-RQ, C-STORE-RSP and C-GET-RSP, each counted in one line."""

_EXCHANGE = ("dimse", "pdu", "association", "transport", "remark", "note")


@dataclass(slots=True)
class Step:
    """One command, with the expectations that follow it and what went over the wire."""

    number: int
    line: int
    text: str
    begun: float
    request: int | None = None
    background: bool = False
    source: str = ""
    """The file it is in: the script, or one that the script runs."""
    block: int = 0
    attempt: int = 0
    superseded: bool = False
    """Of an attempt of a ``retry`` that was followed by another: it decides nothing."""
    code: int = 0
    done: Event | None = None
    checks: list[Check] = field(default_factory=list)
    exchange: list[Event] = field(default_factory=list)
    responses: list[Event] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        if self.done is None:
            return 0.0
        return max(0.0, float(self.done["t"]) - self.begun)

    @property
    def failed(self) -> bool:
        if self.superseded:
            return False
        return bool(self.code) or any(not check.ok for check in self.checks)

    @property
    def error(self) -> tuple[str, str, str] | None:
        """Kind, message and hint of what ended it."""
        error = self.done.get("error") if self.done else None
        return (error["kind"], error["message"], error["hint"]) if error else None

    @property
    def result(self) -> str:
        """``C-FIND 0x0000 Success, 12 responses``; empty for what sends nothing."""
        done = self.done
        if done is None or not done.get("service"):
            return ""
        if done["status"] is None:
            return f"{done['service']} {done['state']}"
        meaning = done["meaning"]
        more = f" ({meaning})" if meaning and meaning != done["category"] else ""
        parts = [f"{done['service']} {done['status']} {done['category']}{more}"]
        if done["service"] != "C-ECHO" or done["count"] != 1:
            parts.append(f"count {done['count']}")
        return ", ".join(parts)


@dataclass(slots=True)
class ScriptOutcome:
    """One script: its steps in the order in which they were submitted."""

    file: str
    peer: str = ""
    steps: list[Step] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    problem: Event | None = None
    code: int = 0
    seconds: float = 0.0
    finished: bool = False
    closing: list[Event] = field(default_factory=list)
    """What went over the wire after the last command."""
    capture: str = ""
    """The file with what was said, of a script that failed, where that was asked for."""
    difference: str = ""
    """How it differs from its stored snapshot, where ``--check`` compared them."""

    @property
    def deciding(self) -> list[Step]:
        """The steps that count: without attempts that were followed by another."""
        return [step for step in self.steps if not step.superseded]

    @property
    def checks(self) -> int:
        return sum(len(step.checks) for step in self.deciding)

    @property
    def failures(self) -> list[Step]:
        return [step for step in self.steps if step.failed]

    @property
    def unexplained(self) -> bool:
        """It failed, and nothing in it says why."""
        return bool(self.code) and not (self.failures or self.difference or self.problem)

    @property
    def verdict(self) -> str:
        if self.code == 0:
            return "passed"
        if self.difference and not self.failures:
            return "differs from its snapshot"
        if self.problem is not None and self.problem["kind"] == LEFT:
            return "quit before its last line"
        return EXIT_MEANINGS.get(self.code, f"ended with exit code {self.code}")


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A whole run: what a report is made from."""

    scripts: Sequence[ScriptOutcome]
    program: str = ""
    """The version of assocsh."""
    started: str = ""
    """Date and time in UTC, as ISO 8601 writes them."""
    redacted: bool = True

    @property
    def code(self) -> int:
        """The exit code of the first script that failed."""
        return next((script.code for script in self.scripts if script.code), 0)


def outcomes(events: Iterable[Event]) -> list[ScriptOutcome]:
    """The outcomes of all scripts in a log, in the order in which they began."""
    readers: dict[str, _Reader] = {}
    for event in events:
        script = event.get("script")
        if script is None:
            continue
        if event["type"] == "script" or script not in readers:
            readers.setdefault(str(script), _Reader(str(script)))
        readers[str(script)].read(event)
    return [reader.outcome for reader in readers.values()]


class _Reader:
    def __init__(self, script: str) -> None:
        self.outcome = ScriptOutcome(script)
        self._steps: dict[int, Step] = {}
        self._by_request: dict[int, Step] = {}
        self._newest: Step | None = None
        self._between: list[Event] = []
        self._evaluated: set[int] = set()
        """Steps whose expectation had a verdict."""

    def read(self, event: Event) -> None:
        outcome = self.outcome
        match event["type"]:
            case "script":
                outcome.file, outcome.peer = event["file"], event.get("peer") or ""
            case "command":
                self._command(event)
            case "expect":
                self._expect(event)
            case "done":
                self._done(event)
            case "response":
                step = self._by_request.get(event["request"])
                if step is not None:
                    step.responses.append(event)
            case "skipped":
                outcome.skipped.append((event["line"], event["text"]))
            case "problem":
                outcome.problem = event
            case "capture":
                outcome.capture = event["file"]
            case "script-end":
                outcome.code, outcome.finished = event["code"], True
                outcome.closing, self._between = self._between, []
                outcome.seconds = event["elapsed_ms"] / 1000
            case "snapshot":
                outcome.difference = event["difference"]
                outcome.code = outcome.code or 1
            case kind if kind in _EXCHANGE:
                self._exchange(event)
            case _:
                pass  # of a later schema, or the header

    def _command(self, event: Event) -> None:
        step = Step(
            number=event["step"],
            line=event["line"],
            text=event["text"],
            begun=event["t"],
            request=event["request"],
            background=event["background"],
            source=event.get("source") or "",
            block=event.get("block") or 0,
            attempt=event.get("attempt") or 0,
        )
        if step.block:
            for other in self._steps.values():
                earlier = other.block == step.block and other.attempt < step.attempt
                if earlier and not other.superseded:
                    self._supersede(other)
        step.exchange, self._between = self._between, []
        self._steps[step.number] = step
        self._newest = step
        if step.request is not None:
            self._by_request[step.request] = step
        if not _is_expect(step.text):
            self.outcome.steps.append(step)

    def _supersede(self, step: Step) -> None:
        """A step of an attempt that another follows; an ``expect`` that has no value is none."""
        step.superseded = True
        if _is_expect(step.text) and step in self.outcome.steps:
            self.outcome.steps.remove(step)

    def _expect(self, event: Event) -> None:
        members = {each.name: event[each.name] for each in fields(Check) if each.name in event}
        check = Check(**members)
        self._evaluated.add(event["step"])
        about = self._by_request.get(event.get("request") or 0)
        if about is None:
            about = self.outcome.steps[-1] if self.outcome.steps else None
        if about is None:  # an expectation before any command is a step of its own
            about = self._steps[event["step"]]
            self.outcome.steps.append(about)
        about.checks.append(check)

    def _done(self, event: Event) -> None:
        step = self._steps.get(event["step"])
        if step is not None:
            step.done = event
            step.code = event["code"]
            # an expectation that could not be evaluated fails as any other command does
            failed = _is_expect(step.text) and step.error is not None
            if failed and step.number not in self._evaluated and step not in self.outcome.steps:
                self.outcome.steps.append(step)

    def _exchange(self, event: Event) -> None:
        step = self._by_request.get(event.get("request") or 0)
        if step is None and self._newest is not None and self._newest.done is None:
            step = self._newest
        target = step.exchange if step is not None else self._between
        # a thousand echoes are two lines, and so are the requests and responses of a C-GET
        for index in range(len(target) - 1, max(-1, len(target) - 1 - CYCLE), -1):
            earlier = target[index]
            if _same_kind(earlier, event):
                count, data = earlier.get("count", 1), earlier.get("data", 0)
                data += event.get("data", 0)
                target[index] = {**earlier, "count": count + 1, "data": data}  # no event changes
                return
        target.append(event)


def _is_expect(text: str) -> bool:
    """Whether a command is an expectation: that is a part of the step that it looks at."""
    return grammar_of(text.split(None, 1)[0] if text.strip() else "") is Grammar.EXPECTATION


def _same_kind(one: Event, other: Event) -> bool:
    if one["type"] != "dimse" or other["type"] != "dimse":
        return False
    return all(one.get(name) == other.get(name) for name in ("sent", "message", "status"))
