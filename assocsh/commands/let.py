"""let: a value under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import LanguageError
from assocsh.language.evaluate import assigned
from assocsh.language.expectations import Assignment
from assocsh.language.model import CommandSpec, Grammar, Heading, Parameter, Slot
from assocsh.language.queries import Query
from assocsh.output.listing import Listing
from assocsh.output.summary import about
from assocsh.output.table import Column
from assocsh.session.resolver import SessionResolver

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "let",
    "keep a value under a name, for $name",
    Heading.SCRIPTS,
    order=10,
    parameters=(
        Parameter("name", Slot.TEXT, required=True, summary="letters, digits, _"),
        Parameter("= query", Slot.QUERY, required=True, summary="a query, number or 'text'"),
    ),
    examples=(
        "let uid = rsp[0].StudyInstanceUID",
        "let matches = #1.count",
        "let uid = #1.1.StudyInstanceUID",
        "let who = 'DOE^JANE'",
    ),
    uses_results=True,
    grammar=Grammar.ASSIGNMENT,
    details="rsp[0] is the first response of the last request. #1.2 is row 2 of request #1: rows\n"
    "count from 1, as they are shown.",
)


@command(SPEC)
async def let(session: Session, call: BoundCall) -> None:
    """Keep a value under a name."""
    parsed = call.call.parsed
    assert isinstance(parsed, Assignment)
    resolver = SessionResolver(session, call.subject)
    try:
        value = assigned(parsed, resolver, call.call.place)
    except LanguageError as error:
        query = parsed.value
        if not error.hint and isinstance(query, Query) and query.of_request:
            record = resolver.record(query)
            count = len(record.results)
            error.hint = f"{about(record)}, had {count} response{'' if count == 1 else 's'} to ask"
        raise
    session.variables[parsed.name] = value
    if session.interactive:
        row = {"name": parsed.name, "value": value}
        columns = [Column("name"), Column("value", least=16)]
        session.presenter.listing(Listing("variable", columns, [row]))
