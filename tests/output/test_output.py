"""Tables, JSON Lines, CSV, dumps; text from a peer never reaches a terminal as it is."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence

from assocsh.errors import LanguageError, OutputClosed, UsageError
from assocsh.output import table
from assocsh.output.problems import error_lines
from assocsh.output.rows import BLOCK
from assocsh.output.sink import MemoryOutput, StreamOutput
from assocsh.output.sparing import RateLimit
from assocsh.output.table import Column
from assocsh.output.values import dump_lines, leaves
from assocsh.text.cells import (
    GUTTER,
    cell,
    clip,
    clip_middle,
    fill,
    lines,
    width,
    wrapped,
)
from assocsh.wire.status_reasons import reason
from tests.session.peer import match, peer, shell, until

HOSTILE = "\x1b]0;pwn\x07\x1b[2J\r\x9b31m\u202eabc\U000e0041\x7f"
UNSAFE = set("\x1b\x07\r\x08\x7f\x9b\x9d\u202e\U000e0041")


def safe(text: str) -> bool:
    return not UNSAFE & set(text)


# cells


def test_a_cell_is_one_line() -> None:
    assert cell("a\r\nb\nc") == "a⏎b⏎c"
    assert cell("a\rb") == "a^Mb"
    assert safe(cell(HOSTILE))


def test_lines_never_begin_at_column_0() -> None:
    assert lines("one\r\ntwo\n\x1b[2J") == [f"{GUTTER}one", f"{GUTTER}two", f"{GUTTER}^[[2J"]


@given(st.text())
def test_cells_are_safe_and_clipping_keeps_the_width(text: str) -> None:
    shown = cell(text)
    assert all(character.isprintable() or character == "\u3000" or character.isspace()
               for character in shown)  # fmt: skip
    for columns in (1, 5, 12):
        assert width(clip(shown, columns)) <= columns
        assert width(clip_middle(shown, columns)) <= columns


def test_wide_characters_are_counted() -> None:
    assert width("山田") == 4
    assert fill("山田", 6) == "山田  "
    assert clip("山田太郎", 5) == "山田…"


@given(st.text("ab 山​é", max_size=60), st.integers(12, 40))
def test_folded_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert width(line) <= columns or " " not in line.strip()


def test_folding_is_between_words_and_indented() -> None:
    assert wrapped("hint: nothing matched at all", 16) == ["hint: nothing", "  matched at all"]
    assert wrapped("  received one two", 14) == ["  received one", "    two"]
    assert wrapped("  find   C-FIND: query for", 18) == ["  find   C-FIND:", "         query for"]
    assert wrapped(" 1 | find study x", 10) == [" 1 | find study x"]
    assert wrapped("   |      ^^^^^ actual 1", 10) == ["   |      ^^^^^ actual 1"]
    assert wrapped("a b c", None) == ["a b c"]


def test_a_uid_keeps_both_ends() -> None:
    cut = clip_middle("1.2.840.10008.5.1.4.1.1.2", 11)
    assert cut.startswith("1.2.8")
    assert cut.endswith("1.1.2")
    assert "…" in cut


# tables

COLUMNS = [
    Column("name", least=4),
    Column("uid", middle=True, least=13),
    Column("n", right=True, least=2),
]
ROWS = [["DOE^JANE", "1.2.826.0.1.3680043.8.498.99.1.1.1", "7"], ["X", "1.2", "123"]]


def test_a_table_without_a_limit_shows_everything() -> None:
    text = table.render(COLUMNS, ROWS)
    assert text[0].split() == ["name", "uid", "n"]
    assert ROWS[0][1] in text[2]
    assert text[3].endswith("123")


@pytest.mark.parametrize("room", [200, 60, 40, 30])
def test_a_table_fits_its_room(room: int) -> None:
    for line in table.render(COLUMNS, ROWS, room):
        assert width(line) <= room


def test_uids_give_way_first() -> None:
    text = table.render(COLUMNS, ROWS, 40)
    assert "DOE^JANE" in text[2]
    assert "…" in text[2]


def test_a_table_that_cannot_fit_becomes_pairs() -> None:
    text = table.render(COLUMNS, ROWS, 12)
    assert text[0].startswith("── 1")
    assert text[1].startswith("name │ DOE")


# data sets


def awkward() -> Dataset:
    made = Dataset()
    made.PatientName = "DOE^JANE"
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    item = Dataset()
    item.Modality = "CT"
    made.ScheduledProcedureStepSequence = Sequence([item, Dataset()])
    made.ReferencedStudySequence = Sequence([])
    made.add(DataElement(0x00091001, "UN", bytes(range(40))))
    made.add(DataElement(0x00104000, "LT", f"one\n{HOSTILE}"))
    return made


def test_leaves_are_paths_and_texts() -> None:
    found = dict(leaves(awkward()))
    assert found["PatientName"] == "DOE^JANE"
    assert found["ImageType"] == "ORIGINAL\\PRIMARY"
    assert found["ScheduledProcedureStepSequence[0].Modality"] == "CT"
    assert found["ReferencedStudySequence"] == ""
    assert found["(0009,1001)"].endswith("… 40 bytes")


def test_a_dump_has_tag_vr_value_and_keyword() -> None:
    text = list(dump_lines(awkward()))
    assert "(0010,0010) PN [DOE^JANE]  # PatientName" in text
    assert "(0040,0100) SQ 2 items  # ScheduledProcedureStepSequence" in text
    assert "    (0008,0060) CS [CT]  # Modality" in text
    assert all(safe(line) for line in text)


# the formats, through a session

MATCHES = [
    match(PatientID="P1", PatientName="DOE^JANE", StudyInstanceUID="1.2.1"),
    match(PatientID="P2", PatientName=HOSTILE, StudyInstanceUID="1.2.2"),
]
FIND = "find study PatientID= PatientName= StudyInstanceUID="


async def found(format: str, command: str = FIND) -> MemoryOutput:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = MATCHES
        session.settings.set("format", format)
        await session.run(command)
        return output


async def test_table() -> None:
    output = await found("table")
    header, rule, first, second, final = output.results
    assert header.split() == ["#1", "PatientID", "PatientName", "StudyInstanceUID"]
    assert set(rule) == {"─", " "}
    assert first.split() == ["1", "P1", "DOE^JANE", "1.2.1"]
    assert "^[]0;pwn^G" in second
    assert final.startswith("✓ #1 C-FIND 0x0000 Success · 2 matches · ")


async def test_expanded() -> None:
    output = await found("expanded")
    assert output.results[0].startswith("── #1 row 1 ─")
    assert "PatientID        │ P1" in output.results


async def test_csv_is_only_rows() -> None:
    output = await found("csv")
    rows = list(csv.reader(io.StringIO(output.text)))
    assert rows[0] == ["PatientID", "PatientName", "StudyInstanceUID"]
    assert rows[1] == ["P1", "DOE^JANE", "1.2.1"]
    assert len(rows) == 3
    assert "#1 C-FIND 0x0000 Success" in output.said


async def csv_of(matches: list[Dataset], *commands: str) -> tuple[list[list[str]], str]:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = matches
        session.settings.set("format", "csv")
        for command in commands:
            output.results.clear()
            await session.run(command)
        written = "".join(line + "\n" for line in output.results)
        return list(csv.reader(io.StringIO(written, newline=""))), output.said


UNEVEN = [
    match(PatientComments="a", StudyInstanceUID="1.2.1"),
    match(StudyDescription="HEAD", StudyInstanceUID="1.2.2"),
    match(PatientComments="c", AccessionNumber="7", StudyInstanceUID="1.2.3"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("again", [(), ("show #1",)])
async def test_csv_has_all_that_was_asked_for_and_all_that_comes(
    order: tuple[int, ...], again: tuple[str, ...]
) -> None:
    matches = [UNEVEN[place] for place in order]
    find = "find study PatientComments StudyInstanceUID Modality"
    (head, *rows), _ = await csv_of(matches, find, *again)
    assert head[:3] == ["PatientComments", "StudyInstanceUID", "Modality"]
    assert set(head[3:]) == {"StudyDescription", "AccessionNumber"}
    for made, row in zip(matches, rows, strict=True):
        found = {name: value for name, value in zip(head, row, strict=True) if value}
        assert found == {element.keyword: str(element.value) for element in made}


async def test_csv_says_what_came_too_late_for_a_column() -> None:
    matches = [match(StudyInstanceUID=f"1.2.{n}") for n in range(BLOCK)]
    matches.append(match(StudyInstanceUID="1.3", StudyDescription="HEAD"))
    (head, *rows), said = await csv_of(matches, "find study StudyInstanceUID")
    assert head == ["StudyInstanceUID"]
    assert len(rows) == BLOCK + 1
    assert "no column for StudyDescription" in said and "show #1" in said
    (head, *rows), _ = await csv_of(matches, "find study StudyInstanceUID", "show #1")
    assert head == ["StudyInstanceUID", "StudyDescription"]
    assert rows[-1] == ["1.3", "HEAD"]


@pytest.mark.parametrize("text", ["one\r\ntwo", "one\ntwo", "a\tb", '"a", b\r\n\r\n=c', "é;ü\n"])
async def test_csv_does_not_change_text(text: str) -> None:
    find = "find study PatientComments StudyInstanceUID"
    (_, row), _ = await csv_of([match(PatientComments=text, StudyInstanceUID="1")], find)
    assert row[0] == text


@pytest.mark.parametrize("unsafe", ["a\rb", "\x1b[2J", "\n\x07", "\u202e\r\n", "\x9b\t"])
async def test_csv_shows_what_a_terminal_obeys(unsafe: str) -> None:
    find = "find study PatientComments StudyInstanceUID"
    (_, row), _ = await csv_of([match(PatientComments=unsafe + "x", StudyInstanceUID="1")], find)
    assert row[0] != unsafe + "x"
    assert safe(row[0].replace("\r\n", ""))


async def test_csv_on_a_terminal_is_one_line_for_a_row() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientComments="one\ntwo", StudyInstanceUID="1")]
        session.settings.set("format", "csv")
        output.width = 80
        await session.run("find study PatientComments StudyInstanceUID")
        assert output.results[1] == "one⏎two,1"


async def test_dump() -> None:
    output = await found("dump")
    assert "│ (0010,0020) LO [P1]  # PatientID" in output.results


async def test_json() -> None:
    output = await found("json")
    objects = [json.loads(line) for line in output.results]
    assert objects.pop() == {"type": "association", "state": "released"}
    assert [each["type"] for each in objects] == ["response", "response", "final"]
    assert objects[0] == {
        "type": "response",
        "request": 1,
        "message_id": 1,
        "command": "C-FIND-RSP",
        "status": "0xFF00",
        "category": "Pending",
        "meaning": objects[0]["meaning"],
        "dataset": {
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]},
            "00100020": {"vr": "LO", "Value": ["P1"]},
            "0020000D": {"vr": "UI", "Value": ["1.2.1"]},
        },
    }
    assert objects[1]["dataset"]["00100010"]["Value"][0]["Alphabetic"] == HOSTILE
    assert output.text.isascii(), "escaped, so safe to print"
    final = objects[2]
    assert final["status"] == "0x0000"
    assert final["responses"] == 2
    assert final["elapsed_ms"] > 0


@pytest.mark.parametrize("format", ["table", "expanded", "csv", "dump", "json"])
@pytest.mark.scenario(92)
async def test_no_format_lets_a_terminal_be_driven(format: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID=HOSTILE, PatientComments=HOSTILE, StudyDescription=HOSTILE)]
        scp.status, scp.comment = 0xC001, HOSTILE
        session.settings.set("format", format)
        await session.run("find study PatientID=1 PatientComments=; show #1; show #1 1; requests")
        await session.run("expect rsp[0].PatientID == 1; expect rsp[0].PatientComments == 1")
        assert safe(output.text)
        assert safe(output.said)
        assert "pwn" in output.text


async def test_a_failure_says_meaning_comment_and_hint() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.status, scp.comment = 0xA900, "no such level"
        assert await session.run("find study") == 1
        assert "0xA900 Failure" in output.text
        assert "the peer says: no such level" in output.said
        assert "hint: the identifier does not fit" in output.said


async def test_no_matches_has_a_hint() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("find study PatientID=nobody") == 0
        assert "0 matches" in output.text
        assert "hint: nothing matched" in output.said


async def test_a_flood_comes_in_blocks_and_in_order() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID=f"P{index}") for index in range(450)]
        assert await session.run("find study PatientID=") == 0
        rows = [line.split() for line in output.results if line.split()[-1].startswith("P")]
        ids = [row[1] for row in rows if row[1] != "PatientID"]
        assert ids == [f"P{index}" for index in range(450)]


async def test_two_finds_at_once_tell_their_rows_apart() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, output):
        scp.matches = [match(PatientID="P1")]
        jobs = session.submit("find study PatientID= & find patient PatientID= &")
        for job in jobs:
            await job.done.wait()
        assert "#1  PatientID" in output.text
        assert "#2  PatientID" in output.text


# errors


def test_a_usage_error() -> None:
    assert error_lines(UsageError("no such thing \x1b[2J", hint="try \x07 this")) == [
        "error: no such thing ^[[2J",
        "hint: try ^G this",
    ]


def test_a_language_error_shows_the_place() -> None:
    error = LanguageError(
        "no such command: fnd", text="echo\nfnd study", start=5, end=8, line=2, source="a.assoc"
    )
    text = error_lines(error)
    assert text[0] == "error: no such command: fnd"
    assert text[1].strip() == "--> a.assoc:2:1"
    assert text[2].endswith("| fnd study")
    assert text[3].endswith("| ^^^")


# hints


@pytest.mark.parametrize(
    ("service", "status", "says"),
    [
        ("C-MOVE", 0xA801, "have its AE title, host and port registered"),
        ("C-MOVE", 0xC000, "may not know this destination"),
        ("C-MOVE", 0xA702, "firewall"),
        ("C-GET", 0xA702, "may not be accepted"),
        ("C-STORE", 0xA700, "no room"),
        ("C-FIND", 0xA900, "identifier"),
        ("C-STORE", 0xA900, "data set"),
        ("C-FIND", 0x0122, "SOP class"),
        ("N-GET", 0x0112, "no such instance"),
        ("C-FIND", 0xC123, "log"),
    ],
)
def test_statuses_have_likely_reasons(service: str, status: int, says: str) -> None:
    assert says in reason(service, status)


def test_success_and_cancel_need_no_reason() -> None:
    assert reason("C-FIND", 0x0000) == ""
    assert reason("C-FIND", 0xFE00) == ""


# streams


class Closed(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "broken"),
    [(BrokenPipeError(32, "Broken pipe"), True), (OSError(28, "No space"), False)],
)
def test_a_stdout_that_is_gone(error: OSError, broken: bool) -> None:
    output = StreamOutput(Closed(error), io.StringIO())
    output.result("x")
    with pytest.raises(OutputClosed) as caught:
        output.flush()
    assert caught.value.broken_pipe is broken


def test_a_stderr_that_is_gone_is_nobodys_business() -> None:
    class Gone(io.StringIO):
        def write(self, text: Any) -> int:
            raise OSError(32, "Broken pipe")

    StreamOutput(io.StringIO(), Gone()).note("x")


def test_a_pipe_has_no_width() -> None:
    assert StreamOutput(io.StringIO(), io.StringIO()).width is None


# columns that do not fit

STUDY = [
    Column("#", "#1", right=True, least=3),
    Column("PatientName", short="Name"),
    Column("StudyDate", short="Date"),
    Column("StudyInstanceUID", middle=True, least=13),
    Column("NumberOfStudyRelatedInstances", short="Images"),
]
STUDY_ROW = ["1", "DOE^JANE^MARY", "20260101", "1.2.826.0.1.3680043.8.498.99.1.1.1", "12"]


@pytest.mark.parametrize(
    ("room", "titles", "dropped"),
    [
        (None, "NumberOfStudyRelatedInstances", 0),
        (120, "NumberOfStudyRelatedInstances", 0),
        (80, "Images", 0),
        (60, "Images", 0),
        (40, "Images", 1),
        (30, "Name", 1),
        (24, "Name", 2),
    ],
)
def test_short_titles_then_uids_then_columns_from_the_right(
    room: int | None, titles: str, dropped: int
) -> None:
    choice = table.choose(STUDY, [STUDY_ROW], room)
    assert choice is not None
    assert titles in [column.head for column in choice.columns]
    assert len(choice.dropped) == dropped
    text = table.line(choice.columns, choice.widths, choice.cells(STUDY, STUDY_ROW))
    assert room is None or width(text) <= room
    assert text.startswith(" 1  DOE")


def test_a_table_of_uids_keeps_the_last_one() -> None:
    columns = [STUDY[0], *(Column(f"{n}UID", middle=True, least=13) for n in "abc")]
    row = ["1", *["1.2.826.0.1.3680043.8.498.99.1"] * 3]
    choice = table.choose(columns, [row], 24)
    assert choice is not None
    assert [column.key for column in choice.columns] == ["#", "cUID"]
    assert table.choose(columns, [row], 10) is None


async def test_what_has_no_room_is_named() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        output.width = 40
        uid = "1.2.3" * 9
        found = match(PatientID="P1", PatientName="DOE^JANE^M", StudyDate="20260101")
        found.StudyInstanceUID = uid
        scp.matches = [found]
        await session.run("find study PatientID= PatientName= StudyDate= StudyInstanceUID=")
        assert "no room for StudyInstanceUID: `show #1 ROW`" in output.said
        assert all(width(line) <= 40 for line in output.results[:3])


async def test_a_burst_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assocsh.output.sparing.PAUSE", 0.05)
    told: list[int] = []
    burst = RateLimit(told.append)
    assert sum(burst.admit() for _ in range(100)) == 20
    await until(lambda: told)
    assert told == [80]
    assert not burst.admit(), "it is not over"
    await until(lambda: told == [80, 1] and burst._timer is None)
    assert burst.admit(), "a new burst"
