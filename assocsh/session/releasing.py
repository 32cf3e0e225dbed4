"""The end of an association in order: what wants it is waited for, and what is pending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


async def release_in_order(
    session: Session, association: Association, call: BoundCall, *, now: bool = False
) -> None:
    """Release for ``call``; ``now`` waits for nothing. Raises what ends it otherwise.

    Commands before it that keep the association open are waited for, and then what is pending.
    """
    for job in tuple(session.jobs):
        if job.call.keeps_open and job.came_before(call.job) and not now:
            session.note(f"releasing after {cell(job.call.text)}, which keeps the association")
            await job.done.wait()
    waiting = association.pending + association.queued
    if waiting and not now:
        session.note(f"releasing after {waiting} pending")
    await association.release(now=now)
