"""The formats for people (and CSV): rows as they come, one line that sums each request up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, OperationCancelled
from assocsh.output import table
from assocsh.output.above import Above, same_line
from assocsh.output.events import report_lines
from assocsh.output.failure import failed_lines
from assocsh.output.problems import (
    FINDING,
    HINT,
    LIMIT,
    cause_lines,
    ended_line,
    error_lines,
)
from assocsh.output.rows import BLOCK, ROWS, CsvRows, Rows, TableRows, TreeRows, csv_line
from assocsh.output.sink import Kind
from assocsh.output.sparing import ALIKE_SHOWN, FirstFew, RateLimit
from assocsh.output.summary import final_line, hint_lines, opened_line, outcome, signed, worst
from assocsh.text.cells import cell, wrapped
from assocsh.text.plural import some

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.dimse.responses import Response
    from assocsh.errors import AssocshError
    from assocsh.language.verdict import Check
    from assocsh.output.console import Console
    from assocsh.output.listing import Listing
    from assocsh.results.arrivals import EventReport, ReceivedFile
    from assocsh.results.columns import Columns
    from assocsh.results.progress import Progress
    from assocsh.results.request import RequestRecord
    from assocsh.wire.findings import Finding
    from assocsh.wire.steps import Told

PROGRESS_EVERY = 1.0


class Human:
    """Shows everything with the rows of one format."""

    def __init__(self, console: Console, format_name: str) -> None:
        self._console = console
        self._format = format_name
        self._make_rows = ROWS[format_name]
        self._rows: dict[int, Rows] = {}
        self._unstored: dict[int, FirstFew] = {}
        self._hints: dict[int, dict[str, None]] = {}
        self._progress_at: dict[int, float] = {}
        self._arrivals = RateLimit(self._say_more)

    @property
    def _is_csv(self) -> bool:
        return self._format == "csv"

    @property
    def _rows_only(self) -> bool:
        """Results are rows and nothing else: a line that sums up would spoil the file."""
        return self._is_csv or self._console.elsewhere

    def _result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._console.result(text, kind)

    def _folded(self, text: str, kind: Kind = Kind.INFO) -> None:
        for line in wrapped(text, self._console.width):
            self._result(line, kind)

    def _note(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._console.note(text, kind)

    # the association

    def opened(self, association: Association) -> None:
        self._note(opened_line(association))

    def ended(
        self, state: str, error: AssociationError | None, cause: Finding | None = None
    ) -> None:
        by_us = error is None or error.by == "local"
        calm = state == "released" or (state == "aborted" and by_us and not _unwanted(error))
        self._note(
            ended_line(state, None if calm and by_us else error),
            Kind.INFO if calm and by_us else Kind.EVENT if calm else Kind.ERROR,
        )
        if error is not None and not (calm and by_us):
            self._say_cause(cause, error.hint)

    def _say_cause(self, cause: Finding | None, hint: str) -> None:
        for text in cause_lines(cause, hint):
            self._console.hint(text)

    # requests

    def response(self, record: RequestRecord, response: Response, dataset: Dataset | None) -> None:
        if dataset is not None and record.service not in ("C-GET", "C-MOVE"):
            self._of(record).add(dataset)
        elif response.is_pending:
            self._progress(record)

    def _of(self, record: RequestRecord) -> Rows:
        rows = self._rows.get(record.number)
        if rows is None:
            rows = self._rows[record.number] = self._make_rows(self._console, record)
        return rows

    def _progress(self, record: RequestRecord) -> None:
        now = asyncio.get_running_loop().time()
        counts = record.suboperations
        if (
            counts is None
            or now - self._progress_at.setdefault(record.number, now) < PROGRESS_EVERY
        ):
            return
        self._progress_at[record.number] = now
        done = counts.completed + counts.failed + counts.warning
        self._note(f"#{record.number} {record.service} {done}/{done + counts.remaining}")

    def final(self, record: RequestRecord, cause: Finding | None = None) -> None:
        rows = self._rows.pop(record.number, None)
        if rows is not None:
            rows.flush()
            self._say_dropped(record, rows)
        self._progress_at.pop(record.number, None)
        self._say_more_unstored(record)
        if record.finals or record.several or record.state in ("cancelled", "withdrawn"):
            text, kind = signed(final_line(record), worst(record))
            if self._rows_only:
                self._note(text, Kind.INFO if self._is_csv else kind)
            else:
                self._folded(text, kind)
        lines = hint_lines(record, cause)
        for text in lines:
            say = self._console.hint if text.startswith((HINT, FINDING)) else self._note
            say(text, Kind.WARNING if record.failed else Kind.INFO)
        if record.failed and record.finals:
            self._way_on(record, lines)
        for hint in self._hints.pop(record.number, {}):
            self._console.hint(f"{HINT}{cell(hint, LIMIT)}")

    def _way_on(self, record: RequestRecord, said: Sequence[str]) -> None:
        """After a failure, where more is told of it: to a person, who has nothing else to try.

        Where something was ``said`` to try, once: from then on it is known.
        """
        console = self._console
        hinted = any(text.startswith(HINT) for text in said)
        if console.interactive and not (hinted and console.knows_explain):
            console.knows_explain = True
            console.hint(f"`explain #{record.number}` tells more", Kind.WARNING)

    def _say_dropped(self, record: RequestRecord, rows: Rows) -> None:
        if isinstance(rows, TableRows) and rows.dropped:
            names = [path.rpartition(".")[2] for path in rows.dropped]
            self._console.hint(
                f"no room for {cell(some(names))}: `show #{record.number} ROW` shows a whole row"
            )
        if isinstance(rows, CsvRows) and rows.dropped:
            self._note(
                f"no column for {cell(some(rows.dropped))}, which did not come in the first "
                f"{BLOCK} rows: `show #{record.number}` has all",
                Kind.WARNING,
            )

    def _is_shown(self, record: RequestRecord) -> bool:
        """Count one more file of ``record`` that was not stored; True for the first few."""
        return self._unstored.setdefault(record.number, FirstFew(ALIKE_SHOWN)).admit()

    def _say_more_unstored(self, record: RequestRecord) -> None:
        few = self._unstored.pop(record.number, None)
        if few is None or not few.left_out:
            return
        text = (
            f"... and {few.left_out} more: `show #{record.number}` lists them, "
            f"`store --failed #{record.number}` sends them again"
        )
        if self._rows_only:
            self._note(text, Kind.WARNING)
        else:
            self._folded(text)

    def progress(self, record: RequestRecord, progress: Progress) -> None:
        pass  # it is among the notes, and on the toolbar

    def stored(self, record: RequestRecord, path: str, response: Response) -> None:
        if response.category == "Success" or not record.several or not self._is_shown(record):
            return
        about = f"#{record.number} {cell(path)}: {outcome(response)}"
        text, kind = signed(about, response.category)
        if self._rows_only:
            self._note(text, Kind.WARNING)
        else:
            self._folded(text, kind)

    def refused(self, record: RequestRecord, path: str, error: AssocshError) -> None:
        if error.hint:
            self._hints.setdefault(record.number, {})[error.hint] = None
        if self._is_shown(record):
            self._note(f"#{record.number} refused: {cell(error.message, LIMIT)}", Kind.WARNING)

    def received(self, record: RequestRecord | None, file: ReceivedFile) -> None:
        mark = "*" if record is None else f"#{record.number}"
        more = ""
        if file.duplicate == "identical":
            more = " (here already, identical)"
        elif file.duplicate:
            more = " (another instance with this UID is here, and differs)"
        if more or (record is None and self._arrivals.admit()):
            self._note(
                f"{mark} received {cell(file.path)}{more}{cell(file.origin)}",
                Kind.EVENT if record is None else Kind.INFO,
            )

        for remark in () if file.duplicate == "different" else file.remarks:
            self._note(f"{mark} {cell(file.path)}: {cell(remark, 1000)}", Kind.WARNING)

    def _say_more(self, count: int) -> None:
        self._note(f"* received {count} more", Kind.EVENT)

    def reported(self, report: EventReport) -> None:
        if report.quiet:
            return
        for text in report_lines(report):
            self._note(text, Kind.EVENT)

    def row(self, record: RequestRecord, index: int, dataset: Dataset) -> None:
        rows = self._make_rows(self._console, record)
        if isinstance(rows, CsvRows) and self._console.elsewhere:
            rows.widen(dataset)
        elif self._format in ("csv", "table"):
            rows = TreeRows(self._console, record)
        rows.count = index
        rows.add(dataset, whole=True)
        rows.flush()

    def rows(self, record: RequestRecord, columns: Columns) -> Iterator[None]:
        rows = self._make_rows(self._console, record, columns)
        order = columns.indices(len(record.results))
        if isinstance(rows, CsvRows) and not columns.only:
            for index in order:
                rows.widen(record.results.dataset(index))
                yield
        for index in order:
            rows.count = index
            rows.add(record.results.dataset(index))
            yield
        rows.flush()
        self._say_dropped(record, rows)

    # the rest

    def listing(self, listing: Listing) -> None:
        cells = listing.cells()
        if self._is_csv:
            self._result(csv_line([column.key for column in listing.columns]))
            for row in cells:
                self._result(csv_line(row))
            return
        if not cells:
            return
        room = self._console.width
        if self._format in ("expanded", "dump"):
            for number, row in enumerate(cells, 1):
                names = [column.head for column in listing.columns]
                for text in table.expanded(names, row, f"{listing.type} {number}", room):
                    self._result(text)
            return
        if listing.as_pairs:
            for row in cells:
                names = [column.head for column in listing.columns]
                kept = [place for place, text in enumerate(row) if text]
                for text in table.pairs([names[i] for i in kept], [row[i] for i in kept], room):
                    self._result(text)
            return
        titles = self._console.channel.titles
        columns: Sequence[table.Column] = listing.columns
        if room is not None and titles:
            keys = [column.key for column in columns]
            above = Above(fewest=3)
            above.take(keys, cells)
            heads = {column.key: column.head for column in columns}
            columns, cells = above.rest(columns, cells)
            same = [(heads[key], text) for key, text in above.same().items()]
            for text in same_line(same, room):
                self._result(text)
        for text in table.render(columns, cells, room, titles=titles):
            self._result(text)

    def expectation(
        self, check: Check, record: RequestRecord | None, exchange: Told | None
    ) -> None:
        if not check.ok:
            for text in failed_lines(check, exchange):
                self._note(text, Kind.ERROR)
        elif self._console.interactive:
            self._note(f"ok: expect {cell(check.text)}")

    def error(
        self, error: AssocshError, record: RequestRecord | None, cause: Finding | None = None
    ) -> None:
        if isinstance(error, OperationCancelled) and record is None:
            self._note(cell(error.message, LIMIT))
            return
        if isinstance(error, AssociationError) and record is not None and record.total:
            # how the association ended was said once, with its hint
            done = f"; until then {record.detail}" if record.arrivals.received else ""
            self._note(
                f"#{record.number} {record.service} failed: {cell(error.message, LIMIT)}{done}",
                Kind.ERROR,
            )
            return
        for text in error_lines(error, record, cause):
            say = self._console.hint if text.startswith((HINT, FINDING)) else self._note
            say(text, Kind.ERROR)


def _unwanted(error: AssociationError | None) -> bool:
    """Whether an abort of this side was not asked for: it has a hint then, what to try next."""
    return error is not None and bool(error.hint)
