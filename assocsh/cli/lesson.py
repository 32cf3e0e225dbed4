"""``assocsh lesson``: the shell with a lesson, or what a teacher does: test, report, grade."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assocsh.cli.streams import say
from assocsh.errors import UnusableFile, UsageError

if TYPE_CHECKING:
    from assocsh.cli.options import Given
    from assocsh.language.model import Option
    from assocsh.language.parse import Call
    from assocsh.lessons.course import Course
    from assocsh.lessons.progress import Progress

TEST, REPORT, GRADE = "test", "report", "grade"
FROM, ANSWERS, FORMAT = "--from", "--answers", "--format"

_TAKES = {TEST: frozenset(), REPORT: frozenset({FORMAT}), GRADE: frozenset({FORMAT, ANSWERS})}
"""The options of each; ``FROM`` stands for the folder where none is named."""


def lesson_options() -> tuple[Option, ...]:
    """The options of ``assocsh lesson``, besides those of the shell."""
    from assocsh.language.model import Option, Slot
    from assocsh.lessons.report import FORMATS

    return (
        Option(FROM, Slot.DIRECTORY, "DIR", summary="the lessons of this folder, not ours"),
        Option(ANSWERS, Slot.FILE, "FILE", summary="grade: a recorded session"),
        Option(FORMAT, Slot.CHOICE, "FORMAT", FORMATS, "report, grade: " + ", ".join(FORMATS)),
    )


def lesson_text(words: Sequence[str], given: Given) -> str:
    """The ``lesson`` command that the command line stands for. Raises UsageError."""
    from assocsh.cli.options import all_values, names
    from assocsh.language.quoting import quoted

    if len(words) > 1 or (words and not words[0].isdecimal()):
        raise UsageError(
            f"lesson has no use for {words[-1]!r}",
            hint="assocsh lesson 3, or test DIR, report, grade DIR --answers FILE",
        )
    if ANSWERS in names(given):
        raise UsageError(f"{ANSWERS} is for grade", hint="assocsh lesson grade DIR --answers FILE")
    parts = ["lesson", *words]
    for value in all_values(FROM, given):
        part = quoted(str(Path(value).absolute()))
        if part is None:
            raise UsageError(f"{value!r} cannot be written in a command")
        parts += [FROM, part]
    return " ".join(parts)


async def teach(words: Sequence[str], given: Given) -> int:
    """Test lessons, report what was done, grade a recorded session; the exit code.

    Raises UsageError, and UnusableFile for a lesson that is none.
    """
    from assocsh.cli.options import last, names
    from assocsh.lessons.course import OURS, read_course
    from assocsh.lessons.progress import kept_progress

    what, *folders = words
    if len(folders) > 1 or (what == REPORT and folders):
        raise UsageError(f"lesson {what} has no use for {folders[-1]!r}")
    useless = names(given) - _TAKES[what] - ({FROM} if not folders else set())
    if useless:
        of = f" beside {folders[0]!r}" if FROM in useless else ""
        raise UsageError(f"lesson {what} has no use for {min(useless)}{of}")
    named = folders[0] if folders else last(FROM, given)
    course = read_course(_path(named) if named else OURS)
    form = last(FORMAT, given) or "table"
    if what == TEST:
        return await _test(course)
    if what == REPORT:
        _write(course, kept_progress(), form)
        return 0
    answers = last(ANSWERS, given)
    if not answers:
        raise UsageError(
            "grade needs a recorded session", hint="assocsh lesson grade DIR --answers F.assoc"
        )
    return await _grade(course, _path(answers), form)


async def _test(course: Course) -> int:
    from assocsh.commands.registry import new_session
    from assocsh.lessons.proof import prove
    from assocsh.session.session import Session

    with TemporaryDirectory(prefix="assocsh-lessons-") as folder:

        def made() -> Session:
            session = new_session()
            session.base = Path(folder)
            return session

        return 1 if await prove(course, made, lambda text: say(text + "\n")) else 0


async def _grade(course: Course, answers: Path, form: str) -> int:
    """Perform a recorded session on a practice archive of its own, and report what it did."""
    from assocsh.commands.registry import new_session
    from assocsh.lessons.player import Player
    from assocsh.lessons.progress import Progress

    progress = Progress()
    session = new_session()
    calls = _calls(answers)
    with TemporaryDirectory(prefix="assocsh-lessons-") as folder:
        session.base = Path(folder)
        session.lessons = Player(session, course, progress)
        try:
            await session.run_calls(calls, keep_going=True)
        finally:
            await session.close()
    _write(course, progress, form)
    begun = [lesson for lesson in course.lessons if progress.of(lesson).version]
    if not begun:
        raise UsageError(
            f"{answers}: no lesson was begun in it",
            hint="whoever hands it in records before the lesson is begun",
        )
    return 0 if all(progress.of(one).ticked == one.version for one in begun) else 1


def _calls(answers: Path) -> list[Call]:
    """The commands of a recorded session. Raises UsageError for what a grader does not perform."""
    from assocsh.commands.registry import load
    from assocsh.language.parse import parse_all
    from assocsh.scripting.reach import beyond_reach
    from assocsh.session.plan import PRACTICE

    load()
    try:
        text = answers.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UnusableFile(f"{answers}: {reason}", path=str(answers)) from None
    parsed = parse_all(text, source=str(answers))
    for mistake in [*parsed.errors, *beyond_reach(parsed.calls, Path())]:
        raise mistake
    for call in parsed.calls:
        peer = call.words[0].literal if call.spec.opens and call.words else PRACTICE
        if peer != PRACTICE or "--from" in call.options:
            raise call.error(
                "a session is graded on the practice archive and the lessons that are named",
                None,
                "take this line out of the recording, or grade it by hand",
            )
    return parsed.calls


def _write(course: Course, progress: Progress, form: str) -> None:
    from assocsh.lessons.report import as_json, as_junit, as_text

    forms = {"json": as_json, "junit": as_junit, "table": as_text}
    say(forms[form](course, progress))


def _path(text: str) -> Path:
    return Path(text).expanduser()
