"""DCMTK's clients with our practice archive: echoscu, findscu, storescu, getscu, movescu."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from pydicom import Dataset

from assocsh import practice
from tests.peers.dcmtk import Finished, Storescp, scu
from tests.peers.dicom_files import InstanceFile, read, same
from tests.witness.support import nothing_left

pytestmark = pytest.mark.peer("echoscu", "findscu", "storescu", "getscu", "movescu", "storescp")


@pytest.fixture
async def archive() -> AsyncIterator[practice.Practice]:
    async with nothing_left(5):
        running = await practice.start()
        yield running
        await running.close()


async def _scu(program: str, archive: practice.Practice, *words: str | Path) -> Finished:
    done = await asyncio.to_thread(
        scu, program, archive.peer.port, *words, called=archive.peer.ae, calling="DCMTK"
    )
    return done.check()


async def _find(
    archive: practice.Practice, folder: Path, level: str, *keys: str, model: str = "-S"
) -> list[Dataset]:
    """The matches as findscu wrote them down."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    options = [model, "-X", "-od", folder, "-k", f"QueryRetrieveLevel={level}"]
    for key in keys:
        options += ["-k", key]
    await _scu("findscu", archive, *options)
    return [read(path) for path in sorted(folder.glob("rsp*.dcm"))]


async def test_echo(archive: practice.Practice) -> None:
    done = await _scu("echoscu", archive, "--repeat", "20")
    assert done.output.count("Received Echo Response (Success)") == 20


async def test_find_at_four_levels(archive: practice.Practice, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    patients = await _find(archive, folder, "PATIENT", "PatientID", "PatientName", model="-P")
    assert len(patients) >= 8
    assert all(found.PatientID and found.PatientName for found in patients)
    studies = await _find(
        archive, folder, "STUDY", "PatientID", "StudyInstanceUID", "StudyDate", "StudyDescription"
    )
    assert {found.PatientID for found in studies} == {found.PatientID for found in patients}
    study = str(studies[0].StudyInstanceUID)
    series = await _find(
        archive, folder, "SERIES", f"StudyInstanceUID={study}", "SeriesInstanceUID", "Modality"
    )
    assert series
    assert all(found.SeriesInstanceUID for found in series)
    images = await _find(
        archive,
        folder,
        "IMAGE",
        f"StudyInstanceUID={study}",
        f"SeriesInstanceUID={series[0].SeriesInstanceUID}",
        "SOPInstanceUID",
    )
    assert images
    assert len({found.SOPInstanceUID for found in images}) == len(images)


async def test_matching_kinds(archive: practice.Practice, tmp_path: Path) -> None:
    """PS3.4 C.2.2.2: single value, wildcard, range, list of UID, universal."""
    folder = tmp_path / "found"
    everything = await _find(
        archive, folder, "STUDY", "StudyInstanceUID", "StudyDate", "PatientID", "PatientName"
    )
    dates = sorted(str(found.StudyDate) for found in everything)
    middle = dates[len(dates) // 2]
    later = await _find(archive, folder, "STUDY", f"StudyDate={middle}-", "StudyInstanceUID")
    assert len(later) == sum(date >= middle for date in dates)
    one = str(everything[0].PatientID)
    single = await _find(archive, folder, "STUDY", f"PatientID={one}", "StudyInstanceUID")
    assert len(single) == sum(found.PatientID == one for found in everything)
    names = [str(found.PatientName) for found in everything]
    initial = next(name[0] for name in names if name.isascii())
    starting = await _find(archive, folder, "STUDY", f"PatientName={initial}*")
    assert len(starting) == sum(name.startswith(initial) for name in names)
    uids = [str(found.StudyInstanceUID) for found in everything[:2]]
    listed = await _find(archive, folder, "STUDY", "StudyInstanceUID=" + "\\".join(uids))
    assert {str(found.StudyInstanceUID) for found in listed} == set(uids)
    assert await _find(archive, folder, "STUDY", "PatientID=NOBODY-AT-ALL") == []


async def test_worklist(archive: practice.Practice, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    folder.mkdir()
    await _scu(
        "findscu", archive, "-W", "-X", "-od", folder,
        "-k", "PatientName", "-k", "ScheduledProcedureStepSequence[0].Modality",
        "-k", "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate",
    )  # fmt: skip
    found = [read(path) for path in folder.glob("rsp*.dcm")]
    assert found
    assert all(one.ScheduledProcedureStepSequence[0].Modality for one in found)


async def _first_study(archive: practice.Practice, folder: Path) -> tuple[str, int]:
    """The study with the most images, by what find says."""
    counted: dict[str, int] = {}
    for study in await _find(archive, folder, "STUDY", "StudyInstanceUID"):
        uid = str(study.StudyInstanceUID)
        total = 0
        for series in await _find(
            archive, folder, "SERIES", f"StudyInstanceUID={uid}", "SeriesInstanceUID"
        ):
            total += len(
                await _find(
                    archive,
                    folder,
                    "IMAGE",
                    f"StudyInstanceUID={uid}",
                    f"SeriesInstanceUID={series.SeriesInstanceUID}",
                    "SOPInstanceUID",
                )
            )
        counted[uid] = total
        if len(counted) == 4:
            break
    best = max(counted, key=lambda uid: counted[uid])
    return best, counted[best]


async def test_get_and_move_give_the_same(archive: practice.Practice, tmp_path: Path) -> None:
    """getscu and movescu (to a storescp) of one study: the same instances, element by element."""
    study, count = await _first_study(archive, tmp_path / "found")
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    got = tmp_path / "got"
    got.mkdir()
    await _scu("getscu", archive, "-S", "+B", "-od", got, *keys)
    by_get = {str(read(path).SOPInstanceUID): path for path in got.iterdir()}
    assert len(by_get) == count
    where = tmp_path / "storescp"
    where.mkdir()
    with Storescp(where) as destination:
        archive.destinations["DEST"] = ("127.0.0.1", destination.port)
        await _scu("movescu", archive, "-S", "-aem", "DEST", *keys)
        by_move = {str(read(path).SOPInstanceUID): path for path in destination.files}
    assert set(by_move) == set(by_get)
    wrong = {uid: same(path, by_move[uid]) for uid, path in by_get.items()}
    assert not {uid: found for uid, found in wrong.items() if found}


async def test_move_to_nowhere(archive: practice.Practice) -> None:
    done = await asyncio.to_thread(
        scu, "movescu", archive.peer.port, "-S", "-aem", "NOWHERE",
        "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3",
        called=archive.peer.ae,
    )  # fmt: skip
    assert re.search(r"0xa801|MoveDestinationUnknown|Move Destination Unknown", done.output, re.I)


# Transfer syntax to what makes storescu propose it, and getscu prefer it.
OPTIONS = {
    "1.2.840.10008.1.2": ("-xi", "+xi"),
    "1.2.840.10008.1.2.1": ("-xe", "+xe"),
    "1.2.840.10008.1.2.2": ("-xb", "+xb"),
    "1.2.840.10008.1.2.1.99": ("-xd", "+xd"),
    "1.2.840.10008.1.2.4.50": ("-xy", "+xy"),
    "1.2.840.10008.1.2.4.51": ("-xx", "+xx"),
    "1.2.840.10008.1.2.4.70": ("-xs", "+xs"),
    "1.2.840.10008.1.2.4.80": ("-xt", "+xt"),
    "1.2.840.10008.1.2.4.81": ("-xu", "+xu"),
    "1.2.840.10008.1.2.4.90": ("-xv", "+xv"),
    "1.2.840.10008.1.2.4.91": ("-xw", "+xw"),
    "1.2.840.10008.1.2.5": ("-xr", "+xr"),
}


@pytest.mark.parametrize("syntax", OPTIONS)
async def test_store_then_get_back(
    syntax: str, archive: practice.Practice, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """All files of one transfer syntax go in as they are, and come back the same.

    getscu proposes explicit VR even with ``+xi``: the archive has to convert that one.
    """
    sent = {one.sop_instance: one for one in instances if one.transfer_syntax == syntax}
    assert sent
    propose, prefer = OPTIONS[syntax]
    await _scu("storescu", archive, "-R", propose, "--", *(one.path for one in sent.values()))
    back = tmp_path / "back"
    back.mkdir()
    for found in sent.values():
        keys = {
            "QueryRetrieveLevel": "IMAGE",
            "StudyInstanceUID": found.study,
            "SeriesInstanceUID": found.series,
            "SOPInstanceUID": found.sop_instance,
        }
        options = [word for key, value in keys.items() for word in ("-k", f"{key}={value}")]
        await _scu("getscu", archive, "-S", "+B", prefer, "-od", back, *options)
    received = {str(read(path).SOPInstanceUID): path for path in back.iterdir()}
    assert set(received) == set(sent)
    for uid, path in received.items():
        received_as = read(path).file_meta.TransferSyntaxUID
        assert received_as == ("1.2.840.10008.1.2.1" if prefer == "+xi" else syntax)
        assert same(sent[uid].path, path) == []


async def test_two_clients_at_once(archive: practice.Practice, tmp_path: Path) -> None:
    runs = await asyncio.gather(
        *(_scu("echoscu", archive, "--repeat", "30") for _ in range(4)),
        *(_find(archive, tmp_path / f"f{n}", "STUDY", "StudyInstanceUID") for n in range(2)),
    )
    assert len(runs) == 6
