"""Storage commitment with those who perform it in ways of their own, and who ask for it of us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import UID

import assocsh.uids as uids
from assocsh.practice import examples
from tests.peers.commitment import DcmjsKeeper, PynetdicomKeeper
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port, wait_until
from tests.peers.tinypacs import ReportingTinyPacs
from tests.session.peer import shell


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files to store, and beside it, in ``other``, one that nobody stores."""
    folder = tmp_path_factory.mktemp("files") / "examples"
    examples.make(folder)
    dataset = dcmread(folder / "ct.dcm")
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    dataset.SOPInstanceUID = "1.2.3.4"
    other = folder.parent / "other"
    other.mkdir()
    dataset.save_as(other / "a.dcm")
    return folder


@pytest.fixture
def port() -> int:
    """Where reports are taken."""
    return free_port()


async def keeps_what_was_stored(address: str, port: int, files: Path, sender: str) -> None:
    """From store to both tables: all is kept, and what was never stored is not."""
    async with shell() as (session, output):
        text = f"set listen-port {port}; open {address}; store {files} --recursive --commit"
        assert await session.run(f"{text} --wait 20s") == 0, output.said
        count = session.requests[-1].count
        assert count and await session.run(f"expect commit.committed == {count}") == 0
        assert await session.run(f"commit {files.parent / 'other'} --wait 20s") == 1
        assert "0x0112 no such object instance" in output.text
        assert await session.run("expect commit.failed == 1; expect commit.missing == 0") == 0
        assert [report.sender for report in session.observers.reports] == [sender, sender]
        assert "warning" not in output.said and "the peer reports event 2, that" not in output.said


@pytest.mark.peer("tiny-pacs")
async def test_tiny_pacs_reports_on_an_association_of_its_own(
    tmp_path: Path, port: int, files: Path
) -> None:
    """It names the SOP class as the instance of its report: the Transaction UID joins it."""
    with ReportingTinyPacs(tmp_path / "tinypacs", {"ASSOCSH": port}) as peer:
        await keeps_what_was_stored(peer.address, port, files, peer.ae)


@pytest.mark.parametrize("new", [True, False])
async def test_pynetdicom_reports_on_the_same_association_or_on_a_new_one(
    tmp_path: Path, port: int, files: Path, new: bool
) -> None:
    with PynetdicomKeeper(tmp_path, port if new else 0) as peer:
        await keeps_what_was_stored(peer.address, port, files, "KEEPER" if new else "")


@pytest.mark.peer("dcmjs")
async def test_dcmjs_reports_without_a_role(tmp_path: Path, port: int, files: Path) -> None:
    with DcmjsKeeper(tmp_path, port) as peer:
        async with shell() as (session, output):
            text = f"set listen-port {port}; open {peer.address} --contexts commitment"
            assert await session.run(text) == 0, output.said
            assert await session.run(f"commit {files} --recursive --wait 20s") == 1, output.said
            assert "0x0213 resource limitation" in output.text
            assert await session.run("expect commit.failed == 1; expect commit.missing == 0") == 0
            (came,) = session.observers.reports
            assert came.sender == "KEEPER"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as peer:
        yield peer


@pytest.mark.peer("orthanc")
async def test_orthanc_is_asked_for_the_rows_of_a_find(
    orthanc: Orthanc, port: int, files: Path
) -> None:
    orthanc.add_modality("ASSOCSH", port)
    async with shell() as (session, output):
        text = f"set listen-port {port}; open {orthanc.address}; store {files} --recursive"
        assert await session.run(text) == 0, output.said
        count = session.requests[-1].count
        for row in ("find patient", "find study", "find study; find series --of 1"):
            assert await session.run(f"{row}; commit --of 1 --wait 20s") == 0, output.said
        assert await session.run("find study; commit --of 1 --per series --wait 20s") == 0
        assert await session.run(f"expect commit.committed == {count}") == 0, output.said


@pytest.mark.peer("orthanc")
@pytest.mark.parametrize("options", [(), ("--commit", "new", "--report-after", "200ms")])
async def test_orthanc_asks_the_practice_archive(
    tmp_path: Path, orthanc: Orthanc, files: Path, options: tuple[str, ...]
) -> None:
    """It releases as soon as it has its answer, and takes reports on new associations alone."""
    to = ("--destination", f"ORTHANC@127.0.0.1:{orthanc.port}")
    with Serve(tmp_path, *to, *options) as serve:
        orthanc.add_modality("PRACTICE", serve.port)
        identity = await asyncio.to_thread(orthanc.upload, files / "ct.dcm")
        await asyncio.to_thread(orthanc.store_to, "PRACTICE", [identity])
        known = dcmread(files / "ct.dcm", stop_before_pixels=True)
        asked = [[str(known.SOPClassUID), str(uid)] for uid in (known.SOPInstanceUID, "1.2.3.4")]

        def ask() -> dict[str, Any]:
            said = orthanc.rest(
                "/modalities/PRACTICE/storage-commitment",
                method="POST",
                body={"DicomInstances": asked},
            )
            reported: dict[str, Any] = {}

            def done() -> bool:
                reported.update(orthanc.rest(said["Path"]))
                return bool(reported["Status"] != "Pending")

            wait_until(done, 20, "the report at Orthanc")
            return reported

        reported = await asyncio.to_thread(ask)
        assert reported["Status"] == "Failure" and reported["RemoteAET"] == "PRACTICE"
        assert [each["SOPInstanceUID"] for each in reported["Success"]] == [known.SOPInstanceUID]
        (failed,) = reported["Failures"]
        assert (failed["SOPInstanceUID"], failed["FailureReason"]) == ("1.2.3.4", 0x0112)


@pytest.mark.peer("orthanc")
async def test_orthanc_asks_a_listener(tmp_path: Path, orthanc: Orthanc, port: int) -> None:
    """What it asks for is taken, shown and answered; a listener keeps nothing to report on."""
    orthanc.add_modality("ASSOCSH", port)
    async with shell() as (session, output):
        line = f"listen --port {port} --accept StorageCommitmentPushModel"
        assert await session.run(line) == 0, output.said
        body = {"DicomInstances": [[uids.VERIFICATION, "1.2.3"]]}
        said = await asyncio.to_thread(
            orthanc.rest, "/modalities/ASSOCSH/storage-commitment", method="POST", body=body
        )
        assert "ORTHANC sends N-ACTION-RQ: Storage Commitment Push Model" in output.said
        status = await asyncio.to_thread(orthanc.rest, said["Path"])
        assert status["Status"] == "Pending"
