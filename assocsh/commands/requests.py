"""requests, cancel, wait, show: looking after what was sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.errors import OperationTimeout, UsageError
from assocsh.output.listing import Listing
from assocsh.output.objects import milliseconds, status_text
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer, request_number
from assocsh.session.cancelling import cancel_job
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.job import Job
    from assocsh.session.session import Session


@command("requests")
async def requests(session: Session, call: BoundCall) -> None:
    """Every request of the session, or (``--pending``) those that have not ended."""
    json = session.settings.format == "json"
    rows = [
        _row(record, json)
        for record in session.requests
        if not (call.flag("--pending") and record.done.is_set())
    ]
    if not rows and not json:
        session.note("no requests" + (" pending" if call.flag("--pending") else " yet"))
        return
    columns = [
        Column("number", "#", right=True, least=3),
        Column("service"),
        Column("state"),
        Column("status"),
        Column("responses", right=True),
        Column("count", right=True),
        Column("elapsed_ms", "time", right=True),
        Column("command", least=16),
    ]
    session.presenter.listing(Listing("request", columns, rows))


def _row(record: RequestRecord, json: bool) -> dict[str, Any]:
    elapsed = record.elapsed
    row: dict[str, Any] = {
        "number": record.number,
        "service": record.service,
        "state": str(record.state),
        "status": None if record.status is None else status_text(record.status),
        "count": record.count,
        "elapsed_ms": milliseconds(elapsed) if json else show_duration(elapsed),
        "command": record.text,
    }
    if not json:
        live = sum(operation.responses for operation in record.live.values())
        row["responses"] = record.responses + live
    return row


@command("cancel")
async def cancel(session: Session, call: BoundCall) -> None:
    """Cancel one request, or all that have not ended."""
    jobs = [job for job in session.jobs if job.record is not None]
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


@command("wait")
async def wait(session: Session, call: BoundCall) -> None:
    """Wait for one request, or for everything that was submitted before."""
    word = call.argument("request")
    jobs = _before(session, call.job)
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
            hint="cancel ends a request, set timeout how long each may wait",
        ) from None


def _before(session: Session, job: Job) -> list[Job]:
    before: list[Job] = []
    for other in session.jobs:
        if other is job:
            break
        before.append(other)
    return before


@command("show")
async def show(session: Session, call: BoundCall) -> None:
    """The kept results of a request again: all rows, or one in full."""
    word = call.argument("request")
    record = _last_with_results(session) if word is None else session.request(request_number(word))
    if not len(record.results):
        session.note(f"#{record.number} {record.service} has no results")
        return
    row = call.argument("row")
    if row is None:
        session.presenter.rows(record)
        return
    index = parse_integer(row, "row", least=1)
    if index > len(record.results):
        raise UsageError(
            f"#{record.number} has no row {index}", hint=f"it has {len(record.results)}"
        )
    session.presenter.row(record, index - 1, record.results.dataset(index - 1))


def _last_with_results(session: Session) -> RequestRecord:
    for record in reversed(session.requests):
        if len(record.results):
            return record
    raise UsageError("there are no results to show yet")
