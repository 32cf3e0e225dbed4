"""Peers of workflow services: who plans (worklists of DCMTK and Orthanc), and who is told of it."""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from tests.peers.orthanc import Orthanc
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need

SCP = Path(__file__).with_name("pynetdicom_workflow.py")


class Strict(PeerProcess):
    """The strict SCP; ``without`` are classes that it does not accept."""

    def __init__(self, folder: Path, *without: str) -> None:
        port = free_port()
        super().__init__(
            [sys.executable, SCP, str(port)],
            port=port,
            log=folder / "workflow.log",
            env={"WITHOUT": " ".join(without)},
        )
        self.address = f"STRICT@{LOOPBACK}:{port}"


def item(number: int, name: str, modality: str, day: str) -> Dataset:
    """A worklist item: number 2 is of patient WL-2, with SPS2, RP2, ACC2."""
    step = Dataset()
    step.Modality = modality
    step.ScheduledStationAETitle = "ROOM1"
    step.ScheduledProcedureStepStartDate = day
    step.ScheduledProcedureStepStartTime = "0800"
    step.ScheduledProcedureStepID = f"SPS{number}"
    step.ScheduledProcedureStepDescription = "Thorax"
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 100"
    made.AccessionNumber = f"ACC{number}"
    made.PatientName = name
    made.PatientID = f"WL-{number}"
    made.PatientBirthDate = "19700101"
    made.PatientSex = "F"
    made.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.99.78.{number}"
    made.RequestedProcedureID = f"RP{number}"
    made.RequestedProcedureDescription = "Thorax"
    made.ScheduledProcedureStepSequence = Sequence([step])
    return made


STEPS = (
    ("Kowalska^Anna", "CT", "20260105"),
    ("Müller^Jörg", "MR", "20260105"),
    ("Rossi^Giulia", "CT", "20260106"),
)


def items() -> list[Dataset]:
    """An item for each of ``STEPS``."""
    return [item(number, *step) for number, step in enumerate(STEPS, 1)]


class WorklistOrthanc(Orthanc):
    """Orthanc with its sample plug-in for worklists, which come out of files."""

    def __init__(self, folder: Path, items: list[Dataset]) -> None:
        database = folder / "worklists"
        database.mkdir(parents=True)
        for number, one in enumerate(items):
            one.file_meta = FileMetaDataset()
            one.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
            one.file_meta.MediaStorageSOPInstanceUID = f"2.25.{number + 1}"
            one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            one.save_as(database / f"item{number}.wl", enforce_file_format=True)
        settings = {
            "Plugins": [need("orthanc-worklist")],
            "Worklists": {"Enable": True, "Database": str(database)},
            "DicomAlwaysAllowFindWorklist": True,
        }
        super().__init__(folder, **settings)
