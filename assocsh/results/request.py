"""One typed command that sends: its number, its operations, its results, what became of it."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from assocsh.results.kept import Budget, ResultSet

if TYPE_CHECKING:
    from assocsh.association import Operation
    from assocsh.dimse.responses import Response, SubOperations
    from assocsh.dimse.states import CancelOutcome
    from assocsh.errors import AssocshError
    from assocsh.language.parse import Call
    from assocsh.results.comparison import Comparison

_ORDER = ("Success", "Warning", "Cancel", "Failure")


class RequestState(StrEnum):
    """Where a typed command is: as an operation (OperationState), or ``held`` until others end.

    Written out here because dimse takes 30 ms to load and the prompt does not wait for it; a test
    holds the two together.
    """

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    PENDING = "pending"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in _ENDED


_ENDED = frozenset(
    {RequestState.DONE, RequestState.CANCELLED, RequestState.WITHDRAWN, RequestState.FAILED}
)


class RequestRecord:
    """Request ``#number`` of a session: a typed command and the 1..k operations it became.

    Counted per session, never reused. Times are of the event loop's clock, in seconds.
    """

    def __init__(
        self, number: int, call: Call, service: str, *, budget: Budget, now: float
    ) -> None:
        self.number = number
        self.call = call
        self.service = service
        """``C-FIND``, ``C-STORE``, ...: the service its operations belong to."""
        self.level = ""
        """Query/retrieve level of a find, get or move: what a row of its results is."""
        self.model: str | None = None
        self.columns: list[str] = []
        """Paths of the keys that were asked for: the first columns of its table."""
        self.rows_told: list[str] = []
        """What tells its first rows apart, for completion of ``--of``; safe to print."""
        self.detail = ""
        """A few words of the command for the line that sums the request up; safe to print."""
        self.results = ResultSet(budget)
        self.done = asyncio.Event()
        self.started = now
        self.finished: float | None = None
        self.total = 0
        """Operations handed to the association so far."""
        self.expected: int | None = None
        """Operations there will be, where that is known before they are all handed over."""
        self.live: dict[int, Operation] = {}
        """Unfinished operations by their number on the association."""
        self.categories: Counter[str] = Counter()
        """Final responses by category: Success, Warning, Failure, Cancel."""
        self.outcomes: Counter[RequestState] = Counter()
        """Operations that ended without a final response, by how."""
        self.responses = 0
        """Responses of operations that have ended, the final ones included."""
        self.times = array("d")
        """Seconds from sending to the final response, one for each that had one."""
        self.final: Response | None = None
        """The worst final response so far, the last of them where they are equal."""
        self.telling: Operation | None = None
        """The operation that tells most about it: the first, or the first that came out worse."""
        self.suboperations: SubOperations | None = None
        self.error: AssocshError | None = None
        """What ended it instead of, or besides, a final response."""
        self.refused = 0
        """Files, or requests, refused on this side before anything was sent."""
        self.refusal: AssocshError | None = None
        """Why the first of them was refused."""
        self.received = 0
        """Instances that arrived here for it."""
        self.not_written = 0
        """Instances that came for it and could not be written here."""
        self.unsent = 0
        """Operations that failed before anything of them was sent."""
        self.comparison: Comparison | None = None
        """What arrived against what was sent once, where ``--compare`` asked for it."""
        self.cancel_asked = False
        self.limited = False
        """Cancelled by its own ``--limit``: having got enough is success."""
        self.status_checked = False
        """An ``expect`` has looked at its status: a failure status is its business now."""
        self.on_change: Callable[[], None] | None = None

    # what it is

    @property
    def text(self) -> str:
        """The command as typed."""
        return self.call.text

    @property
    def state(self) -> RequestState:
        if self.done.is_set():
            return self._outcome()
        states = {str(operation.state) for operation in self.live.values()}
        for state in (
            RequestState.CANCELLING,
            RequestState.PENDING,
            RequestState.SENDING,
            RequestState.QUEUED,
        ):
            if state.value in states:
                return state
        return RequestState.QUEUED if self.total else RequestState.HELD

    @property
    def status(self) -> int | None:
        """The status of its final response: the worst where it had several."""
        return None if self.final is None else self.final.status

    @property
    def category(self) -> str:
        return "" if self.final is None else self.final.category

    @property
    def count(self) -> int:
        """Matches of a find, sub-operations completed of a get or move, else successes."""
        if self.service == "C-FIND":
            return len(self.results)
        if self.service in ("C-GET", "C-MOVE"):
            return self.suboperations.completed or 0 if self.suboperations is not None else 0
        return self.categories["Success"] + self.categories["Warning"]

    @property
    def finals(self) -> int:
        """Operations that had a final response."""
        return self.categories.total()

    @property
    def elapsed(self) -> float:
        """Seconds from the first request until the last final response, or until now."""
        if self.finished is not None:
            return self.finished - self.started
        return asyncio.get_running_loop().time() - self.started

    @property
    def several(self) -> bool:
        """It was, or was meant to be, more than one operation."""
        return self.total > 1 or (self.expected or 0) > 1 or self.refused > 0

    def spread(self) -> dict[str, float]:
        """min, median, p95 and max of the times of its operations, in seconds."""
        times = sorted(self.times)
        if not times:
            return {}
        last = len(times) - 1
        return {
            "min": times[0],
            "median": (times[last // 2] + times[(last + 1) // 2]) / 2,
            "p95": times[min(last, -(-95 * len(times) // 100) - 1)],
            "max": times[-1],
        }

    @property
    def failed(self) -> bool:
        """A failure status, something refused here, or an end without a final response."""
        if self.error is not None or self.refused:
            return True
        return self.category == "Failure"

    # what happens to it

    def track(self, operation: Operation) -> None:
        """Make ``operation`` one of this request's."""
        self.total += 1
        self.telling = self.telling or operation
        self.live[operation.number] = operation
        operation.add_done_callback(self._ended)

    def keep(self, response: Response) -> int:
        """Keep the data set of a response; its 0-based index."""
        context = response.context
        return self.results.append(bytes(response.data or b""), context.transfer_syntax or "")

    def cancel(self) -> Counter[CancelOutcome]:
        """Cancel every unfinished operation, and send no more of them."""
        self.cancel_asked = True
        return Counter(operation.cancel() for operation in tuple(self.live.values()))

    def finish(self, now: float, error: AssocshError | None = None) -> None:
        """The command has ended; what is kept of it does not change any more."""
        if self.done.is_set():
            return
        if error is not None and self.error is None:
            self.error = error
        self.finished = now
        self.done.set()
        self._changed()

    def _ended(self, operation: Operation) -> None:
        self.live.pop(operation.number, None)
        self.responses += operation.responses
        final = operation.final
        if final is None:
            self.outcomes[RequestState(str(operation.state))] += 1
            self.unsent += operation.state == "failed" and operation.sent_at is None
        else:
            self.categories[final.category] += 1
            if operation.sent_at is not None and operation.finished_at is not None:
                self.times.append(operation.finished_at - operation.sent_at)
            if self.final is None or _rank(final.category) >= _rank(self.final.category):
                if self.final is not None and _rank(final.category) > _rank(self.final.category):
                    self.telling = operation
                self.final = final
            if final.suboperations is not None:
                self.suboperations = final.suboperations
        self._changed()

    def _outcome(self) -> RequestState:
        if self.error is not None:
            from assocsh.errors import OperationCancelled

            if not isinstance(self.error, OperationCancelled):
                return RequestState.FAILED
        for state in (RequestState.FAILED, RequestState.CANCELLED, RequestState.WITHDRAWN):
            if self.outcomes[state]:
                return state
        if self.error is not None:
            return RequestState.CANCELLED if self.total else RequestState.WITHDRAWN
        return RequestState.CANCELLED if self.category == "Cancel" else RequestState.DONE

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _rank(category: str) -> int:
    return _ORDER.index(category) if category in _ORDER else len(_ORDER)
