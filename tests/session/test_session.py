"""A session as a whole: what it waits for, what it loses, how it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assocsh.commands import registry
from assocsh.commands.registry import new_session
from assocsh.errors import OutputClosed
from assocsh.output.sink import Kind, MemoryOutput
from assocsh.practice import PracticeSettings, examples
from assocsh.session.job import Job, JobState
from tests.session.peer import match, peer, settle, shell, until


class Closed(MemoryOutput):
    """An output whose reader goes away after ``left`` results."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        if not self._left:
            raise OutputClosed(BrokenPipeError(32, "Broken pipe"))
        self._left -= 1
        super().result(text, kind)


async def test_when_nobody_reads_the_results_everything_stops() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, _):
        scp.echo_gate.clear()
        output = Closed(1)
        session.output = output
        waiting = session.submit("echo; wait")
        await until(lambda: scp.seen == ["C-ECHO"])
        lost: list[str] = []
        session.console.on_lost.append(lambda: lost.append("lost"))
        assert await session.run("peers; peers; find study") == 130
        assert session.lost_output is not None and session.lost_output.broken_pipe
        assert session.stopping and session.leaving.is_set()
        assert scp.seen == ["C-ECHO"], "nothing more is sent"
        await until(lambda: all(job.done.is_set() for job in waiting))
        assert [job.state for job in waiting] == [JobState.CANCELLED] * 2
        session.note("a note")
        assert lost == ["lost"] and "a note" not in output.said
        scp.echo_gate.set()  # the release at the end waits for its answer


async def test_results_that_come_by_themselves_are_lost_without_an_error() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        session.settings.set("format", "json")
        session.output = Closed(0)
        association = session.association
        assert association is not None
        await scp.listener.close()
        await until(lambda: association.closed)
        assert session.lost_output is not None, "the end of the association could not be said"


async def test_listeners_hear_of_each_job_in_order() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, _):
        heard: list[str] = []

        def started(job: Job) -> None:
            heard.append(f"{job.number} began")
            assert job in session.jobs and not job.done.is_set()

        def ended(job: Job) -> None:
            heard.append(f"{job.number} ended")
            assert job not in session.jobs and job.done.is_set()

        before = len(heard)
        session.on_job.started.append(started)
        session.on_job.ended.append(ended)
        await session.run("find study PatientID= & echo; wait")
        numbers = sorted({int(each.split()[0]) for each in heard})
        assert len(numbers) == 3 and before == 0
        for number in numbers:
            assert heard.index(f"{number} began") < heard.index(f"{number} ended")
        assert heard[0] == f"{numbers[0]} began"


async def test_what_is_part_of_another_command_knows_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.assoc").write_text("echo\n", "utf-8")
    async with peer() as scp, shell(scp) as (session, output):
        session.base = tmp_path
        jobs: list[Job] = []
        session.on_job.started.append(jobs.append)
        text = "retry 2 every 10ms { run inner/a.assoc; expect count == 2 }"
        assert await session.run(text) == 1, output.said
        names = [job.call.spec.name for job in jobs]
        assert names == ["retry", "run", "echo", "expect", "run", "echo", "expect"]
        assert [job.nested for job in jobs] == [False] + [True] * 6
        block = jobs[0].number
        assert [job.attempt for job in jobs[1:]] == [(block, 1)] * 3 + [(block, 2)] * 3
        assert jobs[0].folder is None and jobs[1].folder is None
        assert jobs[2].folder == tmp_path / "inner", "what is run stands in its own folder"


async def test_a_command_that_speaks_of_itself_is_not_held_for_ever() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        async with asyncio.timeout(5):
            assert await session.run("find study PatientID=${#1.rsp[0].PatientID}") != 0
        assert "#1.rsp[0].PatientID has no value" in output.said
        assert scp.seen == []


async def test_interrupting_what_waits() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.echo_gate.clear()
        echo = session.submit("echo")[0]
        await until(lambda: scp.seen == ["C-ECHO"])
        waits = session.submit("wait; wait")
        await settle()
        assert echo.record is not None
        echo.record.cancel_asked = True
        for job in reversed(waits):
            assert session.interrupt()
            await asyncio.wait_for(job.done.wait(), 5)
        assert [job.state for job in waits] == [JobState.CANCELLED] * 2
        assert "wait: stopped" in output.said
        assert session.interrupt(), "once more: the echo again"
        assert "wait, or abort the association" in output.said
        scp.echo_gate.set()  # the release at the end waits for its answer


async def test_cancelling_many_says_what_became_of_each() -> None:
    async with peer() as scp, shell(scp, "--window 2") as (session, output):
        scp.gate.clear()
        session.submit("find study PatientID= --repeat 5")
        await until(lambda: scp.seen == ["C-FIND"] * 2)
        assert session.interrupt()
        assert "#1 C-FIND 3 withdrawn: nothing was sent; 2 C-CANCEL sent" in output.said or (
            "#1 C-FIND 2 C-CANCEL sent; 3 withdrawn: nothing was sent" in output.said
        )
        scp.gate.set()
        await until(lambda: not session.jobs)


async def test_the_traceback_of_a_fault_is_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setitem(registry._handlers, "peers", broken)
    async with shell() as (session, output):
        await session.run("peers")
        assert "Traceback" not in output.said
        monkeypatch.setenv("ASSOCSH_DEBUG", "1")
        await session.run("peers")
        assert "Traceback" in output.said and "in broken" in output.said


async def test_closing_ends_each_thing_once(tmp_path: Path) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    closed: list[str] = []
    session.on_close.append(lambda: closed.append("first"))
    session.on_close.append(lambda: closed.append("last"))
    assert await session.run("open practice; find study; listen --to in") == 0
    waiting = session.submit("wait --timeout 60s")
    await session.close()
    assert sorted(closed) == ["first", "last"]
    assert all(job.state is JobState.CANCELLED for job in waiting)
    assert session.listener is None
    assert session.association is not None and session.association.closed
    assert len(session.requests[0].results) == 0, "nothing is kept"
    await session.close()
    assert len(closed) == 2


async def test_closing_says_what_went_wrong_with_the_release() -> None:
    async with peer() as scp:
        output = MemoryOutput()
        session = new_session(output)
        await session.run(f"open {scp.address}")
        association = session.association
        assert association is not None
        closing = asyncio.create_task(session.close())
        await asyncio.sleep(0)
        await association.abort()
        await closing
        assert session.status().state == "aborted"
        assert any(kind is Kind.ERROR for kind, _ in output.notes)


async def test_an_attention_is_passed_on() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        called: list[str] = []
        session.on_attention.append(lambda: called.append("bell"))
        await scp.listener.close()
        await until(lambda: called)
        assert called == ["bell"]


async def test_the_practice_archive_is_started_again_with_other_options(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; release") == 0
        assert session.open_plan is not None
        first = await session.practice.address()
        assert await session.practice.address(PracticeSettings()) == first
        second = await session.practice.address(PracticeSettings(latency=0.001))
        assert second != first
        await session.run("listen --as STORE1 --to in")
        assert await session.run("open practice --latency 1; find study; move study --of 1") == 0
        assert "STORE1" in output.text


async def test_files_to_practise_with_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("store examples") == 5, "there is no association"
        assert await session.run("open practice; store examples") == 0
        count = len(list((tmp_path / "examples").iterdir()))
        assert f"examples/ was made here, with {count} files to practise with" in output.said
        assert await session.run("store examples/ct.dcm") == 0
        assert output.said.count("was made here") == 1


async def test_a_folder_of_examples_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(folder: Path) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(examples, "make", make)
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; store examples") == 5
        assert f"{tmp_path / 'examples'}: cannot be made: No space left on device" in output.said


async def test_an_observer_that_is_unknown_is_not_missed() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        seen: list[str] = []

        def observe(event: object) -> None:
            seen.append(type(event).__name__)

        session.observers.remove(observe)
        session.observers.add(observe)
        await session.run("echo")
        assert "MessageTransferred" in seen and "PduTransferred" not in seen
        session.observers.remove(observe)
        count = len(seen)
        await session.run("echo")
        assert len(seen) == count


async def test_the_wire_of_a_listener_is_shown_too(tmp_path: Path) -> None:
    async with shell() as (session, output), shell() as (sender, _):
        session.base = tmp_path
        await session.run("listen --as STORE1 --to in")
        await sender.run(f"open {session.status().listening}; echo; release")
        assert "C-ECHO" not in output.said
        await session.run("wire summary")
        await sender.run(f"open {session.status().listening}; echo; release")
        await until(lambda: "C-ECHO-RQ" in output.said)
        await session.run("wire detail; wire off")
        assert str(session.wire) == "off"


async def test_a_request_on_the_wire_has_its_number() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1")]
        await session.run("echo; wire summary; find study PatientID=; set keepalive 10ms")
        assert "#2" in output.said and "#1" not in output.said
        count = len(scp.seen)
        await until(lambda: len(scp.seen) > count + 1)
        lines = [line for line in output.said.splitlines() if "C-ECHO-R" in line]
        assert lines and not any("#" in line for line in lines), "it is of no command"
