"""Storage commitment from the request to the table: practice, Orthanc, and no report at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.peers.orthanc import Orthanc
from tests.peers.process import free_port
from tests.peers.scripted import ScriptedPeer, Wire, response
from tests.program.test_peer_requests import COMMITMENT
from tests.session.peer import shell


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
        from pydicom import dcmread

        dataset = dcmread(tmp_path / "examples" / "ct.dcm")
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
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
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.send(response(await wire.read_message()))
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.base = tmp_path
        await session.run("open practice; store examples/ct.dcm; release")
        await session.run(f"open {scp.address} --contexts {COMMITMENT}")
        assert await session.run("commit examples/ct.dcm --wait 100ms") == 4
        assert await session.run("expect commit.failed == 0") == 1
        assert await session.run("expect commit.missing == 1") == 0, output.said
        await session.close(abort=True)
