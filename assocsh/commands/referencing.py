"""Instances that a request refers to: those of files, and those that a store has sent.

What tells of instances (a performed procedure step, their availability, the output of a workitem)
names them by series, with what the files say of the series.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.commands.store import FoundFile, claims_dicom, find_files
from assocsh.errors import UnusableFile, UsageError
from assocsh.language.model import Parameter, Slot
from assocsh.records import dataclass, field
from assocsh.session.binding import request_number
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

STORED = Parameter("stored", Slot.REQUEST, summary="#4: what store #4 has sent")
FILES = Parameter("file", Slot.FILE, repeated=True, summary="files or folders with the instances")

STORE = "C-STORE"

SERIES_INSTANCE_UID = 0x0020000E

SAID_OF_SERIES = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyInstanceUID",
    "StudyID",
    "StudyDescription",
    "Modality",
    "StationName",
    "SeriesInstanceUID",
    "SeriesDescription",
    "ProtocolName",
    "OperatorsName",
    "PerformingPhysicianName",
)
"""What is taken from the first instance of a series."""


@dataclass(slots=True)
class ReferencedSeries:
    """A series: what its first instance says of it, and (SOP class, instance UID) of all.

    ``retrieve_ae`` is the AE that has them, empty where that is not known.
    """

    values: dict[str, str]
    retrieve_ae: str = ""
    instances: dict[str, str] = field(default_factory=dict)
    """SOP class by SOP Instance UID."""

    @property
    def uid(self) -> str:
        return self.values["SeriesInstanceUID"]

    @property
    def study(self) -> str:
        return self.values["StudyInstanceUID"]

    def references(self) -> list[dict[str, str]]:
        """Its instances as the items of a sequence."""
        return [
            {"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid}
            for uid, sop_class in self.instances.items()
        ]


async def referenced(
    session: Session, call: BoundCall, *, since: int | None = None
) -> list[ReferencedSeries]:
    """The instances that a command names: in files, or by the number of a store.

    When it names none, those that this session has stored after request ``since``; stores that are
    still going on are waited for. Raises UsageError, UnusableFile.
    """
    paths = [call.path(word) for word in call.arguments.get(FILES.name, ())]
    number = call.argument(STORED.name)
    if paths and number is None:
        return await _in_files(session, call, paths, ())
    stores: list[RequestRecord] = []
    if number is not None:
        stores = [_store(session, number)]
    elif since is not None:
        stores = [
            one for one in session.requests[since : call.record.number - 1] if one.service == STORE
        ]
    found: list[ReferencedSeries] = []
    for store in stores:
        await store.done.wait()
        stored = store.unstored.stored
        if stored.forgotten:
            files = plural(stored.forgotten, "file")
            raise UsageError(
                f"{files} of #{store.number} were too many to remember",
                hint="name the files or the folder instead",
            )
        ae = store.peer.partition("@")[0]
        found += await _read([FoundFile(Path(path), True) for path in stored], ae, found)
    if paths:
        found += await _in_files(session, call, paths, found)
    return found


def _store(session: Session, word: str) -> RequestRecord:
    record = session.request(request_number(word))
    if record.service != STORE:
        raise UsageError(
            f"#{record.number} is no store but {record.service}",
            hint="`requests` lists what there was",
        )
    return record


async def _in_files(
    session: Session, call: BoundCall, paths: Sequence[Path], known: Sequence[ReferencedSeries]
) -> list[ReferencedSeries]:
    await session.practice.make_examples(paths, call.base)
    files = await asyncio.to_thread(find_files, paths, recursive=True)
    found = await _read(files, "", known)
    if not found and not known:
        raise UsageError(f"there are no DICOM files in {', '.join(map(str, paths))}")
    return found


async def _read(
    files: Iterable[FoundFile], retrieve_ae: str, known: Sequence[ReferencedSeries]
) -> list[ReferencedSeries]:
    return await asyncio.to_thread(read_series, files, retrieve_ae, known)


def read_series(
    files: Iterable[FoundFile], retrieve_ae: str = "", known: Sequence[ReferencedSeries] = ()
) -> list[ReferencedSeries]:
    """The series of files, in the order in which they come, those of ``known`` filled up. Blocking.

    What was found in a folder and is no DICOM file is left out. Raises UnusableFile for anything
    else that is no instance, or has no series.
    """
    from assocsh.datasets.header import read_header, read_uid
    from assocsh.datasets.part10 import open_instance

    by_uid = {series.uid: series for series in known}
    found: list[ReferencedSeries] = []
    for path, named, _ in files:
        try:
            instance = open_instance(path)
        except UnusableFile:
            if named or claims_dicom(path):
                raise
            continue
        series = by_uid.get(read_uid(instance, SERIES_INSTANCE_UID))
        if series is None:
            new = _described(path, read_header(instance), retrieve_ae)
            series = by_uid.setdefault(new.uid, new)
            if series is new:
                found.append(new)
        series.instances[instance.sop_instance] = instance.sop_class
    return found


def _described(path: Path, header: Dataset, retrieve_ae: str) -> ReferencedSeries:
    """What the header of an instance says of its series. Raises UnusableFile."""
    from assocsh.output.values import value_text

    values = {
        keyword: value_text(header[keyword]) if keyword in header else ""
        for keyword in SAID_OF_SERIES
    }
    missing = [one for one in ("StudyInstanceUID", "SeriesInstanceUID") if not values[one]]
    if missing:
        raise UnusableFile(f"{path}: it has no {' and no '.join(missing)}", path=str(path))
    return ReferencedSeries(values, retrieve_ae)
