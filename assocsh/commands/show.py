"""show: results that were kept, once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.arranging import ARRANGING, arrange, put_in_order
from assocsh.commands.captured import message_lines, messages_of, the_request
from assocsh.commands.committing import show_commitment
from assocsh.commands.find import show_all
from assocsh.commands.parameters import CHARSET, read_as
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.language.rows import ALL_ROWS, NamedRows, parse_rows
from assocsh.output.listing import Listing
from assocsh.output.objects import status_text, unstored_object
from assocsh.output.table import Column
from assocsh.output.values import only
from assocsh.results.columns import Columns
from assocsh.session.binding import parse_integer, request_number
from assocsh.session.keys import numbered
from assocsh.text.cells import wrapped

REPORTED = (
    Column("event", right=True, least=3),
    Column("sender"),
    Column("command", least=8),
    Column("event_type", "type", right=True),
    Column("sop_class", "SOP class", least=12),
    Column("sop_instance", "SOP instance", middle=True, least=12),
    Column("request", "for", right=True),
    Column("answered"),
)

UNSTORED = (
    Column("row", right=True, least=3),
    Column("file", middle=True, least=12),
    Column("status", least=6),
    Column("outcome", least=7),
    Column("reason", least=12),
)

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.captured import CapturedRequest
    from assocsh.session.session import Session

EVENTS = "events"

SPEC = CommandSpec(
    "show",
    "results again: all rows of a request (of a store, what failed), or one row in full",
    Heading.REQUESTS,
    order=40,
    parameters=(
        Parameter(
            "request",
            Slot.REQUEST,
            (EVENTS,),
            summary="request number (the last with results), or events: what peers reported",
        ),
        Parameter(
            "row", Slot.ROWS, summary="a row, every element, or several: 3, 2-5, #1.3, #1.2-5"
        ),
    ),
    options=(*ARRANGING, CHARSET),
    examples=(
        "show",
        "show #1",
        "show #1 --columns PatientName,StudyDate --sort -StudyDate",
        "show #1.1",
        "show #1.*",
        "show events",
    ),
    details="Of a commit it is what became of each instance, a report that came late included.",
    uses_results=True,
    refers_to_request=True,
    pages=True,
)


@command(SPEC)
async def show(session: Session, call: BoundCall) -> None:
    """The kept results of a request again: all rows, or one in full."""
    word = call.argument("request")
    if word == EVENTS and session.captured is not None:
        raise UsageError(
            "what was reported in a capture is among its requests",
            hint="`requests` lists every N-EVENT-REPORT, `show #n` shows one",
        )
    if word == EVENTS:
        show_events(session, call.argument("row"))
        return
    row = call.argument("row")
    named = None if row is None else parse_rows(row)
    if named is not None and named.request is not None:
        if word is not None and request_number(word) != named.request:
            raise UsageError(f"{word} and {row} are of two requests", hint="name the request once")
        word = f"#{named.request}"
    capture = session.captured
    record: RequestRecord
    if capture is not None:
        record = captured = the_request(capture, word)
        if not len(record.results) and named is None:
            _show_messages(session, captured)
            return
    else:
        number = None if word is None else request_number(word)
        record = _last_with_results(session) if number is None else session.request(number)
    committed = record.arrivals.commitment is not None and named is None
    if len(record.unstored):
        show_unstored(session, record, named)
    if committed:
        show_commitment(session, record)
    if committed or len(record.unstored):
        return
    read_as(record, call)
    if not len(record.results):
        session.note(f"#{record.number} {record.service} has no results")
        return
    columns = Columns(record.columns.paths, record.columns.alone)
    arrange(columns, call)
    if named is None:
        await show_all(session, record, columns)
        return
    numbers = numbered(record, named, len(record.results))
    await put_in_order(record, columns)
    for index in columns.indices(len(record.results)):
        if index + 1 in numbers:
            dataset = only(record.results.dataset(index), columns)
            session.presenter.row(record, index, dataset)


def _show_messages(session: Session, record: CapturedRequest) -> None:
    """Everything that was said for a request of a capture."""
    if session.format in ("json", "csv"):
        session.presenter.listing(messages_of((record.talk,), record.exchange))
        return
    for message in (record.exchange.request, *record.exchange.responses):
        for line in message_lines(session, record.talk, message):
            for each in wrapped(line, session.output.width):
                session.output.result(each)


def show_unstored(session: Session, record: RequestRecord, named: NamedRows | None) -> None:
    """The files of a store that did not go through: all, or some. Raises UsageError."""
    files = record.unstored
    shown = numbered(record, named or ALL_ROWS, len(files))
    rows = [unstored_object(record, number - 1) for number in shown]
    as_pairs = named is not None and named.one
    session.presenter.listing(Listing("unstored", UNSTORED, rows, as_pairs=as_pairs))
    if files.forgotten and named is None:
        session.note(f"{files.forgotten} more were too many to remember")


def show_events(session: Session, number: str | None) -> None:
    """What peers reported: a list of all that is remembered, or one in full. Raises UsageError."""
    from assocsh.datasets.dictionary import uid_name
    from assocsh.output.events import value_lines

    reports = session.observers.reports
    if number is not None:
        found = reports.numbered(parse_integer(number, "event", least=1))
        if found is None:
            raise UsageError(
                f"there is no event {number}",
                hint="`show events` lists them" if len(reports) else "none was reported yet",
            )
        if session.format == "json":
            session.presenter.reported(found)
            return
        with session.console.results():
            for text in value_lines(found):
                session.console.result(text)
        return
    if not len(reports):
        session.note("nothing was reported yet")
        return
    rows = [
        {
            "event": report.number,
            "sender": report.sender or None,
            "command": report.command,
            "event_type": report.event_type,
            "sop_class": uid_name(report.sop_class) if report.sop_class else "",
            "sop_instance": report.sop_instance,
            "request": report.request,
            "answered": None if report.status is None else status_text(report.status),
        }
        for report in reports
    ]
    session.presenter.listing(Listing("reported", REPORTED, rows))


def _last_with_results(session: Session) -> RequestRecord:
    for record in reversed(session.requests):
        if len(record.results) or len(record.unstored) or record.arrivals.commitment is not None:
            return record
    raise UsageError("there are no results to show yet")
