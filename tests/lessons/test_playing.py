"""A lesson is played on a normal session: by any way, with help, and it is remembered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assocsh.cli.lesson import teach
from assocsh.commands.registry import new_session
from assocsh.lessons.course import read_course
from assocsh.lessons.player import Player
from assocsh.lessons.progress import Progress, What
from assocsh.lessons.report import rows, status
from assocsh.output.sink import MemoryOutput
from tests.lessons.test_course import GOOD, written
from tests.session.peer import peer

TWO = GOOD + GOOD[GOOD.index("== ") :].replace("Ask once", "Answer").replace(
    "events[*].type includes C-ECHO-RSP", "count == $answer"
)


class Played:
    """A session that plays the lessons of a folder."""

    def __init__(self, folder: Path) -> None:
        self.output = MemoryOutput()
        self.session = new_session(self.output)
        self.session.base = folder
        self.player = Player(self.session, read_course(folder), Progress(folder / "lessons.jsonl"))
        self.session.lessons = self.player

    async def type(self, line: str) -> str:
        """What is said for a line."""
        self.output.results.clear()
        self.output.notes.clear()
        await self.session.run(line, keep_going=True)
        return self.output.text + self.output.said


async def test_a_lesson_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    written(tmp_path, TWO)
    played = Played(tmp_path)
    player, session = played.player, played.session
    said = await played.type("lesson 1")
    assert "> open practice" in said and "step 1/2: Ask once" in said and "    echo" in said
    assert session.status().lesson == "lesson 1 · step 1/2"
    assert "step 1, Ask once, is not done yet" in await played.type("lesson next")
    said = await played.type("find study")
    assert "not yet: events[*].type includes C-ECHO-RSP: there was C-FIND-RQ, C-FIND-RSP" in said
    assert "not yet" not in await played.type("contexts verif")
    assert "a\n(1 of 3" in await played.type("hint")
    assert "b\n(2 of 3" in await played.type("hint")
    assert "c\n(3 of 3; that was the last hint)" in await played.type("hint; hint")
    assert "    echo" in await played.type("solution")
    said = await played.type("retry 2 every 1ms { echo }")  # another way than the printed one
    assert "Somebody is there." in said and "done: Enter for the next step" in said
    assert session.status().lesson == "lesson 1 · step 1/2 done, Enter"

    session.entered()
    await next(iter(session.jobs)).done.wait()
    assert session.status().lesson == "lesson 1 · step 2/2"
    assert "no answer yet" in await played.type("echo --repeat 3")
    said = await played.type("let answer = 7")
    assert "count == 7: your answer is not what was wanted" in said and "3" not in said
    session.entered()  # nothing goes on before it is done
    assert not session.jobs
    said = await played.type("let answer = 3")
    assert "done: Enter to end the lesson" in said
    assert "Lesson 1 is done." in await played.type("lesson next")
    assert session.status().lesson == ""
    lesson = player.course.lessons[0]
    done = player.progress.of(lesson)
    assert (done.ticked, done.hints, done.solutions) == (1, {1: 4}, {1})
    assert "✓" in await played.type("lesson")
    await played.type("set format json")
    row = json.loads((await played.type("lesson")).splitlines()[0])
    assert row["type"] == "lesson" and row["steps"][0]["hints"] == 4
    await session.close()


async def test_it_is_left_taken_up_and_reset(tmp_path: Path) -> None:
    written(tmp_path, TWO)
    played = Played(tmp_path)
    await played.type("lesson 1; echo")
    assert "goes on where you were" in await played.type("lesson quit")
    await played.session.close()
    played = Played(tmp_path)  # another day
    assert "it goes on at step 2" in await played.type("lesson 1")
    await played.type("skip; lesson 1")
    done = played.player.progress.of(played.player.course.lessons[0])
    assert (done.done, done.skipped, done.ticked) == ({1}, {2}, 0)
    assert "as if it had never been begun" in await played.type("lesson reset 1")
    assert "step 1/2" in await played.type("lesson 1")
    assert "there is no lesson 9" in await played.type("lesson 9")
    assert "step 1/2" in await played.type("release; again")
    await played.session.close()


async def test_somebody_elses_association_is_not_touched(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    played = Played(tmp_path)
    async with peer() as other:
        await played.type(f"open {other.address}")
        assert "lessons are for the practice archive" in await played.type("lesson 1")
        assert played.session.status().state == "open"
        await played.session.close()


def test_an_upgrade_keeps_the_tick_and_says_so(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "lessons.jsonl")
    old = read_course(written(tmp_path, GOOD).parent).lessons[0]
    progress.add(old, What.DONE, 1)
    written(tmp_path, TWO.replace("version = 1", "version = 2"))
    course = read_course(tmp_path)
    done = progress.of(course.lessons[0])
    assert status(course.lessons[0], done) == "done, changed since"
    assert rows(course, progress)[0]["tick"] == "✓"
    progress.add(course.lessons[0], What.BEGUN, 1)
    assert progress.of(course.lessons[0]).ticked == 1


def test_progress_survives_a_kill(tmp_path: Path) -> None:
    """Whole records are read, whatever moment it was; the next writer drops the torn one."""
    written(tmp_path, GOOD)
    path = tmp_path / "lessons.jsonl"
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from assocsh.lessons.course import read_course\n"
        "from assocsh.lessons.progress import Progress, What\n"
        f"lesson = read_course(Path({str(tmp_path)!r})).lessons[0]\n"
        f"progress = Progress(Path({str(path)!r}))\n"
        "while True: progress.add(lesson, What.HINT, 1)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program])
    try:
        while not path.exists() or path.stat().st_size < 2000:
            assert writer.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    whole = path.read_bytes().count(b"\n")
    with path.open("ab") as file:
        file.write(b'{"at": 1, "less')
    lesson = read_course(tmp_path).lessons[0]
    progress = Progress(path)
    assert progress.of(lesson).hints == {1: whole}
    progress.add(lesson, What.DONE, 1)
    assert progress.of(lesson).ticked == 1
    assert all(json.loads(line) for line in path.read_text().splitlines())
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("form", ["json", "junit", "table"])
async def test_a_recorded_session_is_graded(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, TWO)
    played = Played(tmp_path)
    await played.type("record mine.assoc; lesson 1; hint; echo; lesson next")
    await played.type("echo --repeat 3; let answer = 3; lesson next; record --stop")
    await played.session.close()
    answers = tmp_path / "mine.assoc"
    words, given = ["grade", str(tmp_path)], [("--answers", str(answers)), ("--format", form)]
    assert await teach(words, given) == 0
    said = capsys.readouterr().out
    match form:
        case "json":
            row = json.loads(said)
            assert (row["id"], row["status"], row["steps"][0]["hints"]) == ("greeting", "done", 1)
        case "junit":
            suites = ElementTree.fromstring(said)
            assert (suites.get("tests"), suites.get("skipped")) == ("2", "0")
        case _:
            assert "1 Say something: 2/2 steps, done" in said
    text = answers.read_text()
    answers.write_text(text.replace("let answer = 3", "let answer = 4"))
    assert await teach(words, given) == 1
    answers.write_text(text + "open SOMEBODY@127.0.0.1:104\n")
    with pytest.raises(Exception, match="graded on the practice archive"):
        await teach(words, given)
    assert str(tmp_path) not in said and "SOMEBODY" not in said
