"""Jobs: what is held and for what, foreground and background, exit codes, cancelling."""

from __future__ import annotations

import asyncio

import pytest

from assocsh.commands import registry
from assocsh.errors import LanguageError
from assocsh.session.job import JobState
from assocsh.states import OperationState
from tests.session.peer import match, peer, settle, shell, until

STUDIES = [
    match(PatientID="P1", StudyInstanceUID="1.2.1", StudyDate="20260101", Modality="CT"),
    match(PatientID="P2", StudyInstanceUID="1.2.2", StudyDate="20260102", Modality="MR"),
]


async def test_at_the_prompt_every_line_is_submitted_at_once() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.echo_gate.clear()
        for _ in range(3):
            session.submit("echo")
        await settle()
        status = session.status()
        assert (status.pending, status.queued) == (3, 0)
        assert scp.seen == ["C-ECHO"] * 3
        scp.echo_gate.set()
        await asyncio.gather(*(record.done.wait() for record in session.requests))
        assert [record.status for record in session.requests] == [0, 0, 0]


async def test_the_window_queues_the_rest() -> None:
    async with peer() as scp, shell(scp, "--window 2") as (session, _):
        scp.echo_gate.clear()
        (job,) = session.submit("echo --repeat 10")
        await settle()
        status = session.status()
        assert (status.pending, status.queued) == (2, 8)
        scp.echo_gate.set()
        await job.done.wait()
        assert session.requests[0].count == 10
        assert session.status().pending == session.status().queued == 0


async def test_a_line_with_of_is_held_until_the_find_is_done() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.matches = STUDIES
        scp.gate.clear()
        session.submit("find study")
        held = session.submit("find series --of 2")[0]
        session.submit("echo")
        await settle()
        assert held.state is JobState.HELD
        assert held.record is not None
        assert held.record.state is OperationState.HELD
        assert session.status().held == 1
        assert scp.seen == ["C-FIND", "C-ECHO"], "what refers to nothing does not wait"
        scp.gate.set()
        await held.done.wait()
        assert scp.identifiers[1].StudyInstanceUID == "1.2.2"
        assert scp.identifiers[1].QueryRetrieveLevel == "SERIES"


async def test_a_held_find_is_what_the_next_line_refers_to() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.matches = STUDIES
        scp.gate.clear()
        session.submit("find study")
        session.submit("find series --of 1")
        last = session.submit("find image --of 1")[0]
        await settle()
        assert scp.seen == ["C-FIND"]
        scp.gate.set()
        await last.done.wait()
        assert [asked.QueryRetrieveLevel for asked in scp.identifiers] == [
            "STUDY",
            "SERIES",
            "IMAGE",
        ]


async def test_a_variable_waits_for_its_let_and_that_for_its_request() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.matches = STUDIES
        scp.gate.clear()
        session.submit("find study")
        session.submit("let uid = rsp[1].StudyInstanceUID")
        last = session.submit("find series StudyInstanceUID=$uid")[0]
        await settle()
        assert last.state is JobState.HELD
        scp.gate.set()
        await last.done.wait()
        assert session.variables["uid"] == "1.2.2"
        assert scp.identifiers[1].StudyInstanceUID == "1.2.2"


async def test_a_query_of_a_numbered_request() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = STUDIES
        text = "find study; echo; find series StudyInstanceUID=${#1.rsp[0].StudyInstanceUID}"
        assert await session.run(text) == 0
        assert scp.identifiers[1].StudyInstanceUID == "1.2.1"


async def test_a_value_from_a_peer_stays_inside_its_word() -> None:
    hostile = "A B;echo #1 ' \" --limit $x ${count}"
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = [match(StudyDescription=hostile)]
        text = "find study; let d = rsp[0].StudyDescription; find study StudyDescription=$d"
        assert await session.run(text) == 0
        assert session.variables["d"] == hostile
        assert scp.identifiers[1].StudyDescription == hostile
        assert scp.seen == ["C-FIND", "C-FIND"]


async def test_sending_waits_for_an_open_that_goes_on() -> None:
    async with peer() as scp, shell() as (session, _):
        session.submit(f"open {scp.address}")
        job = session.submit("echo")[0]
        await job.done.wait()
        assert job.exit_code == 0
        assert scp.seen == ["C-ECHO"]


async def test_wait_holds_what_is_sent_after_it() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.gate.clear()
        session.submit("find study")
        session.submit("wait")
        after = session.submit("echo")[0]
        await settle()
        assert after.state is JobState.HELD
        assert session.submit("status")[0].call.spec.name == "status"
        scp.gate.set()
        await after.done.wait()
        assert scp.seen == ["C-FIND", "C-ECHO"]


async def test_in_a_script_each_command_runs_to_its_end() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.gate.clear()
        running = asyncio.create_task(session.run("find study; echo"))
        await settle()
        assert scp.seen == ["C-FIND"]
        scp.gate.set()
        assert await running == 0
        assert scp.seen == ["C-FIND", "C-ECHO"]


async def test_an_ampersand_lets_the_next_one_begin() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        scp.gate.clear()
        running = asyncio.create_task(session.run("find study & echo; wait #1"))
        await settle()
        assert scp.seen == ["C-FIND", "C-ECHO"]
        assert not running.done()
        scp.gate.set()
        assert await running == 0


async def test_a_failure_status_stops_a_script() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.status = 0xA700
        assert await session.run("find study; echo") == 1
        assert scp.seen == ["C-FIND"]
        assert await session.run("find study; echo", keep_going=True) == 1
        assert scp.seen == ["C-FIND", "C-FIND", "C-ECHO"]


async def test_on_error_continue_is_a_setting() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.status = 0xA700
        assert await session.run("set on-error continue") == 0
        assert await session.run("find study; echo") == 1
        assert scp.seen == ["C-FIND", "C-ECHO"]


async def test_a_wanted_failure_is_none() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.status = 0xA900
        text = "find study; expect count == 0; expect status == 0xA900..0xA9FF; echo"
        assert await session.run(text) == 0
        assert scp.seen == ["C-FIND", "C-ECHO"]


async def test_a_failure_in_the_background_counts() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, _):
        scp.status = 0xA700
        assert await session.run("find study & echo") == 1
        assert await session.run("find study & wait; echo") == 1
        assert scp.seen.count("C-ECHO") == 1, "wait saw the failure and stopped the script"
        assert await session.run("find study & expect #4.status == 0xA700; echo") == 0


async def test_all_expects_of_a_group_are_evaluated() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        text = "echo; expect count == 2; expect status == 0x0001; expect count == 3; echo"
        assert await session.run(text) == 1
        assert output.said.count("expectation failed") == 3
        assert scp.seen == ["C-ECHO"]


async def test_nothing_runs_when_the_text_has_a_mistake() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        with pytest.raises(LanguageError):
            session.submit("echo; fnid study")
        with pytest.raises(LanguageError):
            await session.run("echo; find galaxy")
        await settle()
        assert scp.seen == []
        assert not session.requests


async def test_interrupt_cancels_the_newest_find() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, output):
        scp.gate.clear()
        first, second = session.submit("find study")[0], session.submit("find patient")[0]
        await settle()
        assert session.interrupt()
        await second.done.wait()
        assert "#2 C-FIND C-CANCEL sent" in output.said
        assert second.record is not None
        assert second.record.state is OperationState.CANCELLED
        assert second.exit_code == 0
        assert scp.cancelled == 1
        assert not first.done.is_set()
        assert session.association is not None
        assert not session.association.closed
        scp.gate.set()
        await first.done.wait()
        assert first.record is not None
        assert first.record.status == 0


async def test_interrupt_withdraws_what_was_not_sent() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.gate.clear()
        session.submit("find study")
        queued = session.submit("echo")[0]
        held = session.submit("find series --of 1")[0]
        await settle()
        assert session.interrupt()
        await held.done.wait()
        assert "#3 C-FIND withdrawn: nothing was sent" in output.said
        assert session.interrupt()
        await queued.done.wait()
        assert "#2 C-ECHO withdrawn: nothing was sent" in output.said
        assert queued.record is not None
        assert queued.record.state is OperationState.WITHDRAWN
        scp.gate.set()
        await settle()
        assert scp.seen == ["C-FIND"]


async def test_interrupt_says_that_an_echo_has_no_cancel() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.echo_gate.clear()
        job = session.submit("echo")[0]
        await settle()
        assert session.interrupt()
        await job.done.wait()
        assert "stopped waiting: DIMSE has no cancel for C-ECHO" in output.said
        assert session.status().pending == 1, "its place in the window stays taken"
        scp.echo_gate.set()
        await settle()
        assert session.status().pending == 0
        assert await session.run("echo") == 0, "the association lives on"


@pytest.mark.parametrize("line", ["find & cancel all", "find & find & cancel all"])
async def test_what_stands_before_it_on_a_line_is_sent_first(line: str) -> None:
    """At the prompt as in a script: there is something that a C-CANCEL can end."""
    async with peer() as scp, shell(scp, "--window 4") as (session, output):
        scp.gate.clear()
        jobs = session.submit(line.replace("find", "find study"))
        await asyncio.gather(*(job.done.wait() for job in jobs))
        assert output.said.count("C-FIND C-CANCEL sent") == line.count("find")
        assert scp.cancelled == line.count("find")
        scp.gate.set()


async def test_interrupt_with_nothing_to_do() -> None:
    async with shell() as (session, _):
        assert not session.interrupt()


async def test_interrupt_gives_up_an_open() -> None:
    async with shell() as (session, _):
        job = session.submit("open practice --fault silent")[0]
        await until(lambda: session.status().state == "requesting")
        assert session.interrupt()
        await asyncio.wait_for(job.done.wait(), 3)
        assert job.state is JobState.CANCELLED
        assert session.status().state == "closed"


async def test_abort_fails_each_pending_request_once() -> None:
    async with peer() as scp, shell(scp, "--window 2") as (session, output):
        scp.echo_gate.clear()
        jobs = [session.submit("echo")[0] for _ in range(5)]
        await settle()
        session.submit("abort")
        await asyncio.gather(*(job.done.wait() for job in jobs))
        assert [job.exit_code for job in jobs] == [4] * 5
        for number in range(1, 6):
            assert output.said.count(f"#{number} C-ECHO failed") == 1
        assert output.said.splitlines().count("association aborted") == 1
        assert session.status().state == "aborted"


async def test_pasted_lines_run_one_after_the_other_and_stop_at_a_failure() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, output):
        scp.status = 0xA700
        assert session.submit("echo\nfind study\necho\necho\n", foreground=True) == []
        await settle()
        assert scp.seen == ["C-ECHO", "C-FIND"]
        assert "2 pasted commands were not run" in output.said


async def test_a_handler_that_breaks_does_not_take_the_session_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setitem(registry._handlers, "status", broken)
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("status") == 1
        assert "internal error: RuntimeError: boom" in output.said
        assert await session.run("echo") == 0
