"""Recordings: what was typed, valid to run again, whole whatever happens."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from assocsh import TLSConfig
from assocsh.commands.registry import new_session
from assocsh.errors import LanguageError, UsageError
from assocsh.language.parse import parse
from assocsh.output.sink import MemoryOutput
from assocsh.practice.examples import make
from assocsh.scripting.failures import failure_lines
from assocsh.scripting.replay import DEFAULT_PROFILE, open_line, replay_text
from assocsh.scripting.script import Limits, load
from assocsh.session.plan import OpenPlan, tls_with
from assocsh.session.session import Session
from tests.peers.process import wait_until
from tests.scripting.conftest import run_scripts
from tests.session.peer import shell

Steps = Callable[[Session], Awaitable[None]]


async def settle(session: Session) -> None:
    while session.jobs:
        await next(iter(session.jobs)).done.wait()


def record(steps: Steps, folder: Path) -> Session:
    """Perform ``steps`` as a person at the prompt would."""

    async def main() -> Session:
        session = new_session(MemoryOutput())
        session.base = folder
        session.interactive = True
        try:
            await steps(session)
            await settle(session)
        finally:
            if session.recording is not None:
                session.recording.close()
            await session.close()
        return session

    return asyncio.run(main())


def type_all(*lines: str, settle_each: bool = True) -> Steps:
    async def steps(session: Session) -> None:
        for line in lines:
            with suppress(LanguageError):  # the prompt says it, and goes on
                session.submit(line)
            if settle_each:
                await settle(session)

    return steps


def again(path: Path) -> None:
    """It runs, as it is."""
    outcome = run_scripts([str(path)], "")[0]
    lines = [line for step in outcome.failures for line in failure_lines(outcome, step)]
    assert outcome.code == 0, "\n".join(lines) or outcome.problem


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_commands_as_typed_and_what_became_of_them(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"
    record(
        type_all(
            "record r.assoc --expect",
            "open practice",
            "echo",
            "find study PatientID=PRC-*",
            "let n = count",
            "echo --repeat 5",
            "expect #2.count == $n",
            "help",
            "release",
        ),
        tmp_path,
    )
    text = lines_of(path)
    assert text[0].startswith("# recorded by assocsh")
    commands = [line for line in text if not line.startswith("#")]
    assert commands == [
        "open practice",
        "echo",
        "expect #1.status == 0x0000",
        "expect #1.count == 1",
        "find study PatientID=PRC-*",
        "expect #2.status == 0x0000",
        commands[6],
        "let n = count",
        "echo --repeat 5",
        "expect #3.status == 0x0000",
        "expect #3.count == 5",
        "expect #2.count == $n",
        "release",
    ]
    assert commands[6].startswith("expect #2.count == ")
    assert any(
        line.startswith("#< #2 C-FIND 0x0000 Success ") and "responses" in line for line in text
    )
    assert path.stat().st_mode & 0o777 == 0o600
    again(path)


def test_interleaving_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"

    async def steps(session: Session) -> None:
        await type_all("record r.assoc --expect", "open practice --latency 100 --window 4")(session)
        for line in ("find study PatientID=*", "echo", "echo --repeat 3"):
            session.submit(line)
        await settle(session)
        session.submit("echo")
        await settle(session)
        session.submit("wait")
        session.submit("release")

    record(steps, tmp_path)
    commands = [line for line in lines_of(path) if line[:1] != "#" and "expect" not in line]
    assert commands == [
        "open practice --latency 100 --window 4",
        "find study PatientID=* &",
        "echo &",
        "echo --repeat 3",
        "echo",
        "wait &",
        "release",
    ]
    again(path)


def test_a_recording_that_begins_in_the_middle_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"
    record(
        type_all(
            "open practice --window 8 --as OTHER",
            "echo",
            "find study PatientID=PRC-1001",
            "let id = 'PRC-1001'",
            "record r.assoc",
            "find study PatientID=$id StudyInstanceUID",
            "echo",
            "show #2",
            "expect #3.count == 2",
            "find series --of 1",
            "wait #4",
            "let u = #3.rsp[0].StudyInstanceUID",
            "release",
        ),
        tmp_path,
    )
    text = lines_of(path)
    assert text[1] == "open practice --as OTHER --window 8"
    assert "let id = 'PRC-1001'" in text
    assert any(
        line.startswith("# speaks of what was before this recording: show #2") for line in text
    )
    assert "expect #1.count == 2" in text and "wait #2" in text
    assert "let u = #1.rsp[0].StudyInstanceUID" in text
    again(path)


def test_ctrl_c_is_recorded_as_a_cancel(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"

    async def steps(session: Session) -> None:
        await type_all("record r.assoc", "open practice --latency 300")(session)
        session.submit("find study PatientID=*")
        assert session.association is not None
        while not session.association.pending:
            await asyncio.sleep(0.01)
        assert session.interrupt()
        await settle(session)
        session.submit("echo")
        await settle(session)
        session.submit("find study PatientID=*")
        session.submit("cancel 3")

    record(steps, tmp_path)
    commands = [line for line in lines_of(path) if not line.startswith("#")]
    assert commands[1:] == [
        "find study PatientID=* &",
        "cancel #1",
        "echo",
        "find study PatientID=* &",
        "cancel #3",
    ]
    again(path)


def test_blocks_and_joined_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"
    record(
        type_all(
            "record r.assoc",
            "open practice",
            "retry 2 every 10ms {\n  echo # yes\n  echo &\n}",
            "find study \\\n  PatientID=PRC-1001",
            "echo",
        ),
        tmp_path,
    )
    commands = [line for line in lines_of(path) if not line.startswith("#")]
    assert commands[1:] == [
        "retry 2 every 10ms { echo; echo & }",
        "find study    PatientID=PRC-1001",
        "echo",
    ]
    assert any(line.startswith("#< #4 C-ECHO") for line in lines_of(path))  # two in the block
    again(path)


def test_redacted_recordings(tmp_path: Path) -> None:
    path = tmp_path / "r.assoc"
    record(
        type_all(
            "record r.assoc --redact --expect",
            "open practice",
            "let who = 'PRC-1001'",
            "find study PatientID=PRC-1001 PatientName=Åkesson*",
            "expect rsp[0].PatientID == PRC-1001",
            "find series PatientID=PRC-1001",
        ),
        tmp_path,
    )
    text = path.read_text("utf-8")
    assert "kesson" not in text and "=PRC-1001" not in text and "== PRC-1001" not in text
    ids = [word for word in text.split() if word.startswith("PatientID=")]
    assert len(ids) == 2 and ids[0] == ids[1]
    assert ".count ==" not in text, "what the pseudonyms would match is not known"
    assert text.count("# nothing is expected of it") == 2
    assert load(str(path), Limits()).calls


def test_what_was_refused_is_told_as_refused(tmp_path: Path) -> None:
    record(type_all("record r.assoc", "open practice", "store nothing.dcm"), tmp_path)
    text = (tmp_path / "r.assoc").read_text("utf-8")
    assert "\n# refused: store nothing.dcm\n#< C-STORE refused " in text


FAILING = (
    "get study",
    "store nothing.dcm",
    "find stduy PatientID=1",
    "find study PatientIDX=1",
    "find study PatientID=${rsp[0].PatientAge}",
    "get study --of 99",
    "show #99",
    "move study StudyInstanceUID=1.2.3 --to NOSUCHAE",
    "n-get 1.2.840.10008.5.1.1.16 1.2.3.4",
    "expect count == 99",
    "expect #99.count == 1",
    "let x = rsp[99].PatientID",
    "echo $nobody",
    "open NOBODY@127.0.0.1:1",
    "retry 1 every 1s { expect count == 99 }",
    "run nothing.assoc",
    "set on-error nonsense",
    "cancel #99",
    "wait #99",
)
WORKING = (
    "echo",
    "echo --repeat 3",
    "find study PatientID=PRC-1001 StudyInstanceUID",
    "find worklist",
    "let n = count",
    "expect status == 0x0000",
    "set timeout 30s",
    "release; open practice",
    "wait",
)


@pytest.mark.parametrize("expect", ["", " --expect"])
@pytest.mark.parametrize("failing", FAILING)
def test_a_recording_with_a_failure_in_it_runs_again(
    failing: str, expect: str, tmp_path: Path
) -> None:
    before, after = "find study PatientID=PRC-1001", "find study PatientID=PRC-1002"
    lines = (
        "open practice",
        before,
        failing,
        "open practice",
        "echo",
        after,
        "expect #2.count > 0",
    )
    record(type_all(f"record r.assoc{expect}", *lines), tmp_path)
    again(tmp_path / "r.assoc")
    kept = (tmp_path / "r.assoc").read_text("utf-8")
    assert kept.count(before) == 1 and kept.count(after) == 1
    assert failing.split(None, 1)[0] in kept, "what failed is in it, live or not"


@pytest.mark.parametrize("expect", ["", " --expect"])
@pytest.mark.parametrize("store", ["store mixed", "store mixed/bad.dcm"])
def test_a_recording_of_files_that_were_refused_runs_again(
    store: str, expect: str, tmp_path: Path
) -> None:
    """Whether some were or all: what could be sent is sent again, the refusal is expected."""
    make(tmp_path / "mixed")
    for whole in (tmp_path / "mixed").glob("[mu]*.dcm"):
        whole.unlink()
    (tmp_path / "mixed" / "bad.dcm").write_bytes((tmp_path / "mixed" / "ct.dcm").read_bytes()[:700])
    record(type_all(f"record r.assoc{expect}", "open practice", store, "echo"), tmp_path)
    again(tmp_path / "r.assoc")
    if store == "store mixed":
        assert "expect error.kind == UnusableFile" in lines_of(tmp_path / "r.assoc")


@pytest.mark.parametrize("seed", range(6))
def test_any_session_with_failures_runs_again(seed: int, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    lines = [chosen.choice(WORKING if chosen.random() < 0.6 else FAILING) for _ in range(14)]
    start = f"record r.assoc{chosen.choice(('', ' --expect'))}"
    record(type_all(start, "open practice", *lines), tmp_path)
    again(tmp_path / "r.assoc")


def test_a_mistyped_line_with_a_secret_is_not_kept(tmp_path: Path) -> None:
    line = "open practice --passcodee hush1234"
    record(type_all("record r.assoc", line, "fnd PatientID=1"), tmp_path)
    text = (tmp_path / "r.assoc").read_text("utf-8")
    assert "# refused: open …\n# refused: fnd PatientID=1\n" in text and "hush" not in text


@pytest.mark.scenario(99)
def test_passwords_are_never_in_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cretPassw0rd\n", "utf-8")
    record(
        type_all("record r.assoc", "open practice --user alice --password-file secret", "echo"),
        tmp_path,
    )
    record(
        type_all("open practice --user alice --password-file secret", "record s.assoc", "echo"),
        tmp_path,
    )
    for name in ("r.assoc", "s.assoc"):
        text = (tmp_path / name).read_text("utf-8")
        assert "s3cret" not in text
        assert load(str(tmp_path / name), Limits()).calls


def test_a_recording_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "there.assoc").write_text("mine", "utf-8")
    (tmp_path / "link.assoc").symlink_to(tmp_path / "elsewhere")
    session = record(
        type_all("record there.assoc", "record link.assoc", "record no/x.assoc"), tmp_path
    )
    assert (tmp_path / "there.assoc").read_text("utf-8") == "mine"
    assert not (tmp_path / "elsewhere").exists()
    output = session.output
    assert isinstance(output, MemoryOutput)
    assert output.said.count("error") == 3


def test_one_at_a_time_and_stop(tmp_path: Path) -> None:
    session = record(
        type_all(
            "record",
            "record a.assoc",
            "record b.assoc",
            "record",
            "record --stop",
            "record --stop",
            "echo",
        ),
        tmp_path,
    )
    assert not (tmp_path / "b.assoc").exists()
    assert "echo" not in (tmp_path / "a.assoc").read_text("utf-8")
    assert session.recording is None


@pytest.mark.scenario(85)
def test_a_full_disk_ends_the_recording_not_the_session(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    from assocsh.scripting import recorder

    async def steps(session: Session) -> None:
        made = recorder._create
        recorder._create = lambda path: os.open("/dev/full", os.O_WRONLY)
        try:
            await type_all("record r.assoc", "open practice", "echo", "release")(session)
        finally:
            recorder._create = made

    session = record(steps, tmp_path)
    assert session.requests[0].category == "Success"
    output = session.output
    assert isinstance(output, MemoryOutput)
    assert "recording stopped" in output.said and "space" in output.said


@pytest.mark.scenario(86)
def test_unwritable_folder_is_a_usage_error(tmp_path: Path) -> None:
    from assocsh.scripting.recorder import Recorder

    async def main() -> None:
        Recorder(new_session(MemoryOutput()), tmp_path / "no" / "x", expect=False, redactor=None)

    with pytest.raises(UsageError, match="cannot be made"):
        asyncio.run(main())


KILLED = (
    """
record killed.assoc --expect
open practice --window 4
find study PatientID=* &
echo --repeat 3 &
retry 2 every 1ms { echo; echo }
let a = #2.count
echo
"""
    + "echo --repeat 2 &\nfind study PatientID=* &\necho\n" * 200
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.scenario(78)
def test_after_kill_9_whole_lines_are_there_and_run(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "killed.assoc"
    with subprocess.Popen(
        [sys.executable, "-m", "assocsh"],
        stdin=subprocess.PIPE,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdin is not None
        process.stdin.write(KILLED.encode())
        process.stdin.close()
        enough = 300 * random.Random(seed).randrange(30)  # bytes
        wait_until(lambda: path.exists() and path.stat().st_size > enough, 20, "it is recorded")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    again(path)


@pytest.mark.scenario(91)
def test_cut_at_every_byte_it_still_loads(tmp_path: Path) -> None:
    """Whatever a crash of the machine leaves of the end of the file."""
    path = tmp_path / "r.assoc"
    record(
        type_all(
            "record r.assoc --expect",
            "open practice",
            "let n = 'é'",
            "retry 2 every 10ms { echo; echo }",
            "find study PatientName=Å*",
            "echo",
        ),
        tmp_path,
    )
    data = path.read_bytes()
    cut = tmp_path / "cut.assoc"
    first = data.index(b"\n") + 1
    last = 0
    for size in range(first, len(data) + 1):
        cut.write_bytes(data[:size])
        calls = len(load(str(cut), Limits()).calls)
        assert calls >= last
        last = calls
    assert last == len(load(str(path), Limits()).calls)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("get study --of #12.3 --to in", "get study --of #3.3 --to in"),
        ("get study --of=#12.2-5", "get study --of=#3.2-5"),
        ("show #12.*", "show #3.*"),
        ("show #12 4 > a.dcm", "show #3 4 > a.dcm"),
        (
            "find study PatientID=${#12.4.PatientID} | wc",
            "find study PatientID=${#3.4.PatientID} | wc",
        ),
    ],
)
def test_rows_that_are_named_are_those_of_the_script(text: str, written: str) -> None:
    (call,) = parse(text)
    assert replay_text(call, {12: 3}) == written
    assert replay_text(call, {1: 3}) is None


@pytest.mark.parametrize("form", ["--failed {}", "--failed={}"])
@pytest.mark.parametrize("number", ["12", "#12"])
def test_a_request_that_an_option_names_is_that_of_the_script(form: str, number: str) -> None:
    (call,) = parse(f"store {form.format(number)} --repeat 2")
    assert replay_text(call, {12: 3}) == f"store {form.format('#3')} --repeat 2"
    assert replay_text(call, {1: 3}) is None


@pytest.mark.parametrize(
    "config",
    [
        TLSConfig(),
        TLSConfig(ca="/a b/ca.pem", certificate="/c.pem", key="/k.pem", minimum="1.3"),
        TLSConfig(pin="sha256:" + "ab" * 32, profile="aes", host_name="pacs.example"),
        TLSConfig(insecure=True),
    ],
)
def test_tls_is_recorded_as_it_was_asked_for(config: TLSConfig) -> None:
    """The line that is written opens the same association: nothing of its TLS is lost."""
    assert TLSConfig().profile == DEFAULT_PROFILE
    line = open_line(OpenPlan("PACS@10.0.0.7:2762", tls=config))
    (call,) = parse(line)
    words = {
        name: (values[-1].literal or "") if values else "" for name, values in call.options.items()
    }
    assert "--tls" in words
    assert tls_with(None, words, Path) == config


async def test_what_was_negotiated_is_recorded_as_it_was_asked_for(tmp_path: Path) -> None:
    """Each option of `open` that says what is proposed is in the line that opens it again."""
    (tmp_path / "a b").mkdir()
    shutil.copy(get_testdata_file("CT_small.dcm", download=False), tmp_path / "a b" / "ct.dcm")
    asked = (
        "--contexts qr,auto,1.2.3.4 --extended find:relational,datetime --extended get:relational "
        "--role CTImageStorage:both --common 1.2.3.4:storage:CTImageStorage --window 3"
    )
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open practice 'a b/ct.dcm' {asked}") == 0, output.said
        assert session.open_plan is not None
        plan = session.open_plan
        line = open_line(plan)
        assert await session.run(f"release; {line}") == 0, output.said
        assert session.open_plan == plan
        options = {name for word in line.split() if (name := word).startswith("--")}
        assert options >= set(re.findall(r"--[a-z]+", asked))


ABORTS_AFTER_TWO = (
    "open practice --window 2 --contexts verification --fault never-answer@echo:1 "
    "--fault break-off=abort@echo:2"
)
"""It reads two requests, answers none of them, and aborts."""


@pytest.mark.parametrize("options", ["", " --expect"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # the abort is typed: what was pending went on in the background
        (
            ("echo", "abort"),
            ["echo &", "abort", "expect #1.error.kind == AssociationAborted"],
        ),
        (
            ("echo", "find study PatientID=1", "abort"),
            [
                "echo &",
                "find study PatientID=1 &",
                "abort",
                "expect #1.error.kind == AssociationAborted",
                "expect #2.error.kind == AssociationAborted",
            ],
        ),
    ],
)
def test_what_was_pending_when_it_was_aborted_is_expected_to_be_lost(
    lines: tuple[str, ...], expected: list[str], options: str, tmp_path: Path
) -> None:
    path = tmp_path / "r.assoc"

    async def steps(session: Session) -> None:
        begin = f"record r.assoc{options}"
        await type_all(begin, "open practice --latency 300 --window 8")(session)
        for line in lines:
            session.submit(line)
            association = session.association
            while line != "abort" and association is not None and not association.pending:
                await asyncio.sleep(0.01)

    record(steps, tmp_path)
    commands = [line for line in lines_of(path) if not line.startswith("#")]
    assert commands[1:] == expected
    again(path)


def test_what_the_peer_aborted_is_expected_of_each_request(tmp_path: Path) -> None:
    """The first went on in the background, the second was waited for."""
    path = tmp_path / "r.assoc"

    async def steps(session: Session) -> None:
        await type_all("record r.assoc", ABORTS_AFTER_TWO)(session)
        session.submit("echo")
        session.submit("echo")

    record(steps, tmp_path)
    commands = [line for line in lines_of(path) if not line.startswith("#")]
    assert sorted(commands[1:3]) == ["echo", "echo &"]
    assert "expect #1.error.kind == AssociationAborted" in commands
    assert commands.count("expect error.kind == AssociationAborted") == 1
    again(path)


def test_what_waits_for_a_lost_request_is_no_failure_of_the_script(tmp_path: Path) -> None:
    """``wait`` ends the script for what failed in the background, unless that is expected."""
    path = tmp_path / "r.assoc"

    async def steps(session: Session) -> None:
        await type_all("record r.assoc", ABORTS_AFTER_TWO)(session)
        for line in ("echo", "echo", "wait", "set format json"):
            session.submit(line)

    record(steps, tmp_path)
    again(path)
    # and without the expectations it is one
    text = path.read_text("utf-8")
    path.write_text("".join(line + "\n" for line in text.splitlines() if "expect" not in line))
    assert run_scripts([str(path)], "")[0].code == 4
