"""cancel: one request, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.session.binding import request_number
from assocsh.session.cancelling import cancel_job

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "cancel",
    "cancel a request: withdrawn if queued, C-CANCEL for find, get and move",
    Heading.REQUESTS,
    order=20,
    parameters=(
        Parameter(
            "request", Slot.REQUEST, ("all",), True, summary="request number, or all of them"
        ),
    ),
    examples=(
        "find image & cancel all",
        "cancel all",
        "find study & cancel #1",
    ),
    section="PS3.7 9.3.2.3 (C-CANCEL-FIND-RQ)",
    at_once=True,
    cancels=True,
)


@command(SPEC)
async def cancel(session: Session, call: BoundCall) -> None:
    """Cancel one request, or all that were submitted before and have not ended."""
    jobs = [job for job in session.jobs if job.record is not None and job.came_before(call.job)]
    word = call.required("request")
    if word == "all":
        for job in jobs:
            cancel_job(session, job)
        return
    record = session.request(request_number(word))
    for job in jobs:
        if job.record is record:
            cancel_job(session, job)
            return
    session.note(f"#{record.number} {record.service} has ended already: {record.state}")
