"""requests: every request of the session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from assocsh.commands.captured import captured
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option
from assocsh.output.listing import Listing
from assocsh.output.objects import milliseconds, status_text
from assocsh.output.summary import progress_text
from assocsh.output.table import Column
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "requests",
    "every request: id, state, time, responses",
    Heading.REQUESTS,
    order=10,
    options=(Option("--pending", summary="only those without a final response"),),
    examples=("requests", "requests --pending", "echo --repeat 20 & requests"),
    at_once=True,
    pages=True,
)


@command(SPEC)
async def requests(session: Session, call: BoundCall) -> None:
    """Every request of the session, or (``--pending``) those that have not ended."""
    json = session.format == "json"
    capture = captured(session)
    if capture is not None:
        from assocsh.output.conversations import numbered, request_row

        pairs = numbered(capture)
        wanted = [each for each in pairs if not (call.flag("--pending") and each[1].final)]
        _show(session, [request_row(talk, exchange, json) for talk, exchange in wanted], call)
        return
    rows = [
        _row(record, json)
        for record in session.requests
        if not (call.flag("--pending") and record.done.is_set())
    ]
    _show(session, rows, call)


def _show(session: Session, rows: list[dict[str, Any]], call: BoundCall) -> None:
    if not rows and session.format != "json":
        session.note("no requests" + (" pending" if call.flag("--pending") else " yet"))
        return
    columns = [
        Column("number", "#", right=True, least=3),
        Column("service"),
        Column("state"),
        *([Column("progress")] if any(row.get("progress") for row in rows) else []),
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
        "progress": None if record.done.is_set() else _progress(record),
        "status": None if record.status is None else status_text(record.status),
        "count": record.count,
        "elapsed_ms": milliseconds(elapsed) if json else show_duration(elapsed),
        "command": record.text,
    }
    if not json:
        live = sum(operation.responses for operation in record.live.values())
        row["responses"] = record.responses + live
    return row


def _progress(record: RequestRecord) -> str | None:
    """``store 184/300 · 92 of 151 MB``, while it goes on; None for one exchange."""
    return progress_text(record, asyncio.get_running_loop().time()) or None
