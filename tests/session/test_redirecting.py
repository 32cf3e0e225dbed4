"""What a command brings, in files and to programs: everything, once, and nothing more."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.errors import UsageError
from assocsh.output import into_program
from assocsh.output.console import Console
from assocsh.output.into_program import BEHIND, PIECE, ProgramOutput
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.language.test_hostile_values import HOSTILE
from tests.language.test_redirection import OPERATORS
from tests.session.peer import Peer, match, peer, shell, until

ROWS = [
    match(PatientName="ROSSI^GIULIA", PatientID="1", StudyInstanceUID="1.2.1"),
    match(PatientName="ÅKESSON^NILS", PatientID="2", StudyInstanceUID="1.2.2"),
    match(PatientName="MEIER^ANNA", PatientID="3", StudyInstanceUID="1.2.3"),
]
KEYS = "PatientName PatientID StudyInstanceUID"


async def opened(session: Session, scp: Peer, folder: Path) -> None:
    session.base = folder
    scp.matches = list(ROWS)
    assert await session.run(f"open {scp.address}") == 0


async def test_the_ending_of_its_name_says_the_format_of_a_file(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        for name in ("a.csv", "a.json", "a.txt", "a.log"):
            assert await session.run(f"find study {KEYS} > {name}") == 0
        assert await session.run("show #1 2 > row.dcm; show #1 2 > row.csv; requests > r.csv") == 0
    assert output.results == []
    assert output.said.count("C-FIND 0x0000 Success · 3 matches") == 4  # said on the screen
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8"))))
    assert [row["PatientName"] for row in rows] == ["ROSSI^GIULIA", "ÅKESSON^NILS", "MEIER^ANNA"]
    objects = [json.loads(line) for line in (tmp_path / "a.json").read_text().splitlines()]
    assert [each["type"] for each in objects] == ["response"] * 3 + ["final"]
    text = (tmp_path / "a.txt").read_text("utf-8")
    assert text.splitlines()[0].split()[:2] == ["#3", "PatientName"]
    assert "C-FIND" not in text and text == (tmp_path / "a.log").read_text("utf-8").replace(
        "#4", "#3"
    )
    row = dcmread(tmp_path / "row.dcm")
    assert (str(row.PatientName), row.StudyInstanceUID) == ("ÅKESSON^NILS", "1.2.2")
    assert "Find" in row.file_meta.MediaStorageSOPClassUID.keyword  # never taken for the instance
    (row,) = csv.DictReader(io.StringIO((tmp_path / "row.csv").read_text("utf-8")))
    assert row["PatientID"] == "2"
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 5


async def test_one_puts_in_the_place_and_two_add(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, _output):
        await opened(session, scp, tmp_path)
        for name in ("a.csv", "a.json", "a.txt"):
            (tmp_path / name).write_text("what was there before\n")
            assert await session.run(f"find study {KEYS} > {name}") == 0
            once = (tmp_path / name).read_text("utf-8")
            assert await session.run(f"find study {KEYS} >> {name}") == 0
            twice = (tmp_path / name).read_text("utf-8")
            assert "before" not in once and twice.startswith(once)
        lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
        assert len(lines) == 7 and lines.count(lines[0]) == 1  # titles once


async def test_a_command_that_was_refused_leaves_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old\n")
    async with peer() as scp, shell() as (session, _output):
        await opened(session, scp, tmp_path)
        for line in ("find series --of 99", "show #77", "get study", "find study X=$nothing"):
            for name in ("old.csv", "new.csv"):
                assert await session.run(f"{line} > {name}") != 0, line
        assert scp.seen == []
        assert (tmp_path / "old.csv").read_text() == "old\n"
        assert not (tmp_path / "new.csv").exists()
        scp.matches = []
        assert await session.run("find study > old.csv; find study > new.csv") == 0
        assert (tmp_path / "old.csv").read_text() == "" == (tmp_path / "new.csv").read_text()


async def test_what_is_no_file_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old\n")
    (tmp_path / "link.csv").symlink_to("real.csv")
    (tmp_path / "dead.csv").symlink_to("nowhere.csv")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    said = {
        "link.csv": "is a symbolic link to real.csv",
        "dead.csv": "is a symbolic link to nowhere.csv",
        "folder": "is a folder",
        "fifo": "is not a file",
        "none/a.csv": "there is no folder",
    }
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        for name, why in said.items():
            for operator in (">", ">>", "| cat >"):
                output.notes.clear()
                assert await session.run(f"find study {operator} {name}") == 5
                assert why in output.said
        assert await session.run(f"find study > {os.devnull}") == 0
    assert scp.seen == ["C-FIND"]
    assert (tmp_path / "real.csv").read_text() == "old\n"
    assert not (tmp_path / "nowhere.csv").exists()


async def test_a_dicom_file_is_one_row(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        for line in ("find study > a.dcm", "requests > a.dcm"):
            output.notes.clear()
            assert await session.run(line) == 5
            assert (
                "a.dcm is one row of a result" in output.said and "hint: `show #1 3" in output.said
            )


async def test_programs_read_the_rows_and_their_words_are_shown(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        assert await session.run(f"find study {KEYS} | wc -l") == 0
        assert output.results == ["3"]  # no titles, no summary
        output.results.clear()
        assert await session.run("show #1 | grep ROSSI") == 0
        assert output.results[0].split()[:2] == ["1", "ROSSI^GIULIA"]  # what --of takes
        assert await session.run("set format json; show #1 | sort | tail -1 > last.json") == 0
        assert json.loads((tmp_path / "last.json").read_text())["type"] == "row"


async def test_how_a_program_ended_is_told(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        assert await session.run("find study | grep NOBODY") == 1
        assert output.notes[-1][1] == "error: grep ended with exit status 1"
        assert (
            await session.run("find study | sh -c 'cat >/dev/null; echo trouble >&2; kill $$'") == 1
        )
        assert "trouble" in output.said
        assert output.notes[-1][1] == "error: sh was ended by SIGTERM"
        assert [each.error for each in session.requests] == [None, None]  # the finds were all right


async def test_a_program_that_there_is_not_sends_nothing(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        assert await session.run("find study | no-such-program -l") != 0
        assert "there is no program no-such-program" in output.said
        assert scp.seen == []


async def test_what_a_program_writes_cannot_draw_on_the_screen(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        wild = r"printf '\033[2J\007a\tb\r\n\377\xc2\x9b1m'; printf '\033[31m' >&2"
        assert await session.run(f'find study | sh -c "cat >/dev/null; {wild}"') == 0
    assert all(text.replace("\t", "").replace("\n", "").isprintable() for text in output.results)
    assert all(text.isprintable() for _, text in output.notes)
    assert "a\tb" in output.text


async def test_no_value_becomes_a_redirection_a_program_or_an_option(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path / "sub")
        for value in (*HOSTILE, *OPERATORS, "| touch hacked", "$(touch hacked)", "`touch hacked`"):
            session.variables["v"] = value
            await session.run("find study PatientName=$v")
            output.results.clear()
            code = await session.run("show events | printf [%s] $v")
            if value.startswith("-") or "\0" in value:
                assert code != 0 and output.results == []
            else:
                shown = "".join(output.results)
                assert code == 0 and shown.startswith("[") and shown.endswith("]"), (value, shown)
                if value.isprintable():
                    assert shown == f"[{value}]"
            await session.run("find study > out-$v")
            await session.run("find study > $v")
        session.variables["v"] = "1.2.3"
        assert await session.run("find study > out-$v.csv") == 0
        assert (tmp_path / "sub" / "out-1.2.3.csv").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["sub"]
    assert not list(tmp_path.rglob("*hacked*/*")) and not (tmp_path / "sub" / "hacked").exists()


MANY = 100_000


@pytest.mark.parametrize(
    ("programs", "last"), [([["wc", "-l"]], str(MANY)), ([["cat"], ["cat"]], f"row {MANY - 1} ...")]
)
async def test_a_hundred_thousand_rows_are_complete(
    programs: list[list[str]], last: str, tmp_path: Path
) -> None:
    """More than any pipe holds, both ways: nobody waits for anybody."""
    output = MemoryOutput()
    piped = ProgramOutput(Console(output), programs, tmp_path)
    await piped.start()
    for number in range(MANY):
        piped.result(f"row {number} ...")
    await piped.finish()
    lines = output.text.split()
    assert output.text.splitlines()[-1].strip() == last
    assert len(lines) in (1, 3 * MANY)


async def test_a_program_that_reads_no_more_is_one_line(tmp_path: Path) -> None:
    output = MemoryOutput()
    piped = ProgramOutput(Console(output), [["cat"], ["head", "-1"]], tmp_path)
    await piped.start()
    for number in range(MANY):
        piped.result(f"row {number} ...")
        if number % 1000 == 0:
            await asyncio.sleep(0)
    await piped.finish()
    assert output.results == ["row 0 ..."]
    assert output.said == "cat has read enough: the rest was not given to it\n"


class _Slow(MemoryOutput):
    """A screen on which things appear when ``shown`` says so."""

    shown = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self.results)) - self.shown


async def test_a_program_without_an_end_waits_for_the_screen(tmp_path: Path) -> None:
    output = _Slow()
    piped = ProgramOutput(Console(output), [["yes"]], tmp_path)
    await piped.start()
    finishing = asyncio.create_task(piped.finish())
    await until(lambda: output.waiting > BEHIND)
    for _ in range(1000):
        await asyncio.sleep(0)
    before = output.waiting
    assert before <= BEHIND + 2 * PIECE
    output.shown = before // 2
    for _ in range(1000):
        await asyncio.sleep(0)
    assert output.waiting == before - before // 2  # no key is read before all is shown
    output.shown = before
    await until(lambda: output.waiting > BEHIND)  # and then it goes on
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing


async def test_what_arrives_for_a_get_is_in_its_file(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert (
            await session.run("open practice; find study; get study --of 1 --to in > g.json") == 0
        )
        output.results.clear()
        assert await session.run("set format json; get study --of 1 --to in2") == 0
        shown = [json.loads(line)["type"] for line in output.results]
    kinds = [json.loads(line)["type"] for line in (tmp_path / "g.json").read_text().splitlines()]
    assert sorted(kinds) == sorted(shown)  # a response may come in one read with what follows it
    assert kinds.count("received") == len(list((tmp_path / "in").iterdir()))


async def test_ctrl_c_ends_a_program_and_the_request_stays_done(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        (job,) = session.submit(f"find study {KEYS} | sh -c 'echo $$ > pid; exec sleep 600'")
        await until(lambda: job.record is not None and job.record.done.is_set())
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        assert await session.run("find series --of 1") == 0  # nobody waits for a program
        assert session.interrupt()
        await job.done.wait()
        assert "#1 C-FIND was done: what reads its rows is stopped" in output.said
        assert "error" not in output.said
        pid = int((tmp_path / "pid").read_text())
        await until(lambda: not Path(f"/proc/{pid}").exists())
        assert await session.run("echo") == 0


async def test_a_program_that_ignores_the_first_signal_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(into_program, "GRACE", 0.2)
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        line = "find study | sh -c 'trap \"\" TERM; echo $$ > pid; while :; do sleep 0.1; done'"
        (job,) = session.submit(line)
        named = tmp_path / "pid"
        await until(lambda: named.exists() and named.read_text().strip() != "")
        await until(lambda: session.requests[-1].done.is_set())
        assert session.interrupt()
        await job.done.wait()
        pid = int(named.read_text())
        await until(lambda: not Path(f"/proc/{pid}").exists())
        assert "error" not in output.said


async def test_the_end_of_a_session_ends_its_programs(tmp_path: Path) -> None:
    async with peer() as scp:
        async with shell() as (session, _output):
            await opened(session, scp, tmp_path)
            session.submit("find study | sh -c 'echo $$ > pid; exec sleep 600'")
            await until(
                lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()
            )
        pid = int((tmp_path / "pid").read_text())
        await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_commands_at_once_keep_apart(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        await opened(session, scp, tmp_path)
        scp.gate.clear()
        lines = [f"find study {KEYS} > {name}.csv" for name in "abc"]
        jobs = [job for line in (*lines, f"find study {KEYS}") for job in session.submit(line)]
        scp.gate.set()
        for job in jobs:
            await job.done.wait()
        texts = [(tmp_path / f"{name}.csv").read_text("utf-8") for name in "abc"]
        assert texts[0] == texts[1] == texts[2] and len(texts[0].splitlines()) == 4
        assert sum("ROSSI^GIULIA" in line for line in output.results) == 1


SHOWN = (
    *("requests", "contexts", "contexts --accepted", "status", "history", "peers"),
    *("show #1", "show #2", "show events", "mpps", "ups", "help find", "explain #1", "ladder #1"),
    *("wire detail #1",),
)
"""What shows something that is there already. (A capture is read for `wire` and `read`.)"""


@pytest.mark.parametrize("format", ["json", "csv"])
async def test_a_file_has_what_the_format_of_its_name_shows(format: str, tmp_path: Path) -> None:
    """Whatever is decided by the format is decided by that of the file, where it goes there."""
    async with shell() as (session, output):
        session.base = tmp_path
        session.interactive = True
        assert await session.run("open practice; store examples --commit; find study") == 0
        for line in SHOWN[:-1]:
            await session.run(f"{line} > shown.{format}")
            in_file = (tmp_path / f"shown.{format}").read_text("utf-8")
            session.settings.set("format", format)
            output.results.clear()
            await session.run(line)
            session.settings.set("format", "table")
            assert timeless(in_file) == timeless(output.text), line


def timeless(text: str) -> list[str]:
    """The lines without what changes from one moment to the next: times, and the line itself."""
    return [re.sub(r"[0-9]+([.:][0-9]+)*|> shown.\w+", "N", line) for line in text.splitlines()]


async def test_a_program_with_a_folder_is_the_one_that_is_started(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho it was this one\n")
    tool.chmod(0o755)
    output = MemoryOutput()
    piped = ProgramOutput(Console(output), [["./tool"]], tmp_path)
    await piped.start()
    await piped.finish()
    assert "it was this one" in output.text
    with pytest.raises(UsageError, match=r"no program \./tool"):
        ProgramOutput(Console(output), [["./tool"]], tmp_path.parent)
