"""Each command against a peer in this process."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset

from assocsh.association import AcceptorPolicy, Handlers, Indication, listen
from assocsh.commands import registry
from assocsh.commands.registry import new_session
from assocsh.datasets.identifiers import encode
from assocsh.datasets.receive import InstanceWriter
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import CStore, EncodedData, StoredData
from assocsh.language.table import COMMANDS
from assocsh.output.sink import MemoryOutput
from assocsh.session.config import Config, OpenDefaults, PeerEntry
from assocsh.session.session import Session
from assocsh.states import OperationState
from assocsh.upperlayer import AsyncWindow
from tests.session.peer import match, peer, settle, shell, until

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"


def instance(uid: str, sop_class: str = CT) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = sop_class, uid
    made.PatientID, made.Rows = "P1", 4
    made.PixelData = bytes(range(32))
    made["PixelData"].VR = "OW"
    return made


def write(path: Path, uid: str, sop_class: str = CT) -> Path:
    made = instance(uid, sop_class)
    made.PatientID = "1"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.98", "1.2.99"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.file_meta.MediaStorageSOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = uid
    made.save_as(path, enforce_file_format=True)
    return path


def objects(output: MemoryOutput) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.results]


class Storage:
    """A storage SCP in this process; also a C-GET SCP of ``held``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status: dict[str, int] = {}
        self.held: list[Dataset] = []
        self.say_more = 0
        self.address = ""

    def handlers(self) -> Handlers:
        def open_sink(indication: Indication) -> Any:
            command = indication.command
            return InstanceWriter(
                self.folder,
                command.affected_sop_class,
                command.affected_sop_instance,
                indication.context.transfer_syntax or "",
            )

        return Handlers(
            {CommandField.C_STORE_RQ: self._store, CommandField.C_GET_RQ: self._get},
            open_sink=open_sink,
        )

    async def _store(self, indication: Indication) -> None:
        status = self.status.get(indication.command.affected_sop_instance, 0)
        if status:
            indication.sink.discard()
            indication.respond(status, ErrorComment="not this one")
            return
        await indication.sink.finish()
        indication.respond(0)

    async def _get(self, indication: Indication) -> None:
        done = 0
        for each in self.held:
            data = EncodedData(encode(each, EXPLICIT), EXPLICIT)
            stored = StoredData(each.SOPClassUID, each.SOPInstanceUID, data)
            response = await indication.association.send(CStore(stored)).result()
            done += response.status == 0
            indication.respond(0xFF00, **counts(len(self.held) - done, done))
        indication.respond(0x0000, **counts(0, done + self.say_more, remaining=False))


def counts(left: int, done: int, *, remaining: bool = True) -> dict[str, int]:
    told = {
        "NumberOfCompletedSuboperations": done,
        "NumberOfFailedSuboperations": 0,
        "NumberOfWarningSuboperations": 0,
    }
    return {**told, "NumberOfRemainingSuboperations": left} if remaining else told


@pytest.fixture
async def storage(tmp_path: Path) -> Any:
    folder = tmp_path / "stored"
    folder.mkdir()
    made = Storage(folder)
    listener = await listen(ae_title="STORAGE", handlers=made.handlers())
    made.address = f"STORAGE@127.0.0.1:{listener.port}"
    yield made
    await listener.close()


# open, reopen, release, abort


async def test_open_says_what_was_negotiated() -> None:
    async with peer() as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address} --window 4 --as ME --contexts qr") == 0
        assert f"open: {scp.address} · " in output.said
        assert "window 4/4" in output.said
        status = session.status()
        assert (status.peer, status.calling, status.state) == (scp.address, "ME", "open")


async def test_open_in_json() -> None:
    async with peer() as scp, shell() as (session, output):
        session.settings.set("format", "json")
        await session.run(f"open {scp.address} --window 8 --contexts verification; release")
        opened, released = objects(output)
        assert list(opened) == ["type", "state", "peer", "contexts", "window", "max_pdu"]
        assert opened["window"] == {"invoked": 8, "performed": 8}
        assert opened["contexts"][0]["accepted"] is True
        assert released == {"type": "association", "state": "released"}


async def test_a_second_open_is_refused() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run(f"open {scp.address}") == 5
        assert f"an association with {scp.address} is open" in output.said
        assert "hint: `release`" in output.said
        assert await session.run("echo") == 0


async def test_open_nobody() -> None:
    async with shell() as (session, output):
        assert await session.run("open NOBODY@127.0.0.1:1; echo") == 3
        assert output.said.count("error:") == 1
        assert not session.requests


async def test_a_window_that_was_not_granted_is_said() -> None:
    async with peer(window=AsyncWindow(2, 2)) as scp, shell() as (session, output):
        await session.run(f"open {scp.address} --window 8")
        assert "window 2/2 (8 asked) · " in output.said
    async with peer(window=AsyncWindow(1, 1)) as scp, shell() as (session, output):
        await session.run(f"open {scp.address}")
        assert "window 1/1 · " in output.said


@pytest.mark.parametrize(
    ("policy", "why", "hint"),
    [
        ({"abstract_syntaxes": ("1.2.3",)}, "abstract syntax not supported", "--contexts"),
        ({"transfer_syntaxes": ("1.2.3",)}, "transfer syntaxes not supported", "ExplicitVR"),
    ],
)
async def test_nothing_accepted_is_of_no_use(policy: dict[str, Any], why: str, hint: str) -> None:
    async with peer(**policy) as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address} --contexts CTImageStorage; echo") == 5
        assert f"accepted none of the presentation contexts: {why} (1)" in output.said
        assert hint in output.said
        assert session.association is not None
        assert session.association.state == "released"
        await session.run("contexts")
        assert why in output.text


async def test_open_rejected() -> None:
    async with peer(called_ae=("OTHER",)) as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address}") == 3
        assert "rejected by the peer" in output.said
        assert "hint:" in output.said
        session.settings.set("format", "json")
        assert await session.run(f"open {scp.address}") == 3
        (said,) = objects(output)
        assert said["state"] == "rejected"
        assert said["by"] == "peer"
        assert (said["result"], said["source"], said["reason"]) == (1, 1, 7)


async def test_an_unknown_peer_has_near_names() -> None:
    config = Config(peers={"pacs": PeerEntry("pacs", "A@b:1")})
    async with shell(config=config) as (session, output):
        assert await session.run("open pacz") == 2
        assert "did you mean pacs?" in output.said


async def test_the_config_file_and_typed_options() -> None:
    async with peer() as scp:
        entry = PeerEntry("p", scp.address, OpenDefaults(window=4, contexts="qr"))
        config = Config(peers={"p": entry}, open=OpenDefaults(ae_title="MINE", window=2))
        async with shell(config=config) as (session, _):
            assert await session.run("open p --window 6") == 0
            assert session.association is not None
            assert session.association.calling_ae == "MINE"
            assert session.association.window.invoked == 6


async def test_reopen() -> None:
    async with peer() as scp, shell(scp, "--window 4 --as ME") as (session, output):
        assert await session.run("release; reopen --window 2; echo") == 0
        assert session.association is not None
        assert session.association.window.invoked == 2
        assert session.association.calling_ae == "ME"
    async with shell() as (session, output):
        assert await session.run("reopen") == 5
        assert "nothing was open yet" in output.said


async def test_release_drains_what_is_pending() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, output):
        scp.echo_gate.clear()
        echo, release = session.submit("echo & release")
        await settle()
        assert "releasing after 1 pending" in output.said
        scp.echo_gate.set()
        await release.done.wait()
        assert echo.exit_code == 0
        assert session.status().state == "released"
        assert output.said.splitlines()[-1] == "association released"


async def test_after_the_end_a_request_says_how_it_ended() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("release; echo") == 4
        assert "released" in output.said
    async with shell() as (session, output):
        assert await session.run("echo") == 5
        assert "no association is open" in output.said
        assert "hint: `open AET@HOST:PORT`" in output.said


async def test_an_end_that_the_peer_made_is_said_at_once() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await scp.listener.close()
        await settle()
        assert "aborted by the peer" in output.said
        assert session.status().failed
        output.notes.clear()
        assert await session.run("echo") == 4
        assert output.said.splitlines()[-1] == "hint: `reopen` opens the same association again"


async def test_practice_options_need_practice() -> None:
    async with peer() as scp, shell() as (session, _):
        assert await session.run(f"open {scp.address} --latency 5") == 2


# echo


async def test_echo_many_has_one_summary() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, output):
        session.settings.set("format", "json")
        assert await session.run("echo --repeat 100") == 0
        (final,) = objects(output)
        assert final["operations"] == final["succeeded"] == 100
        assert final["failed"] == final["refused"] == 0
        times = final["times_ms"]
        assert times["min"] <= times["median"] <= times["p95"] <= times["max"]
        assert final["message_id"] is None
        assert scp.seen == ["C-ECHO"] * 100


async def test_more_echoes_than_are_handed_over_at_once() -> None:
    async with peer() as scp, shell(scp, "--window 8") as (session, _):
        assert await session.run("echo --repeat 2500; expect count == 2500") == 0


async def test_cancelling_a_repeat_sends_no_more() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, output):
        scp.echo_gate.clear()
        (job,) = session.submit("echo --repeat 3000")
        await until(lambda: len(scp.seen) == 4)
        session.submit("cancel #1")
        scp.echo_gate.set()
        await job.done.wait()
        await settle()
        assert len(scp.seen) == 4
        assert "withdrawn" in output.text
        assert job.exit_code == 0


# find


async def test_find_asks_for_the_usual_keys() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        await session.run("find study PatientID=P1; find study PatientID=P1 StudyDate")
        usual, typed = scp.identifiers
        assert "StudyInstanceUID" in usual
        assert "PatientName" in usual
        assert [element.keyword for element in typed] == [
            "SpecificCharacterSet",
            "StudyDate",
            "QueryRetrieveLevel",
            "PatientID",
            "StudyInstanceUID",
        ]


@pytest.mark.parametrize(
    ("level", "unique"),
    [
        ("patient", {"PatientID"}),
        ("study", {"StudyInstanceUID"}),
        ("study --model patient", {"PatientID", "StudyInstanceUID"}),
        ("series", {"StudyInstanceUID", "SeriesInstanceUID"}),
        ("image", {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"}),
        ("worklist", set()),
    ],
)
async def test_the_unique_keys_are_always_asked_for(level: str, unique: set[str]) -> None:
    """PS3.4 C.4.1.1.3.1; and what --of takes from a row."""
    async with peer() as scp, shell(scp) as (session, _):
        await session.run(f"find {level} PatientComments")
        (asked,) = scp.identifiers
        keywords = {element.keyword for element in asked}
        assert keywords == {"PatientComments", "SpecificCharacterSet"} | unique | (
            set() if level == "worklist" else {"QueryRetrieveLevel"}
        )


async def test_of_goes_on_from_a_find_that_did_not_ask_for_the_key() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientName="X^Y", ModalitiesInStudy="CT", StudyInstanceUID="1.2")]
        text = "find study PatientName=X* (0008,0061); find series --of 1"
        assert await session.run(text) == 0
        assert scp.identifiers[1].StudyInstanceUID == "1.2"
        head = output.results[0].split()
        assert head == ["#1", "PatientName", "ModalitiesInStudy", "StudyInstanceUID"]


async def test_find_takes_every_spelling_of_a_tag() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        await session.run("find study (0010,0020)=P1 00100010=DOE* patientbirthdate=")
        (asked,) = scp.identifiers
        assert (asked.PatientID, asked.PatientName) == ("P1", "DOE*")


async def test_find_worklist() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        await session.run("find worklist ScheduledProcedureStepSequence[0].Modality=CT")
        (asked,) = scp.identifiers
        assert asked.ScheduledProcedureStepSequence[0].Modality == "CT"
        assert "PatientName" in asked
        assert "QueryRetrieveLevel" not in asked


async def test_limit_cancels() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID=f"P{index}") for index in range(500)]
        assert await session.run("find study PatientID= --limit 3; expect count == 3") == 0
        assert len(session.requests[0].results) == 3
        final = output.results[-1]
        assert "3 matches" in final
        assert await session.run("echo") == 0


async def test_of_needs_a_row_that_is_there() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("find series --of 1") == 5
        scp.matches = [match(StudyInstanceUID="1.2", PatientID="P1")]
        assert await session.run("find study; find series --of 2") == 5
        assert "#2 has no row 2" in output.said
        assert await session.run("get series --of 1") == 5
        assert "has no SeriesInstanceUID" in output.said


async def test_values_of_matches_are_remembered() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = [match(PatientID="P1", PatientName="DOE^J", Modality="CT")]
        await session.run("find study PatientID=P1")
        found = next(session.recent.values("PatientID"))
        assert found == ("P1", "#1 row 1 CT DOE^J", scp.address)


async def test_a_find_that_the_association_cannot_carry() -> None:
    async with peer() as scp, shell(scp, "--contexts verification") as (session, output):
        assert await session.run("find study") == 5
        assert "no presentation context for C-FIND" in output.said
        assert scp.seen == []


# store


async def test_store_files_and_folders(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    write(folder / "a.dcm", "1.2.1")
    write(folder / "b", "1.2.2", MR)
    write(folder / "below" / "c.dcm", "1.2.3")
    (folder / "README").write_text("not DICOM")
    async with shell() as (session, output):
        session.settings.set("format", "json")
        assert await session.run(f"open {storage.address} --window 4; store {folder}") == 0
        stored = [each for each in objects(output) if each["type"] == "stored"]
        assert {each["sop_instance"] for each in stored} == {"1.2.1", "1.2.2"}
        assert {each["status"] for each in stored} == {"0x0000"}
        assert "skipped 1 file that is not DICOM" in output.said
        assert await session.run(f"store {folder} --recursive; expect count == 3") == 0
        assert {path.name for path in storage.folder.iterdir()} == {
            "1.2.1.dcm",
            "1.2.2.dcm",
            "1.2.3.dcm",
        }
        assert bytes(dcmread(storage.folder / "1.2.1.dcm").PixelData) == bytes(range(32))


async def test_store_refuses_with_reasons(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    good = write(folder / "good.dcm", "1.2.1")
    mr = write(folder / "mr.dcm", "1.2.2", MR)
    text = folder / "bad.dcm"
    text.write_text("this is not DICOM")
    missing = folder / "missing.dcm"
    async with shell() as (session, output):
        await session.run(f"open {storage.address} --contexts CTImageStorage")
        assert await session.run(f"store {good} {mr} {text} {missing} --here") == 5
        assert "#1 C-STORE 1 of 4 stored, 3 refused here" in output.text
        assert "not a DICOM file" in output.said
        assert "No such file" in output.said
        assert "MRImageStorage" in output.said
        assert "--contexts" in output.said, "what to type"


async def test_a_failed_store_names_the_file(storage: Storage, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path / f"{number}.dcm", f"1.2.{number}")
    storage.status["1.2.2"] = 0xA700
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"store {tmp_path}") == 1
        assert "2.dcm: 0xA700 Failure" in output.text
        assert "2 of 3 stored, 1 failed" in output.text
        assert "hint: the peer has no room" in output.said


async def test_store_repeat(storage: Storage, tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", "1.2.1")
    async with shell() as (session, output):
        await session.run(f"open {storage.address} --window 4")
        assert await session.run(f"store {path} --repeat 20") == 0
        assert "20 of 20 stored" in output.text
        assert "median" in output.text


async def test_an_empty_folder(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"store {tmp_path / 'empty'}") == 5
        assert "there are no files" in output.said


# get, move, listen


async def test_get_receives_into_a_folder(storage: Storage, tmp_path: Path) -> None:
    storage.held = [instance("1.2.1"), instance("1.2.2")]
    target = tmp_path / "in" / "deep"
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"get study StudyInstanceUID=1.2 --to {target}") == 0
        assert sorted(path.name for path in target.iterdir()) == ["1.2.1.dcm", "1.2.2.dcm"]
        assert f"2 completed · 2 received in {target}" in output.text
        record = session.requests[0]
        assert (record.count, record.arrivals.received) == (2, 2)


async def test_a_folder_that_cannot_be_written_is_said_once(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: InstanceWriter, chunks: object) -> None:
        self.discard()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.directory))

    storage.held = [instance(f"1.2.{number}") for number in range(3)]
    into = tmp_path / "in"
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        monkeypatch.setattr(InstanceWriter, "_publish", full)
        assert await session.run(f"get study StudyInstanceUID=1.2 --to {into}") == 1
        assert "#1 C-GET: incomplete: 3 could not be kept here" in output.said
        assert await session.run("echo") == 0
        (said,) = [line for line in output.said.splitlines() if "No space left" in line]
        assert said.startswith(f"error: #1 C-GET: '{into}' cannot be written: No space left")
        assert said.endswith("; answered 0xA700")
        assert output.said.count("performing the peer's") == 0
        assert "3 refused here" in output.text
        assert "#2 C-ECHO 0x0000 Success" in output.text


async def test_what_was_not_sent_is_told_from_what_was_not_answered(
    storage: Storage, tmp_path: Path
) -> None:
    files = [write(tmp_path / f"{number}.dcm", f"1.2.{number}") for number in range(5)]

    async def lose(indication: Indication) -> None:
        await indication.association.abort()

    storage_handlers = Handlers({CommandField.C_STORE_RQ: lose})
    listener = await listen(ae_title="LOSING", handlers=storage_handlers)
    try:
        async with shell() as (session, output):
            await session.run(f"open LOSING@127.0.0.1:{listener.port}")
            assert await session.run("store " + " ".join(map(str, files))) == 4
            assert "0 of 5 stored, 1 without an answer, 4 not sent" in output.text
    finally:
        await listener.close()


async def test_a_get_whose_counts_do_not_fit(storage: Storage, tmp_path: Path) -> None:
    storage.held, storage.say_more = [instance("1.2.1")], 1
    async with shell() as (session, output):
        await session.run(f"open {storage.address}")
        assert await session.run(f"get study StudyInstanceUID=1.2 --to {tmp_path}") == 1
        assert "incomplete: the peer says 2 instances were sent, 1 arrived" in output.said


async def test_what_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    answered: list[int] = []

    async def pushy(indication: Indication) -> None:
        data = EncodedData(encode(instance("1.2.9"), EXPLICIT), EXPLICIT)
        response = await indication.association.send(CStore(StoredData(CT, "1.2.9", data))).result()
        answered.append(response.status)
        indication.respond(0)

    handlers = Handlers({CommandField.C_ECHO_RQ: pushy})
    listener = await listen(ae_title="PUSHY", policy=AcceptorPolicy(), handlers=handlers)
    async with shell() as (session, _):
        await session.run(f"open PUSHY@127.0.0.1:{listener.port}")
        assert await session.run("echo") == 0
        assert answered == [0x0124]
    await listener.close()


async def test_move_goes_to_our_own_title() -> None:
    async with peer() as scp, shell(scp, "--as ME") as (session, output):
        assert await session.run("move study StudyInstanceUID=1.2") == 0
        assert await session.run("move study StudyInstanceUID=1.2 --to OTHER") == 0
        assert scp.moves == ["ME", "OTHER"]
        assert "nothing listens here as ME" in output.said
        assert "nothing matched, so nothing was sent" in output.said


async def test_listen_receives(tmp_path: Path) -> None:
    async with shell() as (session, output), shell() as (sender, _):
        target = tmp_path / "in"
        assert await session.run(f"listen --to {target} --as HERE") == 0
        assert session.listener is not None
        address = session.listener.address
        assert session.status().listening == address
        path = write(tmp_path / "a.dcm", "1.2.1")
        assert await sender.run(f"open {address}; store {path}; echo; store {path}") == 0
        assert [each.name for each in target.iterdir()] == ["1.2.1.dcm"]
        assert "* received" in output.said
        assert "from ASSOCSH" in output.said
        assert "identical" in output.said
        assert await session.run("listen; listen --stop; listen --stop") == 5
        assert "nothing listens" in output.said
        assert session.status().listening == ""


async def test_what_comes_unasked_goes_to_the_folder_that_is_set(tmp_path: Path) -> None:
    async with shell() as (session, output), shell() as (sender, _):
        session.base = tmp_path
        assert await session.run("set received arrived; listen --as STORE1") == 0
        path = write(tmp_path / "a.dcm", "1.2.1")
        assert await sender.run(f"open {session.status().listening}; store {path}") == 0
        assert [each.name for each in (tmp_path / "arrived").iterdir()] == ["1.2.1.dcm"]
        assert await session.run("listen --stop; set received later; listen") == 0
        assert str(tmp_path / "later") in output.text


@pytest.mark.scenario(72)
async def test_listen_on_a_port_that_is_taken() -> None:
    async with peer() as scp, shell() as (session, output):
        port = scp.listener.port
        assert await session.run(f"listen --port {port}") == 3
        assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n" in output.said
        assert await session.run("status") == 0


# requests, cancel, wait, show


async def test_requests_and_show() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1"), match(PatientID="P2")]
        await session.run("find study PatientID=; echo; requests")
        assert [line.split()[1] for line in output.results[-2:]] == ["C-FIND", "C-ECHO"]
        output.results.clear()
        await session.run("show #1")
        assert output.results[2].split() == ["1", "P1"]
        output.results.clear()
        await session.run("show #1 2")
        assert "(0010,0020) LO PatientID  P2" in output.text
        assert await session.run("show #1 3") == 5
        assert await session.run("show #9") == 5
        assert "there is no request #9" in output.said
        assert await session.run("show #2") == 0
        assert "#2 C-ECHO has no results" in output.said


async def test_cancel_all() -> None:
    async with peer() as scp, shell(scp, "--window 1") as (session, output):
        scp.gate.clear()
        jobs = session.submit("find study & find patient & echo &")
        await until(lambda: session.status().queued == 2)
        session.submit("cancel all")
        await asyncio.gather(*(job.done.wait() for job in jobs))
        states = [record.state for record in session.requests]
        withdrawn = OperationState.WITHDRAWN
        assert states == [OperationState.CANCELLED, withdrawn, withdrawn]
        session.submit("cancel 1")
        await settle()
        assert "#1 C-FIND has ended already: cancelled" in output.said
        assert await session.run("cancel 9") == 5


async def test_wait_with_a_limit() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.gate.clear()
        job = session.submit("find study")[0]
        assert await session.run("wait --timeout 50ms") == 4
        assert "#1 not done after 50 ms" in output.said
        scp.gate.set()
        assert await session.run("wait #1") == 0
        assert job.done.is_set()


# n-*


async def test_n_create() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        said = (
            "n-create ModalityPerformedProcedureStep "
            "PerformedProcedureStepStatus='IN PROGRESS' Modality=CT"
        )
        assert await session.run(said) == 0
        (asked,) = scp.identifiers
        assert asked.PerformedProcedureStepStatus == "IN PROGRESS"
        assert "#1 N-CREATE 0x0000 Success · instance 1.2.3.4" in output.text


# set, wire, history, help, quit, status, contexts, peers


async def test_set_reaches_the_association() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("set timeout 5s; set release-timeout off") == 0
        assert session.association is not None
        assert session.association.timeouts.dimse == 5
        assert session.association.timeouts.release is None
        await session.run("set timeout")
        assert "5s" in output.text
        await session.run("set")
        assert "keepalive" in output.text


async def test_wire_goes_beside_the_results() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await session.run("wire summary; echo; wire off; echo")
        assert output.said.count("C-ECHO-RQ") == 1
        assert "C-ECHO-RQ" not in output.text
        assert session.status().wire == "off"


async def test_wire_shows_the_negotiation_too() -> None:
    async with peer() as scp, shell() as (session, output):
        await session.run(f"wire detail; open {scp.address}")
        assert "A-ASSOCIATE-RQ" in output.said


async def test_history_forgets_lines_that_begin_with_a_blank() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        for line in ("echo", " echo --repeat 2", "history 5"):
            for job in session.submit(line):
                await job.done.wait()
        shown = [re.split("  +", line.strip())[1] for line in output.results[-2:]]
        assert shown == ["echo", "history 5"]


async def test_help() -> None:
    async with shell() as (session, output):
        assert await session.run("help; help find") == 0
        assert "find" in output.text


async def test_help_lists_what_there_is() -> None:
    async with shell() as (session, output):
        await session.run("help commands")
        listed = [line.split()[0] for line in output.results if line.startswith("  ")]
        assert listed == list(COMMANDS)
        assert all(registry.handler(name) for name in listed)


async def test_quit_stops_a_script() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; quit; echo") == 1
        assert scp.seen == ["C-ECHO"]
        assert "stopped: 1 command was not run" in output.said


async def test_quit_at_the_end_of_a_script_is_no_failure() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; quit  # that is all") == 0
        assert scp.seen == ["C-ECHO"]
        assert "not run" not in output.said
        assert session.leaving.is_set()


async def test_contexts_and_peers_and_status() -> None:
    config = Config(peers={"pacs": PeerEntry("pacs", "A@b:1")})
    async with peer(abstract_syntaxes=("1.2.840.10008.1.1",)) as scp:
        async with shell(scp, config=config) as (session, output):
            await session.run("contexts --accepted")
            assert len(output.results) == 3
            await session.run("contexts")
            assert "abstract syntax not supported" in output.text
            await session.run("peers; status")
            assert "pacs" in output.text
            assert "practice" in output.text


@pytest.mark.parametrize("format", ["table", "expanded", "json", "csv", "dump"])
async def test_every_listing_in_every_format(format: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", format)
        text = "echo; status; contexts; peers; requests; set; history; listen; let x = count"
        assert await session.run(text) == 0
        assert output.results
        if format == "json":
            kinds = {each["type"] for each in objects(output)}
            assert {"status", "context", "peer", "request", "setting", "listener"} <= kinds


# expect, let


@pytest.mark.parametrize(
    ("expression", "ok"),
    [
        ("count == 2", True),
        ("count > 2", False),
        ("count not > 2", True),
        ("status == 0x0000", True),
        ("status.category == Success", True),
        ("elapsed < 5s", True),
        ("rsp[0].PatientID == P1", True),
        ("rsp[0].PatientID == 'P1'", True),
        ("rsp[1].PatientID matches /^p2$/i", True),
        ("rsp[*].PatientID includes P2", True),
        ("rsp[*].PatientID includes P3", False),
        ("rsp[*].PatientID startswith P", True),
        ("rsp[*].PatientID == P1", False),
        ("rsp[0].StudyID == 7", False),
        ("rsp[0].StudyID == 007", True),
        ("rsp[0].NumberOfStudyRelatedInstances >= 10", True),
        ("rsp[0].NumberOfStudyRelatedInstances == 12", True),
        ("rsp[0].StudyDate > 20251231", True),
        ("rsp[0].ModalitiesInStudy includes SR", True),
        ("rsp[0].ModalitiesInStudy contains R", True),
        ("rsp[0].ModalitiesInStudy[1] == SR", True),
        ("rsp[0].AccessionNumber exists", False),
        ("rsp[0].AccessionNumber not exists", True),
        ("rsp[9].PatientID exists", False),
        ("rsp[0].StudyDescription isempty", True),
        ("last.PatientID == P2", True),
        ("assoc.state == open", True),
        ("assoc.window.invoked == 1", True),
        ("assoc.contexts[StudyRootQueryRetrieveInformationModelFind].role == SCU", True),
        ("assoc.contexts[CTImageStorage].transfer_syntax == 1.2.840.10008.1.2.1", True),
        ("suboperations.failed exists", False),
        ("#1.count == 2", True),
        ("#1.count == $two", True),
        ("rsp[0].PatientID == ${rsp[0].PatientID}", True),
    ],
)
async def test_expect(expression: str, ok: bool) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        first = match(
            PatientID="P1",
            StudyID="007",
            StudyDate="20260101",
            StudyDescription="",
            NumberOfStudyRelatedInstances=12,
            ModalitiesInStudy=["CT", "SR"],
        )
        scp.matches = [first, match(PatientID="P2")]
        session.variables["two"] = "2"
        code = await session.run(f"find study; expect {expression}")
        assert (code == 0) is ok, output.said


async def test_an_expectation_that_failed_is_shown_with_the_exchange() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1"), match(PatientID="P1\x1b[2J")]
        text = "find study PatientID\nexpect count == 3\nexpect rsp[*].PatientID == P1"
        assert await session.run(text, source="a.assoc") == 1
        said = output.said.splitlines()
        assert said[:4] == [
            "error: expectation failed",
            "  --> a.assoc:2:8",
            " 2 | expect count == 3",
            said[3],
        ]
        assert said[3].startswith("   |        ^^^^^ actual 2   (#1 C-FIND 0x0000 Success, ")
        assert [line.split()[1] for line in said[5:8]] == ["C-FIND-RQ", "C-FIND-RSP", "C-FIND-RSP"]
        assert said[6].endswith("× 2")
        assert "actual 1 of 2 differ: P1^[[2J" in said[11]
        assert output.said.count("the exchange:") == 1


async def test_an_expectation_in_json() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        assert await session.run("echo; expect count == 2", source="a.assoc") == 1
        assert objects(output)[-1] == {
            "type": "expect",
            "ok": False,
            "expression": "expect count == 2",
            "actual": "1",
            "request": 1,
            "place": "a.assoc:1",
        }


# explain


async def test_explain_a_request() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1")]
        assert await session.run("find study PatientID; echo; explain #1") == 0
        assert "This side sent C-FIND as message 1" in output.text
        assert "[PS3.7 9.1.2, PS3.4 C.4.1]" in output.text


async def test_explain_keeps_what_tells_most_of_many() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("find study PatientID; echo --repeat 2000; explain") == 0
        assert "#2 C-ECHO, one of 2000 operations: the first." in output.results
        output.results.clear()
        assert await session.run("explain #1") == 0
        assert "C-FIND" in output.text and "not kept" not in output.text


async def test_explain_the_association_when_nothing_was_asked() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        assert await session.run("explain") == 0
        said = objects(output)
        assert {each["type"] for each in said} == {"explanation"}
        assert 'This side called "PEER"' in said[0]["text"]
        assert said[0]["request"] is None


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("window", ["window (asynchronous", "[PS3.7 D.3.3.3]", "See also: pending"]),
        ("presentation context", ["presentation context (context)   [PS3.8 7.1.1.13, 9.3.2.2]"]),
        ("0xA700", ["0xA700 Failure   [PS3.7 C]", "C-STORE, C-FIND: Refused: Out of Resources"]),
        ("A801H", ["0xA801 Failure", "Move destination unknown."]),
        ("0x1234", ["the standard has no words for it"]),
        ("CTImageStorage", ["1.2.840.10008.5.1.4.1.1.2", "On this association: accepted as"]),
        ("1.2.840.10008.1.1", ["Verification", "On this association: accepted as 1"]),
        ("JPEGBaseline", ["JPEGBaseline8Bit   1.2.840.10008.1.2.4.50", "pixel data compressed"]),
        ("ImplicitVRLittleEndian", ["Implicit VR Little Endian"]),
        ("DeflatedExplicitVRLittleEndian", ["deflated"]),
        ("(0010,0020)", ["PatientID   (0010,0020)   [PS3.6 6, PS3.5 6.2]", "VR LO, VM 1"]),
        ("PatientSex", ["Usual values: M"]),
        ("00100020", ["PatientID"]),
        ("Patient ID", ["PatientID"]),
        ("1.2.840.10008.3.1.1.1", ["DICOM Application Context Name"]),
        ("wire", ["wire (a command)", "`help wire`"]),
        (
            "Sta7",
            ["Sta7   [PS3.8 9.2]", "Awaiting an A-RELEASE-RP.", "On Evt12: AR-8", "Sta9 or Sta10"],
        ),
        ("evt18", ["ARTIM timer expired.", "In Sta2, Sta13: AA-2", "then Sta1."]),
        ("aa-8", ["Send A-ABORT (source: service provider)", "then Sta13."]),
    ],
)
async def test_explain_a_word(term: str, expected: list[str]) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run(f"explain {term}") == 0, output.said
        text = " ".join(output.text.split())
        for each in expected:
            assert " ".join(each.split()) in text
        assert all(len(line) <= 80 for line in output.results)


async def test_explain_a_word_as_json() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("set format json; explain window") == 0
        (said,) = objects(output)
        assert said["type"] == "explanation" and said["section"] == "PS3.7 D.3.3.3"
        assert said["text"].startswith("How many requests")


async def test_explain_a_word_that_is_none() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("explain asociation") == 5  # the session goes on
        assert "did you mean association" in output.said
        assert await session.run("explain '\x1b[31mx'") == 5
        assert "\x1b" not in output.said and "^[[31mx" in output.said


async def test_a_word_is_explained_while_a_request_is_pending() -> None:
    """It speaks of no request, so it waits for none."""
    async with peer() as scp, shell(scp) as (session, output):
        scp.echo_gate.clear()
        echo, term = session.submit("echo; explain window")
        await term.done.wait()
        assert not echo.done.is_set()
        scp.echo_gate.set()
        await echo.done.wait()
        assert "How many requests" in output.text


async def test_let_of_what_is_not_there() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("find study; let x = rsp[0].PatientID") == 1
        assert "has no value" in output.said
        assert await session.run("find study PatientID=$y") == 5
        assert "$y has no value" in output.said


def test_a_session_needs_no_loop_to_be_made() -> None:
    async def make() -> Session:
        return new_session()

    assert asyncio.run(make()).status().state == "closed"


# user identity


ALLOWED = "--allow-cleartext-credentials"


@pytest.mark.scenario(99)
async def test_a_passcode_from_a_file_or_from_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret-canary\nmore\n")

    async def identity(session: Session) -> Any:
        assert session.association is not None
        assert session.association.request is not None
        return session.association.request.user_identity

    async with peer() as scp:
        async with shell(scp, f"--user jo --password-file {file} {ALLOWED}") as (session, output):
            sent = await identity(session)
            assert (sent.kind, sent.primary, sent.secondary) == (2, b"jo", b"s3cret-canary")
            await session.run("release; reopen; wire hex; release; reopen; requests; status")
            assert (await identity(session)).secondary == b"s3cret-canary"
            assert "canary" not in output.text + output.said + repr(session.open_plan)
        async with shell(scp, "--user jo") as (session, output):
            assert (await identity(session)).kind == 1
        async with shell() as (session, output):

            async def ask(prompt: str) -> str:
                return "asked"

            session.ask_secret = ask
            assert await session.run(f"open {scp.address} --user jo") == 5
            assert "--allow-cleartext-credentials sends it as it is" in output.said
            assert await session.run(f"open {scp.address} --user jo {ALLOWED}") == 0
            assert (await identity(session)).secondary == b"asked"
            assert "clear text" in output.said
        monkeypatch.setenv("ASSOCSH_PASSCODE", "from-env")
        async with shell(scp, f"--user jo {ALLOWED}") as (session, output):
            assert (await identity(session)).secondary == b"from-env"
        async with shell() as (session, output):
            assert await session.run(f"open {scp.address} --password-file {file}") == 2
            missing = tmp_path / "nothing"
            assert await session.run(f"open {scp.address} --user j --password-file {missing}") == 2
