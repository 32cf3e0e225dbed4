"""Whether a lesson teaches what it says: everything in it is done, right and wrong.

For each step: what it begins with does not pass; each wrong answer is performed and does not pass;
each line to try is performed, and one of them draws the picture that a lesson has; the solution
passes. Besides: three hints, five wrong answers, no line wider than 80 columns, no page that does
not fit a terminal of 24 lines.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from assocsh.errors import LanguageError
from assocsh.lessons.course import Course
from assocsh.lessons.lesson import Lesson
from assocsh.lessons.player import Player
from assocsh.lessons.progress import Progress
from assocsh.text.cells import width

if TYPE_CHECKING:
    from assocsh.session.session import Session

COLUMNS = 80
HINTS = 3
WRONG_ANSWERS = 5
PAGE = 15
"""Lines of a page, of 24: its title, the prompt, a menu's room and the toolbar take others."""

WHY = 9
"""Lines that are said when a step is done: what the command has shown stands above them."""


def complaints(lesson: Lesson) -> Iterator[str]:
    """What is wrong with the text of a lesson, each with its place."""
    name = lesson.path.name
    for number, line in enumerate(lesson.path.read_text("utf-8").splitlines(), 1):
        if width(line) > COLUMNS:
            yield f"{name}:{number}: {width(line)} columns, more than {COLUMNS}"
    for step in lesson.steps:
        at = f"{name}:{step.line}"
        if len(step.hints) != HINTS:
            yield f"{at}: {len(step.hints)} hints, not {HINTS}: a question, a pointer, the line"
        if len(step.page()) > PAGE:
            yield f"{at}: a page of {len(step.page())} lines, more than {PAGE}"
        if len(step.why) > WHY:
            yield f"{at}: a why of {len(step.why)} lines, more than {WHY}"
    wrong = sum(len(step.wrong) for step in lesson.steps)
    if wrong < WRONG_ANSWERS:
        yield f"{name}: {wrong} wrong answers, fewer than {WRONG_ANSWERS}"


async def prove(
    course: Course, new_session: Callable[[], Session], say: Callable[[str], object]
) -> int:
    """Test every lesson; how many complaints there were. ``say`` is told each line about it."""
    count = 0
    for lesson in course.lessons:
        found = [*complaints(lesson)]
        async with _playing(course, new_session()) as (session, player):
            found += [complaint async for complaint in _played(lesson, session, player)]
        count += len(found)
        for complaint in found:
            say(complaint)
        steps, wrong = len(lesson.steps), sum(len(step.wrong) for step in lesson.steps)
        ended = f"{len(found)} wrong" if found else "ok"
        say(f"{lesson.path.name}: {ended}, {steps} steps, {wrong} wrong answers")
    return count


@asynccontextmanager
async def _playing(course: Course, session: Session) -> AsyncIterator[tuple[Session, Player]]:
    player = Player(session, course, Progress())
    session.lessons = player
    try:
        yield session, player
    finally:
        player.close()
        await session.close()


async def _played(lesson: Lesson, session: Session, player: Player) -> AsyncIterator[str]:
    """Play a lesson as nobody would: everything wrong first. What was not as it should be."""
    drawn = False
    for number, step in enumerate(lesson.steps, 1):
        at = f"{lesson.path.name}:{step.line}: step {number}"
        begins = "lesson next" if number > 1 else f"lesson {lesson.number}"
        code, _ = await _typed(session, begins)
        if code or player.lesson is not lesson or player.step is not step:
            yield f"{at}: does not begin"
            return
        await _typed(session, "help lesson")
        if player.done:
            yield f"{at}: is done before anything was done"
        for wrong in step.wrong:
            async for complaint in _not_by(wrong, at, session, player):
                yield complaint
        if step.tries:
            await _typed(session, "again")
        for line in step.tries:
            code, _ = await _typed(session, line)
            if code == 2:
                yield f"{at}: the line to try cannot be performed: {line}"
            drawn |= code == 0 and _draws(session, line)
        await _typed(session, "again")
        for line in step.solution:
            await _typed(session, line)
        if not player.done:
            yield f"{at}: the solution does not pass: {player.unmet()}"
            return
    if not drawn:
        yield f"{lesson.path.name}: no picture: no line to try draws what was said"


def _draws(session: Session, line: str) -> bool:
    return any(call.spec.draws for call in session.parse(line, source="lesson"))


async def _not_by(
    wrong: list[str], at: str, session: Session, player: Player
) -> AsyncIterator[str]:
    await _typed(session, "again")
    for line in wrong:
        _, error = await _typed(session, line)
        if error is not None:
            yield f"{at}: a wrong answer that is no command: {line}: {error.message}"
    if player.done:
        yield f"{at}: a wrong answer passes: {'; '.join(wrong)}"


async def _typed(session: Session, line: str) -> tuple[int, LanguageError | None]:
    """Perform one line as at the prompt, to its end: its exit code, and why it was no command."""
    try:
        jobs = session.submit(line)
    except LanguageError as error:
        return 2, error
    for job in jobs:
        await job.done.wait()
    return next((job.exit_code for job in jobs if job.exit_code), 0), None
