"""Files to practise storing with: a few instances that the archive does not have yet."""

from __future__ import annotations

import time
from pathlib import Path

from assocsh.datasets.folders import write_private
from assocsh.identities import JWT
from assocsh.practice.generator import Generated
from assocsh.practice.people import Person, SeriesPlan, StudyPlan
from assocsh.uids import EXPLICIT_LE

FOLDER = "examples"
"""The name of the folder, where a command names it and it is not there."""

TOKEN = "demo.jwt"
"""The name of a file with a token of the demo user, made where a command names it."""

_LONGEST_TOKEN = 4096

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


def wants_token(path: Path, base: Path) -> bool:
    """Whether ``path`` is the token of the examples in ``base``, and missing or expired. Blocking.

    What somebody else put there is left as it is.
    """
    from assocsh.association.claims import claims_of, read_token
    from assocsh.practice.identity import is_ours

    if path.resolve() != (base / TOKEN).resolve():
        return False
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_TOKEN).strip()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    token, claims = read_token(data), claims_of(JWT, data)
    if token is None or claims is None or not is_ours(token):
        return False
    return claims.expires is not None and claims.expires <= time.time()


def make_token(path: Path) -> None:
    """Write a token of the demo user that is good for an hour; only its owner reads it. Blocking.

    Raises UnusableFile.
    """
    from assocsh.practice.identity import token_for

    write_private(str(path), token_for("demo", "PRACTICE") + "\n")
