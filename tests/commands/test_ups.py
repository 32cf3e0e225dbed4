"""ups: which step is meant, what is checked here, and the Transaction UID that nobody sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.scripting.runner import Run, RunPlan, load_all
from assocsh.session.session import Session
from tests.session.peer import peer, shell, until

Shell = tuple[Session, MemoryOutput]


@pytest.fixture
async def practising(tmp_path: Path) -> AsyncIterator[Shell]:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice") == 0, output.said
        output.notes.clear()
        yield session, output


async def state_of(session: Session, uid: str = "") -> str:
    assert await session.run(f"ups get {uid} ProcedureStepState") == 0
    return str(session.requests[-1].results.dataset(0).ProcedureStepState)


async def test_from_created_to_completed(practising: Shell) -> None:
    session, output = practising
    script = (
        "ups create --label CAD --workitem detection PatientID=PRC-1001; ups claim; "
        "store examples/sr.dcm; ups complete"
    )
    assert await session.run(script) == 0, output.said
    assert await session.run("ups get") == 0
    found = session.requests[-1].results.dataset(0)
    assert (found.ProcedureStepState, found.PatientID) == ("COMPLETED", "PRC-1001")
    (item,) = found.UnifiedProcedureStepPerformedProcedureSequence
    assert item.PerformedStationNameCodeSequence[0].CodeValue == "ASSOCSH"
    (output_,) = item.OutputInformationSequence
    assert len(output_.ReferencedSOPSequence) == 1  # what was stored since the claim
    assert output_.DICOMRetrievalSequence[0].RetrieveAETitle == "PRACTICE"


async def test_a_row_of_a_worklist_is_scheduled(practising: Shell) -> None:
    session, output = practising
    assert await session.run("worklist --modality CT; ups create --of 1") == 0, output.said
    row = session.requests[0].results.dataset(0)
    assert await session.run("ups get") == 0
    found = session.requests[-1].results.dataset(0)
    assert str(found.PatientName) == str(row.PatientName)
    assert found.StudyInstanceUID == row.StudyInstanceUID
    assert found.ProcedureStepLabel == "CT Thorax"
    assert found.ReferencedRequestSequence[0].AccessionNumber == row.AccessionNumber


async def test_which_step_is_meant(practising: Shell) -> None:
    """The one named, the one of a row, else the last one."""
    session, output = practising
    assert (
        await session.run("ups create --label A --uid 1.2.1; ups create --label B --uid 1.2.2") == 0
    )
    assert await session.run("ups claim") == 0
    assert list(session.workflow.claims) == ["1.2.2"]
    assert (
        await session.run("ups find --state scheduled ProcedureStepLabel=A; ups claim --of 1") == 0
    ), output.said
    assert list(session.workflow.claims) == ["1.2.2", "1.2.1"]
    assert (
        await session.run("ups update 1.2.2 ProcedureStepLabel=New; ups get ProcedureStepLabel")
        == 0
    )
    assert session.requests[-1].results.dataset(0).ProcedureStepLabel == "New"
    assert await session.run("ups claim 1.2.1 --of 1") != 0
    assert "name one of them" in output.said
    assert await session.run("find study; ups claim --of 1") != 0
    assert "--of takes a row of `ups find`" in output.said


async def test_at_the_prompt_the_last_one_is_waited_for(practising: Shell) -> None:
    session, output = practising
    line = "ups create --label A --workitem print; ups claim; ups complete; ups get"
    for job in session.submit(line):
        await job.done.wait()
        assert job.exit_code == 0, output.said
    assert session.requests[-1].results.dataset(0).ProcedureStepState == "COMPLETED"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ups claim", "no step was named"),
        ("ups create", "no value for ProcedureStepLabel"),
        ("ups create --label X ScheduledProcedureStepStartDateTime=", "StartDateTime"),
        ("ups update 1.2.3", "there is nothing to set"),
        ("ups complete --uid 1.2.3", "was not claimed here"),
    ],
)
async def test_what_is_refused_here(practising: Shell, line: str, why: str) -> None:
    session, output = practising
    assert await session.run(line) != 0
    assert why in output.said
    assert session.requests[-1].total == 0


async def test_a_claim_is_not_made_twice_and_ends_once(practising: Shell) -> None:
    session, output = practising
    assert await session.run("ups create --label A --workitem print; ups claim") == 0
    assert await session.run("ups claim") != 0
    assert "#2 claimed" in output.said
    assert await session.run("ups cancel --reason 'no paper'") == 0
    assert await state_of(session) == "CANCELED"
    assert await session.run("ups complete") != 0
    assert "is CANCELED" in output.said


async def test_what_changed_at_the_peer_is_said(practising: Shell) -> None:
    """The step is not IN PROGRESS there any more: nothing is set."""
    session, output = practising
    assert await session.run("ups create --label A; ups claim") == 0
    (held,) = session.workflow.claims.values()
    archive = session.practice._running
    assert archive is not None
    archive.archive.instances.find(held.uid).attributes.ProcedureStepState = "CANCELED"
    assert await session.run("ups complete --workitem print") != 0
    assert "is CANCELED at the peer" in output.said
    assert session.requests[-1].total == 1 and held.state == "CANCELED"


async def test_what_the_peer_refuses_is_no_claim() -> None:
    async with peer() as made, shell(made) as (session, _):
        assert await session.run("ups claim 1.2.3") == 1
        assert not session.workflow.claims
        made.refuses = 0x0110
        assert await session.run("ups create --label A") == 1
        assert await session.run("ups claim") != 0
        assert "N-CREATE" in made.seen


async def test_events_come_to_who_subscribed(practising: Shell) -> None:
    session, output = practising
    assert await session.run("ups create --label A --uid 1.2.1; ups subscribe; ups claim") == 0
    await until(lambda: output.said.count("event 1") >= 2)
    assert "SCHEDULED" in output.said and "IN PROGRESS" in output.said
    assert await session.run("ups unsubscribe; ups subscribe all --lock; ups unsubscribe all") == 0


async def test_a_filtered_subscription(practising: Shell) -> None:
    session, output = practising
    line = "ups subscribe all ProcedureStepLabel=LUNG* InputReadinessState=READY --lock"
    assert await session.run(line) == 0, output.said
    assert "hears of all steps that match" in output.text
    assert await session.run("ups create --label X --uid 1.2.1") == 0
    assert await session.run("ups create --label LUNGS --uid 1.2.2; ups suspend") == 0
    await until(lambda: "instance 1.2.2" in output.said)
    assert "instance 1.2.1" not in output.said
    assert await session.run("ups create --label LUNGS --uid 1.2.3; ups claim 1.2.2") == 0
    await until(lambda: output.said.count("instance 1.2.2") == 2)
    assert "instance 1.2.3" not in output.said
    assert await session.run("ups unsubscribe all") == 0


@pytest.mark.parametrize("verb", ["subscribe", "watch"])
async def test_keys_are_for_all_steps(practising: Shell, verb: str) -> None:
    session, output = practising
    assert await session.run(f"ups create --label A; ups {verb} ProcedureStepLabel=A") != 0
    assert "write all before the keys" in output.said
    assert session.requests[-1].total == 0


async def test_watch_of_what_matches(practising: Shell) -> None:
    session, output = practising
    (job,) = session.submit("ups watch all ProcedureStepLabel=B --until scheduled")
    await until(lambda: job.record is not None and job.record.finals == 1)
    assert await session.run("ups create --label A --uid 1.2.1; ups create --label B") == 0
    await job.done.wait()
    assert job.exit_code == 0, output.said
    assert job.record is not None and job.record.detail == "1 event, of all steps that match"


async def test_only_a_known_ae_can_be_told(practising: Shell) -> None:
    session, output = practising
    assert await session.run("ups create --label A; ups subscribe --to NOBODY") == 1
    assert session.requests[-1].status == 0xC308
    assert "unknown to this SCP" in output.text


async def test_the_transaction_uid_is_in_nothing_that_is_shown(
    practising: Shell, tmp_path: Path
) -> None:
    session, output = practising
    record = tmp_path / "recorded.assoc"
    lines = [
        f"record {record}",
        "set format json",
        "ups create --label A --workitem print --uid 1.2.1",
        "ups claim",
        "ups update --progress 10",
        "ups get",
        "ups",
        "requests",
        "explain",
        "ups complete",
        "ups find",
        "set format table",
        "ups",
        "history",
        "show",
    ]
    for line in lines:
        assert await session.run(line) == 0, output.said
    assert await session.run("record --stop") == 0
    (held,) = session.workflow.claims.values()
    assert held.state == "COMPLETED"
    shown = output.text + output.said + record.read_text("utf-8") + repr(held)
    assert "1.2.1" in shown and held.transaction not in shown


def test_nor_in_the_log_of_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event of the run, messages included."""
    from assocsh.datasets import uid_form

    monkeypatch.setattr(uid_form, "new_uid", lambda: "2.25.424242424242424242424242")
    script = tmp_path / "claim.assoc"
    script.write_text(
        "open $peer\nups create --label A --workitem print --uid 1.2.1\nups claim\nups complete\n"
        "ups get\nexpect rsp[0].ProcedureStepState == COMPLETED\n"
    )
    log: list[dict[str, Any]] = []
    plan = RunPlan(peer="practice", open_text="open practice", responses=1000)
    scripts, _ = load_all([str(script)], plan)
    run = Run(scripts, plan, make_session=new_session, output=MemoryOutput, sinks=(log.append,))
    assert asyncio.run(run.all()) == 0
    said = json.dumps(log, default=str)
    assert "1.2.1" in said and "424242424242424242424242" not in said


async def test_watch_shows_events_until_the_step_has_ended(practising: Shell) -> None:
    """Somebody else performs it: both are at the same archive, on associations of their own."""
    session, output = practising
    assert await session.run("ups create --label A --workitem print --uid 1.2.1") == 0
    async with shell() as (performer, said):
        assert await performer.run(f"open {session.peer} --as PERFORMER") == 0
        (job,) = session.submit("ups watch 1.2.1")
        await until(lambda: "SCHEDULED" in output.said)  # what it is when the watch begins
        assert await performer.run("ups claim 1.2.1; ups complete") == 0, said.said
        await job.done.wait()
    assert job.exit_code == 0, output.said
    assert job.record is not None
    assert job.record.detail == "3 events, 1.2.1 is COMPLETED"
    assert job.record.total == 2  # subscribed, and unsubscribed


async def test_a_watch_holds_nothing_up_that_is_typed_after_it(practising: Shell) -> None:
    session, output = practising
    assert await session.run("ups create --label A --workitem print") == 0
    lines = ("ups watch", "ups claim", "ups update --progress 30", "ups complete")
    jobs = [job for line in lines for job in session.submit(line)]
    for job in jobs:
        await job.done.wait()
        assert job.exit_code == 0, output.said
    watched = jobs[0].record
    assert watched is not None and watched.detail.endswith("is COMPLETED")


async def test_watch_all_until_a_state(practising: Shell) -> None:
    session, output = practising
    async with shell() as (performer, said):
        assert await performer.run(f"open {session.peer} --as PERFORMER") == 0
        (job,) = session.submit("ups watch all --until in-progress")
        await until(lambda: job.record is not None and job.record.finals == 1)
        assert await performer.run("ups create --label B; ups claim") == 0, said.said
        await job.done.wait()
    assert job.exit_code == 0, output.said
    assert job.record is not None and job.record.detail == "2 events, of all steps"


async def test_watch_ends_by_itself_or_by_cancel(practising: Shell) -> None:
    session, output = practising
    assert await session.run("ups create --label A --uid 1.2.1") == 0
    assert await session.run("ups watch --for 10ms") == 0
    assert await session.run("ups watch --until completed --for 10ms") != 0
    assert "1.2.1 is not COMPLETED after 10 ms, but" in output.said
    (job,) = session.submit("ups watch 1.2.1")
    record = job.record
    assert record is not None
    await until(lambda: record.finals == 1)
    assert session.interrupt()
    await job.done.wait()
    assert (job.exit_code, record.total) == (0, 2)
    assert f"#{record.number} N-ACTION stopped" in output.said


async def test_watch_ends_with_the_association(practising: Shell) -> None:
    session, _ = practising
    assert await session.run("ups create --label A --uid 1.2.1") == 0
    (job,) = session.submit("ups watch")
    record = job.record
    assert record is not None
    await until(lambda: record.finals == 1)
    await session.run("abort")
    await job.done.wait()
    assert record.total == 1


async def test_watch_of_what_is_not_there(practising: Shell) -> None:
    session, _ = practising
    assert await session.run("ups watch 1.2.99") == 1
    assert session.requests[-1].status == 0xC307


@pytest.mark.parametrize("kind", ["Push", "Pull", "Watch", "Event", "Query"])
async def test_whichever_class_was_accepted_carries_requests_about_push(kind: str) -> None:
    """One context alone: every request names UPS Push on it (PS3.4 CC.3.1.1)."""
    async with shell() as (session, output):
        assert await session.run(f"open practice --contexts UnifiedProcedureStep{kind}") == 0
        script = (
            "ups create --label A --workitem print; ups subscribe; ups claim; ups update "
            "--progress 1; ups complete; ups get ProcedureStepState"
        )
        assert await session.run(script) == 0, output.said
        assert session.requests[-1].results.dataset(0).ProcedureStepState == "COMPLETED"
        found = await session.run("ups find")
        assert (found == 0) is (kind in ("Pull", "Watch", "Query"))


async def test_without_a_context_the_hint_says_how_to_get_one(practising: Shell) -> None:
    session, output = practising
    assert await session.run("release; open practice --contexts verification; ups find") == 5
    assert "reopen --contexts +UnifiedProcedureStepPull" in output.said
    assert await session.run("reopen --contexts +UnifiedProcedureStepPull; ups find") == 0
