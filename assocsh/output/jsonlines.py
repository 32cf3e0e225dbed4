"""``--format json``: JSON Lines on stdout, the objects of ``objects``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assocsh.output import objects
from assocsh.output.cause import cause_object
from assocsh.output.failure import failed_lines
from assocsh.output.problems import error_lines
from assocsh.output.sink import Kind
from assocsh.output.summary import final_line, signed, worst
from assocsh.output.values import only

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.dimse.responses import Response
    from assocsh.errors import AssociationError, AssocshError
    from assocsh.language.verdict import Check
    from assocsh.output.console import Console
    from assocsh.output.listing import Listing
    from assocsh.results.arrivals import EventReport, ReceivedFile
    from assocsh.results.columns import Columns
    from assocsh.results.progress import Progress
    from assocsh.results.request import RequestRecord
    from assocsh.wire.findings import Finding
    from assocsh.wire.steps import Told


class JsonLines:
    """One object for each event. Errors are said on stderr as well, for whoever watches."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def _put(self, made: dict[str, Any]) -> None:
        self._console.result(json.dumps(made, ensure_ascii=True, separators=(",", ":")))

    def opened(self, association: Association) -> None:
        self._put(objects.association_object(association))

    def _put_with(self, made: dict[str, Any], cause: Finding | None) -> None:
        self._put(made if cause is None else {**made, "finding": cause_object(cause)})

    def ended(
        self, state: str, error: AssociationError | None, cause: Finding | None = None
    ) -> None:
        self._put_with(objects.ended_object(state, error), cause)

    def response(self, record: RequestRecord, response: Response, dataset: Dataset | None) -> None:
        shown = None if dataset is None else only(dataset, record.columns)
        self._put(objects.response_object(record, response, shown))

    def final(self, record: RequestRecord, cause: Finding | None = None) -> None:
        self._put_with(objects.final_object(record), cause)
        if self._console.elsewhere:  # who reads the screen has to hear of it too
            text, kind = signed(final_line(record), worst(record))
            self._console.note(text, kind)

    def progress(self, record: RequestRecord, progress: Progress) -> None:
        self._put(objects.progress_object(record, progress))

    def stored(self, record: RequestRecord, path: str, response: Response) -> None:
        self._put(objects.stored_object(record, path, response))

    def refused(self, record: RequestRecord, path: str, error: AssocshError) -> None:
        self._put({**objects.error_object(error, record), "file": path})

    def received(self, record: RequestRecord | None, file: ReceivedFile) -> None:
        self._put(
            {
                "type": "received",
                "request": None if record is None else record.number,
                "file": file.path,
                "sop_class": file.sop_class,
                "sop_instance": file.sop_instance,
                "duplicate": file.duplicate,
                **({"remarks": list(file.remarks)} if file.remarks else {}),
            }
        )

    def reported(self, report: EventReport) -> None:
        self._put(objects.report_object(report))

    def row(self, record: RequestRecord, index: int, dataset: Dataset) -> None:
        from assocsh.datasets.identifiers import to_json

        self._put(
            {
                "type": "row",
                "request": record.number,
                "row": index + 1,
                "dataset": to_json(dataset),
            }
        )

    def rows(self, record: RequestRecord, columns: Columns) -> Iterator[None]:
        for index in columns.indices(len(record.results)):
            self.row(record, index, only(record.results.dataset(index), columns))
            yield

    def listing(self, listing: Listing) -> None:
        for row in listing.rows:
            self._put({"type": listing.type, **row})

    def expectation(
        self, check: Check, record: RequestRecord | None, exchange: Told | None
    ) -> None:
        self._put(
            {
                "type": "expect",
                "ok": check.ok,
                "expression": f"expect {check.text}",
                "actual": check.actual,
                "request": check.request,
                "place": f"{check.source}:{check.line}" if check.source else "",
            }
        )
        if not check.ok:
            for line in failed_lines(check, exchange):
                self._console.note(line, Kind.ERROR)

    def error(
        self, error: AssocshError, record: RequestRecord | None, cause: Finding | None = None
    ) -> None:
        self._put_with(objects.error_object(error, record), cause)
        for line in error_lines(error, record, cause):
            self._console.note(line, Kind.ERROR)
