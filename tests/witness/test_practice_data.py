"""dicom3tools over what the practice archive has: invented instances, but right ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.dicom3tools import entity_errors, iod_errors
from tests.peers.dicom_files import read
from tests.witness.support import assocsh

pytestmark = pytest.mark.peer("dciodvfy", "dcentvfy")

INSTANCES = 91


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every instance of the archive, and the files that the examples of ``store`` name."""
    folder = tmp_path_factory.mktemp("fetched")
    ran = assocsh("practice", "-c", "find patient PatientID; release", "--format", "json")
    responses = [found["dataset"] for found in ran.check().of("response") if found.get("dataset")]
    patients = [found["00100020"]["Value"][0] for found in responses]
    said = [f"get patient PatientID={patient} --to archive" for patient in patients]
    options = [word for line in [*said, "store examples", "release"] for word in ("-c", line)]
    assocsh("practice", *options, cwd=folder).check()
    return folder


def test_no_instance_breaks_its_iod(fetched: Path) -> None:
    files = sorted((fetched / "archive").glob("*.dcm")) + sorted((fetched / "examples").iterdir())
    assert len(files) == INSTANCES + 5
    wrong = {f"{read(path).Modality} {path.name}": iod_errors(path) for path in files}
    assert not {name: errors for name, errors in wrong.items() if errors}


def test_patients_studies_and_series_agree(fetched: Path) -> None:
    """What belongs to a patient, a study or a series is the same in all of its instances."""
    files = sorted((fetched / "archive").glob("*.dcm"))
    assert len(files) == INSTANCES
    assert entity_errors(files) == []


@pytest.mark.parametrize(
    "change", [lambda found: found.pop("Modality"), lambda found: found.pop("PatientID")]
)
def test_an_error_would_be_seen(
    fetched: Path, tmp_path: Path, change: Callable[[object], object]
) -> None:
    found = read(next((fetched / "archive").glob("*.dcm")))
    change(found)
    found.save_as(tmp_path / "wrong.dcm")
    assert iod_errors(tmp_path / "wrong.dcm")


def test_a_disagreement_would_be_seen(fetched: Path, tmp_path: Path) -> None:
    path = next((fetched / "archive").glob("*.dcm"))
    found = read(path)
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = f"{found.SOPInstanceUID}1"
    found.StudyDate = "19990101"
    found.save_as(tmp_path / "wrong.dcm")
    assert entity_errors([path, tmp_path / "wrong.dcm"])
