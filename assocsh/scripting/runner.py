"""Running scripts: an association each, one after the other or several at a time."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assocsh.datasets.folders import cannot_write, make_private
from assocsh.errors import LanguageError, UsageError
from assocsh.output.sink import Kind, Output
from assocsh.records import dataclass, field, replace
from assocsh.scripting.event_log import Event, EventLog, Sink
from assocsh.scripting.outcome import LEFT, ScriptOutcome, outcomes
from assocsh.scripting.script import Limits, Script, load
from assocsh.scripting.session_log import SessionLogger, identifying_variables
from assocsh.session.capturing import begin_capture
from assocsh.text.filenames import allowed_stem
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.scripting.redact import Redactor
    from assocsh.session.config import Config
    from assocsh.session.job import Job
    from assocsh.session.session import Session
    from assocsh.wire.captures.taking import Capture

MakeOutput = Callable[[], Output]


class MakeSession(Protocol):
    """Makes a session that performs commands: ``commands.registry.new_session``."""

    def __call__(self, output: Output | None = None, *, config: Config | None = None) -> Session:
        """A new session that writes to ``output``."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How scripts are run. ``peer_text`` is the ``open`` for scripts that have none."""

    peer: str = ""
    open_text: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    file_root: Path | None = None
    jobs: int = 1
    keep_going: bool = False
    """Whether the next script is begun after one that failed."""
    on_error: str = ""
    """``stop`` or ``continue``: what a failed command does to those after it; else the setting."""
    programs: bool = False
    """Whether scripts may start programs, with ``|``."""
    timeout: float | None = None
    format: str = ""
    config: Config | None = None
    redactor: Redactor | None = None
    captures: Path | None = None
    """The folder of a capture of each script that fails; it is there."""
    redact_ended: bool = False
    """Whether what is said while scripts run is redacted too, not only what is written."""
    responses: int = 0
    """Responses of one request, at most, that are logged with their data sets."""

    @property
    def names(self) -> frozenset[str]:
        """The variables that scripts may use without a ``let``."""
        return frozenset(self.variables) | ({"peer"} if self.peer else frozenset())

    def redacted(self, events: list[Event]) -> list[Event]:
        """The events of one script as they are kept: pseudonyms for what identifies patients."""
        redactor = self.redactor
        if redactor is None:
            return events
        for event in events:  # first every value is learned, then they are all replaced
            redactor.learn(event)
        return [redactor.event(event) for event in events]


def capture_folder(name: str) -> Path:
    """The folder ``name``, made if it is not there. Raises UnusableFile."""
    folder = Path(name).expanduser()
    try:
        make_private(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_write(name, error) from error
    return folder


@dataclass(slots=True)
class Problem:
    """A script that could not be loaded."""

    name: str
    error: UsageError


def load_all(names: Iterable[str], plan: RunPlan) -> tuple[list[Script], list[Problem]]:
    """Every script, read and checked: nothing is run when one of them is wrong."""
    scripts: list[Script] = []
    problems: list[Problem] = []
    for name in names:
        try:
            script = load(name, Limits(plan.names, plan.file_root, programs=plan.programs))
            if not script.opens and not plan.open_text and _needs_association(script):
                raise UsageError(
                    f"{name} opens no association", hint="assocsh run SCRIPT.assoc PEER"
                )
            scripts.append(script)
        except UsageError as error:
            problems.append(Problem(name, error))
    return scripts, problems


def _needs_association(script: Script) -> bool:
    from assocsh.language.parse import every_call

    return any(call.spec.sends for call in every_call(script.calls))


class Run:
    """A run of several scripts. ``outcomes`` grows as they end, in their own order."""

    def __init__(
        self,
        scripts: Sequence[Script],
        plan: RunPlan,
        *,
        make_session: MakeSession,
        output: MakeOutput,
        sinks: tuple[Sink, ...] = (),
        ended: Callable[[ScriptOutcome], None] = lambda outcome: None,
    ) -> None:
        self._scripts = scripts
        self._make_session = make_session
        self._plan = plan
        self._sinks = sinks
        self._output = output
        self._ended = ended
        self._clock = time.monotonic
        self.logs: list[EventLog] = []
        self._tasks: set[asyncio.Task[int]] = set()
        self._stopped = 0
        self._captures: set[Path] = set()

    @property
    def outcomes(self) -> list[ScriptOutcome]:
        """What every script that was begun came to, with all that was redacted."""
        return [
            outcome for log in self.logs for outcome in outcomes(self._plan.redacted(log.events))
        ]

    async def all(self) -> int:
        """Run them; the exit code of the first that failed, in the order given."""
        slots = asyncio.Semaphore(self._plan.jobs)
        codes: dict[int, int] = {}

        async def one(index: int, script: Script) -> None:
            async with slots:
                if self._stopped or (any(codes.values()) and not self._plan.keep_going):
                    return
                codes[index] = await self._one(script)

        async with asyncio.TaskGroup() as group:
            for index, script in enumerate(self._scripts):
                group.create_task(one(index, script))
        first = next((codes[index] for index in sorted(codes) if codes[index]), 0)
        return self._stopped or first

    def stop(self, code: int) -> None:
        """End what is running with A-ABORT, and begin nothing more."""
        self._stopped = self._stopped or code
        for task in self._tasks:
            task.cancel()

    async def _one(self, script: Script) -> int:
        redactor = self._plan.redactor
        if redactor is not None:  # before the first event: a log file is written as they come
            redactor.variables.update(identifying_variables(script.calls))
            redactor.foresee(script.text, self._plan.variables)
        log = EventLog(script.name, self._clock, sinks=self._sinks)
        self.logs.append(log)
        log.add("script", file=script.name, peer=self._plan.peer)
        if script.torn:
            log.add("note", text="the recording was cut off: its last line is not run")
        session = self._new_session(script, log)
        try:
            capture = self._begin_capture(session, script)
        except UsageError as error:
            kind, message = error.kind, error.message
            log.add("problem", kind=kind, message=message, hint=error.hint, file=script.name)
            await session.close()
            return self._is_over(log, 2)
        task = asyncio.create_task(self._perform(session, script, log))
        self._tasks.add(task)
        try:
            async with asyncio.timeout(self._plan.timeout):
                code = await task
        except TimeoutError:
            code = 4
            message = f"the script took longer than --timeout {self._plan.timeout:g}s"
            log.add("problem", kind="OperationTimeout", message=message, hint="", file=script.name)
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            code = self._stopped
        finally:
            self._tasks.discard(task)
        if capture is not None:
            self._keep_capture(capture, code, log)
        return self._is_over(log, code)

    def _is_over(self, log: EventLog, code: int) -> int:
        log.add("script-end", code=code, elapsed_ms=round(log.elapsed * 1000, 3))
        self._ended(self._last_outcome(log))
        return code

    def _begin_capture(self, session: Session, script: Script) -> Capture | None:
        """Capture what the script says, if that is wanted; the session's end ends it.

        Raises UsageError where the file cannot be written.
        """
        folder = self._plan.captures
        if folder is None:
            return None
        stem = allowed_stem(Path(script.name).stem)
        path, number = folder / f"{stem}.pcapng", 1
        while path in self._captures:
            number += 1
            path = folder / f"{stem}-{number}.pcapng"
        self._captures.add(path)
        return begin_capture(session, path, redact=self._plan.redactor is not None)

    @staticmethod
    def _keep_capture(capture: Capture, code: int, log: EventLog) -> None:
        """Name the capture of a script that failed; of one that passed it is not kept."""
        path = capture.writer.path
        if code and capture.writer.packets:
            log.add("capture", file=str(path))
        else:
            with suppress(OSError):
                path.unlink()

    def _last_outcome(self, log: EventLog) -> ScriptOutcome:
        events = self._plan.redacted(log.events) if self._plan.redact_ended else log.events
        return outcomes(events)[0]

    async def _perform(self, session: Session, script: Script, log: EventLog) -> int:
        """Run one script in its own session, and end everything it opened."""
        logger = SessionLogger(session, log, responses=self._plan.responses)
        calls: list[Call] = []
        if self._plan.open_text and not script.opens:
            calls += session.parse(self._plan.open_text, source="command line", line=0)
        calls += script.calls
        session.prepare(calls)
        gone = True
        try:
            ran = await session.interpreter.run(calls, keep_going=None)
            gone = False
            for call in calls[len(calls) - ran.left :] if ran.left else ():
                log.add("skipped", line=call.line, text=call.text)
            if ran.cut_short:
                last = calls[len(calls) - ran.left - 1]
                log.add("problem", **_cut_short(script, last, ran.left))
            return 1 if ran.cut_short else ran.code
        finally:
            await session.close(abort=gone)
            logger.close()

    def _new_session(self, script: Script, log: EventLog) -> Session:
        """A session for one script: its folder, its variables, its output."""
        plan = self._plan
        session = self._make_session(LoggedOutput(self._output(), log), config=plan.config)
        session.checked = True
        session.base = script.folder
        session.variables.update(plan.variables)
        if plan.peer:
            session.variables["peer"] = plan.peer
        if plan.format:
            session.settings.set("format", plan.format)
        if plan.on_error:
            session.settings.set("on-error", plan.on_error)
        return session


def _not_run(left: int) -> str:
    return f"quit: {plural(left, 'line was', 'lines were')} not run"


def _cut_short(script: Script, last: Call, left: int) -> dict[str, Any]:
    """The members of the ``problem`` event of a script that ``quit`` ended before its last line."""
    return {
        "kind": LEFT,
        "message": _not_run(left),
        "hint": "a script passes when all of it was run: quit is its last line, or is not in it",
        "file": last.source or script.name,
        "line": last.line,
        "column": 0,
        "end": 0,
        "source_line": None,
    }


class LoggedOutput:
    """Passes everything on, and keeps what was noted in the log."""

    def __init__(self, output: Output, log: EventLog) -> None:
        self._output = output
        self._log = log

    @property
    def width(self) -> int | None:
        return self._output.width

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._output.result(text, kind)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        if kind is Kind.WARNING:  # events and errors are in the log as such
            self._log.add("note", text=text)
        self._output.note(text, kind)

    def flush(self) -> None:
        self._output.flush()


class QuietOutput:
    """Nothing but the wire, when a script asks for it, and it goes to ``write``."""

    width: int | None = None

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        return

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        if kind is Kind.WIRE:
            self._write(text)

    def flush(self) -> None:
        return


def problem_event(problem: Problem) -> dict[str, Any]:
    """The members of the ``problem`` event of a script that could not be loaded."""
    error = problem.error
    members: dict[str, Any] = {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "file": problem.name,
        "line": None,
        "column": 0,
        "end": 0,
        "source_line": None,
    }
    if isinstance(error, LanguageError):
        begin = error.text.rfind("\n", 0, error.start) + 1
        end = error.text.find("\n", error.start)
        source = error.text[begin : len(error.text) if end < 0 else end].rstrip("\r")
        members |= {
            "file": error.source or problem.name,
            "line": error.line,
            "column": error.start - begin,
            "end": min(error.end - begin, max(len(source), error.start - begin + 1)),
            "source_line": source,
        }
    return members


def log_problems(problems: Sequence[Problem], sinks: tuple[Sink, ...]) -> list[EventLog]:
    """An event log for each script that could not be loaded."""
    logs: list[EventLog] = []
    for problem in problems:
        log = EventLog(problem.name, time.monotonic, sinks=sinks)
        log.add("script", file=problem.name, peer="")
        log.add("problem", **problem_event(problem))
        log.add("script-end", code=2, elapsed_ms=0.0)
        logs.append(log)
    return logs


async def run_inside(
    session: Session, job: Job, scripts: Sequence[Script], *, keep_going: bool
) -> int:
    """Run scripts in a session that is open, for the command ``run`` of ``job``: the exit code.

    That is the code of the first that failed; with ``keep_going`` those after it are run as well.
    """
    code = 0
    for script in scripts:
        scope = replace(job.scope, nested=True, folder=script.folder)
        ran = await session.interpreter.run(script.calls, keep_going=None, scope=scope)
        if ran.cut_short and session.lost_output is None:
            session.note(f"{script.name}: {_not_run(ran.left)}", Kind.WARNING)
        code = code or ran.code or int(ran.cut_short)
        if session.stopping or (code and not keep_going):
            if not code and script is not scripts[-1]:
                following = len(scripts) - scripts.index(script) - 1
                scripts_left = plural(following, "script was", "scripts were")
                session.note(f"quit: {scripts_left} not run", Kind.WARNING)
                code = 1
            break
    return code
