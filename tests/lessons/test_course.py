"""Our lessons: each teaches what it says; and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.errors import UnusableFile
from assocsh.lessons.course import Course, read_course
from assocsh.lessons.lesson import Lesson, read_lesson
from assocsh.lessons.player import Player
from assocsh.lessons.progress import Progress
from assocsh.lessons.proof import prove
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session

ROWS = 20
"""Lines of a terminal of 24 above prompt and toolbar; two are for the pauses of who plays."""

GOOD = """\
id = "greeting"
title = "Say something"
minutes = 5
version = 1

== Ask once
Ask.
-- try
echo
ladder
-- check
events[*].type includes C-ECHO-RSP
-- hint
a
-- hint
b
-- hint
c
-- solution
echo
-- wrong
peers
-- wrong
help
-- wrong
status
-- wrong
contexts
-- wrong
release
-- why
Somebody is there.
"""


def written(folder: Path, text: str, name: str = "01-greeting.lesson") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def sessions(folder: Path) -> Callable[[], Session]:
    def made() -> Session:
        session = new_session()
        session.base = folder
        return session

    return made


async def proof(course: Course, folder: Path) -> tuple[int, list[str]]:
    said: list[str] = []
    return await prove(course, sessions(folder), said.append), said


@pytest.mark.timeout(120)
async def test_our_lessons_teach_what_they_say(tmp_path: Path) -> None:
    """Solutions pass; untouched states and wrong answers do not; lines to try are performed."""
    course = read_course()
    assert len(course.lessons) >= 12
    assert all(5 <= lesson.minutes <= 15 for lesson in course.lessons)
    count, said = await proof(course, tmp_path)
    assert count == 0, "\n".join(line for line in said if ": ok," not in line)
    assert len(said) == len(course.lessons)


@pytest.mark.parametrize("lesson", read_course().lessons, ids=lambda lesson: lesson.id)
async def test_a_picture_stands_on_one_screen(lesson: Lesson, tmp_path: Path) -> None:
    """Drawn behind the solution, as whoever plays it draws it; #1 stands for the last request."""
    output = MemoryOutput(80)
    session = new_session(output)
    session.base = tmp_path
    player = Player(session, read_course(), Progress())
    session.lessons = player
    pictures = []
    try:
        await session.run(f"lesson {lesson.number}")
        for step in lesson.steps:
            for line in step.solution:
                await session.run(line, keep_going=True)
            assert player.done, (step.title, output.said)
            for line in (line for line in step.tries if line.startswith("ladder")):
                output.results.clear()
                last = session.requests.last
                number = last.number if last is not None else 0
                assert await session.run(line.replace("#1", f"#{number}")) == 0
                pictures.append(list(output.results))
            await session.run("lesson next")
    finally:
        player.close()
        await session.close()
    assert pictures
    for picture in pictures:
        assert len(picture) <= ROWS, "\n".join(picture)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", ""),
        ("-- solution\necho", "-- solution\npeers", "the solution does not pass: events[*].type"),
        ("-- wrong\npeers", "-- wrong\necho", "a wrong answer passes: echo"),
        ("includes C-ECHO-RSP", "not includes C-FIND-RSP", "is done before anything was done"),
        ("-- wrong\nrelease\n", "", "4 wrong answers, fewer than 5"),
        ("-- hint\nc\n", "", "2 hints, not 3"),
        ("Ask.", "Ask. " + "x" * 80, "85 columns, more than 80"),
        ("Ask.", "Ask.\n" * 16, "a page of 19 lines, more than 15"),
        ("ladder\n", "", "no picture: no line to try draws what was said"),
        ("ladder\n", "ladder #9\n", "no picture: no line to try draws what was said"),
        ("-- try\necho", "-- try\necko", "the line to try cannot be performed: ecko"),
        ("-- wrong\npeers", "-- wrong\npears", "a wrong answer that is no command: pears"),
    ],
)
async def test_what_is_wrong_with_a_lesson_is_found(
    old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    written(tmp_path, GOOD.replace(old, new, 1))
    count, said = await proof(read_course(tmp_path), tmp_path)
    assert bool(count) == bool(complaint)
    assert complaint in "\n".join(said)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "greeting"', "id = greeting", "01-greeting.lesson:1: the head is no TOML"),
        ("minutes = 5", 'minutes = "5"', "01-greeting.lesson:3: minutes is a number, 1 or more"),
        ("version = 1\n", "", "01-greeting.lesson:1: the head lacks version"),
        (
            "version = 1\n",
            "version = 1\nmodus = 1\n",
            "01-greeting.lesson:5: the head has no modus",
        ),
        ("-- why", "-- whi", "01-greeting.lesson:31: no section whi"),
        ("-- solution\necho\n", "", "01-greeting.lesson:6: the step 'Ask once' has no solution"),
        (
            "events[*].type",
            "event[*].type",
            "01-greeting.lesson:12: no check: no such query: event",
        ),
        ("== Ask once", "==", "01-greeting.lesson:6: a step without a title"),
        ("-- try\necho\nladder", "-- try\n", "01-greeting.lesson:8: nothing stands in try"),
        (GOOD[GOOD.index("== ") :], "", "01-greeting.lesson:5: no step"),
    ],
)
def test_a_file_that_is_no_lesson_says_where(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(UnusableFile) as caught:
        read_lesson(written(tmp_path, GOOD.replace(old, new, 1)))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_folder_that_is_no_course_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="no lesson in it"):
        read_course(tmp_path)
    with pytest.raises(UnusableFile, match="no folder"):
        read_course(tmp_path / "none")
    written(tmp_path, GOOD)
    written(tmp_path, GOOD, "02-other.lesson")
    with pytest.raises(UnusableFile, match=r"02-other.lesson: id greeting is that of 01-greeting"):
        read_course(tmp_path)
    with pytest.raises(UnusableFile, match="no name of a lesson"):
        read_lesson(written(tmp_path, GOOD, "greeting.lesson"))
    bad = tmp_path / "03-bad.lesson"
    bad.write_bytes(b"id = 1\n\xff")
    with pytest.raises(UnusableFile, match=r"03-bad.lesson:2: not UTF-8"):
        read_lesson(bad)
