"""Echo, store, find, get and move with archives of others: dcmqrscp, Orthanc, pynetdicom.

What goes out and comes back is compared element by element.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assocsh import connect, listen
from assocsh.association.association import Association
from assocsh.commands.registry import new_session
from assocsh.dimse.responses import Response
from assocsh.output.sink import MemoryOutput
from assocsh.states import CancelOutcome, OperationState
from tests.peers.dicom_files import PATIENTS, InstanceFile
from tests.witness.support import Receiver, contexts_for, nothing_left, retrieve_contexts

UNCOMPRESSED_ONLY = {
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
}


@dataclass
class Archive:
    """A running archive with the files in it that it takes."""

    name: str
    address: str
    move_port: int
    files: tuple[InstanceFile, ...]
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def studies(self) -> list[str]:
        return sorted({found.study for found in self.files})

    def of_study(self, study: str) -> list[InstanceFile]:
        return [found for found in self.files if found.study == study]


async def _fill(archive: Archive) -> None:
    async with nothing_left():
        contexts = contexts_for(archive.files)
        async with connect(archive.address, contexts=contexts) as association:
            operations = [association.store(found.path) for found in archive.files]
            for found, operation in zip(archive.files, operations, strict=True):
                archive.statuses[found.sop_instance] = (await operation.result()).status
            await association.release()


@pytest.fixture(scope="module", params=["dcmqrscp", "orthanc", "pynetdicom_scp"])
def archive(
    request: pytest.FixtureRequest, instances: tuple[InstanceFile, ...], move_port: int
) -> Iterator[Archive]:
    peer = request.getfixturevalue(request.param)
    files = instances
    if request.param == "dcmqrscp":
        files = tuple(one for one in instances if one.transfer_syntax in UNCOMPRESSED_ONLY)
    filled = Archive(request.param, peer.address, move_port, files)
    asyncio.run(_fill(filled))
    yield filled


async def _matches(association: Association, level: str, keys: dict[str, object]) -> list[Response]:
    operation = association.find(level, keys)
    responses = [response async for response in operation]
    assert responses[-1] is operation.final
    assert responses[-1].status == 0x0000, responses[-1].meaning
    assert operation.state is OperationState.DONE
    pending = responses[:-1]
    assert all(response.is_pending and response.dataset is not None for response in pending)
    return pending


def _values(responses: list[Response], keyword: str) -> list[str]:
    return sorted(str(response.dataset.get(keyword, "")).strip() for response in responses)


def test_twenty_files_and_more_are_stored(archive: Archive) -> None:
    assert len(archive.files) >= 20
    assert len({found.sop_class for found in archive.files}) >= 14
    refused = {uid: status for uid, status in archive.statuses.items() if status != 0}
    assert not refused


async def test_echo(archive: Archive) -> None:
    async with nothing_left():
        async with connect(archive.address, contexts="verification") as association:
            assert str(association.peer) == archive.address
            assert (await association.echo().result()).status == 0
            await association.release()
        assert association.closed


async def test_find_patients(archive: Archive) -> None:
    async with connect(archive.address, contexts="qr") as association:
        found = await _matches(association, "PATIENT", {"PatientID": "WIT-*", "PatientName": ""})
    assert _values(found, "PatientID") == sorted(p.patient_id for p in PATIENTS)
    if archive.name != "dcmqrscp":  # which sends no Specific Character Set with it
        names = {str(one.dataset.PatientID): str(one.dataset.PatientName) for one in found}
        assert names["WIT-002"] == "Müller^Jörg"
        assert names["WIT-003"].startswith("Yamada^Tarou=山田^太郎")


async def test_find_studies(archive: Archive) -> None:
    keys = {"PatientID": "WIT-001", "StudyInstanceUID": "", "StudyDescription": ""}
    async with connect(archive.address, contexts="qr") as association:
        found = await _matches(association, "STUDY", keys)
    expected = {one.study for one in archive.files if one.patient_id == "WIT-001"}
    assert _values(found, "StudyInstanceUID") == sorted(expected)
    assert all(str(one.dataset.StudyDescription).startswith("Study ") for one in found)


async def test_find_series(archive: Archive) -> None:
    study = archive.files[0].study
    keys = {"StudyInstanceUID": study, "SeriesInstanceUID": "", "Modality": ""}
    async with connect(archive.address, contexts="qr") as association:
        found = await _matches(association, "SERIES", keys)
    expected = {one.series for one in archive.of_study(study)}
    assert _values(found, "SeriesInstanceUID") == sorted(expected)


async def test_find_images(archive: Archive) -> None:
    series = archive.files[0].series
    keys = {
        "StudyInstanceUID": archive.files[0].study,
        "SeriesInstanceUID": series,
        "SOPInstanceUID": "",
        "InstanceNumber": "",
    }
    async with connect(archive.address, contexts="qr") as association:
        found = await _matches(association, "IMAGE", keys)
    expected = {one.sop_instance for one in archive.files if one.series == series}
    assert _values(found, "SOPInstanceUID") == sorted(expected)


@pytest.mark.rule("W1", "W6", "A24")
async def test_many_finds_at_once_keep_their_answers(archive: Archive) -> None:
    """Queued behind a window of (1,1); each stream has the matches of its own identifier."""
    studies = archive.studies
    async with connect(archive.address, contexts="qr", window=8) as association:
        assert association.window.invoked == 1, "none of these peers grants a window"
        operations = {
            study: association.find("SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": ""})
            for study in studies
        }
        await asyncio.sleep(0)
        assert association.pending == 1
        assert association.queued == len(studies) - 1
        for study, operation in operations.items():
            found = [one async for one in operation if one.is_pending]
            expected = {one.series for one in archive.of_study(study)}
            assert _values(found, "SeriesInstanceUID") == sorted(expected)
        assert (association.pending, association.queued) == (0, 0)
        await association.release()


@pytest.mark.rule("P2")
async def test_get(archive: Archive, tmp_path: Path) -> None:
    """Every study, over the one association that asks for it."""
    receiver = Receiver()
    contexts = retrieve_contexts(archive.files)
    async with nothing_left():
        async with connect(
            archive.address, contexts=contexts, handlers=receiver.handlers
        ) as association:
            for study in archive.studies:
                final = await association.get("STUDY", {"StudyInstanceUID": study}).result()
                assert final.status == 0x0000, (final.meaning, final.error_comment)
                assert final.suboperations is not None
                assert final.suboperations.completed == len(archive.of_study(study))
            await association.release()
    receiver.check(archive.files, tmp_path)


async def test_move(archive: Archive, tmp_path: Path) -> None:
    """Every study, delivered to our own acceptor on associations of their own."""
    receiver = Receiver()
    async with nothing_left():
        listener = await listen(
            port=archive.move_port, ae_title="ASSOCSH", handlers=receiver.handlers
        )
        async with connect(archive.address, contexts="qr") as association:
            for study in archive.studies:
                operation = association.move("STUDY", {"StudyInstanceUID": study}, "ASSOCSH")
                final = await operation.result()
                assert final.status == 0x0000, (final.meaning, final.error_comment)
            await association.release()
        await listener.close()
    receiver.check(archive.files, tmp_path)


async def test_move_to_a_destination_that_nobody_knows(archive: Archive) -> None:
    async with connect(archive.address, contexts="qr") as association:
        keys = {"StudyInstanceUID": archive.files[0].study}
        final = await association.move("STUDY", keys, "NOWHERE").result()
        assert final.category == "Failure"
        assert final.meaning
        assert (await association.echo().result()).status == 0, "the association lives on"
        await association.release()


@pytest.mark.rule("C2", "C4")
@pytest.mark.scenario(48)
async def test_a_cancelled_find_leaves_the_association_in_use(archive: Archive) -> None:
    async with connect(archive.address, contexts="qr") as association:
        operation = association.find("IMAGE", {"SOPInstanceUID": "", "StudyInstanceUID": ""})
        await asyncio.sleep(0)
        assert operation.cancel() is CancelOutcome.REQUESTED
        final = await operation.result()
        # a fast peer may have finished before it saw the C-CANCEL: both are fine
        assert final.category in ("Cancel", "Success", "Failure")
        assert operation.cancel_result in ("obeyed", "too late", "ignored")
        assert (await association.echo().result()).status == 0
        await association.release()


async def test_rows_of_a_find_are_retrieved_by_one_request(
    archive: Archive, tmp_path: Path
) -> None:
    """``get study --of #1.2-3``: an operation for each row, and the rows themselves in a file."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    try:
        lines = (
            f"open {archive.address}",
            "find study StudyInstanceUID PatientID > studies.csv",
            "find study StudyInstanceUID PatientID=WIT-* | wc -l",
        )
        assert await session.run("; ".join(lines)) == 0, output.said
        # an archive that sends as it stores has an instance in a syntax that is not proposed
        await session.run("get study --of #1.2-3 --to in")
        with (tmp_path / "studies.csv").open(encoding="utf-8", newline="") as file:
            rows = [row["StudyInstanceUID"] for row in csv.DictReader(file)]
        assert sorted(rows) == archive.studies
        assert output.results[0] == str(len(rows))
        record = session.requests[2]
        wanted = {one.sop_instance for study in rows[1:3] for one in archive.of_study(study)}
        assert record.total == 2
        came = {path.stem for path in (tmp_path / "in").iterdir()}
        counts = record.suboperations
        assert counts is not None and len(came) == counts.completed + counts.warning
        assert came <= wanted and len(wanted - came) == counts.failed < 2
    finally:
        await session.close()
