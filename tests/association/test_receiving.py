"""Receiving without ceremony: a folder for a listener, for a C-GET, for what a handler has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from assocsh import Handlers, Received, connect, listen
from assocsh.association.arrivals import Arrivals
from assocsh.association.indication import Indication
from assocsh.association.receiving import FolderHandlers
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import CStore, EncodedData, StoredData
from assocsh.errors import LocalProtocolError, UnusableFile, UsageError
from tests.association.support import QUICK, a_store
from tests.peers import scripted
from tests.peers.dicom_files import InstanceFile, quiet_pydicom, same
from tests.peers.orthanc import Orthanc
from tests.witness.support import contexts_for, retrieve_contexts

CT = "1.2.840.10008.5.1.4.1.1.2"


def an_instance(uid: str = "1.2.3.4", **elements: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CT, uid
    dataset.PatientID = "P1"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


async def test_a_folder_and_a_loop_are_a_receiver(
    instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """Every kind of file comes out as it went in: whole Part 10 files, named by their UID."""
    async with listen(to=tmp_path / "in", ae_title="RECEIVER") as listener:
        peer = f"RECEIVER@{listener.host}:{listener.port}"
        async with connect(peer, contexts=contexts_for(instances), calling_ae="SENDER") as one:
            for found in instances:
                assert (await one.store(found.path).result()).status == 0
        received = [await listener.receive(timeout=2) for _ in instances]
    for sent, came in zip(instances, received, strict=True):
        assert (came.sop_instance, came.transfer_syntax) == (
            sent.sop_instance,
            sent.transfer_syntax,
        )
        assert (
            came.path == tmp_path / "in" / f"{sent.sop_instance}.dcm" and came.source_ae == "SENDER"
        )
        assert same(sent.path, came.path) == []
    assert (tmp_path / "in").stat().st_mode & 0o777 == 0o700


async def test_what_orthanc_sends(
    orthanc: Orthanc, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    sent = [one for one in instances if one.sop_class == CT][:3]
    ids = [await asyncio.to_thread(orthanc.upload, one.path) for one in sent]
    async with listen(to=tmp_path, ae_title="RECEIVER") as listener:
        await asyncio.to_thread(orthanc.add_modality, "RECEIVER", listener.port)
        answer = asyncio.to_thread(orthanc.store_to, "RECEIVER", ids)
        storing = asyncio.create_task(answer)
        came = []
        async for received in listener:  # as they come
            came.append(received)
            if len(came) == len(sent):
                break
        assert (await storing)["FailedInstancesCount"] == 0
    assert {one.sop_instance for one in came} == {one.sop_instance for one in sent}
    assert all(one.source_ae == Orthanc.ae for one in came)
    with quiet_pydicom():
        assert dcmread(came[0].path).SOPInstanceUID == came[0].dataset.SOPInstanceUID
    assert came[0].dataset.file_meta.TransferSyntaxUID == came[0].transfer_syntax


async def test_a_get_with_a_folder(
    orthanc: Orthanc, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """The C-GET of another program's archive into a folder: one line."""
    study = instances[0].study
    of_study = [one for one in instances if one.study == study]
    for one in of_study:
        await asyncio.to_thread(orthanc.upload, one.path)
    async with connect(orthanc.address, contexts=retrieve_contexts(of_study)) as association:
        operation = association.get("STUDY", {"StudyInstanceUID": study}, to=tmp_path / "got")
        response = await operation.result()
        # and what has no folder is for the handlers again, of which there are none
        again = await association.get("STUDY", {"StudyInstanceUID": study}).result()
    assert response.status == 0 and response.suboperations is not None
    assert response.suboperations.completed == len(of_study) == len(operation.received)
    assert {one.sop_instance for one in operation.received} == {
        one.sop_instance for one in of_study
    }
    assert again.suboperations is not None and again.suboperations.failed == len(of_study)


async def test_two_gets_each_with_a_folder_of_its_own(tmp_path: Path) -> None:
    """What comes belongs to the one that was asked for first, until that has its answer."""

    async def get(indication: Indication) -> None:
        number = len(list(tmp_path.glob("*/*.dcm")))
        instance = an_instance(f"1.2.{number + 1}")
        status = (await indication.association.send(CStore(instance)).result()).status
        indication.respond(
            status,
            NumberOfCompletedSuboperations=1,
            NumberOfFailedSuboperations=0,
            NumberOfWarningSuboperations=0,
        )

    handlers = Handlers({CommandField.C_GET_RQ: get})
    async with listen(handlers=handlers) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="qr", timeouts=QUICK) as association:
            first, second = (
                association.get("STUDY", {"StudyInstanceUID": "1.2"}, to=tmp_path / name)
                for name in ("first", "second")
            )
            for operation in (first, second):
                assert (await operation.result()).status == 0
            # a folder that cannot be one, and a request that cannot be sent: nothing is left
            (tmp_path / "file").write_text("")
            with pytest.raises(UsageError, match="cannot be a folder"):
                association.get("STUDY", {"StudyInstanceUID": "1.2"}, to=tmp_path / "file")
            with pytest.raises(UsageError):
                association.get("PLANET", {}, to=tmp_path / "third")
    assert [one.directory.name for one in first.received] == ["first"]
    assert [one.directory.name for one in second.received] == ["second"]
    assert first.received[0].source_ae == "ANY"


@pytest.mark.parametrize("where", ["folder", "file"])
async def test_a_handler_that_saves(where: str, tmp_path: Path) -> None:
    """The file is named by the UID; one that has a name of our own is never written over."""
    saved: list[Received] = []
    folder, name = tmp_path / "new" / "folder", "first.dcm" if where == "file" else None

    async def store(indication: Indication) -> None:
        saved.append(await indication.save(folder, name=name))
        indication.respond(0)

    handlers = Handlers({CommandField.C_STORE_RQ: store})
    async with listen(handlers=handlers) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage", calling_ae="SENDER") as association:
            assert (await association.store(an_instance()).result()).status == 0
            again = await association.store(an_instance(PatientName="Another")).result()
    first = dcmread(saved[0].path)
    assert first.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4" == first.SOPInstanceUID
    assert first.file_meta.SourceApplicationEntityTitle == "SENDER"
    if where == "folder":
        assert saved[0].name == "1.2.3.4.dcm"
        assert again.status == 0 and saved[1].duplicate == "different"
    else:
        assert saved[0].name == "first.dcm" and len(saved) == 1
        assert again.status == 0xA700 and "exists" in again.error_comment.lower()
    assert first.PatientID == "P1" and "PatientName" not in first


async def test_what_is_decoded_has_file_meta_information(tmp_path: Path) -> None:
    """pydicom can write it as it is: a whole file, in the transfer syntax of the context."""
    seen: list[Dataset] = []

    def store(indication: Indication) -> None:
        dataset = indication.dataset
        assert dataset is not None
        seen.append(dataset)
        dataset.save_as(tmp_path / "saved.dcm", enforce_file_format=True)
        indication.respond(0)

    handlers = Handlers({CommandField.C_STORE_RQ: store})
    async with listen(handlers=handlers) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage", calling_ae="SENDER") as association:
            assert (await association.store(an_instance()).result()).status == 0
    meta = dcmread(tmp_path / "saved.dcm").file_meta
    assert meta.TransferSyntaxUID == ExplicitVRLittleEndian == seen[0].file_meta.TransferSyntaxUID
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (CT, "1.2.3.4")
    assert meta.SourceApplicationEntityTitle == "SENDER"


@pytest.mark.parametrize("name", ["../other.dcm", "a/b", "", "..", "nul\0"])
async def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    async def store(indication: Indication) -> None:
        with pytest.raises(UsageError, match="not the name of a file"):
            await indication.save(tmp_path / "in", name=name)
        indication.respond(0)

    handlers = Handlers({CommandField.C_STORE_RQ: store})
    async with listen(handlers=handlers) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage") as association:
            assert (await association.store(an_instance()).result()).status == 0
    assert list(tmp_path.iterdir()) == []


async def test_what_cannot_be_saved() -> None:
    """No C-STORE, or one whose data set went elsewhere, or did not arrive whole."""
    problems: list[Exception] = []

    async def save(indication: Indication) -> None:
        try:
            await indication.save("anywhere")
        except (UsageError, OSError) as error:
            problems.append(error)
        indication.respond(0)

    def open_sink(indication: Indication) -> object:
        raise OSError(28, "No space left on device")

    table = {CommandField.C_STORE_RQ: save, CommandField.C_ECHO_RQ: save}
    async with listen(handlers=Handlers(table, open_sink=open_sink)) as listener:  # type: ignore[arg-type]
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage,Verification") as association:
            for operation in (association.echo(), association.store(an_instance())):
                assert (await operation.result()).status == 0
    assert isinstance(problems[0], UsageError) and "C-ECHO-RQ" in str(problems[0])
    assert isinstance(problems[1], OSError)


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 0xC000, "empty|no data set"),
        (b"\x08\x00\x18\x00UI\x08\x001.2.3.4\0", 0x0000, ""),
    ],
    ids=["empty", "whole"],
)
async def test_what_is_no_instance_is_refused(
    data: bytes, status: int, words: str, tmp_path: Path
) -> None:
    import re

    stored = StoredData(CT, "1.2.3.4", EncodedData(data, "1.2.840.10008.1.2.1"))
    async with listen(to=tmp_path) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage") as association:
            answer = await association.store(stored).result()
    assert answer.status == status and re.search(words, answer.error_comment)
    assert len(list(tmp_path.iterdir())) == (status == 0)


async def test_a_folder_that_cannot_be_written_refuses_and_the_association_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "in"
    caplog.set_level(logging.ERROR, "assocsh")
    async with listen(to=folder) as listener:
        folder.rmdir()
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage,Verification") as association:
            answer = await association.store(an_instance()).result()
            assert answer.status == 0xA700
            assert (await association.echo().result()).status == 0
    assert [one.levelname for one in caplog.records] == ["ERROR"] and caplog.records[0].exc_info


async def test_a_listener_with_a_folder_takes_storage_only(tmp_path: Path) -> None:
    async with listen(to=tmp_path) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage,Verification,worklist") as association:
            taken = {one.abstract_syntax for one in association.contexts if one.accepted}
    assert taken == {CT, scripted.VERIFICATION}


async def test_a_loop_ends_when_the_listener_is_closed(tmp_path: Path) -> None:
    listener = await listen(to=tmp_path)
    peer = f"ANY@{listener.host}:{listener.port}"
    async with connect(peer, contexts="CTImageStorage") as association:
        await association.store(an_instance()).result()

    async def all_of_them() -> list[Received]:
        return [received async for received in listener]

    waiting = asyncio.create_task(all_of_them())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.shield(waiting)
    await listener.close()
    assert [one.sop_instance for one in await waiting] == ["1.2.3.4"]
    with pytest.raises(LocalProtocolError, match="closed"):
        await listener.receive()
    assert listener.port > 0  # what it was can still be asked


async def test_a_receive_that_waits_in_vain(tmp_path: Path) -> None:
    async with listen(to=tmp_path) as listener:
        with pytest.raises(TimeoutError):
            await listener.receive(timeout=0.01)
    async with await listen() as listener:
        with pytest.raises(UsageError, match="keeps no instances"):
            await listener.receive()


async def test_a_folder_and_a_handler_for_the_same(tmp_path: Path) -> None:
    handlers = Handlers({CommandField.C_STORE_RQ: lambda indication: indication.respond(0)})
    with pytest.raises(UsageError, match="a handler for C-STORE"):
        await listen(to=tmp_path, handlers=handlers)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be a folder"):
        await listen(to=tmp_path / "file")
    taken = await listen()
    from assocsh import ConnectionFailed

    with pytest.raises(ConnectionFailed):
        await listen(port=taken.port, to=tmp_path)
    await taken.close()


async def test_the_other_handlers_stay(tmp_path: Path) -> None:
    asked: list[Indication] = []

    def echo(indication: Indication) -> None:
        asked.append(indication)
        indication.respond(0)

    handlers = Handlers({CommandField.C_ECHO_RQ: echo})
    async with listen(to=tmp_path, handlers=handlers) as listener:
        async with connect(f"ANY@{listener.host}:{listener.port}") as association:
            await association.echo().result()
    assert len(asked) == 1


async def test_more_than_anybody_asks_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory is bounded: the oldest are forgotten, and it is said; their files stay."""
    monkeypatch.setattr("assocsh.association.arrivals.MOST_KEPT", 2)
    arrivals = Arrivals()
    for number in range(3):
        arrivals.add(Received(Path("in"), f"{number}.dcm", CT, str(number), "1.2", 10))
    assert "0.dcm" in caplog.text
    assert [(await arrivals.next()).name for _ in range(2)] == ["1.dcm", "2.dcm"]


async def test_a_file_that_is_gone(tmp_path: Path) -> None:
    received = Received(tmp_path, "gone.dcm", CT, "1.2.3", ExplicitVRLittleEndian, 10)
    with pytest.raises(UnusableFile, match=r"gone\.dcm"):
        _ = received.dataset


async def test_what_arrives_when_the_folder_is_let_go(tmp_path: Path) -> None:
    """Refused like any other that cannot be written; the folder is not opened again."""
    handlers = FolderHandlers(tmp_path, lambda received: None)
    handlers.close()
    async with listen(handlers=handlers) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, contexts="CTImageStorage:ImplicitVRLittleEndian") as association:
            assert (await association.send(CStore(a_store())).result()).status == 0xA700
