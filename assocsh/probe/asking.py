"""Queries of a probe: few rows, one study to ask about, and what came of each in short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from assocsh.dimse.requests import CFind
from assocsh.dimse.status import CANCEL, SUCCESS
from assocsh.errors import AssocshError
from assocsh.records import dataclass

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.dimse.responses import Response

SAMPLE_KEYS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "StudyInstanceUID",
    "StudyDescription",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
"""The required and the usual keys of a study (PS3.4 C.6.2.1)."""

NOWHERE = "1.2.3.4.5.6.7"
"""The UID of a study that no peer has."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What came of one query: its rows, its final status, the statuses of the rows."""

    rows: tuple[Response, ...]
    final: Response

    @property
    def failed(self) -> bool:
        """The query itself was refused or went wrong; one that was cancelled was not."""
        return self.final.status not in (SUCCESS, CANCEL)

    @property
    def words(self) -> str:
        """The status in words."""
        return f"0x{self.final.status:04X} {self.final.meaning}"


async def matches(association: Association, request: CFind, limit: int) -> Matches:
    """Ask, and take ``limit`` rows at most: a C-CANCEL ends the query then.

    Raises what ends the association, and OperationTimeout.
    """
    operation = association.send(request, limit=limit)
    *rows, final = await operation.all()
    return Matches(tuple(rows), final)


class Sample:
    """One study that the peer has: what the probe asks about."""

    def __init__(self, row: Dataset) -> None:
        self._row = row

    @property
    def uid(self) -> str:
        """Its Study Instance UID."""
        return self.get("StudyInstanceUID")

    def get(self, keyword: str) -> str:
        """The first value of an attribute as text; empty without one."""
        return first_text(self._row.get(keyword))


def first_text(value: Any) -> str:
    """The first of perhaps several values, as text without padding."""
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else ""
    return str(value).strip(" \0")


async def sample_study(association: Association, limit: int) -> Sample | None:
    """The study with the most to ask about among the first ``limit``; None where there is none.

    Of equal ones that with the least UID, so that two probes ask about the same. Raises as
    ``matches`` does.
    """
    request = CFind("STUDY", dict.fromkeys(SAMPLE_KEYS, ""), "study")
    found = await matches(association, request, limit)
    samples = []
    for row in found.rows:
        try:
            dataset = row.dataset
        except AssocshError:
            continue  # what cannot be read is no sample
        if dataset is not None and first_text(dataset.get("StudyInstanceUID")):
            samples.append(Sample(dataset))
    filled = {each: sum(bool(each.get(key)) for key in SAMPLE_KEYS) for each in samples}
    return min(samples, key=lambda each: (-filled[each], each.uid), default=None)


def days_from(day: str, days: int) -> str:
    """The date ``days`` after ``day``, both as DA. Raises ValueError for what is no date."""
    moved = date(int(day[:4]), int(day[4:6]), int(day[6:8])) + timedelta(days)
    return f"{moved:%Y%m%d}"
