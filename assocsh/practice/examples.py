"""Files to practise storing with: a few instances that the archive does not have yet."""

from __future__ import annotations

from pathlib import Path

from assocsh.practice.generator import Generated
from assocsh.practice.people import Person, SeriesPlan, StudyPlan
from assocsh.uids import EXPLICIT_LE

FOLDER = "examples"
"""The name of the folder, where a command names it and it is not there."""

_KINDS = ("CT", "MR", "CR", "US", "SR")


def make(folder: Path) -> int:
    """Write the files into ``folder``, which is made; returns how many. Blocking.

    One patient of their own, a study with a series for each kind: ``ct.dcm``, ``mr.dcm`` ... The
    UIDs are the same each time. Raises OSError.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    study = StudyPlan(
        days=1,
        time="091500",
        description="Example study",
        referrer="Referrer^Rita",
        series=tuple(SeriesPlan(kind, f"Example {kind}", 1, _part(kind)) for kind in _KINDS),
    )
    person = Person(
        patient_id="PRC-9001",
        name="Example^Eva",
        birth_date="19800101",
        sex="F",
        charset="",
        studies=(study,),
    )
    folder.mkdir(parents=True)
    for number, series in enumerate(study.series, 1):
        dataset = Generated(person, study, series, 1, number, 1).dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = UID(EXPLICIT_LE)
        dataset.save_as(folder / f"{series.kind.lower()}.dcm", enforce_file_format=True)
    return len(study.series)


def _part(kind: str) -> str:
    return "" if kind == "SR" else "CHEST"


def named_in(path: Path, base: Path) -> Path | None:
    """The folder of examples that ``path`` lies in or is, below ``base``; None for other paths."""
    folder = (base / FOLDER).resolve()
    whole = path.resolve()
    return folder if whole == folder or folder in whole.parents else None
