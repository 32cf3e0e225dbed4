"""Clients of others with ``assocsh serve``: CTN, GDCM, odil, pynetdicom2, DCMTK, Orthanc.

The archive serves the files of `dicom_files`, so that it is known what is to be found and what a
retrieve brings; what is stored there is fetched again by DCMTK and compared.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assocsh import listen
from tests.peers.ctn import dicom_echo, send_image
from tests.peers.dcmtk import Storescp, scu
from tests.peers.dicom_files import InstanceFile, same
from tests.peers.gdcmscu import gdcmscu, listening_later
from tests.peers.gdcmscu import move as gdcm_move
from tests.peers.odil_tools import odil
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.tinypacs import pynetdicom2
from tests.witness.support import Receiver, same_files, stored_in

PLAIN = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
PATIENT = "WIT-001"


@pytest.fixture(scope="module")
def archive(
    tmp_path_factory: pytest.TempPathFactory, dicom_folder: Path, instances: Sequence[InstanceFile]
) -> Iterator[Serve]:
    """``assocsh serve --data``: the instances, which are known."""
    with Serve(tmp_path_factory.mktemp("archive"), "--data", str(dicom_folder)) as peer:
        yield peer


@pytest.fixture(scope="module")
def studies(instances: Sequence[InstanceFile]) -> set[str]:
    """Of one patient."""
    return {found.study for found in instances if found.patient_id == PATIENT}


@pytest.fixture(scope="module")
def plain(instances: Sequence[InstanceFile]) -> list[InstanceFile]:
    """Uncompressed ones, that every client can read."""
    return [found for found in instances if found.transfer_syntax in PLAIN]


@pytest.fixture(scope="module")
def plain_study(instances: Sequence[InstanceFile]) -> list[InstanceFile]:
    """A study of uncompressed instances only."""
    every = {found.study for found in instances}
    compressed = {found.study for found in instances if found.transfer_syntax not in PLAIN}
    study = sorted(every - compressed)[0]
    return [found for found in instances if found.study == study]


def _came(folder: Path, sent: Sequence[InstanceFile]) -> None:
    """Exactly these are in the folder, element by element."""
    assert set(stored_in(folder)) == {found.sop_instance for found in sent}
    assert not same_files(folder, sent)


def _is_there(serve: Serve, found: InstanceFile, folder: Path) -> None:
    """DCMTK fetches it again and it is what was sent."""
    scu(
        "getscu", serve.port, "-S", "-B", "-od", folder,
        "-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={found.study}",
        "-k", f"SeriesInstanceUID={found.series}", "-k", f"SOPInstanceUID={found.sop_instance}",
        called=serve.ae,
    ).check()  # fmt: skip
    (path,) = (path for path in folder.iterdir() if path.is_file())
    assert same(found.path, path) == []


# -- echo --------------------------------------------------------------------------------------


@pytest.mark.peer("dicom_echo")
def test_ctn_echo(serve: Serve) -> None:
    done = dicom_echo(serve.port, called=serve.ae, times=5).check()
    assert len(re.findall(r"Status: +0000", done.output)) >= 5


@pytest.mark.peer("gdcmscu")
def test_gdcm_echo(serve: Serve) -> None:
    assert gdcmscu(serve.port, "--echo", called=serve.ae).statuses == [0x0000]


@pytest.mark.peer("odil")
def test_odil_echo(serve: Serve) -> None:
    odil("echo", serve.port, called=serve.ae).check()


@pytest.mark.peer("pynetdicom2")
def test_pynetdicom2_echo(serve: Serve) -> None:
    assert "(0x0) Success" in pynetdicom2("verify", serve.port, called=serve.ae).check().output


def test_orthanc_echo(orthanc: Orthanc, serve: Serve) -> None:
    orthanc.add_modality(serve.ae, serve.port)
    orthanc.echo(serve.ae)


# -- find --------------------------------------------------------------------------------------


@pytest.mark.peer("gdcmscu")
def test_gdcm_find(archive: Serve, studies: set[str]) -> None:
    """It prints nothing of what it found before it ends; the answers are in its trace."""
    keys = ("--key", f"10,20={PATIENT}", "--key", "20,d=")
    done = gdcmscu(archive.port, "--find", "--studyroot", "--study", *keys, called=archive.ae)
    assert done.statuses == [0xFF00] * len(studies) + [0x0000]


@pytest.mark.peer("odil")
@pytest.mark.parametrize("root", ["study", "patient"])
def test_odil_find(archive: Serve, studies: set[str], root: str) -> None:
    keys = ("QueryRetrieveLevel=STUDY", f"PatientID={PATIENT}", "StudyInstanceUID=")
    done = odil("find", archive.port, root, *keys, called=archive.ae).check()
    found = re.findall(r"^Study Instance UID .*\['([\d.]+)'\]", done.output, re.MULTILINE)
    assert sorted(found) == sorted(studies)


@pytest.mark.peer("pynetdicom2")
def test_pynetdicom2_find(archive: Serve, studies: set[str]) -> None:
    keys = ("--level", "study", "--attr", f"PatientID={PATIENT}", "StudyInstanceUID=")
    done = pynetdicom2("find", archive.port, *keys, called=archive.ae).check()
    found = re.findall(r"^\(0020,000D\).* ([\d.]+)$", done.output, re.MULTILINE)
    assert sorted(found) == sorted(studies)


@pytest.mark.parametrize("level", ["Patient", "Study", "Series", "Instance"])
def test_orthanc_find(
    orthanc: Orthanc, archive: Serve, instances: Sequence[InstanceFile], level: str
) -> None:
    """Everything at the two upper levels, what is in one study or series below."""
    orthanc.add_modality(archive.ae, archive.port)
    one = instances[-1]
    study, series = {"StudyInstanceUID": one.study}, {"SeriesInstanceUID": one.series}
    key, above, wanted = {
        "Patient": ("PatientID", {}, {each.patient_id for each in instances}),
        "Study": ("StudyInstanceUID", {}, {each.study for each in instances}),
        "Series": (
            "SeriesInstanceUID",
            study,
            {each.series for each in instances if each.study == one.study},
        ),
        "Instance": (
            "SOPInstanceUID",
            study | series,
            {each.sop_instance for each in instances if each.series == one.series},
        ),
    }[level]
    answers = orthanc.query(archive.ae, level, {**above, key: ""}).answers()
    assert sorted(found[key] for found in answers) == sorted(wanted)


def test_orthanc_finds_every_practice_patient(orthanc: Orthanc, serve: Serve) -> None:
    """The invented patients have names in nine character sets, and Orthanc asks in UTF-8."""
    orthanc.add_modality(serve.ae, serve.port)
    answers = orthanc.query(serve.ae, "Patient", {"PatientID": "PRC-*", "PatientName": ""})
    names = {one["PatientID"]: one["PatientName"] for one in answers.answers()}
    assert len(names) >= 8
    assert all(name and "?" not in name and "\ufffd" not in name for name in names.values())


def test_orthanc_worklist(orthanc: Orthanc, serve: Serve) -> None:
    orthanc.add_modality(serve.ae, serve.port)
    keys = {"PatientID": "", "ScheduledProcedureStepSequence": [{"Modality": "CT"}]}
    found = orthanc.find_worklist(serve.ae, keys)
    assert found
    steps = [one["0040,0100"][0] for one in found]
    assert {step["0008,0060"] for step in steps} == {"CT"}


# -- store -------------------------------------------------------------------------------------


@pytest.mark.peer("send_image", "getscu")
def test_ctn_store(serve: Serve, plain: Sequence[InstanceFile], tmp_path: Path) -> None:
    """CTN proposes a context for each class as it comes to it, on an association of its own."""
    files = [found for found in plain if found.sop_class.endswith((".2", ".4", ".1.1", ".7"))][:3]
    send_image(serve.port, *(found.path for found in files), called=serve.ae).check()
    for number, found in enumerate(files):
        (tmp_path / str(number)).mkdir()
        _is_there(serve, found, tmp_path / str(number))


@pytest.mark.peer("gdcmscu", "getscu")
def test_gdcm_store(serve: Serve, plain: Sequence[InstanceFile], tmp_path: Path) -> None:
    done = gdcmscu(serve.port, "--store", "-i", plain[3].path, called=serve.ae)
    assert done.statuses == [0x0000]
    _is_there(serve, plain[3], tmp_path)


@pytest.mark.peer("odil", "getscu")
def test_odil_store(serve: Serve, plain: Sequence[InstanceFile]) -> None:
    """It writes numbers anew, so that only the UIDs can be compared: findscu sees them."""
    files = plain[4:8]
    done = odil("store", serve.port, *(found.path for found in files), called=serve.ae).check()
    assert "Could not store" not in done.output
    for one in files:
        said = scu(
            "findscu", serve.port, "-S", "-k", "QueryRetrieveLevel=IMAGE",
            "-k", f"StudyInstanceUID={one.study}", "-k", f"SeriesInstanceUID={one.series}",
            "-k", "SOPInstanceUID", called=serve.ae,
        ).check()  # fmt: skip
        assert one.sop_instance in said.output


@pytest.mark.peer("pynetdicom2", "getscu")
def test_pynetdicom2_store(serve: Serve, instances: Sequence[InstanceFile], tmp_path: Path) -> None:
    """An uncompressed and a compressed one."""
    compressed = next(
        one for one in instances if one.transfer_syntax.startswith("1.2.840.10008.1.2.4")
    )
    done = pynetdicom2("store", serve.port, "--file_or_dir", compressed.path, called=serve.ae)
    assert "(0x0) Success" in done.check().output


@pytest.mark.peer("dcmsend")
def test_dcmsend(serve: Serve, instances: Sequence[InstanceFile], tmp_path: Path) -> None:
    """Every file in its own transfer syntax, on one association."""
    report = tmp_path / "report.txt"
    scu(
        "dcmsend", serve.port, "-dn", "+crf", report,
        "--", *(found.path for found in instances), called=serve.ae,
    ).check()  # fmt: skip
    said = report.read_text()
    count = len(instances)
    assert re.search(rf"with status SUCCESS +: {count}$", said, re.MULTILINE), said


def test_orthanc_store(
    orthanc: Orthanc, serve: Serve, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """Every file in Orthanc, from there to us, as the modality of a hospital does it."""
    orthanc.clear()
    orthanc.add_modality(serve.ae, serve.port)
    ids = [orthanc.upload(found.path) for found in instances]
    said = orthanc.store_to(serve.ae, ids)
    assert (said["InstancesCount"], said["FailedInstancesCount"]) == (len(instances), 0)


async def test_orthanc_store_to_a_listener(
    orthanc: Orthanc, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """Every file, to `listen` of the API; what comes is what was uploaded."""
    orthanc.clear()
    receiver = Receiver()
    async with await listen(ae_title="LISTENER", handlers=receiver.handlers) as listener:
        orthanc.add_modality("LISTENER", listener.port)
        await asyncio.to_thread(orthanc.echo, "LISTENER")
        ids = [await asyncio.to_thread(orthanc.upload, found.path) for found in instances]
        said = await asyncio.to_thread(orthanc.store_to, "LISTENER", ids)
    assert (said["InstancesCount"], said["FailedInstancesCount"]) == (len(instances), 0)
    receiver.check(instances, tmp_path)


# -- get and move ------------------------------------------------------------------------------


@pytest.mark.peer("odil")
def test_odil_get(archive: Serve, plain_study: Sequence[InstanceFile], tmp_path: Path) -> None:
    keys = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={plain_study[0].study}")
    odil("get", archive.port, "study", *keys, "-d", tmp_path, called=archive.ae).check()
    assert set(stored_in(tmp_path)) == {found.sop_instance for found in plain_study}


@pytest.mark.peer("gdcmscu")
def test_gdcm_move(dicom_folder: Path, plain_study: Sequence[InstanceFile], tmp_path: Path) -> None:
    folder, port = tmp_path / "received", free_port()
    folder.mkdir()
    keys = ("--studyroot", "--study", "--key", f"20,d={plain_study[0].study}")
    options = ("--data", str(dicom_folder))
    with (
        listening_later(port) as there,
        Serve(tmp_path, *options, destinations={"GDCMSCU": there}) as archive,
    ):
        gdcm_move(archive.port, folder, *keys, called=archive.ae, at=port)
    _came(folder, plain_study)


@pytest.mark.peer("pynetdicom2", "storescp")
def test_pynetdicom2_move(
    instances: Sequence[InstanceFile], dicom_folder: Path, storescp: Storescp, tmp_path: Path
) -> None:
    """To storescp: the receiver that pynetdicom2 has itself accepts no storage class at all."""
    study = instances[0].study
    keys = ("--level", "study", "--attr", f"StudyInstanceUID={study}")
    destinations = {"PYNETDICOM2": storescp.port}
    with Serve(tmp_path, "--data", str(dicom_folder), destinations=destinations) as archive:
        pynetdicom2("move", archive.port, *keys, called=archive.ae).check()
    _came(storescp.folder, [found for found in instances if found.study == study])


@pytest.mark.peer("getscu")
@pytest.mark.parametrize(
    "option",
    ["+xi", "+xe", "+xs"],
)
def test_getscu(
    archive: Serve, plain_study: Sequence[InstanceFile], tmp_path: Path, option: str
) -> None:
    """Whatever getscu would like best, it proposes what the archive can send as well."""
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={plain_study[0].study}")
    scu("getscu", archive.port, "-S", option, "-od", tmp_path, *keys, called=archive.ae).check()
    _came(tmp_path, plain_study)


def test_orthanc_retrieve(
    orthanc: Orthanc, instances: Sequence[InstanceFile], dicom_folder: Path, tmp_path: Path
) -> None:
    """Orthanc asks for studies and moves them to itself."""
    orthanc.clear()
    with Serve(
        tmp_path, "--data", str(dicom_folder), destinations={orthanc.ae: orthanc.port}
    ) as archive:
        orthanc.add_modality(archive.ae, archive.port)
        keys = {"PatientID": PATIENT, "StudyInstanceUID": ""}
        orthanc.query(archive.ae, "Study", keys).retrieve(orthanc.ae)
    sent = [found for found in instances if found.patient_id == PATIENT]
    assert orthanc.instance_count() == len(sent)
    folder = tmp_path / "instances"
    folder.mkdir()
    for number, identity in enumerate(orthanc.find("Instance", {"PatientID": PATIENT})):
        (folder / str(number)).write_bytes(orthanc.file(identity))
    _came(folder, sent)
