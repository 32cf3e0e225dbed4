"""The practice archive, called by DCMTK's programs: an independent view of the same services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.practice import Practice, generator, start
from tests.datasets.make import ct, write
from tests.peers.dcmtk import Finished, Storescp, scu
from tests.practice.many import add_many

OKONKWO = generator.uid("PRC-1004", 1)
FIND_STUDIES = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID")


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


async def run(
    program: str, practice: Practice, *arguments: str | Path, **options: object
) -> Finished:
    return await asyncio.to_thread(  # type: ignore[no-any-return]
        scu, program, practice.peer.port, *arguments, **options
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


@pytest.mark.peer("echoscu")
async def test_echoscu(practice: Practice) -> None:
    (await run("echoscu", practice, "--repeat", "5", called="PRACTICE")).check()


@pytest.mark.peer("findscu")
async def test_findscu_studies(practice: Practice, tmp_path: Path) -> None:
    (await run("findscu", practice, *FIND_STUDIES, "-k", "PatientName", "-X", cwd=tmp_path)).check()
    found = [dcmread(path, force=True) for path in files(tmp_path)]
    assert len(found) == 11
    assert "Yamada^Hanako=山田^花子=やまだ^はなこ" in {str(one.PatientName) for one in found}
    assert {one.RetrieveAETitle for one in found} == {"PRACTICE"}


@pytest.mark.peer("findscu")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("PatientName=silva*",), 0),
        (("PatientName=o'c*",), 1),
        (("PatientID=PRC-100?", "StudyDate=20260301-"), 3),
        (("StudyDate=20251101-20251231",), 2),
        (("ModalitiesInStudy=MR",), 3),
        ((f"StudyInstanceUID={OKONKWO}\\1.2.3",), 1),
        (("StudyTime=-1000", "StudyDate=20260302"), 1),
    ],
)
async def test_findscu_keys(
    practice: Practice, tmp_path: Path, keys: tuple[str, ...], expected: int
) -> None:
    words = [word for key in keys for word in ("-k", key)]
    (await run("findscu", practice, *FIND_STUDIES, *words, "-X", cwd=tmp_path)).check()
    assert len(files(tmp_path)) == expected


@pytest.mark.peer("findscu")
async def test_findscu_image_level_and_models(practice: Practice, tmp_path: Path) -> None:
    series = generator.uid("PRC-1004", 1, 1)
    words = ["-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={OKONKWO}"]
    words += ["-k", f"SeriesInstanceUID={series}", "-k", "SOPInstanceUID", "-k", "InstanceNumber"]
    (await run("findscu", practice, "-S", *words, "-X", cwd=tmp_path)).check()
    assert len(files(tmp_path)) == 12
    # with the keys of the levels above, or without: both are answered, as dcmqrscp does
    for above in ([], ["-k", "PatientID=PRC-1004"]):
        done = await run("findscu", practice, "-P", *words, *above)
        assert done.check().output.count("Find Response") >= 12
    bad = await run("findscu", practice, "-P", "-k", "QueryRetrieveLevel=FRAME")
    assert "DoesNotMatch" in bad.output or "0xa900" in bad.output.lower()


@pytest.mark.peer("findscu")
async def test_findscu_worklist(practice: Practice, tmp_path: Path) -> None:
    words = ["-k", "PatientName", "-k", "(0040,0100)[0].Modality=MR"]
    words += ["-k", "(0040,0100)[0].ScheduledProcedureStepStartDate=20260301-"]
    (await run("findscu", practice, "-W", *words, "-X", cwd=tmp_path)).check()
    found = [dcmread(path, force=True) for path in files(tmp_path)]
    assert len(found) == 2
    assert {one.ScheduledProcedureStepSequence[0].Modality for one in found} == {"MR"}


@pytest.mark.peer("findscu")
async def test_findscu_cancel(practice: Practice) -> None:
    add_many(practice.archive.contents.index)
    done = await run("findscu", practice, *FIND_STUDIES, "--cancel", "1")
    assert "Received Final Find Response (Cancel" in done.output


@pytest.mark.peer("getscu")
async def test_getscu(practice: Practice, tmp_path: Path) -> None:
    words = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={OKONKWO}"]
    (await run("getscu", practice, *words, "-od", tmp_path)).check()
    received = {ds.SOPInstanceUID: ds for ds in map(dcmread, files(tmp_path))}
    wanted = [one.dataset() for one in generator.instances() if one.person.patient_id == "PRC-1004"]
    assert len(received) == len(wanted) == 13
    for ds in wanted:
        assert received[ds.SOPInstanceUID] == ds


@pytest.mark.peer("movescu", "storescp")
async def test_movescu(practice: Practice, tmp_path: Path) -> None:
    words = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={OKONKWO}"]
    done = await run("movescu", practice, *words, "-aem", "STORESCP")
    assert "MoveDestinationUnknown" in done.output or "a801" in done.output.lower()
    with Storescp(tmp_path) as destination:
        practice.destinations["STORESCP"] = ("127.0.0.1", destination.port)
        (await run("movescu", practice, *words, "-aem", "STORESCP")).check()
        assert len(destination.files) == 13


@pytest.mark.peer("storescu", "dcmqrscp")
@pytest.mark.parametrize("option", ["-xe", "-xb", "-xi", "-xd"])
async def test_storescu(practice: Practice, tmp_path: Path, option: str) -> None:
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.mkdir()
    back.mkdir()
    for number in range(3):
        write(sent / f"{number}.dcm", ct(f"1.2.3.{number}"))
    (await run("storescu", practice, option, "+sd", "--", sent)).check()
    words = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3"]
    (await run("getscu", practice, *words, "-od", back)).check()
    received = {ds.SOPInstanceUID: ds for ds in map(dcmread, files(back))}
    assert set(received) == {"1.2.3.0", "1.2.3.1", "1.2.3.2"}
    assert received["1.2.3.0"].PixelData == ct().PixelData
    assert str(received["1.2.3.0"].PatientName) == "Test^Name"
