"""Lines become jobs: parsed, held while what they refer to is not there, performed, reported.

At the prompt every line is submitted at once and each command is a job of its own; in scripts,
``-c``, stdin and pasted text a command runs to its end before the next one starts, unless ``&``
follows it. Both ways a job waits for exactly what it depends on:

* a variable, for the last ``let`` of that name submitted before it;
* a query, ``--of``, ``let``, ``expect`` and ``show``, for the request they speak of;
* a command that sends, for an ``open`` that is still going on, and for a ``wait`` before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from assocsh.commands import registry
from assocsh.errors import AssocshError, OperationCancelled, UsageError
from assocsh.output.sink import OutputClosed
from assocsh.session.expansion import expand, subjects, variables

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.language.verdict import Check
    from assocsh.results.request import RequestRecord
    from assocsh.session.session import Session

LIFECYCLE = frozenset({"open", "reopen", "release", "abort"})
AT_ONCE = frozenset({"abort", "cancel", "status", "requests", "help", "quit", "history", "wire"})
"""Never held: what one needs while everything else is waiting."""


class JobState(StrEnum):
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """One command that was submitted, until it has ended; ``record`` if it sends."""

    def __init__(self, call: Call, record: RequestRecord | None) -> None:
        self.call = call
        self.record = record
        self.state = JobState.HELD
        self.error: AssocshError | None = None
        self.done = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.said = False
        """The user was told about ``error`` already."""
        self.check: Check | None = None
        """What an ``expect`` found, once it has been evaluated."""
        self.status_expected = False
        """An ``expect status`` follows: a failure status is not a failure of the job."""
        self.late = False
        """There was an association before it ended: exit code 2 would say that nothing was sent."""

    @property
    def sent(self) -> bool:
        """Something of it is on the association: how that ends is how it ends."""
        return self.record is not None and bool(self.record.live)

    @property
    def exit_code(self) -> int:
        """What the program would exit with if this were all it did."""
        record = self.record
        if self.error is not None:
            cancelled = isinstance(self.error, OperationCancelled)
            if cancelled and record is not None and record.cancel_asked:
                return 0
            return self._of_error(self.error)
        if record is None:
            return 0
        if record.category == "Failure" and not (self.status_expected or record.status_checked):
            return 1
        return 5 if record.refused else 0

    def _of_error(self, error: AssocshError) -> int:
        if not (self.late and isinstance(error, UsageError)):
            return error.code
        # a value that is not there fails like an expectation; another misuse was refused here
        return 1 if self.call.spec.name in ("let", "expect") else 5

    def cancel(self) -> None:
        """Stop a job that waits, or that is not a request."""
        if self.task is not None:
            self.task.cancel()


class Ran(NamedTuple):
    """How a run ended: the exit code of its first failure, and how many commands were left."""

    code: int
    left: int


class Interpreter:
    """Starts jobs, knows which have not ended, and runs sequences of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.unfinished: dict[Job, None] = {}
        """In the order they were submitted."""
        self._lets: dict[str, Job] = {}

    @property
    def held(self) -> int:
        """Commands that wait for what they refer to."""
        return sum(1 for job in self.unfinished if job.state is JobState.HELD)

    # one command

    def start(self, call: Call, *, foreground: bool = False) -> Job:
        """Submit one command. Numbers it, and gives it a task that performs it."""
        session = self._session
        spec = call.spec
        waits = self._dependencies(call)
        subject, last_find = session.last_request, session.last_find
        record = session.new_record(call) if spec.sends else None
        job = Job(call, record)
        for request in subjects(call, session, subject, last_find):
            waits.append(request.done)
        if spec.name == "let":
            self._lets[_let_name(call)] = job
        self.unfinished[job] = None
        job.task = asyncio.create_task(
            self._perform(job, waits, subject, last_find, foreground), name=f"assocsh {call.text}"
        )
        session.changed()
        return job

    async def _perform(
        self,
        job: Job,
        waits: Sequence[asyncio.Event],
        subject: RequestRecord | None,
        last_find: RequestRecord | None,
        foreground: bool,
    ) -> None:
        session = self._session
        try:
            if job.call.spec.name not in AT_ONCE:
                await session.loaded.wait()
            for event in waits:
                await event.wait()
            job.state = JobState.RUNNING
            handler = registry.handler(job.call.spec.name)
            bound = expand(session, job, subject, last_find)
            bound.foreground = foreground
            await handler(session, bound)
        except AssocshError as error:
            job.error = error
        except OutputClosed as error:
            session.output_lost(error)
            job.error = OperationCancelled("nobody reads the results")
        except asyncio.CancelledError:
            job.error = OperationCancelled(f"{job.call.spec.name}: stopped")
        except Exception as error:
            session.internal_error(error)
            job.error = AssocshError(
                f"{job.call.spec.name}: internal error: {type(error).__name__}: {error}",
                hint="this is a fault of assocsh; ASSOCSH_DEBUG=1 shows where",
            )
        finally:
            self._end(job)

    def _end(self, job: Job) -> None:
        session = self._session
        job.late = session.association is not None
        if job.error is None:
            job.state = JobState.DONE
        elif isinstance(job.error, OperationCancelled):
            job.state = JobState.CANCELLED
        else:
            job.state = JobState.FAILED
        self.unfinished.pop(job, None)
        name = _let_name(job.call)
        if self._lets.get(name) is job:
            del self._lets[name]
        if job.record is not None:
            job.record.finish(session.now(), job.error)
        try:
            session.report(job)
        except OutputClosed as error:
            session.output_lost(error)
        job.done.set()
        session.changed()

    def _dependencies(self, call: Call) -> list[asyncio.Event]:
        name = call.spec.name
        if name in AT_ONCE:
            return []
        waits: list[asyncio.Event] = []
        needs_association = call.spec.sends or name in LIFECYCLE or name in ("contexts", "listen")
        for job in self.unfinished:
            other = job.call.spec.name
            barrier = other == "wait" and name != "wait" and (call.spec.sends or call.uses_results)
            if (other in LIFECYCLE and needs_association) or barrier:
                waits.append(job.done)
        for name in variables(call):
            let = self._lets.get(name)
            if let is not None:
                waits.append(let.done)
        return waits

    # several

    async def run(self, calls: Iterable[Call], *, keep_going: bool = False) -> Ran:
        """Run commands as a script does.

        Stops at the first failure unless ``keep_going``, but evaluates every ``expect`` of a
        group. What runs in the background is waited for at the end, and counts as well.
        """
        listed = list(calls)
        background: list[Job] = []
        code = started = 0
        for index, call in enumerate(listed):
            if self._session.stopping:
                break
            if code and not keep_going and not _same_group(listed, index):
                break
            started += 1
            job = self.start(call, foreground=not call.background)
            job.status_expected = _status_expected(listed, index)
            if call.background:
                background.append(job)
                await asyncio.sleep(0)  # it sends before the next command looks around
                continue
            await job.done.wait()
            code = code or job.exit_code
            if call.spec.name == "wait":
                code = code or first_failure(background)
        if not code or keep_going:
            for job in background:
                await job.done.wait()
            code = code or first_failure(background)
        return Ran(code, len(listed) - started)


def first_failure(jobs: Iterable[Job]) -> int:
    """The exit code of the first of ``jobs`` that has ended badly, or 0."""
    return next((job.exit_code for job in jobs if job.done.is_set() and job.exit_code), 0)


def _same_group(calls: Sequence[Call], index: int) -> bool:
    """An ``expect`` right after an ``expect``: looked at even when the one before failed."""
    return (
        index > 0 and calls[index].spec.name == "expect" and calls[index - 1].spec.name == "expect"
    )


def _status_expected(calls: Sequence[Call], index: int) -> bool:
    for call in calls[index + 1 :]:
        if call.spec.name != "expect":
            return False
        if call.expects_status:
            return True
    return False


def _let_name(call: Call) -> str:
    from assocsh.language.expectations import Assignment

    return call.parsed.name if isinstance(call.parsed, Assignment) else ""


__all__ = ["Interpreter", "Job", "JobState", "Ran", "first_failure"]
