"""Storage commitment from the request to the table: practice, Orthanc, and no report at all."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID

from assocsh.association import Indication
from assocsh.datasets.levels import UNIQUE_KEYS
from assocsh.dimse.commandset import CommandField
from assocsh.output.sparing import REMARKS_SHOWN
from assocsh.practice import Practice, PracticeSettings, start
from assocsh.practice.settings import CommitmentSettings
from assocsh.results.commitment import Transaction
from assocsh.session.session import Session
from tests.peers.orthanc import Orthanc
from tests.peers.process import free_port
from tests.session.peer import shell, until


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    """An archive that insists on the unique keys of the levels above (PS3.4 C.4.1.1.3.1)."""
    async with await start() as archive:

        async def strict(indication: Indication) -> None:
            asked = indication.dataset
            assert asked is not None
            model = UNIQUE_KEYS[str(asked.QueryRetrieveLevel)][:-1]
            if indication.context.abstract_syntax.endswith(".2.2.1"):
                model = model[1:]  # in the study root model a study is the top
            if all(asked.get(key) for key in model):
                await archive.archive.find(indication)
            else:
                indication.respond(0xA900, OffendingElement=(0x0020000D,))

        archive.listener.handlers.table[CommandField.C_FIND_RQ] = strict
        yield archive


def transactions(session: Session) -> list[Transaction]:
    """Those of the last request."""
    commitment = session.requests[-1].arrivals.commitment
    assert commitment is not None
    return list(commitment)


async def test_what_was_stored_is_committed_on_practice(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; store examples --recursive; commit") == 0, (
            output.said
        )
        stored = session.requests[0].count
        assert f"{stored} of {stored} committed" in output.text
        assert await session.run(f"expect commit.committed == {stored}") == 0
        assert await session.run("expect commit.failed == 0; expect commit.missing == 0") == 0
        output.results.clear()
        session.settings.set("format", "json")
        assert await session.run("commit #1") == 0
        rows = [json.loads(line) for line in output.results]
        rows = [row for row in rows if row["type"] == "commitment"]
        assert {row["outcome"] for row in rows} == {"committed"}


async def test_what_the_peer_does_not_have_fails_with_its_reason(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        other = tmp_path / "other"
        assert await session.run("open practice; store examples/ct.dcm") == 0
        dataset = dcmread(tmp_path / "examples" / "ct.dcm")
        dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
        dataset.SOPInstanceUID = "1.2.3.4"
        other.mkdir()
        dataset.save_as(other / "a.dcm")
        assert await session.run("commit other") == 1
        assert "0x0112 no such object instance" in output.text
        assert await session.run("commit other; expect commit.failed == 1") == 0, output.said


@pytest.mark.peer("orthanc")
@pytest.mark.parametrize("known", [True, False])
async def test_orthanc_reports_to_the_listener_that_it_knows(tmp_path: Path, known: bool) -> None:
    (tmp_path / "orthanc").mkdir()
    port = free_port()
    with Orthanc(tmp_path / "orthanc") as orthanc:
        orthanc.add_modality("ASSOCSH", port if known else free_port())
        async with shell() as (session, output):
            session.base = tmp_path
            await session.run("open practice; store examples/ct.dcm; release")
            text = f"set listen-port {port}; open {orthanc.address}; store examples/ct.dcm"
            assert await session.run(text) == 0, output.said
            code = await session.run(f"commit --wait {'20s' if known else '300ms'}")
            if known:
                assert code == 0, output.said
                assert "1 of 1 committed" in output.text
                text = "store examples/ct.dcm --commit --wait 20s; expect commit.committed == 1"
                assert await session.run(text) == 0, output.said
                assert "C-STORE 0x0000 Success · 1 of 1 committed" in output.text
            else:
                assert code == 4
                assert "nothing called" in output.said
                assert f"AE title ASSOCSH at 127.0.0.1 port {port}" in output.said
                assert await session.run("expect error.kind == NoReport") == 0, output.said


async def test_a_promise_without_a_report_is_no_commitment(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        await session.run("open practice --fault never-report; store examples/ct.dcm")
        assert await session.run("commit examples/ct.dcm --wait 100ms") == 4
        assert await session.run("expect commit.failed == 0") == 1
        assert await session.run("expect commit.missing == 1") == 0, output.said


@pytest.mark.parametrize("level", ["study", "series"])
async def test_a_transaction_for_each_study_or_series(tmp_path: Path, level: str) -> None:
    keyword = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}[level]
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; store examples/ct.dcm") == 0
        dataset = dcmread(tmp_path / "examples" / "ct.dcm")
        dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
        dataset.SOPInstanceUID, dataset.StudyInstanceUID = "1.2.3.4", "1.2.3.5"
        dataset.save_as(tmp_path / "examples" / "of_another_study.dcm")
        assert await session.run("store examples --recursive") == 0
        of: dict[str, str] = {}
        for path in (tmp_path / "examples").rglob("*.dcm"):
            dataset = dcmread(path, stop_before_pixels=True)
            of[str(dataset.SOPInstanceUID)] = str(dataset[keyword].value)
        for line in (f"commit #2 --per {level}", f"commit examples --recursive --per {level}"):
            assert await session.run(f"{line}; expect commit.missing == 0") == 0, output.said
            groups = [{of[uid] for uid in one.instances} for one in transactions(session)]
            assert all(len(group) == 1 for group in groups)
            assert len(groups) == len(set(of.values())) == session.requests[-1].total > 1
            said = f"{len(of)} of {len(of)} committed in {len(groups)} transactions"
            assert session.requests[-1].detail == said
            number = session.requests[-1].number
            reports = [one for one in session.observers.reports if one.request == number]
            assert len(reports) == len(groups)
            told = output.said.count(f", for #{number}\n")
            assert told == min(len(groups), REMARKS_SHOWN)


@pytest.mark.parametrize(
    ("find", "key"),
    [
        ("find patient PatientID=PRC-1001", "PatientID"),
        ("find study PatientID=PRC-1001", "StudyInstanceUID"),
        ("find study PatientID=PRC-1001; find series --of 1", "SeriesInstanceUID"),
        (
            "find study PatientID=PRC-1001; find series --of 1; find image --of 1",
            "SOPInstanceUID",
        ),
        (
            "find study PatientID=PRC-1001; find series --of 1; "
            "find image --of 1 SOPInstanceUID InstanceNumber",
            "SOPInstanceUID",
        ),
    ],
)
async def test_the_instances_of_a_row(practice: Practice, find: str, key: str) -> None:
    """They are asked for level by level: nothing else is performed by every archive."""
    async with shell() as (session, output):
        assert await session.run(f"open {practice.peer}; {find}") == 0, output.said
        wanted = str(session.requests[-1].results.dataset(0)[key].value)
        index = practice.archive.contents.index
        tag = tag_for_keyword(key)
        assert tag is not None
        there = {one.sop_instance: one.sop_class for one in index.instances({tag: [wanted]})}
        assert await session.run("commit --of 1; expect commit.committed >= 1") == 0, output.said
        (one,) = transactions(session)
        asked = one.instances.values()
        assert {name.sop_instance: name.sop_class for name in asked} == there
        assert await session.run("commit --of 1 --per series") == 0, output.said
        series = [{name.series for name in one.instances.values()} for one in transactions(session)]
        assert len(series) == len({name.series for name in asked})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("commit --of 1 examples", "--of names what to commit"),
        ("commit #1 --of 1", "--of names what to commit"),
        ("commit --of 99", "has no row 99"),
        ("commit --late --per study", "--late asks for nothing"),
        ("commit --late examples", "--late asks for nothing"),
        ("commit --late #1", "#1 C-FIND asked for no commitment"),
    ],
)
async def test_what_makes_no_sense_is_refused(line: str, said: str) -> None:
    async with shell() as (session, output):
        assert await session.run("open practice; find study") == 0
        assert await session.run(line) not in (0, 4)
        assert said in output.said
        assert not any(one.arrivals.commitment for one in session.requests)


@pytest.mark.parametrize("keeps", [True, False])
async def test_release_waits_for_the_report_where_that_is_asked_for(
    tmp_path: Path, keeps: bool
) -> None:
    """Whoever does not wait is reported to on an association of its own."""
    async with shell() as (session, output):
        session.base = tmp_path
        line = "open practice --report-after 500ms; store examples/ct.dcm"
        assert await session.run(line) == 0, output.said
        option = "--keep-alive" if keeps else ""
        jobs = session.submit(f"commit {option}")
        await until(lambda: session.requests[-1].final)
        jobs += session.submit("release")
        for job in jobs:
            await job.done.wait()
        assert [job.exit_code for job in jobs] == [0, 0], output.said
        (came,) = session.observers.reports
        assert came.sender == ("" if keeps else "PRACTICE")
        assert ("releasing after commit --keep-alive" in output.said) is keeps


def outward() -> str | None:
    """The address that this machine has towards others; None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "outward"])
async def test_the_listener_is_where_the_peer_reaches_it(tmp_path: Path, host: str) -> None:
    """On the address that the association has here; a listener for another peer gives way."""
    address = outward() if host == "outward" else host
    if address is None:
        pytest.skip("this machine has no address but loopback")
    settings = PracticeSettings(commitment=CommitmentSettings(on_new=True))
    port = free_port()
    async with (
        await start(host=address, settings=settings) as practice,
        shell() as (session, output),
    ):
        session.base = tmp_path
        practice.destinations["ASSOCSH"] = (address, port)
        assert await session.run(f"set listen-port {port}; open practice") == 0
        assert await session.run("store examples/ct.dcm --commit; release") == 0, output.said
        assert session.listener is not None and session.listener.host == "127.0.0.1"
        output.notes.clear()
        text = f"open {practice.peer}; store examples/ct.dcm --commit --wait 20s"
        assert await session.run(text) == 0, output.said
        assert session.listener is not None
        assert (session.listener.host, session.listener.port) == (address, port)
        shown = f"[{address}]" if ":" in address else address
        said = f"reports are taken as ASSOCSH@{shown}:{port}:"
        assert (said in output.said) is (address != "127.0.0.1")


async def test_a_listener_that_the_peer_cannot_reach_is_told_of(tmp_path: Path) -> None:
    address = outward()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    async with await start(host=address) as practice, shell() as (session, output):
        session.base = tmp_path
        await session.run("open practice; store examples/ct.dcm; release")
        assert await session.run(f"open {practice.peer}; listen; store examples/ct.dcm") == 0
        assert await session.run("commit") == 0, output.said
        assert f"reports from elsewhere: a listener on {address} would hear it" in output.said
