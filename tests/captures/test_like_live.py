"""A capture is asked as a session is: every command does what it does, or says why it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

import pytest

from assocsh.commands.registry import load, new_session
from assocsh.language.table import COMMANDS as KNOWN
from assocsh.output.sink import MemoryOutput
from assocsh.session.offers import SessionProvider
from tests.captures.sessions.catalogue import SESSIONS
from tests.captures.sessions.stage import path_of

NEEDS_PEER = "no association is open"

# Of each command what is typed while the capture `orthanc` is read (#1 and #2 are stores on its
# first association, #3 is a query on its second one), the exit code, and what it says.
COMMANDS: dict[str, tuple[str, int, str]] = {
    "abort": ("abort", 5, NEEDS_PEER),
    "again": ("again", 2, "no lesson is going on"),
    "alias": ("alias", 0, ""),
    "cancel": ("cancel #1", 0, "#1 C-STORE has ended already"),
    "capture": ("capture c.pcapng", 0, "capturing to"),
    "commit": ("commit", 5, NEEDS_PEER),
    "contexts": ("contexts root", 0, "Study Root Query/Retrieve Information Model - FIND"),
    "echo": ("echo", 5, NEEDS_PEER),
    "expect": ("expect #1.status == 0x0001", 1, "#1 C-STORE 0x0000 Success"),
    "explain": ("explain #2", 0, "#2 C-STORE, asked by the requestor of association 1"),
    "faults": ("faults", 5, "no practice archive runs here"),
    "find": ("find study --of 1", 5, NEEDS_PEER),
    "get": ("get study --of 1 --to .", 5, NEEDS_PEER),
    "help": ("help read", 0, "Wireshark"),
    "hint": ("hint", 2, "no lesson is going on"),
    "history": ("history", 0, ""),
    "ian": ("ian", 5, NEEDS_PEER),
    "ladder": ("ladder #3", 0, "#3 C-FIND-RQ"),
    "lesson": ("lesson", 0, "What an association is"),
    "let": ("let a = #3.count; expect #3.count == $a", 0, ""),
    "listen": ("listen", 0, "listen"),
    "move": ("move study --of 1 --to X", 5, NEEDS_PEER),
    "mpps": ("mpps", 0, "no step was begun here"),
    "n-action": ("n-action 1.2 1.3 1", 5, NEEDS_PEER),
    "n-create": ("n-create 1.2", 5, NEEDS_PEER),
    "n-delete": ("n-delete 1.2 1.3", 5, NEEDS_PEER),
    "n-get": ("n-get 1.2 1.3", 5, NEEDS_PEER),
    "n-set": ("n-set 1.2 1.3 PatientName=X", 5, NEEDS_PEER),
    "open": ("open NOBODY@127.0.0.1:1 --timeout 2s", 3, "nothing listens"),
    "peers": ("peers", 0, "practice"),
    "print": ("print status", 5, NEEDS_PEER),
    "probe": ("probe acse", 2, "there is no peer to probe yet"),
    "quit": ("quit", 0, ""),
    "read": ("read", 0, "2 associations"),
    "record": ("record r.assoc", 0, "recording to"),
    "release": ("release", 5, NEEDS_PEER),
    "reopen": ("reopen", 5, "nothing was open yet"),
    "requests": ("requests", 0, "Study Root Query/Retrieve Information Model - FIND"),
    "retry": ("retry 2 every 10ms { expect #3.status == 0x0000 }", 0, ""),
    "run": ("run of_it.assoc", 0, ""),
    "set": ("set timeout", 0, "timeout"),
    "show": ("show #3", 0, "山田"),
    "skip": ("skip", 2, "no lesson is going on"),
    "solution": ("solution", 2, "no lesson is going on"),
    "status": ("status", 0, "pending"),
    "store": ("store x.dcm", 5, NEEDS_PEER),
    "timeline": ("timeline t.html", 0, "wrote"),
    "ups": ("ups", 0, "no step was claimed here"),
    "wait": ("wait #3", 0, ""),
    "wire": ("wire detail #3", 0, "C-FIND-RSP of the acceptor on context 1"),
    "worklist": ("worklist", 5, NEEDS_PEER),
}

ANSWERS = [
    ("expect status == 0x0000", "the last request of the capture"),
    ("expect #3.count == 1", ""),
    ("expect #3.rsp[0].PatientName startswith Yamada", ""),
    ("expect #3.rsp[*].StudyInstanceUID exists", ""),
    ("expect #3.elapsed < 5s", ""),
    ("expect #3.last.StudyInstanceUID exists", ""),
    ("expect assoc.state == released", ""),
    ("expect assoc.ended_by == requestor", ""),
    ("expect assoc.called == ORTHANC", ""),
    ("expect assoc.calling == DCMTK", ""),
    ("expect assoc.window.invoked == 1", "no window was proposed"),
    ("expect assoc.max_pdu > 4096", ""),
    ("expect assoc.contexts[StudyRootQueryRetrieveInformationModelFind].result == accepted", ""),
    ("expect events[*].type includes C-FIND-RQ", ""),
    ("expect pdu.sent > 2", ""),
    ("expect pdu.received > 2", ""),
    ("let uid = #3.rsp[0].StudyInstanceUID; expect #3.rsp[0].StudyInstanceUID == $uid", ""),
    ("show ${#3.count}", "a query in a word"),
    ("show #3 1", ""),
    ("wire summary; wire hex #3", ""),
]
"""Lines that hold of the capture ``orthanc``, with why where that is not plain."""

WRONG = [
    ("expect #3.count == 2", "actual 1"),
    ("expect #9.status == 0", "the capture has no request #9"),
    ("show #9", "its last one is #3"),
    ("show #3 7", "#3 has no row 7"),
    ("ladder #9", "the capture has no request #9"),
    ("show events", "among its requests"),
    ("expect assoc.state == aborted", "actual released"),
]


class Asked:
    """A session in which a capture is read; ``ask`` types a line at it."""

    def __init__(self, capture: str, folder: Path) -> None:
        self._capture = capture
        self._output = MemoryOutput()
        self._session = new_session(self._output)
        self._session.base = folder

    async def __aenter__(self) -> Self:
        assert await self._session.run(f"read '{path_of(self._capture)}'") == 0
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, line: str, form: str = "table") -> tuple[int, str]:
        """The exit code of a line, and all that it says."""
        await self._session.run(f"set format {form}")
        before = len(self._output.text), len(self._output.said)
        code = await self._session.run(line)
        return code, self._output.text[before[0] :] + self._output.said[before[1] :]


async def typed(capture: str, line: str, folder: Path) -> tuple[int, str]:
    """The exit code of a line, and all that it says, while a capture is read."""
    async with Asked(capture, folder) as asked:
        return await asked.ask(line)


def test_every_command_is_tried() -> None:
    load()
    assert set(COMMANDS) == set(KNOWN)


@pytest.mark.parametrize("name", COMMANDS)
async def test_it_works_or_says_why_not(name: str, tmp_path: Path) -> None:
    line, code, words = COMMANDS[name]
    (tmp_path / "of_it.assoc").write_text("expect #3.count == 1\n")
    got, said = await typed("orthanc", line, tmp_path)
    assert got == code, said
    assert words in said
    assert "internal error" not in said


@pytest.mark.parametrize("line", [line for line, _ in ANSWERS])
async def test_what_is_asked_of_a_capture(line: str, tmp_path: Path) -> None:
    code, said = await typed("orthanc", line, tmp_path)
    assert code == 0, said


@pytest.mark.parametrize(("line", "words"), WRONG)
async def test_what_does_not_hold_fails(line: str, words: str, tmp_path: Path) -> None:
    code, said = await typed("orthanc", line, tmp_path)
    assert code in (1, 2) and words in said


@pytest.mark.parametrize(
    ("capture", "line"),
    [
        ("rejected", "expect assoc.state == rejected; expect assoc.rejected.reason == 7"),
        ("aborted-after", "expect assoc.state == aborted; expect assoc.aborted.source == 0"),
        ("closed", "expect assoc.state == lost; expect assoc.ended_by == acceptor"),
        ("busy", "expect assoc.state == rejected; expect assoc.rejected.result == 2"),
        ("find", "expect count >= 1; expect rsp[0].PatientName exists"),
        ("move-not-delivered", "expect status == failure; expect suboperations.failed == 1"),
        ("get", "expect #1.suboperations.completed == 1"),
        ("window-out-of-order", "expect assoc.window.invoked == 8; expect #34.count == 3"),
        ("commitment", "expect events[*].type includes N-EVENT-REPORT-RQ"),
    ],
)
async def test_what_can_be_expected(capture: str, line: str, tmp_path: Path) -> None:
    code, said = await typed(capture, line, tmp_path)
    assert code == 0, said


@pytest.mark.parametrize("name", SESSIONS)
async def test_every_request_of_every_capture(name: str, tmp_path: Path) -> None:
    """What is shown of each request, in every form, and nothing of it is a fault of ours."""
    async with Asked(name, tmp_path) as asked:
        _, said = await asked.ask("requests", "json")
        numbers = [json.loads(line)["number"] for line in said.splitlines() if line[:1] == "{"]
        assert numbers == list(range(1, len(numbers) + 1))
        for number in numbers[:8]:
            for line in (
                f"show #{number}",
                f"explain #{number}",
                f"wire detail #{number}",
                f"ladder #{number}",
                f"timeline #{number} t.svg",
                f"expect #{number}.elapsed >= 0s",
            ):
                code, said = await asked.ask(line)
                assert code == 0, (line, said)
        for line in ("ladder", "wire summary", "wire detail", "wire hex", "contexts"):
            for form in ("table", "json"):
                code, said = await asked.ask(line, form)
                assert code == 0, (line, said)


async def test_numbers_and_rows_are_completed() -> None:
    session = new_session(MemoryOutput())
    try:
        await session.run(f"read '{path_of('orthanc')}'")
        provider = SessionProvider(session)
        assert [number for number, _ in provider.request_numbers()] == [3, 2, 1]
        assert not list(provider.request_numbers(unfinished=True))
        assert [row for row, _ in provider.rows()] == [1]
    finally:
        await session.close()


async def test_an_association_of_ones_own_is_asked_while_it_is_open(tmp_path: Path) -> None:
    lines = (
        "open practice; echo; expect #1.status == 0x0000; expect assoc.called == PRACTICE; "
        "expect #3.status exists"
    )
    code, said = await typed("orthanc", lines, tmp_path)
    assert code != 0 and "there is no request #3" in said
    code, said = await typed("orthanc", "open practice; echo; release; show #3", tmp_path)
    assert code == 0 and "山田" in said


@pytest.mark.parametrize(("expected", "code"), [("0x0000", 0), ("0xA700", 1)])
def test_a_script_over_a_capture(expected: str, code: int, tmp_path: Path) -> None:
    """Exit codes are those of a script over an association."""
    script = tmp_path / "s.assoc"
    script.write_text(f"read '{path_of('orthanc')}'\nexpect #1.status == {expected}\n")
    argv = [sys.executable, "-m", "assocsh", "run", str(script)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    words = ["-c", f"expect #1.status == {expected}"]
    argv = [sys.executable, "-m", "assocsh", "read", str(path_of("orthanc")), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr


async def test_who_has_to_know_the_destination_is_named(tmp_path: Path) -> None:
    _, said = await typed("move-not-delivered", "explain #1", tmp_path)
    assert 'the acceptor "QRSCP" has to know its host and port' in " ".join(said.split())
