"""The history file: private, whole, bounded, shared, without secrets."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.terminal.history import ShellHistory
from assocsh.terminal.history_file import MAX_LINES, HistoryFile, history_path
from assocsh.text.credentials import redacted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "assocsh" / "history.jsonl"


@pytest.fixture
def notes() -> list[str]:
    return []


def kept_in(path: Path, notes: list[str], limit: int = MAX_LINES) -> ShellHistory:
    return ShellHistory(lambda: HistoryFile(path, note=notes.append, limit=limit))


def lines_of(path: Path) -> list[str]:
    return [json.loads(line)["line"] for line in path.read_text().splitlines()]


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
    assert list(again.load_history_strings()) == [
        "first\nsecond",
        "find study PatientName=山田^太郎",
        "echo",
    ]
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 3


def test_a_leading_blank_is_not_kept(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    history.append_string(" find study PatientID=secret")
    history.append_string("   ")
    assert not path.exists()
    assert history.get_strings() == []


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
    history = kept_in(path, notes)
    history.append_string(line)
    assert history.get_strings() == [kept]
    assert lines_of(path) == [kept]


@pytest.mark.parametrize("torn", [b'{"at": 1, "li', b"x" * 10_000, b"\xff\x00"])
@pytest.mark.scenario(91)
def test_a_torn_tail_is_dropped(torn: bytes, path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes)
    history.append_string("echo")
    with path.open("ab") as file:
        file.write(torn)
    again = kept_in(path, notes)
    assert list(again.load_history_strings()) == ["echo"]
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
    assert list(kept_in(path, notes).load_history_strings()) == ["b", "a"]


@pytest.mark.scenario(91)
def test_it_is_shortened_when_it_has_grown(path: Path, notes: list[str]) -> None:
    history = kept_in(path, notes, 100)
    for number in range(125):
        history.append_string(f"echo {number}")
    again = kept_in(path, notes, 100)
    loaded = list(again.load_history_strings())
    assert loaded[0] == "echo 124"
    assert len(loaded) == 100
    assert lines_of(path) == list(reversed(loaded))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    history.append_string("from the shell that has the old file open")
    assert lines_of(path)[-1] == "from the shell that has the old file open"


@pytest.mark.scenario(84)
def test_many_shells_write_at_once(path: Path, notes: list[str]) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from assocsh.terminal.history_file import HistoryFile;"
        "h = HistoryFile(Path(sys.argv[1]), note=print);"
        "[h.append(f'{sys.argv[2]} {n} ' + 'x' * 3000) for n in range(100)]"
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


def check_memory(history: ShellHistory, notes: list[str]) -> None:
    assert list(history.load_history_strings()) == []
    history.append_string("echo")
    history.append_string("status")
    assert history.get_strings() == ["echo", "status"]
    assert len(notes) == 1
    assert "history" in notes[0]
    assert "remembered until you leave" in notes[0]


def test_dev_null_keeps_nothing_and_stays_what_it_is(notes: list[str]) -> None:
    mode = Path("/dev/null").stat().st_mode
    history = kept_in(Path("/dev/null"), notes)
    assert list(history.load_history_strings()) == []
    history.append_string("echo")
    assert Path("/dev/null").stat().st_mode == mode
    assert notes == []


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_path().name == "history.jsonl"
    assert history_path().parent.name == "assocsh"
    monkeypatch.setenv("ASSOCSH_HISTORY", str(tmp_path / "mine"))
    assert history_path() == tmp_path / "mine"
