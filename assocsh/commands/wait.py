"""wait: until requests are done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import OperationTimeout
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.session.binding import request_number
from assocsh.session.job import earlier
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "wait",
    "wait until requests are done",
    Heading.REQUESTS,
    order=30,
    parameters=(
        Parameter("request", Slot.REQUEST, ("all",), summary="request number (all of them)"),
    ),
    options=(Option("--timeout", Slot.DURATION, "TIME", summary="at most this long"),),
    examples=(
        "wait",
        "wait #1",
        "echo --repeat 100 & wait all --timeout 30s",
    ),
    barrier=True,
)


@command(SPEC)
async def wait(session: Session, call: BoundCall) -> None:
    """Wait for one request, or for everything that was submitted before."""
    word = call.argument("request")
    jobs = earlier(session.jobs, call.job)
    if word is not None and word != "all":
        record = session.request(request_number(word))
        jobs = [job for job in jobs if job.record is record]
    limit = call.duration("--timeout")
    try:
        async with asyncio.timeout(limit):
            for job in jobs:
                await job.done.wait()
    except TimeoutError:
        left = [job for job in jobs if not job.done.is_set()]
        names = ", ".join(
            f"#{job.record.number}" if job.record else job.call.spec.name for job in left
        )
        raise OperationTimeout(
            f"{names} not done after {show_duration(limit)}",
            message_id=None,
            hint="`cancel all` ends them, `set timeout 30s` says how long each may wait",
        ) from None
