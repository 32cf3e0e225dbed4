"""What a peer may report of a commitment, and when: late, twice, of something else, or wrongly."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

import assocsh.uids as uids
from assocsh.association import AcceptorPolicy, ContextSpec, Handlers, Indication, connect, listen
from assocsh.commands import commit
from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import NEventReport
from assocsh.practice import examples
from assocsh.results.commitment import Transaction
from assocsh.session import commitments
from assocsh.session.session import Session
from tests.peers.process import free_port
from tests.session.peer import settle, shell, until

STRANGER = "1.2.3.99"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commitments without a report are remembered."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "assocsh" / "commitments"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "examples"
    examples.make(folder)
    return folder


class Keeper:
    """A peer that says yes to each N-ACTION, and reports what and when a test says."""

    def __init__(self) -> None:
        self.asked: list[Dataset] = []
        self.status = 0x0000
        self.echoes = 0
        self.handlers = Handlers(
            {CommandField.N_ACTION_RQ: self._asked, CommandField.C_ECHO_RQ: self._echo}
        )
        self.reports: Callable[[Dataset], Sequence[NEventReport]] = lambda asked: ()
        self.address = ""

    async def _asked(self, indication: Indication) -> None:
        information = indication.dataset
        assert information is not None
        self.asked.append(information)
        indication.respond(self.status)
        for report in self.reports(information):
            await indication.association.send(report).result()

    async def _echo(self, indication: Indication) -> None:
        self.echoes += 1
        indication.respond(0x0000)

    async def call(self, address: str, report: NEventReport) -> None:
        """Report on an association of its own."""
        contexts = [ContextSpec(uids.STORAGE_COMMITMENT, scp=True)]
        async with connect(address, calling_ae="KEEPER", contexts=contexts) as association:
            assert (await association.send(report).result()).status == 0


@pytest.fixture
async def keeper() -> AsyncIterator[Keeper]:
    made = Keeper()
    policy = AcceptorPolicy({uids.STORAGE_COMMITMENT, uids.VERIFICATION})
    async with await listen(ae_title="KEEPER", policy=policy, handlers=made.handlers) as listener:
        made.address = f"KEEPER@127.0.0.1:{listener.port}"
        yield made


def uids_of(asked: Dataset) -> list[str]:
    return [str(item.ReferencedSOPInstanceUID) for item in asked.ReferencedSOPSequence]


def item(uid: str, reason: int | None = None) -> dict[str, Any]:
    named: dict[str, Any] = {
        "ReferencedSOPClassUID": uids.VERIFICATION,
        "ReferencedSOPInstanceUID": uid,
    }
    return named if reason is None else {**named, "FailureReason": reason}


def report(
    asked: Dataset,
    event: int,
    kept: Sequence[str] = (),
    failed: Sequence[tuple[str, int]] = (),
    transaction: str = "",
    **more: Any,
) -> NEventReport:
    said: dict[str, Any] = {"TransactionUID": transaction or str(asked.TransactionUID), **more}
    if kept:
        said["ReferencedSOPSequence"] = [item(uid) for uid in kept]
    if failed:
        said["FailedSOPSequence"] = [item(uid, reason) for uid, reason in failed]
    return NEventReport(
        uids.STORAGE_COMMITMENT, uids.STORAGE_COMMITMENT_INSTANCE, event, dataset_from(said)
    )


def listening(session: Session) -> str:
    """Where its listener is, as an address."""
    assert session.listener is not None
    return session.listener.address


async def opened(session: Session, keeper: Keeper, files: Path) -> str:
    """Two files to commit, at a peer that is open."""
    assert await session.run(f"open {keeper.address} --contexts commitment,verification") == 0
    return f"commit {files / 'ct.dcm'} {files / 'mr.dcm'}"


def rows(output: Any) -> list[dict[str, Any]]:
    """The table, as JSON has it."""
    said = [json.loads(line) for line in output.results]
    return [row for row in said if row["type"] == "commitment"]


Reports = Callable[[Dataset, str, str], list[NEventReport]]

ODD: dict[str, tuple[Reports, list[str], str, str]] = {
    "not mentioned": (
        lambda asked, one, two: [report(asked, 1, [one])],
        ["committed", "not mentioned"],
        "not committed: 0 failed, 1 not mentioned",
        "",
    ),
    "nothing mentioned": (
        lambda asked, one, two: [report(asked, 1)],
        ["not mentioned", "not mentioned"],
        "not committed: 0 failed, 2 not mentioned",
        "",
    ),
    "committed twice": (
        lambda asked, one, two: [report(asked, 1, [one, two, two])],
        ["committed", "committed"],
        "",
        "the peer names 1 instance more than once",
    ),
    "committed and failed": (
        lambda asked, one, two: [report(asked, 2, [one, two], [(two, 0x0213)])],
        ["committed", "failed"],
        "not committed: 1 failed, 0 not mentioned",
        "the peer names 1 instance more than once",
    ),
    "one more": (
        lambda asked, one, two: [report(asked, 1, [one, two, STRANGER])],
        ["committed", "committed"],
        "",
        "the peer names 1 more, not asked about",
    ),
    "one more failed": (
        lambda asked, one, two: [report(asked, 2, [one, two], [(STRANGER, 0x0112)])],
        ["committed", "committed"],
        "",
        "the peer names 1 more, not asked about",
    ),
    "a reason of its own": (
        lambda asked, one, two: [report(asked, 2, [one], [(two, 0xC001)])],
        ["committed", "failed"],
        "not committed: 1 failed",
        "",
    ),
    "failures without failures": (
        lambda asked, one, two: [report(asked, 2, [one, two])],
        ["committed", "committed"],
        "",
        "the peer reports event 2, that something failed, and names nothing that did",
    ),
    "failures in a success": (
        lambda asked, one, two: [report(asked, 1, [one], [(two, 0x0110)])],
        ["committed", "failed"],
        "not committed: 1 failed",
        "the peer reports event 1, that all is committed, and names 1 that failed",
    ),
    "an event that there is not": (
        lambda asked, one, two: [report(asked, 3, [one, two])],
        ["committed", "committed"],
        "",
        "the peer reports event 3: the events of Storage Commitment are 1 and 2",
    ),
    "of another transaction first": (
        lambda asked, one, two: [
            report(asked, 1, [one, two], transaction="1.2.3.4"),
            report(asked, 1, [one, two]),
        ],
        ["committed", "committed"],
        "",
        "",
    ),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_a_report_says_of_each_instance(keeper: Keeper, files: Path, name: str) -> None:
    reports, became, error, odd = ODD[name]
    keeper.reports = lambda asked: reports(asked, *uids_of(asked))
    async with shell() as (session, output):
        session.settings.set("format", "json")
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 20s") == bool(error), output.said
        assert [row["outcome"] for row in rows(output)] == became
        assert error in output.said
        assert odd in output.said
        if not odd:
            assert (
                "the peer names" not in output.said
                and "the peer reports event 2, that" not in output.said
            )
        for field, word in (
            ("committed", "committed"),
            ("failed", "failed"),
            ("missing", "not mentioned"),
        ):
            check = f"expect commit.{field} == {became.count(word)}"
            assert await session.run(check) == 0, output.said


async def test_two_reports_are_joined_to_one_request_and_told_of(
    keeper: Keeper, files: Path
) -> None:
    """The first one ends the waiting; what the second one says is not lost."""
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        keeper.reports = lambda asked: [
            report(asked, 1, uids_of(asked)[:1]),
            report(asked, 2, [], [(uids_of(asked)[1], 0x0213)]),
        ]
        assert await session.run(f"{line} --wait 20s") == 1
        await until(lambda: len(session.observers.reports) == 2)
        assert [one.request for one in session.observers.reports] == [1, 1]
        output.results.clear()
        assert await session.run("show #1; expect #1.commit.failed == 1") == 0
        assert "0x0213 resource limitation" in output.text
        commitment = session.requests[0].arrivals.commitment
        assert commitment is not None and commitment.missing == 0


async def test_without_a_report_it_is_said_what_came_instead(keeper: Keeper, files: Path) -> None:
    keeper.reports = lambda asked: [report(asked, 1, uids_of(asked), transaction="1.2.3.4")]
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 300ms") == 4
        assert "no report on 2 instances came within 300 ms to AE title ASSOCSH" in output.said
        assert "event 1 has another Transaction UID than the one that was asked for" in output.said
        assert "finding" not in output.said
        assert "hint: have this AE title, address and port registered" in output.said
        keeper.reports = lambda asked: ()
        task = asyncio.create_task(session.run(f"{line} --wait 5s"))
        await until(lambda: len(keeper.asked) == 2 and session.requests[-1].final is not None)
        await session.run("abort")
        assert await task == 4
        assert "nothing called, and the association has ended" in output.said


async def test_a_refused_commitment_is_not_waited_for(
    keeper: Keeper, files: Path, state: Path
) -> None:
    keeper.status = 0x0110
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --per series") == 1
        assert "no report" not in output.said
    assert not state.exists()


async def test_of_several_transactions_one_may_be_refused(keeper: Keeper, files: Path) -> None:
    def answer(asked: Dataset) -> list[NEventReport]:
        keeper.status = 0x0110
        return [report(asked, 1, uids_of(asked))]

    keeper.reports = answer
    async with shell() as (session, output):
        session.settings.set("format", "json")
        line = await opened(session, keeper, files)
        # one after the other: the second is refused
        assert await session.run(f"{line} --per series --wait 20s") == 1
        assert [row["outcome"] for row in rows(output)] == ["committed", "refused"]
        assert "0x0110" in rows(output)[1]["reason"]


async def test_what_comes_after_the_wait_is_joined(
    keeper: Keeper, files: Path, state: Path
) -> None:
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 50ms") == 4
        assert [path.stem for path in state.iterdir()] == [str(keeper.asked[0].TransactionUID)]
        asked = keeper.asked[0]
        await keeper.call(listening(session), report(asked, 1, uids_of(asked)))
        await until(lambda: len(session.observers.reports))
        assert "2 committed: `show #1` has each instance" in output.said
        assert "ReferencedSOPInstanceUID" not in output.said
        assert await session.run("expect #1.commit.missing == 0; show #1") == 0
        assert output.text.count("committed") >= 2
        assert not list(state.iterdir())
        output.notes.clear()
        assert await session.run("commit --late") == 0
        assert "no commitment waits for its report" in output.said


async def test_late_shows_what_came_and_waits_for_the_rest(keeper: Keeper, files: Path) -> None:
    async with shell() as (session, output):
        session.settings.set("format", "json")
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 50ms") == 4
        assert await session.run(f"{line} --wait 50ms") == 4
        assert session.listener is not None
        first, second = keeper.asked
        await keeper.call(session.listener.address, report(first, 1, uids_of(first)))
        await until(lambda: len(session.observers.reports))
        task = asyncio.create_task(session.run("commit --late --wait 20s"))
        await until(lambda: len(session.requests) == 3 and session.requests[2].arrivals.commitment)
        assert not task.done()
        failed = [(uids_of(second)[0], 0x0112)]
        said = report(second, 2, uids_of(second)[1:], failed)
        await keeper.call(session.listener.address, said)
        assert await task == 1
        became = [row["outcome"] for row in rows(output)]
        assert became == ["committed", "committed", "failed", "committed"]
        assert await session.run("expect commit.committed == 3; expect #2.commit.failed == 1") == 0
        assert len(keeper.asked) == 2  # nothing was asked again


async def test_after_a_restart_it_listens_where_the_peer_was_told(
    keeper: Keeper, files: Path, state: Path
) -> None:
    async with shell() as (session, _):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 50ms") == 4
        assert session.listener is not None
        told = session.listener.address
    (kept,) = state.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600 and state.stat().st_mode & 0o777 == 0o700
    (asked,) = keeper.asked
    async with shell() as (session, output):
        task = asyncio.create_task(session.run("commit --late --wait 20s"))
        await until(lambda: session.listener)
        assert session.listener is not None and session.listener.address == told
        await keeper.call(told, report(asked, 1, uids_of(asked)))
        assert await task == 0, output.said
        assert f"2 instances at {keeper.address}, asked for in an earlier session" in output.said
        assert str(files / "ct.dcm")[-12:] in output.text
        assert await session.run("expect commit.committed == 2") == 0
    assert not list(state.iterdir())


async def test_without_its_report_it_is_waited_for_once_more(
    keeper: Keeper, files: Path, state: Path
) -> None:
    async with shell() as (session, _):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 50ms") == 4
    async with shell() as (session, output):
        assert await session.run("commit --late --wait 50ms") == 4
        assert "no report on 2 instances came within 50 ms" in output.said
    assert len(list(state.iterdir())) == 1


def test_what_is_remembered_is_no_more_than_what_may_still_come(state: Path) -> None:
    """Neither what is months old nor what is no such file; and the newest only."""
    for number in range(commitments.KEPT + 3):
        transaction = Transaction(f"1.2.{number}", [])
        commitments.remember([commitments.Awaited(transaction, "A@b:1", "ME", "127.0.0.1", 1)])
        os.utime(state / f"1.2.{number}.json", (time.time() - 1000 + number,) * 2)
    kept = [one.transaction.uid for one in commitments.remembered()]
    assert len(kept) == commitments.KEPT and "1.2.0" not in kept and f"1.2.{number}" in kept
    (state / "broken.json").write_text("{")
    (state / "other.json").write_text('["x"]')
    old = state / "1.2.100.json"
    os.utime(old, (1, 1))
    left = [one.transaction.uid for one in commitments.remembered()]
    assert set(kept) - set(left) == {"1.2.100"} and not old.exists()
    commitments.forget("../../x")
    commitments.forget("1.2.101")
    assert not (state / "1.2.101.json").exists()


async def test_no_finding_says_that_no_report_came_when_it_came_elsewhere(
    keeper: Keeper, files: Path
) -> None:
    """The association of the request has none: it is on one of its own."""
    asking = (
        f"n-action StorageCommitmentPushModel {uids.STORAGE_COMMITMENT_INSTANCE} 1 "
        "TransactionUID=1.2.3.4 ReferencedSOPSequence[0].ReferencedSOPClassUID=1.2.840.10008.1.1 "
        "ReferencedSOPSequence[0].ReferencedSOPInstanceUID=1.2.3"
    )
    async with shell() as (session, output):
        await opened(session, keeper, files)
        assert await session.run(f"listen; {asking}; explain #1") == 0, output.said
        assert "no N-EVENT-REPORT came" in output.text
        assert session.listener is not None
        said = report(keeper.asked[0], 2, [], [("1.2.3", 0x0112)])
        await keeper.call(session.listener.address, said)
        await until(lambda: len(session.observers.reports))
        output.results.clear()
        assert await session.run("explain #1") == 0
        assert "no N-EVENT-REPORT came" not in output.text


async def test_a_peer_that_drops_what_is_idle_is_kept(
    keeper: Keeper, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "KEPT_ALIVE", 0.02)
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        task = asyncio.create_task(session.run(f"{line} --keep-alive --wait 20s"))
        await until(lambda: keeper.echoes >= 3)
        assert session.association is not None
        (asked,) = keeper.asked
        await keeper.call(listening(session), report(asked, 1, uids_of(asked)))
        assert await task == 0, output.said
        count = keeper.echoes
        await session.association.echo().result()
        await settle()
        assert keeper.echoes == count + 1  # it is kept no more


async def test_what_is_interrupted_is_waited_for_later(keeper: Keeper, files: Path) -> None:
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        (job,) = session.submit(f"{line} --wait 1h")
        await until(lambda: session.requests[0].final)
        assert session.interrupt()
        await job.done.wait()
        (asked,) = keeper.asked
        await keeper.call(listening(session), report(asked, 1, uids_of(asked)))
        assert await session.run("commit --late --wait 20s; expect commit.committed == 2") == 0
        assert "#2 2 of 2 committed" in output.said


async def test_the_report_of_another_request_is_none_of_nobody(keeper: Keeper, files: Path) -> None:
    """What is said of a report that did not come blames no report that came for another one."""
    async with shell() as (session, output):
        line = await opened(session, keeper, files)
        assert await session.run(f"{line} --wait 10ms") == 4
        task = asyncio.create_task(session.run(f"{line} --wait 1s"))
        await until(lambda: len(keeper.asked) == 2)
        first = keeper.asked[0]
        await keeper.call(listening(session), report(first, 1, uids_of(first)))
        output.notes.clear()
        assert await task == 4
        assert "Transaction UID" not in output.said
        assert "KEEPER at 127.0.0.1 associated, sent 1 message" in output.said


async def test_who_was_told_another_address_is_named(keeper: Keeper, files: Path) -> None:
    """One listener hears of one of them; the other one is no riddle."""
    told = []
    for _ in range(2):
        async with shell() as (session, _):
            line = await opened(session, keeper, files)
            await session.run(f"set listen-port {free_port()}")
            assert await session.run(f"{line} --wait 10ms") == 4
            told.append(listening(session))
    async with shell() as (session, output):
        assert await session.run("commit --late --wait 10ms") == 4
        assert listening(session) == told[1]
        assert f"to be reported to {told[0]}, where nothing listens now" in output.said
        assert f"to be reported to {told[1]}" not in output.said
