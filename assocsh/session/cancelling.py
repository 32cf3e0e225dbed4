"""Ctrl-C and ``cancel``: what is cancelled, and the words that say what that did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.job import Job
    from assocsh.session.state import State
    from assocsh.states import CancelOutcome


def interrupt(state: State) -> bool:
    """Cancel the newest request that is not being cancelled yet, else the newest other job.

    Once more, and nothing but what ignores its cancel is left: that is said, with what ends it.
    False: nothing to cancel.
    """
    jobs = list(reversed(state.jobs))
    if not jobs:
        return False
    requests = [job for job in jobs if job.record is not None]
    for job in requests:
        if job.record is not None and not job.record.cancel_asked:
            cancel_job(state, job)
            return True
    for job in jobs:
        if job.record is None:
            job.cancel()
            return True
    cancel_job(state, requests[0])
    if requests[0].record is not None and requests[0].record.done.is_set():
        return True
    state.note("the peer has not answered the C-CANCEL yet: wait, or abort the association")
    return True


def cancel_job(state: State, job: Job) -> None:
    """Cancel one job and say what that means for it."""
    record = job.record
    if record is None:
        job.cancel()
        return
    if record.done.is_set():
        record.cancel_asked = True
        job.cancel()
        state.note(f"#{record.number} {record.service} was done: what reads its rows is stopped")
        return
    if not record.live:
        record.cancel_asked = True
        job.cancel()
        how = "stopped" if record.total else "withdrawn: nothing was sent"
        state.note(f"#{record.number} {record.service} {how}")
        return
    state.note(cancel_words(record, record.cancel()))


def cancel_words(record: RequestRecord, outcomes: Counter[CancelOutcome]) -> str:
    """One line for what cancelling the operations of a request did."""
    counts = {str(outcome): count for outcome, count in outcomes.items() if count}
    words = {
        "withdrawn": "withdrawn: nothing was sent",
        "requested": "C-CANCEL sent",
        "detached": f"stopped waiting: DIMSE has no cancel for {record.service}",
        "finished": "too late: the final response was there already",
        "already": "is being cancelled already",
    }
    parts = []
    for name, count in counts.items():
        text = words.get(name, name)
        parts.append(text if sum(counts.values()) == 1 else f"{count} {text}")
    return f"#{record.number} {record.service} {'; '.join(parts)}"
