"""A lesson that is being played: which step, whether it is done, what is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, UsageError
from assocsh.language.model import Grammar
from assocsh.lessons.checking import Watched
from assocsh.lessons.course import Course
from assocsh.lessons.lesson import NONE_OPEN, Lesson, Step
from assocsh.lessons.progress import Progress, What
from assocsh.output.sink import Kind
from assocsh.records import replace
from assocsh.session.plan import PRACTICE
from assocsh.text.cells import cell, wrapped

if TYPE_CHECKING:
    from assocsh.session.job import Job
    from assocsh.session.session import Session

RELEASE = "release --now"


class Player:
    """What a session plays; it hears of each command that ends and looks whether the step is done.

    It never goes on by itself: ``following`` does, for Enter on an empty line and `lesson next`.
    """

    def __init__(self, session: Session, course: Course, progress: Progress) -> None:
        self._session = session
        self.course = course
        self.progress = progress
        self.lesson: Lesson | None = None
        self._at = 0
        self.done = False
        """The step that is played is done."""
        self._hints = 0
        self._watched: Watched | None = None
        session.on_job.ended.append(self._ended)

    @property
    def step(self) -> Step:
        """The step that is played. Raises UsageError."""
        if self.lesson is None:
            raise UsageError("no lesson is going on", hint="`lesson 1` begins the first")
        return self.lesson.steps[self._at]

    @property
    def place(self) -> str:
        """What the toolbar shows; empty when nothing is played."""
        if self.lesson is None:
            return ""
        done = " done, Enter" if self.done else ""
        return f"lesson {self.lesson.number} · {self._which(self.lesson)}{done}"

    def _which(self, lesson: Lesson) -> str:
        return f"step {self._at + 1}/{len(lesson.steps)}"

    def unmet(self) -> str:
        """Why the step is not done yet, in one line; empty when it is."""
        return "" if self._watched is None else self._watched.unmet(self.step.checks)

    # what is asked of it

    async def begin(self, number: int, job: Job) -> None:
        """Begin a lesson, or go on where it was left. Raises UsageError."""
        lesson = self.course.numbered(number)
        self._refuse_others()
        at = self.progress.of(lesson).next_step(lesson)
        self._stop()
        self._session.set_wire("off")
        self.lesson = lesson
        say = [f"Lesson {lesson.number}: {lesson.title} ({lesson.minutes} minutes)"]
        if at:
            say.append(f"it goes on at step {at + 1}; `lesson reset {number}` begins it anew")
        self.say(say, Kind.SUCCESS)
        self._keep(What.BEGUN)
        await self._begin_step(at, job, own=True)

    async def following(self, job: Job) -> None:
        """Go on to the next step; behind the last one the lesson ends. Raises UsageError."""
        step = self.step
        if not self.done:
            raise UsageError(
                f"step {self._at + 1}, {step.title}, is not done yet",
                hint="`hint` helps, `again` shows it again, `skip` leaves it out",
            )
        await self._go_on(job)

    async def skip(self, job: Job) -> None:
        """Leave the step out. Raises UsageError."""
        assert self.step
        if not self.done:
            self._keep(What.SKIPPED)
        await self._go_on(job)

    async def again(self, job: Job) -> None:
        """Begin the step again. Raises UsageError."""
        assert self.step
        await self._begin_step(self._at, job)

    def hint(self) -> None:
        """Say the next hint of the step. Raises UsageError."""
        hints = self.step.hints
        if not hints:
            raise UsageError("this step has no hints", hint="look at its solution")
        level = min(self._hints, len(hints) - 1)
        self._hints += 1
        self._keep(What.HINT)
        more = "`hint` again says more" if level + 1 < len(hints) else "that was the last hint"
        self.say([*hints[level], f"({level + 1} of {len(hints)}; {more})"])

    def solution(self) -> None:
        """Say one way to do the step. Raises UsageError."""
        step = self.step
        self._keep(What.SOLUTION)
        self.say(["one way to do it:", "", *(f"    {line}" for line in step.solution)])

    def quit(self) -> None:
        """Play no longer; the session stays as it is. Raises UsageError."""
        assert self.step and self.lesson
        number = self.lesson.number
        self._stop()
        self.say([f"lesson {number} is left; `lesson {number}` goes on where you were"])

    def reset(self, number: int) -> None:
        """Forget what was done of a lesson. Raises UsageError, and UnusableFile as ``add``."""
        lesson = self.course.numbered(number)
        if lesson is self.lesson:
            self._stop()
        self.progress.add(lesson, What.RESET)
        self.say([f"lesson {number} is as if it had never been begun"])

    def close(self) -> None:
        """Play no longer, and hear of nothing any more."""
        self._stop()
        self._session.on_job.ended.remove(self._ended)

    # how it goes on

    async def _go_on(self, job: Job) -> None:
        assert self.lesson is not None
        if self._at + 1 < len(self.lesson.steps):
            await self._begin_step(self._at + 1, job)
            return
        lesson = self.lesson
        whole = self.progress.of(lesson).ticked == lesson.version
        self._stop()
        following = self.course.after(lesson)
        ended = (
            f"Lesson {lesson.number} is done." if whole else f"Lesson {lesson.number} ends here."
        )
        say = f" `lesson {following.number}` is next: {following.title}" if following else ""
        self.say([ended + say], Kind.SUCCESS)

    async def _begin_step(self, at: int, job: Job, *, own: bool = False) -> None:
        assert self.lesson is not None
        step = self.lesson.steps[at]
        self._refuse_others()
        self._at, self._hints, self.done = at, 0, False
        if self._watched is not None:
            self._watched.close()
            self._watched = None
        await self._have_open(self.lesson.open if own and step.open is None else step.open, job)
        self._watched = Watched(self._session)
        self.say(["", f"{self._which(self.lesson)}: {step.title}", "", *step.page()])
        self._session.changed()

    async def _have_open(self, line: str | None, job: Job) -> None:
        """Make what a step begins with: an association of its own, by ``line``, or none.

        Without ``line`` any that is open does, or else that of the lesson.
        """
        session = self._session
        assert self.lesson is not None
        association = session.association
        is_open = association is not None and not association.closed
        if line is None and is_open:
            return
        if is_open:
            await self._perform(RELEASE, job)
        if line is not None:
            await session.practice.close()  # the next one is as new, its faults too
        line = line or self.lesson.open
        if line == NONE_OPEN:
            return
        self.say([f"> {line}"])
        await self._perform(line, job)

    async def _perform(self, line: str, job: Job) -> None:
        scope = replace(job.scope, nested=True)
        calls = self._session.parse(line, source="lesson")
        if line != RELEASE and not all(call.spec.opens for call in calls):
            raise UsageError(
                f"{line}: opens no association", hint="a lesson begins with such a line"
            )
        ran = await self._session.interpreter.run(calls, scope=scope)
        if ran.code:
            raise UsageError(f"{line}: failed", hint="begin the step again")

    def _refuse_others(self) -> None:
        """Lessons are on the practice archive: an association with somebody else is not touched."""
        session = self._session
        association, plan = session.association, session.open_plan
        if association is None or association.closed:
            return
        if plan is None or plan.peer != PRACTICE:
            raise UsageError(
                f"an association with {cell(str(association.peer))} is open: lessons are for the "
                "practice archive",
                hint="`release` ends it",
            )

    def _stop(self) -> None:
        if self._watched is not None:
            self._watched.close()
        self._watched = self.lesson = None
        self.done = False
        self._session.changed()

    # what happened

    def _ended(self, job: Job) -> None:
        """A command has ended: is the step done now?"""
        if self._watched is None or self.done or job.nested or job.call.spec.of_course:
            return
        unmet = self.unmet()
        spec = job.call.spec
        if unmet:
            if spec.sends or spec.lifecycle or spec.grammar is Grammar.ASSIGNMENT:
                self.say([f"not yet: {unmet}"], Kind.WARNING)
            return
        self.done = True
        assert self.lesson is not None
        self._keep(What.DONE)
        last = self._at + 1 == len(self.lesson.steps)
        goes_on = "to end the lesson" if last else "for the next step"
        self.say(
            [
                "",
                *self.step.why,
                "",
                f"done: Enter {goes_on}, or go on trying",
            ],
            Kind.SUCCESS,
        )
        self._session.changed()

    def _keep(self, what: What) -> None:
        """Write down what was done; what cannot be kept is said once, and does not stop anyone."""
        assert self.lesson is not None
        try:
            self.progress.add(self.lesson, what, self._at + 1)
        except AssocshError as error:
            self._session.note(f"{error.message}; {error.hint}", Kind.WARNING)

    def say(self, lines: Iterable[str], kind: Kind = Kind.INFO) -> None:
        """Write lines of a lesson: a result where people read results, else beside them."""
        session = self._session
        with session.console.results():
            write = session.note if session.format in ("json", "csv") else session.output.result
            for line in lines:
                for part in wrapped(cell(line, None), session.output.width) or [""]:
                    write(part, kind)
