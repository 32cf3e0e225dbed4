"""show: results that were kept, once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.captured import captured, message_lines, the_exchange
from assocsh.commands.parameters import CHARSET, read_as
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.objects import unstored_object
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer, request_number

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
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "show",
    "results again: all rows of a request (of a store, what failed), or one row in full",
    Heading.REQUESTS,
    order=40,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="request number (the last with results)"),
        Parameter("row", Slot.ROW, summary="one row, every element"),
    ),
    options=(CHARSET,),
    examples=(
        "show",
        "show #1",
        "show #1 1",
    ),
    uses_results=True,
    refers_to_request=True,
)


@command(SPEC)
async def show(session: Session, call: BoundCall) -> None:
    """The kept results of a request again: all rows, or one in full."""
    word = call.argument("request")
    capture = captured(session)
    if capture is not None:
        talk, exchange = the_exchange(capture, word)
        for message in (exchange.request, *exchange.responses):
            for line in message_lines(session, talk, message):
                session.output.result(line)
        return
    record = _last_with_results(session) if word is None else session.request(request_number(word))
    if len(record.unstored):
        show_unstored(session, record, call.argument("row"))
        return
    read_as(record, call)
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


def show_unstored(session: Session, record: RequestRecord, row: str | None) -> None:
    """The files of a store that did not go through: all, or one. Raises UsageError."""
    files = record.unstored
    shown = range(len(files))
    if row is not None:
        index = parse_integer(row, "row", least=1)
        if index > len(files):
            raise UsageError(f"#{record.number} has no row {index}", hint=f"it has {len(files)}")
        shown = range(index - 1, index)
    rows = [unstored_object(record, index) for index in shown]
    session.presenter.listing(Listing("unstored", UNSTORED, rows, as_pairs=row is not None))
    if files.forgotten and row is None:
        session.note(f"{files.forgotten} more were too many to remember")


def _last_with_results(session: Session) -> RequestRecord:
    for record in reversed(session.requests):
        if len(record.results) or len(record.unstored):
            return record
    raise UsageError("there are no results to show yet")
