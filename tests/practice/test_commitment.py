"""Storage commitment of the practice archive: where, when and what it reports."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

import assocsh.uids as uids
from assocsh.association import Association, Handlers, Indication, connect, listen
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import NAction
from assocsh.dimse.responses import Response
from assocsh.errors import UsageError
from assocsh.practice import Practice, PracticeSettings, start
from assocsh.practice.settings import CommitmentSettings
from assocsh.session.practice_options import practice_with, practice_words
from tests.peers.ours import Serve
from tests.peers.process import LOOPBACK, PeerProcess, free_port, wait_until
from tests.session.peer import shell, until

AGES = 3600.0
"""Seconds that no test waits for."""


def asked(practice: Practice, count: int = 3) -> list[tuple[str, str]]:
    """SOP class and instance of some of what it holds."""
    return [
        (one.sop_class, one.sop_instance)
        for one in practice.archive.contents.index.instances({})[:count]
    ]


async def ask(association: Association, names: list[tuple[str, str]]) -> Response:
    information = {
        "TransactionUID": "1.2.3.4",
        "ReferencedSOPSequence": [
            {"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid}
            for sop_class, uid in names
        ],
    }
    request = NAction(uids.STORAGE_COMMITMENT, uids.STORAGE_COMMITMENT_INSTANCE, 1, information)
    return await association.send(request).result()


class Hearer:
    """Takes reports; ``came`` has the calling AE title, the event type and what was said."""

    def __init__(self) -> None:
        self.came: list[tuple[str, int | None, Dataset]] = []
        self.status = 0x0000
        self.handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: self._take})

    async def _take(self, indication: Indication) -> None:
        said = indication.dataset
        assert said is not None
        self.came.append((indication.association.peer.ae, indication.command.event_type, said))
        indication.respond(self.status)


def settings(**commitment: Any) -> PracticeSettings:
    return PracticeSettings(commitment=CommitmentSettings(**commitment))


@pytest.mark.parametrize("on_new", [False, True])
async def test_on_the_same_association_or_on_a_new_one(on_new: bool) -> None:
    here, there = Hearer(), Hearer()
    async with (
        await start(settings=settings(on_new=on_new)) as practice,
        await listen(ae_title="SCU", handlers=there.handlers) as listener,
        connect(
            practice.peer, calling_ae="SCU", contexts="commitment", handlers=here.handlers
        ) as association,
    ):
        practice.destinations["SCU"] = (listener.host, listener.port)
        assert (await ask(association, asked(practice))).status == 0
        taker, other = (there, here) if on_new else (here, there)
        await until(lambda: taker.came)
        ((sender, event_type, said),) = taker.came
        assert not other.came
        assert (sender, event_type) == ("PRACTICE", 1)
        assert len(said.ReferencedSOPSequence) == 3 and "FailedSOPSequence" not in said


async def test_on_a_new_association_when_the_other_one_has_ended() -> None:
    there = Hearer()
    said: list[str] = []
    async with await start(settings=settings(after=0.05), say=said.append) as practice:
        async with await listen(ae_title="SCU", handlers=there.handlers) as listener:
            practice.destinations["SCU"] = (listener.host, listener.port)
            for title in ("SCU", "STRANGER"):
                async with connect(
                    practice.peer, calling_ae=title, contexts="commitment"
                ) as association:
                    assert (await ask(association, asked(practice))).status == 0
            await until(lambda: there.came and said)
    assert len(there.came) == 1
    assert len(said) == 1 and said[0].startswith("the report to STRANGER did not arrive: its ")


async def test_who_is_not_known_is_refused_where_reports_go_on_a_new_association() -> None:
    async with (
        await start(settings=settings(on_new=True)) as practice,
        connect(practice.peer, calling_ae="STRANGER", contexts="commitment") as association,
    ):
        final = await ask(association, asked(practice))
        assert final.status == 0x0110
        assert "where STRANGER takes reports is not known here" in str(final.error_comment)


async def test_nothing_to_commit_is_refused() -> None:
    async with (
        await start() as practice,
        connect(practice.peer, contexts="commitment") as association,
    ):
        final = await ask(association, [])
        assert final.status == 0x0120 and "ReferencedSOPSequence" in str(final.error_comment)


async def test_a_report_that_is_answered_with_a_failure_is_told() -> None:
    here, said = Hearer(), list[str]()
    here.status = 0x0110
    async with (
        await start(say=said.append) as practice,
        connect(practice.peer, contexts="commitment", handlers=here.handlers) as association,
    ):
        await ask(association, asked(practice))
        await until(lambda: said)
    assert said == ["ASSOCSH answered the report with 0x0110"]


async def test_what_is_still_to_go_out_ends_with_the_archive() -> None:
    before = asyncio.all_tasks()
    practice = await start(settings=settings(after=AGES))
    async with connect(practice.peer, contexts="commitment") as association:
        assert (await ask(association, asked(practice))).status == 0
    await practice.close()
    await until(lambda: asyncio.all_tasks() == before)


async def test_what_is_to_fail_fails_with_its_reason() -> None:
    here = Hearer()
    async with await start() as unchanged:
        names = asked(unchanged, 4)
    uid = [one for _, one in names]
    wanted = ((uid[0], 0x0213), (f"{uid[1][:-1]}*", 0x0122), (uid[1], 0x0110))
    async with (
        await start(settings=settings(failing=wanted)) as practice,
        connect(practice.peer, contexts="commitment", handlers=here.handlers) as association,
    ):
        await ask(association, [*names, (names[0][0], "1.2.3.99")])
        await until(lambda: here.came)
    ((_, event_type, said),) = here.came
    failed = {
        str(item.ReferencedSOPInstanceUID): item.FailureReason for item in said.FailedSOPSequence
    }
    assert event_type == 2
    assert failed[uid[0]] == 0x0213
    assert failed[uid[1]] == 0x0122
    assert failed["1.2.3.99"] == 0x0112
    kept = {str(item.ReferencedSOPInstanceUID) for item in said.ReferencedSOPSequence}
    assert kept == {*uid} - {*failed} and kept


@pytest.mark.parametrize(
    "text", ["", "1.2.3:", "1.2.3:213", "1.2.3:0x213", "1.2.3:0x02130", "CT", "1.2.3:0xZZZZ"]
)
def test_what_is_no_instance_to_fail_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        practice_with(None, {"--commit-fail": (text,)}, Path)


def test_settings_are_written_as_they_are_read() -> None:
    asked_for = PracticeSettings(
        0.05,
        Path("a b"),
        Path("films"),
        CommitmentSettings(True, 1.5, (("1.2.*", 0x0213), ("*", 0x0110))),
    )
    written: dict[str, list[str]] = {}
    for name, value in practice_words(asked_for):
        written.setdefault(name, []).append(value)
    assert practice_with(None, written, Path) == asked_for
    later = practice_with(asked_for, {"--commit": ("same",)}, Path)
    assert not later.commitment.on_new and later.commitment.after == 1.5


async def test_it_is_typed_with_open(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        line = "open practice --commit new --report-after 10ms --commit-fail *:0x0213"
        assert await session.run(f"{line}; store examples/ct.dcm") == 0, output.said
        assert await session.run("commit") == 1
        (came,) = session.observers.reports
        assert came.sender == "PRACTICE"
        assert "0x0213 resource limitation" in output.text
        assert await session.run("release; reopen --commit same; store examples/ct.dcm") == 0
        assert await session.run("commit") == 1
        assert [came.sender for came in session.observers.reports] == ["PRACTICE", ""]


@pytest.fixture
def hearer(tmp_path: Path) -> Iterator[PeerProcess]:
    """pynetdicom, to which reports go; it prints each."""
    port = free_port()
    program = Path(__file__).parents[1] / "peers" / "pynetdicom_events.py"
    argv: list[str | Path] = [sys.executable, program, str(port)]
    with PeerProcess(argv, port=port, log=tmp_path / "hearer.log") as peer:
        yield peer


async def test_served_alone_it_reports_to_pynetdicom(tmp_path: Path, hearer: PeerProcess) -> None:
    to = f"HEARER@{LOOPBACK}:{hearer.port}"
    options = ("--commit", "new", "--destination", to, "--commit-fail", "1.2.3.99:0x0213")
    with Serve(tmp_path, *options) as serve:
        async with connect(
            serve.address, calling_ae="HEARER", contexts="commitment"
        ) as association:
            assert (await ask(association, [(uids.VERIFICATION, "1.2.3.99")])).status == 0
            line = f"2|{uids.STORAGE_COMMITMENT}|{uids.STORAGE_COMMITMENT_INSTANCE}|"
            await asyncio.to_thread(
                wait_until, lambda: line in hearer.output(), 20, "the report at pynetdicom"
            )
