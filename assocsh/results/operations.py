"""The operations of one request: those that are going on, and what the others came to."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple
from assocsh.results.commitment import InstanceName
from assocsh.results.pace import Pace
from assocsh.results.ranks import at_ranks

if TYPE_CHECKING:
    from assocsh.association import Operation
    from assocsh.dimse.responses import Response, SubOperations
    from assocsh.states import CancelOutcome

_SOP_CLASS, _SOP_INSTANCE = 0x0002, 0x1000  # of a command set, written out: dimse loads slowly


class Shown(NamedTuple):
    """What is kept of an operation that has ended: not the operation, which holds its association.

    ``place`` is where the conversation files it.
    """

    number: int
    message_id: int | None
    place: object


_ORDER = ("Success", "Warning", "Cancel", "Failure")


class Operations:
    """What was handed to the association for one request; ``changed`` is called as each ends."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.context: int | str | None = None
        """The presentation context that they have to go on, by ID or SOP class; None: any fit."""
        self.total = 0
        """How many there are so far."""
        self.expected: int | None = None
        """How many there will be, where that is known before they are all handed over."""
        self.size = 0
        """Bytes of the files of a C-STORE that were answered."""
        self.expected_size: int | None = None
        """Bytes of all its files."""
        self.pace = Pace()
        self.live: dict[int, Operation] = {}
        """Those that have not ended, by their number on the association."""
        self.categories: Counter[str] = Counter()
        """Final responses by category: Success, Warning, Failure, Cancel."""
        self.outcomes: Counter[str] = Counter()
        """Those that ended without a final response, by the state in which they ended."""
        self.unsent = 0
        """Of these, those that failed before anything of them was sent."""
        self.responses = 0
        """Responses of those that have ended, the final ones included."""
        self.times = array("d")
        """Seconds from sending to the final response, one for each that had one."""
        self.final: Response | None = None
        """The worst final response so far, the last of them where they are equal."""
        self.representative: Operation | Shown | None = None
        """The first, or the first that came out worse than those before: its exchange is shown."""
        self.stored: list[InstanceName] = []
        """The instances that a C-STORE stored, in the order of the answers."""
        self.untold = 0
        """Retrieves that are still to say how many sub-operations they have."""
        self.suboperations: SubOperations | None = None
        """The last counts that came, of a get or move."""

    @property
    def finals(self) -> int:
        """How many had a final response."""
        return self.categories.total()

    def track(self, operation: Operation) -> None:
        """Make ``operation`` one of these; it was handed to the association just now."""
        self.total += 1
        self.representative = self.representative or operation
        self.live[operation.number] = operation
        operation.add_done_callback(self._ended)

    def cancel(self) -> Counter[CancelOutcome]:
        """Cancel those that have not ended, and count what that did."""
        return Counter(operation.cancel() for operation in tuple(self.live.values()))

    def spread(self) -> dict[str, float]:
        """min, median, p95 and max of ``times``, in seconds."""
        last = len(self.times) - 1
        if last < 0:
            return {}
        below, above, p95 = last // 2, (last + 1) // 2, -(-95 * len(self.times) // 100) - 1
        at = at_ranks(self.times, (0, below, above, p95, last))
        return {
            "min": at[0],
            "median": (at[below] + at[above]) / 2,
            "p95": at[p95],
            "max": at[last],
        }

    def _ended(self, operation: Operation) -> None:
        self.live.pop(operation.number, None)
        if self.representative is operation:
            self.representative = _shown(operation)
        self.responses += operation.responses
        final = operation.final
        if final is None:
            self.outcomes[str(operation.state)] += 1
            self.unsent += operation.state == "failed" and operation.sent_at is None
        else:
            self._answered(operation, final)
        self._changed()

    def _answered(self, operation: Operation, final: Response) -> None:
        self.categories[final.category] += 1
        if operation.request.name == "C-STORE" and final.category in ("Success", "Warning"):
            self.stored.append(_name(operation))
        if operation.sent_at is not None and operation.finished_at is not None:
            self.times.append(operation.finished_at - operation.sent_at)
        if final.suboperations is not None:
            self.suboperations = final.suboperations
        before = -1 if self.final is None else _rank(self.final.category)
        rank = _rank(final.category)
        if rank < before:
            return
        if self.final is not None and rank > before:
            self.representative = _shown(operation)
        self.final = final


def _shown(operation: Operation) -> Shown:
    return Shown(operation.number, operation.message_id, operation.place)


def _rank(category: str) -> int:
    """How bad a final response of a category is; one that is not known is the worst."""
    return _ORDER.index(category) if category in _ORDER else len(_ORDER)


def _name(operation: Operation) -> InstanceName:
    values = operation.invocation.values
    path = getattr(operation.request, "source", "")
    return InstanceName(
        str(values.get(_SOP_CLASS, "")),
        str(values.get(_SOP_INSTANCE, "")),
        path if isinstance(path, str) else "",
    )
