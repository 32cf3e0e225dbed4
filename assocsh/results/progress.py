"""How far a request of many parts is: counts, bytes, and how fast both went in the last seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.records import NamedTuple
from assocsh.results.pace import Sample

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord

EARLIEST = 1.0
"""Seconds of samples without which there is no rate, and no time that is left."""


class Progress(NamedTuple):
    """How far a request is. What is not known is None: what a peer leaves out is no zero."""

    done: int
    """Parts that came to an end, failed ones and those refused here included; instances whose
    commitment was reported, once that is asked for."""
    total: int | None
    failed: int
    size: int
    """Bytes of the instances that were stored, or that arrived here."""
    whole_size: int | None
    rate: float | None
    """Bytes a second."""
    left: float | None
    """Seconds, at the speed of the last ones."""


def progress_of(record: RequestRecord, now: float) -> Progress | None:
    """How far ``record`` is at ``now``, of the loop's clock; None for what is one exchange.

    Called by whatever shows it, as often as it likes.
    """
    counted = _counted(record)
    if counted is None:
        return None
    done, total, failed = counted
    size, whole_size = record.arrivals.size, None
    if record.arrivals.commitment is not None:
        size = 0
    elif record.service == "C-STORE":
        size, whole_size = record.operations.size, record.operations.expected_size
    before = record.operations.pace.before(Sample(now, done, size))
    seconds = now - before.time
    rate = left = None
    if seconds >= EARLIEST:
        rate = (size - before.size) / seconds if size else None
        if whole_size is not None and rate:
            left = (whole_size - size) / rate
        elif total is not None and done > before.done:
            left = (total - done) * seconds / (done - before.done)
    return Progress(done, total, failed, size, whole_size, rate, left)


def _counted(record: RequestRecord) -> tuple[int, int | None, int] | None:
    """Parts that are done, all of them, and those that failed.

    Of a retrieve of several rows all of them are known when each row has said how many it has.
    """
    commitment = record.arrivals.commitment
    if commitment is not None:
        waiting = sum(len(one.instances) for one in commitment.open)
        done = commitment.count - waiting
        return done, commitment.count, sum(one.unkept for one in commitment)
    if record.service in ("C-GET", "C-MOVE"):
        counts = record.suboperations
        if counts is None:
            arrived = record.arrivals.received
            return (arrived, None, record.arrivals.not_kept) if arrived else None
        done = counts.completed + counts.failed + counts.warning
        # who counts what is done, and not what remains, has not said how many there are
        known = (counts.remaining or record.final is not None) and not record.operations.untold
        return done, done + counts.remaining if known else None, counts.failed
    operations = record.operations
    if not record.several:
        return None
    ended = record.finals + operations.outcomes.total()
    planned = max(operations.total, operations.expected or 0) + record.refused
    failed = record.categories["Failure"] + operations.outcomes["failed"] + record.refused
    return ended + record.refused, planned, failed
