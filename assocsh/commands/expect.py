"""let and expect: keeping a value, checking a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import AssocshError, LanguageError
from assocsh.language.evaluate import assigned, evaluate
from assocsh.language.expectations import Assignment, Expectation
from assocsh.language.place import line_at
from assocsh.language.queries import OF_REQUEST, Query
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.resolver import SessionResolver

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


@command("let")
async def let(session: Session, call: BoundCall) -> None:
    """Keep a value under a name."""
    parsed = call.call.parsed
    assert isinstance(parsed, Assignment)
    resolver = SessionResolver(session, call.subject)
    try:
        value = assigned(parsed, resolver, call.call.place)
    except LanguageError as error:
        query = parsed.value
        if not error.hint and isinstance(query, Query) and query.root in OF_REQUEST:
            from assocsh.scripting.messages import about

            record = resolver.record(query)
            count = len(record.results)
            error.hint = f"{about(record)}, had {count} response{'' if count == 1 else 's'} to ask"
        raise
    session.variables[parsed.name] = value
    if session.interactive:
        row = {"name": parsed.name, "value": value}
        columns = [Column("name"), Column("value", least=16)]
        session.presenter.listing(Listing("variable", columns, [row]))


@command("expect")
async def expect(session: Session, call: BoundCall) -> None:
    """Check a result; what fails is said in full here, and fails the script."""
    from assocsh.scripting.messages import about
    from assocsh.scripting.outcome import Check

    parsed = call.call.parsed
    assert isinstance(parsed, Expectation)
    resolver = SessionResolver(session, call.subject)
    verdict = evaluate(parsed, resolver, call.call.place)
    record = None
    if parsed.query.root in OF_REQUEST:
        record = resolver.record(parsed.query)
        if parsed.query.root == "status":
            record.status_checked = True
    query = parsed.query
    line, column, end = line_at(call.call.place.text, query.start, query.end)
    check = Check(
        line=call.call.line,
        text=call.call.text,
        ok=verdict.ok,
        actual=verdict.told,
        about="" if record is None else about(record),
        column=column,
        end=end,
        source_line=line,
        source=call.call.source,
    )
    exchange = None if record is None else session.exchange_of(record)
    session.presenter.expectation(check, record, exchange)
    if not verdict.ok:
        call.job.said = True
        raise AssocshError(f"expectation failed: {call.call.text}: actual {verdict.told}")
