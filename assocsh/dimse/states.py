"""The life of one request that this side invokes, as data.

::

    queued ──► sending ──► pending ──► done
      │           └───┬───────┴──► cancelling ──► cancelled
      ▼               ▼
    withdrawn       failed        (association gone, timeout)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class OperationState(StrEnum):
    """Where a request is. The last four are ends: an operation reaches exactly one of them."""

    is_end: bool

    QUEUED = "queued"
    SENDING = "sending"
    PENDING = "pending"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


_S = OperationState
ENDS = frozenset((_S.DONE, _S.CANCELLED, _S.WITHDRAWN, _S.FAILED))
for _state in _S:
    # An attribute, for it is asked several times for each message, and an enum hashes slowly.
    _state.is_end = _state in ENDS

NEXT: Mapping[OperationState, frozenset[OperationState]] = {
    _S.QUEUED: frozenset((_S.SENDING, _S.WITHDRAWN, _S.FAILED)),
    _S.SENDING: frozenset((_S.PENDING, _S.CANCELLING, _S.CANCELLED, _S.DONE, _S.FAILED)),
    _S.PENDING: frozenset((_S.CANCELLING, _S.CANCELLED, _S.DONE, _S.FAILED)),
    _S.CANCELLING: frozenset((_S.CANCELLED, _S.DONE, _S.FAILED)),
    **{end: frozenset() for end in ENDS},
}


class CancelOutcome(StrEnum):
    """What a cancel did at once; what the peer made of it shows in the final response."""

    WITHDRAWN = "withdrawn"
    """It was still queued: nothing went on the wire."""
    REQUESTED = "requested"
    """C-CANCEL goes out; the request ends with its final response."""
    DETACHED = "detached"
    """DIMSE has no cancel for it: nobody waits any more, its place is taken until the answer."""
    FINISHED = "finished"
    """It had ended before."""
    ALREADY = "already"
    """It had been cancelled before; nothing more was sent."""
