"""The practice archive, called with our own engine: levels, counts, cancelling, concurrency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from assocsh.association import (
    AcceptorPolicy,
    Association,
    Handlers,
    Indication,
    Peer,
    connect,
    listen,
)
from assocsh.datasets.codec import encode
from assocsh.datasets.dictionary import sop_class_uid
from assocsh.datasets.durability import Durability
from assocsh.datasets.receive import InstanceWriter, Received
from assocsh.datasets.spool import Spool
from assocsh.dimse.commandset import CommandField
from assocsh.practice import Practice, PracticeSettings, generator, start
from assocsh.practice.contents import Contents
from assocsh.states import CancelOutcome
from assocsh.uids import EXPLICIT_LE, VERIFICATION
from tests.datasets.make import ct, write
from tests.practice.many import MANY, add_many

YAMADA = generator.uid("PRC-1002", 1)
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
OKONKWO = generator.uid("PRC-1004", 1)


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


@pytest.fixture
async def association(practice: Practice) -> AsyncIterator[Association]:
    async with connect(practice.peer, window=8) as opened:
        yield opened


async def find(association: Association, level: str, **keys: Any) -> list[Any]:
    model = keys.pop("model", None)
    operation = association.find(level, keys, model=model)
    found = [response.dataset async for response in operation if response.is_pending]
    final = await operation.result()
    assert final.status == 0, (hex(final.status), final.command.error_comment)
    return found


class Storage:
    """Handlers that receive instances into a folder."""

    def __init__(self, folder: Path, *, slow: float = 0.0) -> None:
        self.folder, self.slow = folder, slow
        self.received: list[Received] = []
        self.originators: set[tuple[object, object]] = set()
        self.handlers = Handlers({CommandField.C_STORE_RQ: self.store}, open_sink=self.open)

    def open(self, indication: Indication) -> InstanceWriter:
        command = indication.command
        return InstanceWriter(
            self.folder,
            command.affected_sop_class or "",
            command.affected_sop_instance or "",
            indication.context.transfer_syntax or "",
        )

    async def store(self, indication: Indication) -> None:
        self.received.append(await indication.sink.finish())
        named = {keyword: value for _tag, keyword, _vr, value in indication.command.items()}
        self.originators.add(
            (
                named.get("MoveOriginatorApplicationEntityTitle"),
                named.get("MoveOriginatorMessageID"),
            )
        )
        await asyncio.sleep(self.slow)
        indication.respond(0x0000)


# ---- contents -------------------------------------------------------------------------------


def test_the_same_every_time_and_uids_from_one_root() -> None:
    first = [one.header() for one in generator.instances()]
    again = [one.header() for one in generator.instances()]
    assert first == again
    assert len({ds.SOPInstanceUID for ds in first}) == len(first)
    assert all(ds.SOPInstanceUID.startswith("2.25.") for ds in first)
    assert all(len(ds.SOPInstanceUID) <= 64 for ds in first)
    assert {ds.Modality for ds in first} == {"CT", "MR", "CR", "US", "SR"}
    assert len({ds.PatientID for ds in first}) == 8
    one = next(generator.instances())
    assert one.dataset().PixelData == one.dataset().PixelData


async def test_generated_instances_are_valid_part_10(
    practice: Practice, association: Association, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    association.handlers = storage.handlers
    final = await association.get("STUDY", {"StudyInstanceUID": OKONKWO}).result()
    assert final.status == 0
    for received in storage.received:
        ds = dcmread(received.path)
        assert str(ds.PatientName) == "Okonkwo^Chidi"
        if ds.Modality == "CT":
            assert len(ds.PixelData) == ds.Rows * ds.Columns * 2


# ---- query ----------------------------------------------------------------------------------


async def test_four_levels_from_the_top(association: Association) -> None:
    (patient,) = await find(association, "PATIENT", PatientName="yamada*", PatientID="")
    assert str(patient.PatientName).split("=")[1] == "山田^花子"
    assert patient.QueryRetrieveLevel == "PATIENT"
    assert patient.RetrieveAETitle == "PRACTICE"
    (study,) = await find(
        association,
        "STUDY",
        PatientID=patient.PatientID,
        StudyInstanceUID="",
        StudyDescription="",
        ModalitiesInStudy="",
        SOPClassesInStudy="",
        NumberOfStudyRelatedSeries="",
        NumberOfStudyRelatedInstances="",
        InstanceAvailability="",
    )
    assert study.StudyDescription == "脳MRI"
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, 18)
    assert study.ModalitiesInStudy == "MR"
    assert study.SOPClassesInStudy == generator.SOP_CLASSES["MR"]
    assert study.InstanceAvailability == "ONLINE"
    series = await find(
        association,
        "SERIES",
        StudyInstanceUID=study.StudyInstanceUID,
        SeriesInstanceUID="",
        SeriesNumber="",
        NumberOfSeriesRelatedInstances="",
    )
    assert [(s.SeriesNumber, s.NumberOfSeriesRelatedInstances) for s in series] == [(1, 8), (2, 10)]
    images = await find(
        association,
        "IMAGE",
        StudyInstanceUID=study.StudyInstanceUID,
        SeriesInstanceUID=series[1].SeriesInstanceUID,
        SOPInstanceUID="",
        InstanceNumber="",
        SliceLocation="",
        Rows="",
        PatientName="",
    )
    assert [image.InstanceNumber for image in images] == list(range(1, 11))
    assert images[0].Rows == 96
    assert "山田" in str(images[0].PatientName)


async def test_image_level_keys(association: Association) -> None:
    series = generator.uid(YAMADA.removeprefix("2.25."), 2)
    (first, second) = await find(
        association, "SERIES", StudyInstanceUID=YAMADA, SeriesInstanceUID=""
    )
    assert series != first.SeriesInstanceUID
    keys = {"StudyInstanceUID": YAMADA, "SeriesInstanceUID": second.SeriesInstanceUID}
    (image,) = await find(association, "IMAGE", **keys, InstanceNumber="3", SOPInstanceUID="")
    (same,) = await find(association, "IMAGE", **keys, SOPInstanceUID=image.SOPInstanceUID)
    assert same.SOPInstanceUID == image.SOPInstanceUID
    two = [image.SOPInstanceUID, "1.2.3"]
    assert len(await find(association, "IMAGE", **keys, SOPInstanceUID=two)) == 1


async def test_all_models(association: Association) -> None:
    for model in ("study", "patient-study"):
        keys = {"PatientID": "PRC-1001"}
        assert len(await find(association, "STUDY", model=model, **keys)) == 2
    assert len(await find(association, "PATIENT", model="patient-study")) == 8
    assert len(await find(association, "STUDY", model="patient", PatientID="PRC-1006")) == 2
    assert len(await find(association, "STUDY", StudyDate="20260301-", ModalitiesInStudy="CR")) == 2
    assert len(await find(association, "STUDY", ModalitiesInStudy="SR", PatientName="O'C*")) == 1


async def test_optional_keys_of_other_levels_are_ff01(association: Association) -> None:
    operation = association.find("STUDY", {"PatientID": "PRC-1004", "SliceLocation": "5"})
    responses = [response async for response in operation if response.is_pending]
    assert [hex(response.status) for response in responses] == ["0xff01"]
    assert "SliceLocation" not in responses[0].dataset


@pytest.mark.parametrize(
    ("level", "model", "keys", "offending"),
    [
        ("STUDY", "study", {"QueryRetrieveLevel": "FRAME"}, 0x00080052),
        ("STUDY", "study", {"QueryRetrieveLevel": "PATIENT"}, 0x00080052),
    ],
)
async def test_hierarchical_rules(
    association: Association, level: str, model: str, keys: dict[str, str], offending: int
) -> None:
    final = await association.find(level, keys, model=model).result()
    assert final.status == 0xA900
    named = {tag: value for tag, _keyword, _vr, value in final.command.items()}
    assert offending in (named[0x0901] if isinstance(named[0x0901], tuple) else (named[0x0901],))
    assert final.command.error_comment


@pytest.mark.parametrize("level", ["SERIES", "IMAGE"])
@pytest.mark.parametrize("above", ["", "1.2*", OKONKWO, f"{OKONKWO}\\{YAMADA}"])
@pytest.mark.parametrize("model", ["study", "patient"])
async def test_queries_without_the_unique_keys_above(
    association: Association, level: str, model: str, above: str
) -> None:
    """Relational queries (C.4.1.3.2): what is above the level narrows, and is not needed."""
    own = {"SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
    keys = {own: "", "StudyInstanceUID": above} if above else {own: ""}
    found = [
        one.dataset
        async for one in association.find(level, keys, model=model)
        if one.is_pending and one.dataset
    ]
    every = [
        one.dataset
        async for one in association.find(level, {own: "", "StudyInstanceUID": ""}, model=model)
        if one.is_pending and one.dataset
    ]
    wanted = {OKONKWO, YAMADA} if "\\" in above else {above} if above == OKONKWO else None
    expected = {one[own].value for one in every if wanted is None or one.StudyInstanceUID in wanted}
    assert {one[own].value for one in found} == (set() if above == "1.2*" else expected)
    assert len({one.StudyInstanceUID for one in every}) > 3


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("SERIES", {"SeriesInstanceUID": "1.2"}),
        ("SERIES", {"SeriesInstanceUID": "1.2", "StudyInstanceUID": "1.2*"}),
        ("IMAGE", {"SOPInstanceUID": "1.2", "SeriesInstanceUID": "1.2"}),
    ],
)
async def test_a_retrieve_needs_the_unique_keys_above(
    association: Association, level: str, keys: dict[str, str]
) -> None:
    final = await association.get(level, keys).result()
    assert final.status == 0xA900
    assert "one value is needed" in final.command.error_comment


async def test_worklist(association: Association) -> None:
    step = "ScheduledProcedureStepSequence[0]."
    everything = await find(association, "WORKLIST", PatientName="")
    assert len(everything) == 7
    days = {step + "ScheduledProcedureStepStartDate": ""}
    scheduled = [
        one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate
        for one in await find(association, "WORKLIST", **days)
    ]
    first, second = sorted(set(scheduled))[:2]
    found = await find(
        association,
        "WORKLIST",
        **{
            step + "Modality": "MR",
            step + "ScheduledProcedureStepStartDate": second,
            step + "ScheduledProcedureStepDescription": "",
            "PatientName": "",
        },
    )
    assert len(found) == 2
    items = [one.ScheduledProcedureStepSequence[0] for one in found]
    assert [len(item) for item in items] == [3, 3]
    assert items[0].ScheduledProcedureStepDescription == "脳MRI フォローアップ"
    assert "QueryRetrieveLevel" not in found[0]
    combined = {
        step + "ScheduledProcedureStepStartDate": f"{first}-{second}",
        step + "ScheduledProcedureStepStartTime": "1400-0900",
    }
    assert len(await find(association, "WORKLIST", **combined)) == 2


async def test_queries_in_other_character_sets(association: Association) -> None:
    for charset, name in (
        ("ISO_IR 192", "Соколова*"),
        ("ISO_IR 144", "соколова*"),
        ("\\ISO 2022 IR 87", "=山田*"),
        ("ISO_IR 192", "nguyễn*"),
        ("ISO_IR 100", "MÜLLER*"),
    ):
        keys = {"SpecificCharacterSet": charset, "PatientName": name}
        assert len(await find(association, "PATIENT", **keys)) == 1, name


@pytest.mark.parametrize("asked", ["ISO_IR 192", "GB18030"])
async def test_the_answers_are_in_the_character_set_asked_with(
    association: Association, asked: str
) -> None:
    """Names in nine character sets, those with code extensions among them, and the same names."""
    plain = await find(association, "PATIENT", PatientID="", PatientName="")
    found = await find(
        association, "PATIENT", PatientID="", PatientName="", SpecificCharacterSet=asked
    )
    assert {str(one.SpecificCharacterSet) for one in found} == {asked}
    names = {one.PatientID: str(one.PatientName).rstrip("=") for one in plain}
    assert {one.PatientID: str(one.PatientName).rstrip("=") for one in found} == names
    assert any(not name.isascii() for name in names.values())
    step = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription"
    for whole in ({step: ""}, {"ScheduledProcedureStepSequence": None}):
        steps = await find(association, "WORKLIST", SpecificCharacterSet=asked, **whole)
        items = [one.ScheduledProcedureStepSequence[0] for one in steps]
        said = {str(item.ScheduledProcedureStepDescription) for item in items}
        assert "脳MRI フォローアップ" in said


async def test_a_character_set_that_has_not_the_characters_is_not_used(
    association: Association,
) -> None:
    keys = {"PatientID": "", "PatientName": "", "SpecificCharacterSet": "ISO_IR 100"}
    found = {str(one.PatientName): one for one in await find(association, "PATIENT", **keys)}
    latin = [one for name, one in found.items() if name.lower().startswith("m\u00fcller")]
    assert [one.SpecificCharacterSet for one in latin] == ["ISO_IR 100"]
    assert any(one.SpecificCharacterSet != "ISO_IR 100" for one in found.values())
    assert not any("?" in name for name in found)


# ---- retrieve -------------------------------------------------------------------------------


async def test_get_counts_and_contents(association: Association, tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    association.handlers = storage.handlers
    operation = association.get("STUDY", {"StudyInstanceUID": YAMADA})
    pending = [response.suboperations async for response in operation if response.is_pending]
    final = await operation.result()
    assert final.status == 0
    assert final.suboperations is not None
    assert (final.suboperations.completed, final.suboperations.failed) == (18, 0)
    assert [counts.remaining for counts in pending if counts] == list(range(17, 0, -1))
    assert len(storage.received) == len({one.sop_instance for one in storage.received}) == 18
    assert {str(dcmread(one.path).PatientName) for one in storage.received} == {
        "Yamada^Hanako=山田^花子=やまだ^はなこ"
    }
    nothing = await association.get("STUDY", {"StudyInstanceUID": "1.2.3"}).result()
    assert nothing.status == 0
    assert nothing.suboperations is not None
    assert nothing.suboperations.completed == 0
    missing = await association.get("STUDY", {"StudyInstanceUID": ""}).result()
    assert missing.status == 0xA900


async def test_get_of_what_was_not_negotiated(practice: Practice, tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    only_sr = "qr-get,BasicTextSRStorage".replace("qr-get", "1.2.840.10008.5.1.4.1.2.2.3")
    async with connect(practice.peer, contexts=only_sr, handlers=storage.handlers) as association:
        final = await association.get("STUDY", {"StudyInstanceUID": OKONKWO}).result()
        assert final.status == 0xB000
        assert final.suboperations is not None
        assert (final.suboperations.completed, final.suboperations.failed) == (1, 12)
        assert len(final.dataset.FailedSOPInstanceUIDList) == 12
        final = await association.get("STUDY", {"StudyInstanceUID": YAMADA}).result()
        assert final.status == 0xA702


async def test_get_cancelled(practice: Practice, tmp_path: Path) -> None:
    practice.latency = 0.05
    storage = Storage(tmp_path)
    async with connect(practice.peer, window=8, handlers=storage.handlers) as association:
        operation = association.get("STUDY", {"StudyInstanceUID": YAMADA})
        async for response in operation:
            if response.is_pending:
                assert operation.cancel() is CancelOutcome.REQUESTED
                break
        final = await operation.result()
        assert final.status == 0xFE00
        counts = final.suboperations
        assert counts is not None
        assert counts.remaining and counts.remaining + counts.completed == 18
        assert counts.completed == len(storage.received)
        assert (await association.echo().result()).status == 0


async def test_move(practice: Practice, association: Association, tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    keys = {"StudyInstanceUID": OKONKWO}
    final = await association.move("STUDY", keys, "NOWHERE").result()
    assert final.status == 0xA801
    listener = await listen(ae_title="DEST", handlers=storage.handlers)
    try:
        practice.destinations["DEST"] = (listener.host, listener.port)
        operation = association.move("STUDY", keys, "DEST")
        final = await operation.result()
        assert final.status == 0
        assert final.suboperations is not None
        assert final.suboperations.completed == 13 == len(storage.received)
        assert storage.originators == {("ASSOCSH", final.message_id)}
    finally:
        await listener.close()
    final = await association.move("STUDY", keys, "DEST").result()
    assert final.status == 0xA702
    assert final.command.error_comment
    assert final.suboperations is not None
    assert final.suboperations.failed == 13


@pytest.mark.parametrize(
    ("policy", "handlers", "said"),
    [
        (AcceptorPolicy({VERIFICATION}), None, "DEST accepts no presentation context"),
        (AcceptorPolicy(transfer_syntaxes=()), None, "DEST accepts no presentation context"),
        (AcceptorPolicy(), None, "a C-STORE was answered 0122H"),
        (AcceptorPolicy({BASIC_TEXT_SR}), "store", "was not accepted by the peer"),
    ],
)
async def test_a_retrieve_that_failed_says_why(
    practice: Practice,
    association: Association,
    tmp_path: Path,
    policy: AcceptorPolicy,
    handlers: str | None,
    said: str,
) -> None:
    storage = Storage(tmp_path).handlers if handlers else None
    async with await listen(ae_title="DEST", policy=policy, handlers=storage) as listener:
        practice.destinations["DEST"] = (listener.host, listener.port)
        keys = {"StudyInstanceUID": OKONKWO}
        final = await association.move("STUDY", keys, "DEST").result()
    assert final.status == (0xB000 if handlers else 0xA702)
    assert said in final.command.error_comment
    assert final.suboperations is not None
    assert final.suboperations.failed == (12 if handlers else 13)


async def test_a_move_destination_that_goes_away(
    practice: Practice, association: Association, tmp_path: Path
) -> None:
    storage = Storage(tmp_path, slow=0.05)
    listener = await listen(ae_title="DEST", handlers=storage.handlers)
    practice.destinations["DEST"] = (listener.host, listener.port)
    operation = association.move("STUDY", {"StudyInstanceUID": OKONKWO}, "DEST")
    async for response in operation:
        if response.is_pending:
            await listener.close()
    final = await operation.result()
    assert final.status == 0xB000
    assert final.suboperations is not None
    assert final.suboperations.failed > 0
    assert (await association.echo().result()).status == 0


# ---- storage --------------------------------------------------------------------------------


async def test_store_then_find_then_get(association: Association, tmp_path: Path) -> None:
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"):
        path = write(tmp_path / f"{syntax}.dcm", ct(f"1.2.3.{len(syntax)}"), syntax)
        assert (await association.store(path).result()).status == 0
    (study,) = await find(
        association, "STUDY", PatientID="P1", StudyInstanceUID="", NumberOfStudyRelatedInstances=""
    )
    assert study.NumberOfStudyRelatedInstances == 2
    again = await association.store(tmp_path / "1.2.840.10008.1.2.dcm").result()
    assert again.status == 0
    storage = Storage(tmp_path / "in")
    storage.folder.mkdir()
    association.handlers = storage.handlers
    final = await association.get("STUDY", {"StudyInstanceUID": "1.2.3"}).result()
    assert final.status == 0
    assert len(storage.received) == 2


@pytest.mark.parametrize(
    "sop_class",
    ["UltrasoundImageStorageRetired", "HardcopyGrayscaleImageStorage", "1.2.276.0.7230010.3.1.0.1"],
)
async def test_retired_and_private_classes_come_and_go(
    practice: Practice, tmp_path: Path, sop_class: str
) -> None:
    """They are taken, and delivered where the requestor names them."""
    storage = Storage(tmp_path)
    contexts = f"qr,{sop_class}"
    async with connect(practice.peer, contexts=contexts, handlers=storage.handlers) as association:
        dataset = ct("1.2.3.77")
        dataset.SOPClassUID = sop_class_uid(sop_class)
        assert (await association.store(dataset).result()).status == 0
        final = await association.get("STUDY", {"StudyInstanceUID": "1.2.3"}).result()
        assert final.status == 0
    assert [one.sop_instance for one in storage.received] == ["1.2.3.77"]
    assert [one.sop_class for one in storage.received] == [dataset.SOPClassUID]


async def _names(association: Association, study: str) -> list[str]:
    found = await find(association, "STUDY", StudyInstanceUID=study, PatientID="", PatientName="")
    return [str(one.PatientName) for one in found]


@pytest.mark.parametrize("order", [(0, 1), (0, 1, 0), (1, 1), (0, 0, 1, 1), (1, 0, 1, 0)])
async def test_of_one_uid_what_came_last_is_there(
    association: Association, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Also another patient, study and series: what they have lost is gone, what they have stays."""
    one, other = ct("1.2.3.50", name="First^A"), ct("1.2.3.50", name="Second^B")
    other.PatientID, other.StudyInstanceUID, other.SeriesInstanceUID = "P2", "1.2.9", "1.2.9.1"
    beside = ct("1.2.3.51", name="First^A")
    assert (await association.store(beside).result()).status == 0
    for which in order:
        assert (await association.store((one, other)[which]).result()).status == 0
    storage = Storage(tmp_path)
    association.handlers = storage.handlers
    last = (one, other)[order[-1]]
    assert await _names(association, last.StudyInstanceUID) == [str(last.PatientName)]
    assert await _names(association, "1.2.9") == (["Second^B"] if order[-1] else [])
    assert await _names(association, "1.2.3") == ["First^A"]
    for study in ("1.2.3", "1.2.9"):
        await association.get("STUDY", {"StudyInstanceUID": study}).result()
    got = {str(read.SOPInstanceUID): read for read in map(dcmread, tmp_path.glob("*.dcm"))}
    assert set(got) == {"1.2.3.50", "1.2.3.51"}
    assert got["1.2.3.50"].PatientName == last.PatientName
    assert len(storage.received) == 2


async def test_an_instance_that_was_refused_is_not_known(
    association: Association, tmp_path: Path
) -> None:
    """Neither when the same comes again, nor in the place of a better one."""
    bad = ct("1.2.3.60")
    del bad.StudyInstanceUID
    for dataset, status in ((bad, 0xC000), (bad, 0xC000), (ct("1.2.3.60"), 0), (bad, 0xC000)):
        assert (await association.store(dataset).result()).status == status
    storage = Storage(tmp_path)
    association.handlers = storage.handlers
    assert (await association.get("STUDY", {"StudyInstanceUID": "1.2.3"}).result()).status == 0
    assert [one.sop_instance for one in storage.received] == ["1.2.3.60"]


async def test_store_without_keys_is_not_understood(association: Association) -> None:
    ds = ct()
    del ds.StudyInstanceUID
    final = await association.store(ds).result()
    assert final.status == 0xC000


async def test_received_files_go_with_the_archive() -> None:
    practice = await start()
    async with connect(practice.peer) as association:
        assert (await association.store(ct()).result()).status == 0
    assert practice.archive._spool is not None
    folder = practice.archive._spool.directory
    assert folder.is_dir()
    await practice.close()
    assert not folder.exists()


# ---- slow and concurrent --------------------------------------------------------------------


async def test_latency_is_shared_by_the_window(practice: Practice) -> None:
    practice.latency = 0.1
    loop = asyncio.get_running_loop()
    async with connect(practice.peer, window=10) as association:
        assert association.window.invoked == 10
        began = loop.time()
        operations = [association.echo() for _ in range(20)]
        assert (association.pending, association.queued) in ((0, 20), (10, 10))
        await asyncio.gather(*(operation.result() for operation in operations))
        assert 0.18 < loop.time() - began < 1.0


async def test_find_cancelled_before_its_first_answer(practice: Practice) -> None:
    practice.latency = 5
    async with connect(practice.peer, window=4) as association:
        operation = association.find("STUDY", {"PatientID": ""})
        async with asyncio.timeout(15):
            while operation.state != "pending":
                await asyncio.sleep(0)
        operation.cancel()
        final = await asyncio.wait_for(operation.result(), 2)
        assert final.status == 0xFE00


async def test_find_cancelled_amid_many_matches(practice: Practice) -> None:
    add_many(practice.archive.contents.index)
    async with connect(practice.peer, window=4) as association:
        operation = association.find("STUDY", {"PatientID": "MANY", "StudyInstanceUID": ""})
        count = 0
        async for response in operation:
            count += response.is_pending
            if count == 10:
                operation.cancel()
        assert (await operation.result()).status == 0xFE00
        assert 10 <= count < MANY
        assert len(await find(association, "STUDY", PatientID="MANY")) == MANY


# ---- the user's own files -------------------------------------------------------------------


async def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "deep"
    folder.mkdir(parents=True)
    for number in range(3):
        write(folder / f"{number}.dcm", ct(f"1.2.3.{number}"), "1.2.840.10008.1.2")
    (folder / "notes.txt").write_text("not DICOM")
    (folder / "cut.dcm").write_bytes((folder / "0.dcm").read_bytes()[:400])
    (folder / "loop").symlink_to(tmp_path / "data")
    async with await start(settings=PracticeSettings(data=tmp_path / "data")) as practice:
        assert (practice.count, practice.skipped) == (3, 2)
        assert isinstance(practice.peer, Peer)
        storage = Storage(tmp_path / "in")
        storage.folder.mkdir()
        async with connect(practice.peer, handlers=storage.handlers) as association:
            (study,) = await find(association, "STUDY", PatientName="test*", StudyInstanceUID="")
            final = await association.get(
                "STUDY", {"StudyInstanceUID": study.StudyInstanceUID}
            ).result()
            assert final.status == 0
            assert len(storage.received) == 3
            assert await find(association, "WORKLIST", PatientID="") == []
    assert len(list(folder.iterdir())) == 6


async def test_of_two_instances_in_one_read_the_last_one_counts(tmp_path: Path) -> None:
    """One is taken into the index as it is, the other has to be decoded first."""
    contents = Contents()
    spool = Spool(tmp_path, durability=Durability.NONE)
    for day, name in (("20260101", "Doe"), ("20260102", "Doé")):
        ds = ct("1.2.3.9")
        ds.SpecificCharacterSet, ds.PatientName, ds.StudyDate = "ISO_IR 100", name, day
        data = encode(ds, EXPLICIT_LE)
        writer = InstanceWriter(spool, ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT_LE)
        writer.write(data)
        assert contents.add_received(await writer.finish(), writer.head)
    await asyncio.sleep(0)
    (kept,) = contents.index.instances({})
    assert kept.location.endswith(".dcm")
    assert ".dup-" in kept.location
    spool.close()
    contents.close()
