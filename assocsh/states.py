"""The life of one request that this side invokes, as an operation and as it was typed.

Loads nothing: the prompt names these states before the engine is there.

::

    queued ──► sending ──► pending ──► done
      │           └───┬───────┴──► cancelling ──► cancelled
      ▼               ▼
    withdrawn       failed        (association gone, timeout)
"""

from __future__ import annotations

from enum import StrEnum


class OperationState(StrEnum):
    """Where a request is. The last four are ends: an operation reaches exactly one of them.

    HELD is for typed commands alone: one that waits until the results are there that it refers to.
    """

    is_end: bool
    """It has ended."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    PENDING = "pending"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


for _state in OperationState:
    # An attribute, for it is asked several times for each message, and an enum hashes slowly.
    _state.is_end = _state in (
        OperationState.DONE,
        OperationState.CANCELLED,
        OperationState.WITHDRAWN,
        OperationState.FAILED,
    )


class CancelOutcome(StrEnum):
    """What a cancel did at once; what the peer made of it shows in the final response."""

    WITHDRAWN = "withdrawn"
    """It was still queued: nothing went on the wire."""
    REQUESTED = "requested"
    """C-CANCEL goes out; the request ends with its final response."""
    DETACHED = "detached"
    """DIMSE has no cancel for it: it ends here, and its place is taken until the peer answers."""
    FINISHED = "finished"
    """It had ended before."""
    ALREADY = "already"
    """It had been cancelled before; nothing more was sent."""
