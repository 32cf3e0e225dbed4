"""explain: what happened in a request, or what a word of the standard means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.captured import the_request
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.meanings import meaning_lines, meaning_of
from assocsh.output.table import Column
from assocsh.records import replace
from assocsh.session.binding import request_number
from assocsh.text.cells import cell, wrapped

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.captured import Captured
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "explain",
    "what happened in a request, step by step, or what a word of the standard means",
    Heading.WIRE,
    order=20,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="request number (the last)"),
        Parameter(
            "term",
            Slot.TERM,
            repeated=True,
            summary="a term, a status, a tag, a SOP class or transfer syntax",
        ),
    ),
    examples=(
        "explain #1",
        "echo; explain",
        "explain",
        "explain presentation context",
        "explain 0xA700",
        "explain CTImageStorage",
        "explain (0010,0020)",
    ),
    uses_results=True,
    refers_to_request=True,
    pages=True,
)


@command(SPEC)
async def explain(session: Session, call: BoundCall) -> None:
    """One request, or without one the last; the association when there was no request yet.

    A term in place of a number: what it means.
    """
    term = " ".join(call.arguments.get("term", ()))
    if term:
        _explain_term(session, term)
        return
    word = call.argument("request")
    number: int | None
    if session.captured is not None:
        number, sentences = _of_capture(session.captured, word)
    else:
        record = session.last_request if word is None else session.request(request_number(word))
        sentences = _of_association(session) if record is None else _of_request(session, record)
        number = None if record is None else record.number
    if session.format in ("json", "csv"):
        rows = [{"request": number, "text": text} for text in sentences]
        columns = [Column("request"), Column("text")]
        session.presenter.listing(Listing("explanation", columns, rows))
        return
    for text in sentences:
        for line in wrapped(text, session.output.width):
            session.output.result(line)


def _explain_term(session: Session, term: str) -> None:
    meaning = meaning_of(term)
    from assocsh.session.offers import SessionProvider

    here = SessionProvider(session).context_status(meaning.uid) if meaning.uid else ""
    text = [*meaning.text, *([f"On this association: {cell(here)}."] if here else [])]
    if session.format in ("json", "csv"):
        row = {"term": meaning.title, "section": meaning.section, "text": " ".join(text)}
        columns = [Column("term"), Column("section"), Column("text")]
        session.presenter.listing(Listing("explanation", columns, [row]))
        return
    for line in meaning_lines(replace(meaning, text=tuple(text)), session.output.width):
        session.output.result(line)


def _of_request(session: Session, record: RequestRecord) -> list[str]:
    from assocsh.output.cause import explained as sentences_of
    from assocsh.session.causes import Causes
    from assocsh.wire.explain import explain as explained

    exchange = session.exchange_of(record)
    first = f"#{record.number} {record.service}"
    if exchange is None:
        kept = (
            "what went back and forth is not kept any more" if record.finals else "nothing was sent"
        )
        return [f"{first}: {kept}."]
    if record.several:
        first += f", one of {record.total} operations"
        first += ": the first that came out worst" if record.failed else ": the first"
    findings = Causes(session).of_request(record)
    return [f"{first}.", *explained(exchange), *sentences_of(findings)]


def _of_capture(capture: Captured, word: str | None) -> tuple[int, list[str]]:
    """The number of a request of a capture, and what happened in it."""
    from assocsh.output.cause import explained as sentences_of
    from assocsh.wire.explain import explain as explained
    from assocsh.wire.steps import told

    record = the_request(capture, word)
    talk, exchange = record.talk, record.exchange
    first = f"#{record.number} {exchange.name}, asked by the {exchange.side} of association "
    found = capture.findings_about(record)
    lines = [f"{first}{talk.number}.", *explained(told(talk, exchange)), *sentences_of(found)]
    return record.number, lines


def _of_association(session: Session) -> list[str]:
    from assocsh.wire.explain import explain_association

    return explain_association(session.open_association())
