"""The history file: private, whole, bounded, shared, without secrets; the lines of a session."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.commands.registry import new_session
from assocsh.language.identifying import may_identify
from assocsh.output.sink import MemoryOutput
from assocsh.session import history_file
from assocsh.session.history_file import MAX_LINES, Ending, Entry, HistoryFile, history_path
from assocsh.session.session import Session
from assocsh.text.credentials import redacted
from tests.session.peer import peer, shell

NOW = 2_000_000_000.0
DAY = 86_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "assocsh" / "history.jsonl"


@pytest.fixture
def notes() -> list[str]:
    return []


class Kept:
    """A history file as a session uses it."""

    def __init__(self, path: Path, notes: list[str], limit: int = MAX_LINES) -> None:
        self.file = HistoryFile(path, note=notes.append, limit=limit)
        self.count = 0
        self.shell = token_hex(4)

    def append_string(self, line: str, *, at: float = NOW, patient: bool = False) -> Entry:
        self.count += 1
        entry = Entry(at, line, f"{self.shell}-{self.count}")
        self.file.began(entry, patient=patient)
        return entry

    def lines(self, count: int | None = None) -> list[str]:
        """Newest first."""
        return [each.line for each in self.file.latest(count)]


def kept_in(path: Path, notes: list[str], limit: int = MAX_LINES) -> Kept:
    return Kept(path, notes, limit)


def lines_of(path: Path) -> list[str]:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [record["line"] for record in records if "line" in record]


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.scenario(97)
def test_only_the_owner_reads_it(umask: int, path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o700)
    kept_in(path, notes).append_string("echo")
    assert notes == []
    mode = stat.S_IMODE(path.stat().st_mode)
    assert mode & 0o077 == 0
    if umask != 0o777:
        assert mode == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("")
    path.chmod(0o644)
    kept_in(path, notes).append_string("echo")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_newest_first_and_again_in_the_next_shell(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    for line in ("echo", "find study PatientName=山田^太郎", "first\nsecond"):
        history.append_string(line)
    again = kept_in(path, notes)
    assert again.lines() == [
        "first\nsecond",
        "find study PatientName=山田^太郎",
        "echo",
    ]
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("open a@b:1 --password hunter2", "open a@b:1 --password ***"),
        ("open a@b:1 --PASSWORD 'two words' --tls", "open a@b:1 --PASSWORD *** --tls"),
        ('open a@b:1 --passcode "a \\" b"; echo', "open a@b:1 --passcode ***; echo"),
        ("open a@b:1 --jwt=abc.def", "open a@b:1 --jwt=***"),
        ("let password = hunter2", "let password = ***"),
        ("let my_token=hunter2; echo", "let my_token=***; echo"),
        ("set password 'no end", "set password ***"),
        ("open a@b:1 --password-file pw.txt", "open a@b:1 --password-file pw.txt"),
        ("open a@b:1 --user-jwt jo.jwt --tls", "open a@b:1 --user-jwt jo.jwt --tls"),
        ("open a@b:1 --user-saml=@env:SAML", "open a@b:1 --user-saml=@env:SAML"),
        ("open a@b:1 --user-jwt token-of-the-ward.2.jwt",) * 2,
        ("open a@b:1 --user-jwt -; echo", "open a@b:1 --user-jwt -; echo"),
        ("open a@b:1 --user-jwt eyJhbGciOiJub25lIn0.e30.", "open a@b:1 --user-jwt ***"),
        ("open a@b:1 --user-jwt='eyJhbGciOiJub25lIn0.e30.ab'", "open a@b:1 --user-jwt=***"),
        ("open a@b:1 --user-saml '<Assertion/>' --tls", "open a@b:1 --user-saml *** --tls"),
        ("open a@b:1 --user-kerberos " + "bYIB" * 80, "open a@b:1 --user-kerberos ***"),
        ("find study PatientName=password", "find study PatientName=password"),
    ],
)
@pytest.mark.scenario(99)
def test_secrets_are_not_kept(line: str, kept: str, path: Path, notes: list[str]) -> None:
    assert redacted(line) == kept
    typed = new_session(MemoryOutput()).typed
    typed.mistyped(line)
    assert [each.line for each in typed.all()] == [kept]


@pytest.mark.parametrize("torn", [b'{"at": 1, "li', b"x" * 10_000, b"\xff\x00"])
@pytest.mark.scenario(91)
def test_a_torn_tail_is_dropped(torn: bytes, path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    history.append_string("echo")
    with path.open("ab") as file:
        file.write(torn)
    again = kept_in(path, notes)
    assert again.lines() == ["echo"]
    again.append_string("status")
    assert lines_of(path) == ["echo", "status"]


def test_only_a_torn_tail(path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage without an end")
    kept_in(path, notes).append_string("echo")
    assert lines_of(path) == ["echo"]


@pytest.mark.scenario(91)
def test_damaged_lines_are_left_out(path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"line": "a"}\nnot json\n[1]\n{"line": 3}\n\xff\xfe\n{"line": "b"}\n')
    assert kept_in(path, notes).lines() == ["b", "a"]


@pytest.mark.scenario(91)
def test_it_is_shortened_when_it_has_grown(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes, 100)
    for number in range(125):
        history.append_string(f"echo {number}")
    again = kept_in(path, notes, 100)
    again.file.tidy(NOW, 30)
    loaded = again.lines()
    assert loaded[0] == "echo 124"
    assert len(loaded) == 100
    assert lines_of(path) == list(reversed(loaded))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    history.append_string("from the shell that has the old file open")
    assert lines_of(path)[-1] == "from the shell that has the old file open"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.scenario(84)
def test_many_shells_write_at_once(path: Path, notes: list[str]) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from assocsh.session.history_file import Entry, HistoryFile;"
        "h = HistoryFile(Path(sys.argv[1]), note=print);"
        "lines = [f'{sys.argv[2]} {n} ' + 'x' * 3000 for n in range(100)];"
        "[h.began(Entry(2e9, line, line[:5]), patient=False) or n % 25 or h.tidy(n * 1e6, 30)"
        " for n, line in enumerate(lines)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(n)]) for n in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    lines = lines_of(path)
    for n in range(3):
        own = [line.split()[1] for line in lines if line.startswith(f"{n} ")]
        assert own == [str(each) for each in range(100)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said_once_and_memory_serves(path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"line": "echo"}\n')
    path.chmod(0)
    check_memory(kept_in(path, notes), notes)


@pytest.mark.scenario(91)
def test_a_place_that_cannot_be_is_said_once_and_memory_serves(
    tmp_path: Path, notes: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    check_memory(kept_in(tmp_path / "file" / "history", notes), notes)


def test_a_folder_in_its_place(tmp_path: Path, notes: list[str]) -> None:
    check_memory(kept_in(tmp_path, notes), notes)


def check_memory(history: Kept, notes: list[str]) -> None:
    assert history.lines() == []
    history.append_string("echo")
    history.file.ended(Entry(NOW, "echo", "x"), Ending())
    history.file.tidy(NOW, 30)
    history.file.clear()
    assert history.lines() == []
    assert len(notes) == 1
    assert "history" in notes[0]
    assert "remembered until you leave" in notes[0]


def test_dev_null_keeps_nothing_and_stays_what_it_is(notes: list[str]) -> None:
    mode = Path("/dev/null").stat().st_mode
    history = kept_in(Path("/dev/null"), notes)
    assert history.lines() == []
    history.append_string("echo")
    assert Path("/dev/null").stat().st_mode == mode
    assert notes == []


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_path().name == "history.jsonl"
    assert history_path().parent.name == "assocsh"
    monkeypatch.setenv("ASSOCSH_HISTORY", str(tmp_path / "mine"))
    assert history_path() == tmp_path / "mine"


# -- what became of a line


def test_what_became_of_a_line_is_kept_with_it(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    first = history.append_string("echo")
    history.append_string("get study --of 1")
    ending = Ending("0x0000 Success", False, 0.038, "PACS@10.0.0.7:104")
    history.file.ended(first, ending)
    found = {each.line: each.ending for each in kept_in(path, notes).file.latest()}
    assert found == {"echo": ending, "get study --of 1": None}


def test_the_last_lines_are_read_from_the_end(path: Path, notes: list[str]) -> None:
    """What stands before them is not read: here a terabyte that takes no room on the disk."""
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\n")
        for number in range(5000):
            file.write(b'{"at": 1, "id": "a-%d", "line": "echo %d"}\n' % (number, number))
    assert kept_in(path, notes).lines(3) == ["echo 4999", "echo 4998", "echo 4997"]
    assert len(kept_in(path, notes).lines(5000)) == 5000
    assert notes == []


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_whatever_the_blocks_it_is_read_in(
    block: int, path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assocsh.session.history_file._BLOCK", block)
    history = kept_in(path, notes)
    lines = ["echo", "find study PatientName=山田", "", "status", "x" * 200]
    for line in lines:
        history.append_string(line)
    with path.open("ab") as file:
        file.write(b'{"at": 1, "line": "torn')
    assert history.lines() == [line for line in reversed(lines) if line]
    assert history.lines(2) == ["x" * 200, "status"]


# -- how long


def test_what_holds_patient_values_goes_and_the_rest_stays(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    for days, line, patient in (
        (40, "find study PatientID=1", True),
        (40, "echo", False),
        (29, "find study PatientID=2", True),
        (0, "find study PatientID=3", True),
    ):
        entry = history.append_string(line, at=NOW - days * DAY, patient=patient)
        history.file.ended(entry, Ending("0x0000 Success", False, 0.1, "PACS@h:1"))
    history.file.tidy(NOW, 30)
    assert lines_of(path) == ["echo", "find study PatientID=2", "find study PatientID=3"]
    assert path.read_text().count('"of"') == 3
    assert "PatientID=1" not in path.read_text()
    history.file.tidy(NOW + 60, 10)
    assert lines_of(path) == ["echo", "find study PatientID=3"]
    history.file.tidy(NOW + 9 * DAY, None)
    assert lines_of(path) == ["echo", "find study PatientID=3"]
    history.file.tidy(NOW + 100 * DAY, 10)
    assert lines_of(path) == ["echo"]


def test_a_line_of_an_older_version_may_be_a_patients(path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f'{{"at": {NOW - 40 * DAY}, "line": "find study PatientID=1"}}\n')
    history = kept_in(path, notes)
    assert history.lines() == ["find study PatientID=1"]
    history.file.tidy(NOW, 30)
    assert history.lines() == []


@pytest.mark.parametrize("of", ["[1]", "{}", "7", "null", "true"])
def test_a_damaged_record_does_not_end_the_tidying(of: str, path: Path, notes: list[str]) -> None:
    path.parent.mkdir(parents=True)
    old = f'{{"at": {NOW - 40 * DAY}, "line": "find study PatientID=1"}}'
    path.write_text(f'{{"of": {of}}}\n{old}\n')
    history = kept_in(path, notes)
    history.file.tidy(NOW, 30)
    assert history.lines() == []


def test_tidied_once_a_day(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    history.append_string("echo")
    history.file.tidy(NOW, 30)
    before = path.stat().st_ino
    history.file.tidy(NOW + DAY - 1, 30)
    assert path.stat().st_ino == before
    history.file.tidy(NOW + DAY, 30)
    assert path.stat().st_ino != before


@pytest.mark.parametrize(
    "line",
    [
        "find study PatientID=123",
        "find study PatientName='DOE^JOHN'",
        "find study (0010,0020)=123",
        "find study StudyInstanceUID=1.2.3.4.5",
        "store doe",
        "store ~/DOE_JOHN --recursive",
        "get study --of 1 --to doe",
        "n-get StudyRootQueryRetrieveInformationModelFind 1.2.840.99999.1.2",
        "let who = 'DOE^JOHN'",
        "expect rsp[0].PatientName == DOE",
        "expect rsp[0].PatientName == 'DOE'",
        "history doe",
        "find study PatientID=$x; find study PatientID=9",
        "echo # of Doe",
        "nonsense doe",
        "find study > doe",
        "find study | grep doe",
        "find study PatientName=${rsp[0].PatientName}X",
    ],
)
def test_what_may_be_a_patients(line: str) -> None:
    assert may_identify(line)


@pytest.mark.parametrize(
    "line",
    [
        "echo",
        "echo --repeat 100",
        "find study PatientID PatientName= StudyDate",
        "find study PatientID=$x",
        "find study PatientID=${rsp[0].PatientID}",
        "get study --of 1",
        "open PACS@10.0.0.7:104 --window 8",
        "open practice; echo & status",
        "set timeout 30s",
        "expect status == 0x0000",
        "expect count == 1",
        "cancel #3",
        "wire detail",
    ],
)
def test_what_is_no_patients(line: str) -> None:
    assert not may_identify(line)


# -- the lines of a session


async def typed(session: Session, *lines: str) -> None:
    for line in lines:
        for job in session.submit(line):
            await job.done.wait()


async def test_a_session_keeps_each_line_with_its_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSOCSH_HISTORY", str(path))
    async with peer() as scp, shell(scp) as (session, output):
        session.typed.keep()
        await typed(session, "echo", " echo", "show 4", "history off", "echo --repeat 2")
        await typed(session, "history on")
        address = str(scp.address)
    async with shell() as (session, output):
        session.typed.keep()
        found = [(each.line, each.ending) for each in session.typed.all()]
        assert [line for line, _ in found] == ["echo", "show 4", "history off"]
        ends = dict(found)
        assert ends["echo"] is not None and ends["echo"].peer == address
        assert ends["echo"].status == "0x0000 Success"
        assert ends["echo"].seconds is not None and ends["echo"].seconds > 0
        assert ends["show 4"] is not None and ends["show 4"].failed
        await typed(session, "history --failed")
        assert len(output.results) == 3 and "show 4" in output.text
        output.results.clear()
        await typed(session, f"history ECH --peer {address.partition('@')[0].lower()}")
        assert len(output.results) == 3 and "0x0000 Success" in output.text
        await typed(session, "history clear")
        assert "lines forgotten" in output.said
    assert [each for each in lines_of(path) if "clear" not in each] == []


async def test_nothing_of_a_patient_is_written_when_no_day_is_wanted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSOCSH_HISTORY", str(path))
    async with peer() as scp, shell(scp) as (session, _):
        session.typed.keep()
        await typed(session, "set history-days 0", "find study PatientID=4711", "echo")
        assert "4711" in "".join(each.line for each in session.typed.all())
    assert lines_of(path) == ["set history-days 0", "echo"]


async def test_fewer_days_hold_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSOCSH_HISTORY", str(path))
    history = kept_in(path, [])
    history.append_string("find study PatientID=1", at=time.time() - 9 * DAY, patient=True)
    async with shell() as (session, _):
        session.typed.keep()
        session.typed.tidy()
        assert len(session.typed.all()) == 1
        await typed(session, "set history-days 3")
        for thread in threading.enumerate():
            if thread.name == "assocsh-history":
                await asyncio.to_thread(thread.join)
        assert "PatientID=1" not in path.read_text()


@given(st.text(min_size=1), st.booleans())
def test_a_line_that_is_not_decoded_to_be_kept_is_what_it_looks_like(
    text: str, patient: bool
) -> None:
    made = {"at": 1700000000, "id": "0a1b2c3d-7", "line": text} | (
        {"patient": True} if patient else {}
    )
    raw = json.dumps(made).encode() + b"\n"
    usual = history_file._USUAL.fullmatch(raw)
    assert (usual is None) == patient
    if usual is not None:
        assert json.loads(raw)["id"] == usual["id"].decode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"at": 1, "id": "a-1", "line": "a", "patient": true}',
        b'{"at": 1, "id": "", "line": "of a shell that gave none"}',
        b'{"at": 1, "id": "a-1", "line": ""}',
        b'{"at": 1, "id": "a-1", "line": "torn',
        b'{"at": 1, "id": "a-1", "line": "a"}{"at": 1, "id": "a-2", "line": "b"}',
        b'{"at": 1, "id": "a-1", "line": "a\x01"}',
        b'{"at": 1, "id": "a-1", "line": "a\xff"}',
        b'{"of": "a-1", "status": "0x0000"}',
        b'{"tidied": 1, "days": 30}',
    ],
)
def test_what_has_to_be_decoded_to_be_judged(raw: bytes) -> None:
    assert history_file._USUAL.fullmatch(raw + b"\n") is None
