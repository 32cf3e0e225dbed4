"""A command that was submitted: what it waits for, how it ended, what it is part of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, OperationCancelled, UsageError
from assocsh.records import NamedTuple, dataclass, field
from assocsh.results.ended import Ended

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.language.verdict import Check
    from assocsh.output.console import Channel
    from assocsh.results.progress import Progress
    from assocsh.results.request import RequestRecord


class JobState(StrEnum):
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a command is part of. A command that is typed, or stands in a file, is part of nothing.

    The commands ``run`` and ``retry`` give it to the commands that they run.
    """

    nested: bool = False
    """Part of another command: that one is recorded, and runs this one again."""
    attempt: tuple[int, int] = (0, 0)
    """Which ``retry`` (the number of its job), and which attempt of it, from 1."""
    folder: Path | None = None
    """Where relative files start from, if not from the folder of the session."""


TOP = Scope()


class Job:
    """One command that was submitted, until it has ended; ``record`` if it sends.

    ``number`` counts the jobs of a session from 1.
    """

    def __init__(
        self, call: Call, record: RequestRecord | None, *, number: int = 0, scope: Scope = TOP
    ) -> None:
        self.call = call
        self.record = record
        self.number = number
        self.scope = scope
        self.state = JobState.HELD
        self.error: AssocshError | None = None
        self.done = Ended()
        self.task: asyncio.Task[None] | None = None
        self.said = False
        """The user was told about ``error`` already."""
        self.channel: Channel | None = None
        """Where its results go, if not to the screen."""
        self.agreed = ""
        """The option that says what whoever typed it agreed to when asked: a recording has it."""
        self.told = False
        """What its request came to was shown already, before all that belongs to it had ended."""
        self.progress: Progress | None = None
        """How far it is, where it is no request that could be asked."""
        self.partial = False
        """Cancelled, it shows what it has so far and ends in order: a signal waits for that."""
        self.check: Check | None = None
        """What an ``expect`` found, once it has been evaluated."""
        self.status_expected = False
        """An ``expect status`` follows: a failure status is not a failure of the job."""
        self.failure_expected = False
        """An ``expect error`` or ``expect assoc.state`` follows: its error is no failure of it."""
        self.late = False
        """It was checked before it was run, or there was an association before it ended: exit code
        2 would say that nothing was performed."""

    @property
    def nested(self) -> bool:
        """Whether it is part of another command, which is recorded itself."""
        return self.scope.nested

    @property
    def attempt(self) -> tuple[int, int]:
        """Which ``retry`` it is part of, and which attempt of it, from 1; (0, 0) outside of one."""
        return self.scope.attempt

    @property
    def folder(self) -> Path | None:
        """Where its relative files start from; None: from the folder of the session."""
        return self.scope.folder

    @property
    def sent(self) -> bool:
        """Something of it is on the association: how that ends is how it ends."""
        return self.record is not None and bool(self.record.live)

    @property
    def failure(self) -> AssocshError | None:
        """What ``expect error`` looks at: its error, or why a part of it was refused here."""
        return self.error or (self.record.refusal if self.record is not None else None)

    @property
    def exit_code(self) -> int:
        """What the program would exit with if this were all it did."""
        record = self.record
        if self.error is not None:
            cancelled = isinstance(self.error, OperationCancelled)
            if cancelled and record is not None and record.cancel_asked:
                return 0
            if self.failure_expected:
                return 0
            return self._of_error(self.error)
        if record is None:
            return 0
        if record.unsuccessful and not (self.status_expected or record.status_checked):
            return 1
        return 5 if record.refused and not self.failure_expected else 0

    def _of_error(self, error: AssocshError) -> int:
        if not (self.late and isinstance(error, UsageError)):
            return error.code
        # a value that is not there fails like an expectation; another misuse was refused here
        return 1 if self.call.spec.grammar is not None else 5

    def came_before(self, other: Job) -> bool:
        """Whether it was submitted before ``other``: only then ``other`` speaks of it."""
        return self.number < other.number

    def cancel(self) -> None:
        """Stop a job that waits, or that is not a request."""
        if self.task is not None:
            self.task.cancel()


@dataclass(slots=True)
class JobCallbacks:
    """Called with each job: when it was submitted, and when it has ended and its end was said."""

    started: list[Callable[[Job], None]] = field(default_factory=list)
    ended: list[Callable[[Job], None]] = field(default_factory=list)


@dataclass(slots=True)
class Failures:
    """How the last commands failed: what ``expect error`` and ``expect assoc.state`` look at."""

    command: AssocshError | None = None
    """The last one, ``expect`` and ``let`` left out; None when it did not fail."""
    opening: AssocshError | None = None
    """The last attempt to open an association; None when it did not fail."""


class RunResult(NamedTuple):
    """How a run ended: the exit code of its first failure, and how many commands were left."""

    code: int
    left: int

    @property
    def cut_short(self) -> bool:
        """Nothing failed, and commands were left all the same: ``quit`` stood before them."""
        return not self.code and self.left > 0


def first_failure(jobs: Iterable[Job]) -> int:
    """The exit code of the first of ``jobs`` that has ended badly, or 0."""
    return next((job.exit_code for job in jobs if job.done.is_set() and job.exit_code), 0)


def earlier(jobs: Iterable[Job], job: Job) -> list[Job]:
    """Those that were submitted before ``job``; ``jobs`` are in the order of their lines."""
    return list(takewhile(lambda other: other is not job, jobs))
