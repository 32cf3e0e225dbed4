"""The event reports of a session: kept, and brought together with the requests they belong to.

A report may come on the association of its request or on another one, before the response or days
later. What it belongs to is told by a UID: the Transaction UID where it has one (PS3.4 J.3.3), else
its Affected SOP Instance. Who sends a request that reports will follow calls ``join`` with that UID
before it is sent; who waits for reports calls ``hear``.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.results.arrivals import EventReport
    from assocsh.results.request import RequestRecord

    Hearer = Callable[[EventReport], None]

KEPT = 1000
"""Reports that are remembered, the newest."""

KEPT_BYTES = 64 * 1024 * 1024
"""Bytes of event information that are remembered with them."""

JOINED = 10_000
"""UIDs whose requests are remembered, the newest."""


class Reports:
    """Every report that came, the oldest first."""

    def __init__(self) -> None:
        self._kept: deque[EventReport] = deque()
        self._bytes = 0
        self._count = 0
        self._joined: OrderedDict[str, RequestRecord] = OrderedDict()
        self._hearers: list[Hearer] = []

    def __iter__(self) -> Iterator[EventReport]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def numbered(self, number: int) -> EventReport | None:
        """Report ``number``; None when there was none, or when it is forgotten."""
        return next((report for report in self._kept if report.number == number), None)

    def next_number(self) -> int:
        """The number of a report that is being received."""
        self._count += 1
        return self._count

    def join(self, uid: str, record: RequestRecord) -> None:
        """From now on reports with this Transaction UID or Affected SOP Instance are its."""
        if uid:
            self._joined[uid] = record
            self._joined.move_to_end(uid)
            if len(self._joined) > JOINED:
                self._joined.popitem(last=False)

    def hear(self, hearer: Hearer) -> Callable[[], None]:
        """Call ``hearer`` with each report from now on, until what is returned is called.

        It is called on the event loop, when the report was answered and before it is shown: setting
        ``awaited`` says that it will be shown otherwise. It must be quick.
        """
        self._hearers.append(hearer)

        def stop() -> None:
            if hearer in self._hearers:
                self._hearers.remove(hearer)

        return stop

    def add(self, report: EventReport) -> None:
        """A report is here: find its request, keep it, tell who listens."""
        dataset = report.dataset
        transaction = "" if dataset is None else str(dataset.get("TransactionUID", "") or "")
        record = self._joined.get(transaction) or self._joined.get(report.sop_instance)
        report.request = None if record is None else record.number
        commitment = None if record is None else record.arrivals.commitment
        if commitment is not None and dataset is not None:
            report.summary = commitment.take(transaction, report.event_type, dataset)
        self._kept.append(report)
        self._bytes += len(report.data or b"")
        while len(self._kept) > KEPT or (self._bytes > KEPT_BYTES and len(self._kept) > 1):
            self._bytes -= len(self._kept.popleft().data or b"")
        for hearer in tuple(self._hearers):
            hearer(report)

    def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._bytes = 0
        self._joined.clear()
