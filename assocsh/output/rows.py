"""The rows of one request's results in the four formats for people and spreadsheets.

Rows are printed in blocks: a block when enough have come or a moment has passed, so that columns
fit their cells and a flood of responses costs few writes.
"""

from __future__ import annotations

import asyncio
import io
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assocsh.errors import UnusableFile
from assocsh.output import table
from assocsh.output.above import Above, same_line
from assocsh.output.readable import readable_text, vr_of
from assocsh.output.table import Column
from assocsh.output.values import NOT_ASKED, dump_lines, leaves, only
from assocsh.results.columns import Columns, value_at
from assocsh.text.cells import GUTTER, cell, lines, visible, wrapped
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.output.console import Console
    from assocsh.results.request import RequestRecord

SHORT = {
    "AccessionNumber": "Accession",
    "InstanceNumber": "Number",
    "ModalitiesInStudy": "Modality",
    "NumberOfPatientRelatedStudies": "Studies",
    "NumberOfSeriesRelatedInstances": "Images",
    "NumberOfStudyRelatedInstances": "Images",
    "NumberOfStudyRelatedSeries": "Series",
    "PatientBirthDate": "BirthDate",
    "PatientName": "Name",
    "PatientSex": "Sex",
    "ProcedureStepLabel": "Label",
    "ProcedureStepState": "State",
    "RequestedProcedureDescription": "Requested",
    "ScheduledPerformingPhysicianName": "Physician",
    "ScheduledProcedureStepDescription": "Scheduled",
    "ScheduledProcedureStepID": "StepID",
    "ScheduledProcedureStepPriority": "Priority",
    "ScheduledProcedureStepStartDate": "Date",
    "ScheduledProcedureStepStartDateTime": "Start",
    "ScheduledProcedureStepStartTime": "Time",
    "ScheduledStationAETitle": "Station",
    "SeriesDescription": "Description",
    "SeriesNumber": "Number",
    "StudyDate": "Date",
    "StudyDescription": "Description",
    "StudyTime": "Time",
}
"""Titles where the keywords do not fit."""

LEAST = {"DA": 10, "DT": 16, "PN": 16}
"""How narrow a column may get by its VR: a day that is cut is none."""

LEAST_OF_UID = 13

BLOCK = 200
PAUSE = 0.15
_LINE_END_OR_TAB = pattern(r"(\r\n|\n|\t)")


class Rows(ABC):
    """Shows the data sets of one request as they come.

    ``columns`` are those to be shown, the request's own without any.
    """

    def __init__(
        self, console: Console, record: RequestRecord, columns: Columns | None = None
    ) -> None:
        self.console = console
        self.record = record
        self.columns = record.columns if columns is None else columns
        self.count = 0
        """The number, from 1, of the row that was added last; whoever shows rows in another order
        than that in which they came sets it."""

    @abstractmethod
    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        """Show the next data set; ``whole`` shows what peers add unasked as well."""

    def flush(self) -> None:
        """Show what is held back."""
        return

    def put(self, text: str) -> None:
        self.console.result(text)


class TableRows(Rows):
    """Aligned columns; the first is the row number that ``--of`` takes.

    On a screen what is the same in all rows stands once above them, and what no row has stands
    nowhere. A table that is too wide for it is shown row by row.
    """

    def __init__(
        self, console: Console, record: RequestRecord, columns: Columns | None = None
    ) -> None:
        super().__init__(console, record, columns)
        self.paths: list[str] = list(self.columns.paths)
        self._begun = False
        self._held: list[list[str]] = []
        self._above = Above()
        self._expanded: bool | None = None
        """Whether rows are shown one by one; None before the first."""
        self._choice: table.Choice | None = None
        self._timer: asyncio.TimerHandle | None = None

    def _cells(self, dataset: Dataset) -> list[str]:
        values = dict(leaves(dataset, text=readable_text))
        if not self._begun and not self.columns.closed:
            known = set(self.paths)
            self.paths += [
                path
                for path in values
                if path not in known and path not in NOT_ASKED and not _above(path, known)
            ]
        self._begun = True
        return [cell(value_at(values, path), 256) for path in self.paths]

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        self.count += 1
        self._held.append([str(self.count), *self._cells(dataset)])
        if len(self._held) >= BLOCK:
            self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PAUSE, self._late)

    def _late(self) -> None:
        with self.console.results():
            self.flush()
            self.console.output.flush()

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._held:
            return
        rows, self._held = self._held, []
        columns = self._columns()
        room = self.console.width
        again = False
        if room is not None:
            keys = [column.key for column in columns]
            again = self._above.take(keys, rows)
            titles = {column.key: column.head for column in columns}
            columns, rows = self._above.rest(columns, rows)
            if again:
                self._say_above(titles, room)
        choice = table.choose(columns, rows, room)
        if self._expanded or choice is None or (self._expanded is None and _too_wide(choice)):
            if self._expanded is None:
                self._expanded = True
            names = _names_beside(columns[1:], room)
            for row in rows:
                title = f"#{self.record.number} row {row[0]}"
                for text in table.expanded(names, row[1:], title, room):
                    self.put(text)
            return
        self._expanded = False
        before = None if again else self._choice
        if before is not None and before.dropped == choice.dropped and _holds(before, choice):
            choice = before
        else:
            self._choice = choice
            before = None
        channel = self.console.channel
        if channel.titles and (before is None or channel.latest_table is not self):
            for text in table.header(choice.columns, choice.widths):
                self.put(text)
        channel.latest_table = self
        for row in rows:
            self.put(table.line(choice.columns, choice.widths, choice.cells(columns, row)))

    def _say_above(self, titles: Mapping[str, str], room: int) -> None:
        """What stands in no column: the values once, and the names of what has none."""
        same = [(titles[path], text) for path, text in self._above.same().items()]
        empty = [titles[path] for path in self._above.empty()]
        for text in same_line(same, room):
            self.put(text)
        for text in wrapped(f"in no row: {', '.join(empty)}", room) if empty else ():
            self.put(text)

    @property
    def dropped(self) -> list[str]:
        """The paths of columns that there was no room for."""
        return [] if self._choice is None else [column.key for column in self._choice.dropped]

    def _columns(self) -> list[Column]:
        columns = [Column("#", f"#{self.record.number}", right=True, least=3)]
        names = Counter(path.rpartition(".")[2] for path in self.paths)
        for path in self.paths:
            last = path.rpartition(".")[2]
            title = cell(last if names[last] == 1 else path)
            vr, short = vr_of(last), SHORT.get(last, "")
            uid = last.endswith("UID") and not last.endswith("ClassUID")
            least = LEAST_OF_UID if uid else LEAST.get(vr, 8)
            columns.append(Column(path, title, short, middle=uid, name=vr == "PN", least=least))
        return columns


def _names_beside(columns: Sequence[Column], room: int | None) -> list[str]:
    """The titles in front of the values of a row; short ones if they took half the room."""
    names = [column.head for column in columns]
    if room is not None and max(map(len, names), default=0) > room // 2:
        return [column.short or column.head for column in columns]
    return names


def _too_wide(choice: table.Choice) -> bool:
    """Whether so much had to be left out that rows are read better one by one."""
    lost = sum(not column.middle for column in choice.dropped)
    shown = sum(not column.middle for column in choice.columns) - 1
    return lost * 2 > shown


def _holds(before: table.Choice, after: table.Choice) -> bool:
    return all(old >= new for old, new in zip(before.widths, after.widths, strict=True))


class ExpandedRows(Rows):
    """One value per line, whole; texts of several lines keep them."""

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        self.count += 1
        found = dict(leaves(dataset))
        if self.columns.only:
            found = {path: value_at(found, path) for path in self.columns.paths}
        values = [
            (cell(path), text) for path, text in found.items() if whole or path not in NOT_ASKED
        ]
        names = [name for name, _ in values]
        title = f"#{self.record.number} row {self.count}"
        wide = max(map(len, names), default=0)
        self.put(table.expanded([], [], title, self.console.width)[0])
        for name, text in values:
            first, *rest = lines(text)
            self.put(f"{name:<{wide}} {first}".rstrip())
            for more in rest:
                self.put(f"{'':<{wide}} {more}".rstrip())


class TreeRows(Rows):
    """One row in full: every element with its VR and name, items indented under their sequence."""

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        from assocsh.output.tree import tree_lines

        self.count += 1
        room = self.console.width
        title = f"#{self.record.number} row {self.count}"
        self.put(table.rule(title, room))
        for text in tree_lines(dataset, room):
            self.put(text)


class DumpRows(Rows):
    """Tag, VR, value and keyword of each element."""

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        self.count += 1
        self.put(f"#{self.record.number} row {self.count}")
        for text in dump_lines(only(dataset, self.columns)):
            self.put(f"{GUTTER}{text}")


class CsvRows(Rows):
    """RFC 4180, with a line of paths first: those asked for, then what the first rows have besides.

    The first ``BLOCK`` rows wait for each other, whatever time that takes: the columns depend on
    what comes and never on when.
    """

    def __init__(
        self, console: Console, record: RequestRecord, columns: Columns | None = None
    ) -> None:
        super().__init__(console, record, columns)
        self._columns = dict.fromkeys(self.columns.paths)
        self._held: list[dict[str, str]] | None = []  # None when the columns are written
        self._late: dict[str, None] = {}

    @property
    def dropped(self) -> list[str]:
        """The paths that came when the columns were written already."""
        return list(self._late)

    def widen(self, dataset: Dataset) -> None:
        """Make room for everything in ``dataset``, which is to be added."""
        self._columns.update(dict.fromkeys(self._more(dict(leaves(dataset)))))

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        self.count += 1
        values = dict(leaves(dataset))
        if self._held is None:
            if len(self._late) < BLOCK:  # enough to say
                self._late.update(dict.fromkeys(self._more(values)))
            self._write(values)
            return
        self._columns.update(dict.fromkeys(self._more(values)))
        self._held.append(values)
        if len(self._held) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        if self._held:
            rows, self._held = self._held, None
            self.put(csv_line([cell(path, None) for path in self._columns]))
            for values in rows:
                self._write(values)

    def _more(self, values: dict[str, str]) -> list[str]:
        if self.columns.only:
            return []
        new = [path for path in values if path not in self._columns and path not in NOT_ASKED]
        return [path for path in new if not _above(path, self._columns)] if new else new

    def _write(self, values: dict[str, str]) -> None:
        text = cell if self.console.width is not None else _whole  # a terminal gets no line ends
        self.put(csv_line([text(value_at(values, path), None) for path in self._columns]))


class DicomRows(Rows):
    """One row as a DICOM file (PS3.10), Explicit VR Little Endian.

    Its SOP class is the one that the row came with, an information model for a find: a row is not
    the instance that it tells of, and can never be taken for it.
    """

    def add(self, dataset: Dataset, *, whole: bool = False) -> None:
        from assocsh.datasets.codec import encode
        from assocsh.datasets.filemeta import file_meta
        from assocsh.datasets.uid_form import new_uid
        from assocsh.output.into_file import FileOutput
        from assocsh.uids import EXPLICIT_LE as SYNTAX

        output, record = self.console.output, self.record
        assert isinstance(output, FileOutput)
        contexts = [each.context for each in record.live.values()]
        contexts += [record.final.context] if record.final is not None else []
        if not contexts:
            text = f"the SOP class that #{record.number} had is not known: it had no final response"
            output.fail(UnusableFile(text, path=str(output.path)))
            return
        sop_class, ae = contexts[0].abstract_syntax, record.peer.partition("@")[0]
        output.data(file_meta(sop_class, new_uid(), SYNTAX, ae) + encode(dataset, SYNTAX))


def _whole(text: str, limit: None) -> str:
    """``text`` with its line ends and tabs, which a quoted field may have; the rest visible."""
    if text.isprintable():
        return visible(text, limit)
    parts = _LINE_END_OR_TAB.split(text)
    return "".join(part if place % 2 else visible(part, limit) for place, part in enumerate(parts))


def csv_line(cells: list[str]) -> str:
    """One line of CSV without its line end."""
    import csv

    buffer = io.StringIO(newline="")
    # quoted is what has a character of the line end, so it has to be a whole one
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n")


def _above(path: str, known: Iterable[str]) -> bool:
    """An empty sequence whose elements were asked for has no column of its own."""
    return any(other.startswith(path + "[") for other in known)


ROWS: dict[str, type[Rows]] = {
    "table": TableRows,
    "expanded": ExpandedRows,
    "csv": CsvRows,
    "dicom": DicomRows,
    "dump": DumpRows,
}
