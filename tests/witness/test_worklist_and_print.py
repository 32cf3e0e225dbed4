"""The shell as SCU of a worklist and of a printer: wlmscpfs, Orthanc's plug-in, dcmprscp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from tests.peers.dcmtk import Dcmprscp, Wlmscpfs
from tests.peers.orthanc import Orthanc
from tests.peers.process import LOOPBACK
from tests.witness.support import assocsh

PRINTER = "1.2.840.10008.5.1.1.17"

# patient's name, modality, day, character set
STEPS = (
    ("Kowalska^Anna", "CT", "20260105", "ISO_IR 100"),
    ("Müller^Jörg", "MR", "20260105", "ISO_IR 100"),
    ("Yamada^Tarou=山田^太郎", "CT", "20260106", "ISO_IR 192"),
    ("Люкceмбypг", "US", "20260107", "ISO_IR 144"),
)


def _item(number: int, name: str, modality: str, day: str, charset: str) -> Dataset:
    step = Dataset()
    step.Modality = modality
    step.ScheduledStationAETitle = "ROOM1"
    step.ScheduledProcedureStepStartDate = day
    step.ScheduledProcedureStepStartTime = "0800"
    step.ScheduledProcedureStepID = f"SPS{number}"
    item = Dataset()
    item.SpecificCharacterSet = charset
    item.AccessionNumber = f"ACC{number}"
    item.PatientName = name
    item.PatientID = f"WL-{number}"
    item.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.99.77.{number}"
    item.RequestedProcedureID = f"RP{number}"
    item.ScheduledProcedureStepSequence = Sequence([step])
    return item


def _orthanc(folder: Path, items: list[Dataset]) -> Orthanc:
    return Orthanc(folder, worklist=items, DicomModalities={"shell": ["ASSOCSH", LOOPBACK, 104]})


@pytest.fixture(scope="module", params=[Wlmscpfs, _orthanc], ids=["wlmscpfs", "orthanc"])
def worklist(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wlmscpfs | Orthanc]:
    items = [_item(number, *step) for number, step in enumerate(STEPS, 1)]
    folder = tmp_path_factory.mktemp("worklist")
    with request.param(folder, items) as peer:
        yield peer


def _first(element: dict[str, Any]) -> Any:
    return element["Value"][0]


def test_worklist(worklist: Wlmscpfs | Orthanc) -> None:
    """Every item, each name in its own character set."""
    said = "echo; find worklist PatientName PatientID; release"
    ran = assocsh(worklist.address, "-c", said, "--format", "json").check()
    names = {
        _first(found["dataset"]["00100020"]): _first(found["dataset"]["00100010"])
        for found in ran.of("response")
        if found.get("dataset")
    }
    parts = ("Alphabetic", "Ideographic")
    assert {
        key: "=".join(name[part] for part in parts if part in name) for key, name in names.items()
    } == {f"WL-{number}": name for number, (name, *_) in enumerate(STEPS, 1)}


def test_worklist_as_a_flat_table(worklist: Wlmscpfs | Orthanc) -> None:
    """What ``worklist`` asks for is in the sequence; what comes back is a row for each step."""
    ran = assocsh(worklist.address, "-c", "worklist 20260105", "--format", "csv").check()
    assert "Kowalska^Anna" in ran.out and "Müller^Jörg" in ran.out
    assert "Yamada" not in ran.out


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("Modality=CT", {"SPS1", "SPS3"}),
        ("ScheduledProcedureStepStartDate=20260105", {"SPS1", "SPS2"}),
        ("ScheduledProcedureStepStartDate=20260106-", {"SPS3", "SPS4"}),
        ("Modality=MR", {"SPS2"}),
        ("Modality=MG", set()),
    ],
)
def test_worklist_keys_of_the_step(
    worklist: Wlmscpfs | Orthanc, keys: str, found: set[str]
) -> None:
    step = "ScheduledProcedureStepSequence"
    said = f"find worklist {step}.{keys} {step}.ScheduledProcedureStepID PatientID; release"
    ran = assocsh(worklist.address, "-c", said, "--format", "json").check()
    matches = [one["dataset"]["00400100"] for one in ran.of("response") if one.get("dataset")]
    assert {_first(_first(one)["00400009"]) for one in matches} == found


def test_print(dcmprscp: Dcmprscp) -> None:
    """Basic Grayscale Print Management Meta is what a printer accepts (PS3.4 H.3.2.2.1)."""
    uid = "1.2.826.0.1.3680043.8.498.99.78"
    session, box = f"{uid}.1", f"{uid}.2"
    said = (
        f"n-get Printer {PRINTER} PrinterStatus",
        f"n-create BasicFilmSession --uid {session} NumberOfCopies=1",
        f"n-create BasicFilmBox --uid {box} ImageDisplayFormat=STANDARD\\1,1 FilmSizeID=8INX10IN "
        "ReferencedFilmSessionSequence.ReferencedSOPClassUID=1.2.840.10008.5.1.1.1 "
        f"ReferencedFilmSessionSequence.ReferencedSOPInstanceUID={session}",
        f"n-delete BasicFilmBox {box}",
        f"n-delete BasicFilmSession {session}",
        "release",
    )
    options = [word for line in said for word in ("-c", line)]
    contexts = ("--contexts", "BasicGrayscalePrintManagementMeta")
    ran = assocsh(dcmprscp.address, *contexts, *options, "--format", "json").check()
    finals = [(final["command"], final["status"]) for final in ran.of("final")]
    commands = ["N-GET", "N-CREATE", "N-CREATE", "N-DELETE", "N-DELETE"]
    assert finals == [(command, "0x0000") for command in commands]
