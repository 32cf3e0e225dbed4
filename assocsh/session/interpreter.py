"""Lines become jobs: parsed, held while what they refer to is not there, performed, reported.

At the prompt every line is submitted at once and each command is a job of its own; in scripts,
``-c``, stdin and pasted text a command runs to its end before the next one starts, unless ``&``
follows it. Both ways a job waits for exactly what it depends on:

* a variable, for the last ``let`` of that name submitted before it;
* a query, ``--of``, ``let``, ``expect`` and ``show``, for the request they speak of;
* a command that sends, for an ``open`` that is still going on, and for a ``wait`` before it;
* any command, for those before it *on its line* that change the association or that others wait
  for: who types ``reopen; status`` wants to see the new one.

A job ends once, whatever happens to it and whenever: also when it is cancelled before its task took
a first step, which then runs none of its code.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, OperationCancelled, OutputClosed
from assocsh.language.model import Grammar
from assocsh.output.sink import Kind
from assocsh.session.causes import Causes
from assocsh.session.expansion import expand, subjects, variables
from assocsh.session.job import TOP, Job, JobState, RunResult, Scope, first_failure
from assocsh.session.paging import Paged, paged
from assocsh.session.redirecting import Redirected, redirected

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.results.ended import Ended
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.state import State

    Perform = Callable[[BoundCall], Awaitable[None]]


class Interpreter:
    """Starts the jobs of a session, and runs sequences of them.

    ``perform`` does what a command is there for; it raises AssocshError when that fails.
    """

    def __init__(self, state: State, perform: Perform) -> None:
        self._state = state
        self._perform = perform
        self._causes = Causes(state)
        self._lets: dict[str, Job] = {}
        self._count = 0

    # one command

    def submit(self, calls: Iterable[Call]) -> list[Job]:
        """Submit the commands of one line, all at once."""
        self._begin()
        jobs: list[Job] = []
        for call in calls:
            jobs.append(self.start(call, behind=jobs))
        return jobs

    def _begin(self) -> None:
        """Commands come while nothing is going on: no more of those that were pasted, or are run.

        Hints that were said may be said again from here on.
        """
        if not self._state.jobs:
            self._state.console.forget_hints()

    def start(
        self,
        call: Call,
        *,
        foreground: bool = False,
        scope: Scope = TOP,
        behind: Sequence[Job] = (),
    ) -> Job:
        """Submit one command. Numbers it, and gives it a task that performs it.

        ``behind`` are the jobs before it on the same line.
        """
        state = self._state
        waits = self._dependencies(call)
        waits += [job.done for job in behind if job.call.spec.lifecycle or job.call.spec.barrier]
        subject, last_find = state.requests.last, state.requests.last_find
        for request in subjects(call, state, subject, last_find):
            waits.append(request.done)
        self._count += 1
        record = state.requests.new(call, state.now()) if call.spec.sends else None
        job = Job(call, record, number=self._count, scope=scope)
        name = _assigned(call)
        if name:
            self._lets[name] = job
        state.jobs[job] = None
        job.task = asyncio.create_task(
            self._run(job, waits, subject, last_find, foreground, len(behind)),
            name=f"assocsh {call.text}",
        )
        job.task.add_done_callback(lambda _: self._end_unstarted(job))
        for callback in tuple(state.on_job.started):
            callback(job)
        state.changed()
        return job

    async def _run(
        self,
        job: Job,
        waits: Sequence[Ended],
        subject: RequestRecord | None,
        last_find: RequestRecord | None,
        foreground: bool,
        behind: int,
    ) -> None:
        """Perform a job, with what it waits for; ``behind`` so many others of its line."""
        state = self._state
        elsewhere: Redirected | Paged | None = None
        try:
            with self._ending(job):
                for _ in range(behind):  # each sends before the next one looks around
                    await asyncio.sleep(0)
                if not job.call.spec.at_once:
                    await state.loaded.wait()
                for event in waits:
                    await event.wait()
                job.state = JobState.RUNNING
                bound = expand(state, job, subject, last_find)
                bound.foreground = foreground
                elsewhere = await redirected(state, bound) or paged(state, bound)
                if elsewhere is None:
                    await self._perform(bound)
                else:
                    job.channel = elsewhere.channel
                    with state.console.writing_to(elsewhere.channel):
                        await self._perform(bound)
            if elsewhere is not None:
                await self._finish(job, elsewhere)
        finally:
            self._end(job)

    @contextmanager
    def _ending(self, job: Job) -> Iterator[None]:
        """Whatever is raised in here is what the job ends with. The first error counts."""
        state, name = self._state, job.call.spec.name
        try:
            yield
        except AssocshError as error:
            found: AssocshError = error
        except OutputClosed as error:
            state.console.lose(error)
            found = OperationCancelled("nobody reads the results")
        except asyncio.CancelledError:
            found = OperationCancelled(f"{name}: stopped")
        except Exception as error:
            self._internal_error(error)
            found = AssocshError(
                f"{name}: internal error: {type(error).__name__}: {error}",
                hint="this is a fault of assocsh; ASSOCSH_DEBUG=1 shows where",
            )
        else:
            return
        job.error = job.error or found

    async def _finish(self, job: Job, elsewhere: Redirected | Paged) -> None:
        """Say how a job ended to where its results go, and wait for who reads them there.

        Its request has ended before: what refers to its rows is not held for a program.
        """
        state, failed = self._state, job.error
        self._settle(job)
        with state.console.writing_to(elsewhere.channel):
            self._report(job)
        stopped = isinstance(failed, OperationCancelled)
        with self._ending(job):
            await elsewhere.finish(failed, stopped=stopped)
        job.said = job.error is failed

    def _end_unstarted(self, job: Job) -> None:
        """The task of a job is over: end the job if it was cancelled before its first step."""
        if not job.done.is_set():
            job.error = OperationCancelled(f"{job.call.spec.name}: stopped")
            self._end(job)

    def _settle(self, job: Job) -> None:
        """What a job came to, for its request and for whoever asks."""
        state = self._state
        job.late = state.checked or state.association is not None
        if job.error is None:
            job.state = JobState.DONE
        elif isinstance(job.error, OperationCancelled):
            job.state = JobState.CANCELLED
        else:
            job.state = JobState.FAILED
        if job.call.spec.grammar is None:
            state.failures.command = job.failure
        if job.call.spec.opens:
            state.failures.opening = job.error
        if job.record is not None and not job.record.done.is_set():
            job.record.finish(state.now(), job.error)

    def _end(self, job: Job) -> None:
        state = self._state
        self._settle(job)
        state.jobs.pop(job, None)
        name = _assigned(job.call)
        if self._lets.get(name) is job:
            del self._lets[name]
        with state.console.results():
            self._report(job)
        job.done.set()
        for callback in tuple(state.on_job.ended):
            callback(job)
        state.changed()

    def _report(self, job: Job) -> None:
        """Say how a job ended: its final response, and its error if it had one."""
        state, record = self._state, job.record
        if state.console.lost is not None:
            return
        if job.told:
            record = None  # it had ended, with what was told: an error behind it is none of it
        if record is not None:
            if record.final is not None:
                state.requests.last_ended = record
            if record.total or record.refused:
                state.presenter.final(record, self._causes.of_failure(record))
        cancelled = job.record is not None and job.record.cancel_asked
        job.told = True
        if job.error is not None and not job.said and not cancelled:
            cause = self._causes.of_error(job.error, record)
            state.presenter.error(self._with_way_on(job), record, cause)
        state.output.flush()

    def _with_way_on(self, job: Job) -> AssocshError:
        """The error of a job; to a person it names the help of its command, for want of a hint."""
        error, spec = job.error, job.call.spec
        assert error is not None
        known = error.hint or isinstance(error, OperationCancelled) or job.record is not None
        if known or spec.grammar is not None or not self._state.interactive:
            return error
        return error.with_hint(f"`help {spec.name}` shows what it takes")

    def _internal_error(self, error: Exception) -> None:
        """A fault of ours: the traceback only where someone asked for it."""
        if os.environ.get("ASSOCSH_DEBUG"):
            import traceback

            for line in traceback.format_exception(error):
                self._state.note(line.rstrip(), Kind.ERROR)

    def _dependencies(self, call: Call) -> list[Ended]:
        """The ends of what ``call`` has to wait for, but for the requests that it speaks of."""
        spec = call.spec
        if spec.at_once:
            return []
        waits: list[Ended] = []
        needs_association = spec.sends or spec.lifecycle or spec.needs_association
        behind_barriers = not spec.barrier and (spec.sends or call.uses_results)
        for job in self._state.jobs:
            other = job.call.spec
            if (other.lifecycle and needs_association) or (other.barrier and behind_barriers):
                waits.append(job.done)
        for name in variables(call):
            let = self._lets.get(name)
            if let is not None:
                waits.append(let.done)
        return waits

    # several

    async def run(
        self, calls: Iterable[Call], *, keep_going: bool | None = False, scope: Scope = TOP
    ) -> RunResult:
        """Run commands as a script does.

        Stops at the first failure unless ``keep_going``, but evaluates every ``expect`` of a
        group. With None the setting ``on-error`` decides, also where the commands change it. What
        runs in the background is waited for at the end, and counts as well. ``scope`` is what the
        commands are part of.
        """
        self._begin()
        listed = list(calls)
        background: list[Job] = []
        code = started = 0
        for index, call in enumerate(listed):
            if self._state.stopping:
                break
            if code and not self._keeps_going(keep_going) and not _same_group(listed, index):
                break
            started += 1
            job = self.start(call, foreground=not call.background, scope=scope)
            following = _expects_after(listed, index)
            job.status_expected = any(each.expects_status for each in following)
            job.failure_expected = any(each.expects_failure for each in following)
            for other in background:
                _take_over(other, following)
            if call.background:
                background.append(job)
                await asyncio.sleep(0)  # it sends before the next command looks around
                continue
            await job.done.wait()
            code = code or job.exit_code
            if call.spec.barrier:
                code = code or first_failure(background)
        if not code or self._keeps_going(keep_going):
            for job in background:
                await job.done.wait()
            code = code or first_failure(background)
        return RunResult(code, len(listed) - started)

    def _keeps_going(self, keep_going: bool | None) -> bool:
        if keep_going is None:
            return self._state.settings.text("on-error") == "continue"
        return keep_going


def _same_group(calls: Sequence[Call], index: int) -> bool:
    """An ``expect`` right after an ``expect``: looked at even when the one before failed."""
    return index > 0 and _is_expect(calls[index]) and _is_expect(calls[index - 1])


def _is_expect(call: Call) -> bool:
    return call.spec.grammar is Grammar.EXPECTATION


def _expects_after(calls: Sequence[Call], index: int) -> list[Call]:
    """The ``expect`` lines right after a command: what they look at is theirs to judge."""
    return list(takewhile(_is_expect, calls[index + 1 :]))


def _take_over(job: Job, expects: Sequence[Call]) -> None:
    """What went on in the background is judged by the ``expect`` lines that name its request.

    They are looked at before it is: what waits for it (``wait``, ``release``) would end the script.
    """
    if not expects:
        return
    from assocsh.language.expectations import Expectation

    for each in expects:
        named = each.parsed.query.request if isinstance(each.parsed, Expectation) else None
        if named is not None and job.record is not None and job.record.number == named:
            job.status_expected = job.status_expected or each.expects_status
            job.failure_expected = job.failure_expected or each.expects_failure


def _assigned(call: Call) -> str:
    """The variable that a ``let`` gives a value; empty for other commands."""
    if call.parsed is None:
        return ""
    from assocsh.language.expectations import Assignment

    return call.parsed.name if isinstance(call.parsed, Assignment) else ""
