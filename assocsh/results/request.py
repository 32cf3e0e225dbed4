"""One typed command that sends: what it is, how it goes, what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, OperationCancelled
from assocsh.results.columns import Columns
from assocsh.results.ended import Ended
from assocsh.results.kept import Budget, ResultSet
from assocsh.results.operations import Operations
from assocsh.results.unstored import UnstoredFiles
from assocsh.states import OperationState

if TYPE_CHECKING:
    from assocsh.association import Operation
    from assocsh.dimse.responses import Response, SubOperations
    from assocsh.language.parse import Call
    from assocsh.results.commitment import Commitment
    from assocsh.results.comparison import Comparison
    from assocsh.states import CancelOutcome


class Arrivals:
    """What came here for one request, as C-STORE."""

    def __init__(self) -> None:
        self.received = 0
        """Instances that are on disk."""
        self.size = 0
        """Bytes of their files."""
        self.not_kept = 0
        """Instances that were refused here: not to be written, or no instances."""
        self.not_synced = 0
        """Files that were answered as stored and may not be on the disk."""
        self.comparison: Comparison | None = None
        """What arrived against what was sent once, where ``--compare`` asked for it."""
        self.commitment: Commitment | None = None
        """What its storage commitment came to."""


class RequestRecord:
    """Request ``#number`` of a session: a typed command and the 1..k operations it became.

    Counted per session, never reused. Times are of the event loop's clock, in seconds.
    """

    def __init__(
        self,
        number: int,
        call: Call,
        service: str,
        *,
        budget: Budget,
        fallback: Callable[[], str | None],
        now: float,
    ) -> None:
        self.number = number
        self.call = call
        self.service = service
        """``C-FIND``, ``C-STORE``, ...: the service its operations belong to."""
        self.on_change: Callable[[], None] | None = None
        # how it goes
        self.operations = Operations(self._changed)
        self.results = ResultSet(budget, fallback)
        self.arrivals = Arrivals()
        self.unstored = UnstoredFiles(budget)
        """The files of a store that did not go through."""
        self.refused = 0
        """Files, or requests, refused on this side before anything was sent."""
        self.refusal: AssocshError | None = None
        """Why the first of them was refused."""
        self.cancel_asked = False
        # how it ended
        self.done = Ended()
        self.peer = ""
        """Whom it was sent to; empty before."""
        self.started = now
        self.finished: float | None = None
        self.error: AssocshError | None = None
        """What ended it instead of, or besides, a final response."""
        self.limited = False
        """Cancelled by its own ``--limit``: having got enough is success."""
        self.status_checked = False
        """An ``expect`` has looked at its status: a failure status is its business now."""
        # how it is shown
        self.columns = Columns()
        self.detail = ""
        """A few words of the command for the line that sums the request up; safe to print."""

    # what it is

    @property
    def text(self) -> str:
        """The command as typed."""
        return self.call.text

    @property
    def state(self) -> OperationState:
        """Where it is; the state of the operation that is furthest, while it has not ended."""
        if self.done.is_set():
            return self._outcome()
        states = {str(operation.state) for operation in self.live.values()}
        for state in (
            OperationState.CANCELLING,
            OperationState.PENDING,
            OperationState.SENDING,
            OperationState.QUEUED,
        ):
            if state.value in states:
                return state
        return OperationState.QUEUED if self.total else OperationState.HELD

    @property
    def total(self) -> int:
        """Operations handed to the association so far."""
        return self.operations.total

    @property
    def live(self) -> Mapping[int, Operation]:
        """Unfinished operations by their number on the association."""
        return self.operations.live

    @property
    def categories(self) -> Counter[str]:
        """Final responses by category: Success, Warning, Failure, Cancel."""
        return self.operations.categories

    @property
    def finals(self) -> int:
        """Operations that had a final response."""
        return self.operations.finals

    @property
    def responses(self) -> int:
        """Responses of operations that have ended, the final ones included."""
        return self.operations.responses

    @property
    def suboperations(self) -> SubOperations | None:
        """The counts of a get or move, as the peer gave them last."""
        return self.operations.suboperations

    @property
    def final(self) -> Response | None:
        """Its final response: the worst where it had several."""
        return self.operations.final

    @property
    def status(self) -> int | None:
        """The status of its final response."""
        return None if self.final is None else self.final.status

    @property
    def category(self) -> str:
        """The category of its final response; empty without one."""
        return "" if self.final is None else self.final.category

    @property
    def count(self) -> int:
        """Matches of a find, sub-operations completed of a get or move, else successes."""
        if self.service == "C-FIND":
            # the matches of many finds at once are counted, not kept
            return self.responses - self.finals if self.several else len(self.results)
        if self.service in ("C-GET", "C-MOVE"):
            return self.suboperations.completed or 0 if self.suboperations is not None else 0
        return self.categories["Success"] + self.categories["Warning"]

    @property
    def elapsed(self) -> float:
        """Seconds from the first request until the last final response, or until now."""
        if self.finished is not None:
            return self.finished - self.started
        return asyncio.get_running_loop().time() - self.started

    @property
    def several(self) -> bool:
        """It was, or was meant to be, more than one operation."""
        return self.total > 1 or (self.operations.expected or 0) > 1 or self.refused > 0

    @property
    def incomplete(self) -> bool:
        """The peer says that sub-operations failed, whatever status it gives for that."""
        return self.suboperations is not None and bool(self.suboperations.failed)

    @property
    def unsuccessful(self) -> bool:
        """A final response says that not all was done: its status, or its failed sub-operations."""
        return self.category == "Failure" or self.incomplete

    @property
    def failed(self) -> bool:
        """Not all was done, something was refused here, or it ended without a final response."""
        return self.error is not None or self.refused > 0 or self.unsuccessful

    # what happens to it

    def track(self, operation: Operation) -> None:
        """Make ``operation`` one of this request's."""
        self.operations.track(operation)

    def keep(self, response: Response) -> int:
        """Keep the data set of a response; its 0-based index."""
        context = response.context
        return self.results.append(bytes(response.data or b""), context.transfer_syntax or "")

    def cancel(self) -> Counter[CancelOutcome]:
        """Cancel every unfinished operation, and send no more of them."""
        self.cancel_asked = True
        return self.operations.cancel()

    def finish(self, now: float, error: AssocshError | None = None) -> None:
        """The command has ended; what is kept of it does not change any more."""
        if self.done.is_set():
            return
        if error is not None and self.error is None:
            self.error = error
        for kept in (self.error, self.refusal):
            if kept is not None:
                kept.let_go()
        self.finished = now
        self.done.set()
        self._changed()

    def _outcome(self) -> OperationState:
        if self.error is not None and not isinstance(self.error, OperationCancelled):
            return OperationState.FAILED
        for state in (OperationState.FAILED, OperationState.CANCELLED, OperationState.WITHDRAWN):
            if self.operations.outcomes[state]:
                return state
        if self.error is not None:
            return OperationState.CANCELLED if self.total else OperationState.WITHDRAWN
        return OperationState.CANCELLED if self.category == "Cancel" else OperationState.DONE

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
