"""Scripts against the practice archive, and against peers that misbehave."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.scripting.event_log import EventLog, LogFile
from assocsh.scripting.failures import exchange_lines, failure_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome
from assocsh.scripting.reports import github
from tests.scripting.conftest import RunText, run_scripts


def test_a_script_that_passes(run_text: RunText) -> None:
    outcome = run_text(
        "echo\nexpect status == 0x0000\nfind study PatientID=*\nexpect count > 3\nrelease\n"
        "expect assoc.state == released\n"
    )
    assert outcome.code == 0 and outcome.finished
    assert [step.text.split()[0] for step in outcome.steps] == ["open", "echo", "find", "release"]
    assert outcome.checks == 3
    find = outcome.steps[2]
    assert find.result.startswith("C-FIND 0x0000 Success, count")
    assert len(find.responses) == find.done["count"]  # type: ignore[index]
    assert [event["message"] for event in find.exchange if event["type"] == "dimse"] == [
        "C-FIND-RQ",
        "C-FIND-RSP",
        "C-FIND-RSP",
    ]


def test_a_failed_expectation_says_everything(run_text: RunText) -> None:
    outcome = run_text("echo\nexpect count == 7\nexpect status == 0x0000\necho\n")
    assert outcome.code == 1
    text = "\n".join(failure_lines(outcome, outcome.failures[0]))
    assert "test.assoc:2:8" in text
    assert "2 | expect count == 7" in text
    assert "  |        ^^^^^ actual 1   (#1 C-ECHO 0x0000 Success" in text
    assert " -> C-ECHO-RQ message 1" in text and "<-  C-ECHO-RSP" in text
    assert [line for line, _ in outcome.skipped] == [4]


def test_a_failure_has_its_finding_once(run_text: RunText) -> None:
    outcome = run_text("move study StudyInstanceUID=1.2.3 --to NOWHERE\n")
    lines = failure_lines(outcome, outcome.failures[0])
    (found,) = (line for line in lines if "AE title, host and port registered" in line)
    assert found.startswith('finding: the peer does not know the destination "NOWHERE"')
    assert found.endswith("[PS3.4 C.4.2.1.5]")
    done = outcome.failures[0].done
    assert done is not None and done["finding"]["change"] == "acceptor"


def test_every_expectation_of_a_group_is_checked(run_text: RunText) -> None:
    outcome = run_text("echo\nexpect count == 7\nexpect status == 0xA700\nexpect elapsed < 10s\n")
    assert [check.ok for check in outcome.steps[1].checks] == [False, False, True]


def test_keep_going(run_text: RunText) -> None:
    text = "echo\nexpect count == 7\necho\nexpect count == 1\n"
    assert len(run_text(text).steps) == 2
    kept = run_text(text, on_error="continue")
    assert kept.code == 1 and len(kept.steps) == 3 and not kept.skipped
    kept = run_text(f"set on-error continue\n{text}")
    assert kept.code == 1 and len(kept.steps) == 4 and not kept.skipped


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("on_error", ["", "stop", "continue"])
@pytest.mark.parametrize("keep_going", [False, True])
def test_the_next_script_and_the_next_command_are_two_things(
    keep_going: bool, on_error: str, jobs: int, archive: str, tmp_path: Path
) -> None:
    """--keep-going is about the next script only, --on-error about the next command only."""
    names = []
    for name in ("a", "b", "c"):
        path = tmp_path / f"{name}.assoc"
        path.write_text("expect assoc.state == lost\necho\n", "utf-8")
        names.append(str(path))
    found = run_scripts(names, archive, keep_going=keep_going, on_error=on_error, jobs=jobs)
    assert len(found) == 3 if keep_going else len(found) in range(1, jobs + 1)
    for outcome in found:
        echoes = [step for step in outcome.steps if step.text == "echo"]
        assert outcome.code == 1 and len(echoes) == (on_error == "continue")


def test_the_command_run_keeps_the_two_apart_too(run_text: RunText, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.assoc").write_text("expect assoc.state == lost\necho\n", "utf-8")
    for options, on_error, echoes, codes in (
        ("", "stop", 0, 1),
        (" --keep-going", "stop", 0, 1),
        ("", "continue", 1, 1),
        (" --keep-going", "continue", 2, 1),
    ):
        outcome = run_text(f"set on-error {on_error}\nrun a.assoc b.assoc{options}")
        texts = [step.text for step in outcome.steps]
        assert texts.count("echo") == echoes and outcome.code == codes, (options, on_error)


@pytest.mark.parametrize("quits", ["quit", "exit", "run inner.assoc", "retry 2 every 1s { quit }"])
@pytest.mark.parametrize("on_error", ["", "continue"])
@pytest.mark.parametrize(
    ("rest", "left"), [("", 0), ("# a comment\n\n", 0), ("echo\n", 1), ("echo; echo\n# x\necho", 3)]
)
def test_a_script_that_quits_before_its_end_does_not_pass(
    rest: str, left: int, on_error: str, quits: str, run_text: RunText, tmp_path: Path
) -> None:
    (tmp_path / "inner.assoc").write_text("quit\n", "utf-8")
    outcome = run_text(f"echo\n{quits}\n{rest}", on_error=on_error)
    assert len(outcome.skipped) == left
    assert outcome.code == (1 if left else 0)
    if left:
        assert outcome.problem is not None and outcome.problem["line"] == 2
        assert outcome.problem["message"].startswith(f"quit: {left} line")
        assert outcome.verdict == "quit before its last line"


@pytest.mark.parametrize(
    ("inner", "other", "code"),
    [
        ("quit", "", 0),
        ("retry 2 every 1s { quit; echo }", "", 1),
        ("quit\necho", "", 1),
        ("echo\nquit", "other.assoc", 1),
        ("echo", "", 0),
    ],
)
def test_a_script_that_quits_inside_another_is_said(
    inner: str, other: str, code: int, run_text: RunText, tmp_path: Path
) -> None:
    (tmp_path / "inner.assoc").write_text(inner, "utf-8")
    (tmp_path / "other.assoc").write_text("echo", "utf-8")
    outcome = run_text(f"run inner.assoc {other}")
    assert outcome.code == code, outcome


def test_a_failure_status_fails_unless_expected(run_text: RunText) -> None:
    move = "move study StudyInstanceUID=1.2.3 --to NOSUCHAE\n"
    assert run_text(move).code == 1
    assert run_text(move + "expect status == 0xA801\necho\n").code == 0
    text = "\n".join(failure_lines(run_text(move), run_text(move).failures[0]))
    assert "0xA801" in text and "expect status == 0xA801" in text


def test_variables(run_text: RunText) -> None:
    outcome = run_text(
        "find study PatientID=$id StudyInstanceUID\nexpect count == 2\n"
        "let uid = rsp[0].StudyInstanceUID\nfind series StudyInstanceUID=$uid SeriesInstanceUID\n"
        "expect rsp[*].StudyInstanceUID == $uid\n",
        variables={"id": "PRC-1001"},
    )
    assert outcome.code == 0, failure_lines(outcome, outcome.failures[0])


def test_a_value_that_is_not_there_is_a_failure_not_a_syntax_error(run_text: RunText) -> None:
    text = "find study PatientID=nobody StudyInstanceUID\nlet uid = rsp[0].StudyInstanceUID\n"
    assert run_text(text).code == 1


def test_retry_until_it_passes(run_text: RunText) -> None:
    outcome = run_text(
        "echo\nretry 5 every 10ms {\n    echo\n    expect #3.count == 1\n}\n"
        "echo\nexpect count == 1\n"
    )
    # the first attempt speaks of a request that is not there yet: #3 is the second attempt's
    assert outcome.code == 0, failure_lines(outcome, outcome.failures[0])
    assert [step.superseded for step in outcome.steps if step.attempt] == [True, False]
    assert not outcome.failures


def test_retry_gives_up(run_text: RunText) -> None:
    outcome = run_text("retry 3 every 10ms { echo; expect count == 2 }\necho\n")
    assert outcome.code == 1
    assert [step.attempt for step in outcome.steps if step.attempt] == [1, 2, 3]
    assert len(outcome.failures) == 2  # the block, and its last attempt
    assert "3 attempts" in (outcome.failures[0].error or ("", "", ""))[1]


def test_retry_opens_until_it_can(tmp_path: Path, archive: str) -> None:
    """A peer that is not there yet: exit code 3 of an attempt is not the end."""
    from tests.peers.process import free_port

    port = free_port()
    path = tmp_path / "r.assoc"
    path.write_text(f"retry 3 every 10ms {{ open X@127.0.0.1:{port} }}\n", "utf-8")
    assert run_scripts([str(path)], "")[0].code == 3


def test_background_and_wait(run_text: RunText) -> None:
    outcome = run_text(
        "find study PatientID=* &\necho --repeat 20 &\necho\nwait\nexpect #2.count == 20\n"
        "expect #1.status == 0x0000\n"
    )
    assert outcome.code == 0
    assert [step.background for step in outcome.steps] == [False, True, True, False, False]


def test_background_failures_count(run_text: RunText) -> None:
    assert run_text("move study StudyInstanceUID=1.2 --to NOSUCHAE &\necho\n").code == 1


def test_timeout_of_a_script(run_text: RunText) -> None:
    began = time.monotonic()
    outcome = run_text("open practice --latency 30000\necho\nrelease\n", timeout=1.0, peer="")
    assert outcome.code == 4
    assert outcome.problem is not None and "--timeout 1s" in outcome.problem["message"]
    assert time.monotonic() - began < 8


def test_several_scripts_and_jobs(tmp_path: Path, archive: str) -> None:
    names = []
    for number in range(4):
        path = tmp_path / f"{number}.assoc"
        path.write_text("open $peer\necho --repeat 20\nexpect count == 20\nrelease\n", "utf-8")
        names.append(str(path))
    (tmp_path / "2.assoc").write_text("open $peer\nexpect 1 == 2\n".replace("1", "count"), "utf-8")
    for jobs in (1, 4):
        found = run_scripts(names, archive, jobs=jobs, keep_going=True)
        assert [outcome.code for outcome in found] == [0, 0, 1, 0] or jobs == 4
        assert sorted(outcome.code for outcome in found) == [0, 0, 0, 1]
    stopped = run_scripts(names, archive)
    assert [outcome.code for outcome in stopped] == [0, 0, 1]


def test_files_are_relative_to_the_script(tmp_path: Path, archive: str) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "get.assoc").write_text(
        "find study PatientID=PRC-1003 StudyInstanceUID\n"
        "let uid = rsp[0].StudyInstanceUID\nget study StudyInstanceUID=$uid --to in\n"
        "expect count >= 1\n",
        "utf-8",
    )
    outcome = run_scripts([str(folder / "get.assoc")], archive)[0]
    assert outcome.code == 0
    assert list((folder / "in").glob("*.dcm"))


async def test_a_script_that_runs_leaves_the_files_of_others_alone(tmp_path: Path) -> None:
    """``run`` at the prompt takes its time: what is typed meanwhile keeps its own folder."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "slow.assoc").write_text(
        "echo --repeat 5\nretry 1 every 1s { store one.dcm }\n", "utf-8"
    )
    session = new_session(MemoryOutput())
    session.base = tmp_path
    try:
        await session.run("open practice --latency 100")
        jobs = session.submit("run deep/slow.assoc") + session.submit("store two.dcm")
        await jobs[1].done.wait()
        assert not jobs[0].done.is_set()
        await jobs[0].done.wait()
    finally:
        await session.close()
    refused = [record.refusal.message for record in session.requests if record.refusal]
    missing = "No such file or directory"
    assert [Path(text.partition(": ")[0]) for text in refused] == [
        tmp_path / "two.dcm",
        tmp_path / "deep" / "one.dcm",
    ], refused
    assert all(missing in text for text in refused)


def test_why_something_was_refused_is_the_error(run_text: RunText) -> None:
    outcome = run_text("store nothing.dcm nowhere.dcm\n")
    assert outcome.code == 5
    step = outcome.failures[0]
    assert step.error is not None and step.error[0] == "UnusableFile"
    line = failure_lines(outcome, step)[0]
    assert "2 refused on this side, the first: " in line and "nothing.dcm: No such file" in line


def test_a_value_that_is_not_there_says_whose_it_would_be(run_text: RunText) -> None:
    outcome = run_text("find study PatientID=nobody\nlet uid = rsp[0].StudyInstanceUID\n")
    lines = failure_lines(outcome, outcome.failures[0])
    assert lines[1].endswith("test.assoc:2:11")
    assert lines[3].strip() == "|           " + "^" * len("rsp[0].StudyInstanceUID")
    assert lines[4].startswith("hint: #1 C-FIND 0x0000 Success") and "had 0 responses" in lines[4]
    outcome = run_text("find study PatientID=nobody\nfind study PatientID=${rsp[0].PatientID}\n")
    assert "hint: #1 had 0 responses" in failure_lines(outcome, outcome.failures[0])


def test_what_goes_round_is_counted_in_the_exchange(run_text: RunText, tmp_path: Path) -> None:
    outcome = run_text(
        "echo --repeat 50\nfind study PatientID=PRC-1001 StudyInstanceUID\n"
        "get study --of 1 --to in\n"
    )
    assert outcome.code == 0
    echoes, _, get = outcome.steps[-3:]
    assert len(exchange_lines(echoes)) == 2
    assert exchange_lines(echoes)[0].endswith("× 50")
    messages = [event["message"] for event in get.exchange if event["type"] == "dimse"]
    assert messages[:3] == ["C-GET-RQ", "C-STORE-RQ", "C-STORE-RSP"] and len(messages) <= 6


def test_github_names_the_file_that_holds_the_line(tmp_path: Path, archive: str) -> None:
    (tmp_path / "deep").mkdir()
    inner = tmp_path / "deep" / "inner.assoc"
    inner.write_text("echo\nexpect count == 2\n", "utf-8")
    outer = tmp_path / "outer.assoc"
    outer.write_text("echo\nrun deep/inner.assoc\n", "utf-8")
    text = github.render(RunOutcome(run_scripts([str(outer)], archive)))
    assert f"file={inner},line=2" in text and f"file={outer},line=2" in text
    inner.write_text("echo\n\nfnd\n", "utf-8")
    assert f"file={inner},line=3" in github.render(RunOutcome(run_scripts([str(outer)], archive)))


def test_run_inside_a_session_shares_its_association(run_text: RunText, tmp_path: Path) -> None:
    (tmp_path / "inner.assoc").write_text("echo\nexpect count == $n\nlet seen = 'yes'\n", "utf-8")
    text = "run inner.assoc --set n=1\nlet again = 1\nfind study PatientID=*\n"
    outcome = run_text(text)
    assert outcome.code == 0
    failed = run_text("run inner.assoc --set n=2\necho\n")
    assert failed.code == 1
    assert "inner.assoc:2" in "\n".join(
        line for step in failed.failures for line in failure_lines(failed, step)
    )


@pytest.mark.parametrize("fault", ["reject=1/1/7", "drop-at-byte=0", "garbage"])
def test_no_association(run_text: RunText, fault: str) -> None:
    opening = f"open practice --fault {fault}"
    assert run_text("echo\n", peer="practice", open_text=opening).code == 3


def test_refused_port(run_text: RunText) -> None:
    from tests.peers.process import free_port

    outcome = run_text("echo\necho\n", peer=f"X@127.0.0.1:{free_port()}")
    assert outcome.code == 3
    assert len(outcome.skipped) == 2


def test_no_context(run_text: RunText) -> None:
    outcome = run_text("open $peer --contexts verification\nfind study PatientID=1\n")
    assert outcome.code == 5


def test_a_peer_that_goes_away(run_text: RunText) -> None:
    """The association is lost in the middle of a script: exit code 4."""
    text = "open practice --fault break-off=reset\necho\nrelease\n"
    assert run_text(text, peer="").code == 4


def test_the_log_is_one_object_a_line(tmp_path: Path, archive: str) -> None:
    path = tmp_path / "log.jsonl"
    log = LogFile(str(path), None)
    assert path.stat().st_mode & 0o777 == 0o600
    one = EventLog("x.assoc", time.monotonic, sinks=(log,))
    one.add("note", text="\x1b[2J\u202e\ud800")
    log.close()
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["log", "note"]
    assert all(line.isascii() and b"\x1b" not in line for line in lines)


def test_events_and_pdus_can_be_expected(run_text: RunText) -> None:
    outcome = run_text(
        "open $peer\necho\nrelease\nexpect events[*].type includes C-ECHO-RSP\n"
        "expect events[*].type not includes A-ABORT\nexpect pdu.sent == 3\n"
        "expect pdu.received == 3\nexpect events[1].direction == sent\n"
    )
    assert outcome.code == 0, failure_lines(outcome, outcome.failures[0])


def test_a_stopped_run_aborts(tmp_path: Path, archive: str) -> None:
    """What a signal does: A-ABORT, and nothing more is begun."""
    from assocsh.scripting.runner import QuietOutput, Run, RunPlan, load_all

    path = tmp_path / "a.assoc"
    path.write_text("open practice --latency 20000\necho\n", "utf-8")
    plan = RunPlan()
    scripts, _ = load_all([str(path)] * 2, plan)

    async def main() -> tuple[int, list[ScriptOutcome]]:
        run = Run(
            scripts, plan, make_session=new_session, output=lambda: QuietOutput(lambda line: None)
        )
        asyncio.get_running_loop().call_later(1.5, run.stop, 130)
        return await run.all(), run.outcomes

    code, found = asyncio.run(main())
    assert code == 130 and [outcome.code for outcome in found] == [130]
