"""ladder: what went back and forth, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.drawing import NOW, chosen, findings_in, write
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.wire.ladder.model import Ladder

SPEC = CommandSpec(
    "ladder",
    "draw what went back and forth: here, or as .svg, .html, .mmd, .txt",
    Heading.WIRE,
    order=30,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="request number (the whole association)"),
        Parameter("file", Slot.FILE, summary="where to; its suffix says in which form"),
    ),
    options=(
        Option("--pdus", summary="each P-DATA-TF as well, kept from the first time on"),
        NOW,
    ),
    examples=(
        "echo --repeat 8; ladder",
        "ladder #1",
        "echo & ladder --now",
        "ladder conversation.html",
        "ladder #1 conversation.svg",
    ),
    details="""\
Life lines of the applications, a row for each message in the order in which it
was sent, the time since the first one. Left of them a lane for each request
that is under way; in parentheses the Message ID. What a C-MOVE makes the peer
send here has a life line of its own. Below a message what was found about it.
No values of data sets are drawn.""",
    section="PS3.7 7.5 (operations), PS3.8 7 (associations)",
    uses_results=True,
    refers_to_request=True,
    draws=True,
    pages=True,
)


@command(SPEC)
async def ladder(session: Session, call: BoundCall) -> None:
    """Draw one request, or without one the association; on the screen or into a file."""
    from assocsh.wire.ladder import mermaid, page, svg, text
    from assocsh.wire.ladder.layout import layout

    pdus = call.flag("--pdus")
    talks, only = chosen(session, call.argument("request"))
    if pdus and not any(unit.type == 4 for talk in talks for unit in talk.units):
        session.note("P-DATA-TF PDUs are kept from now on: until now nobody asked for them")
    if pdus:
        session.observers.keep_pdus()
    found = findings_in(session, talks, only)
    drawn = layout(talks, only=only, pdus=pdus, findings=found)
    name = call.argument("file")
    if name is not None:
        forms = {
            ".txt": lambda: "\n".join(text.draw(drawn, text.WIDE)) + "\n",
            ".svg": lambda: svg.document(drawn),
            ".html": lambda: page.draw(drawn),
            ".mmd": lambda: mermaid.draw(drawn),
        }
        write(session, call, name, forms)
    elif session.format in ("json", "csv"):
        session.presenter.listing(_listing(drawn))
    else:
        for line in text.draw(drawn, session.output.width):
            session.output.result(line)


def _listing(drawn: Ladder) -> Listing:
    """The rows as objects: who said what to whom."""
    from assocsh.wire.ladder.model import Arrow

    names = [line.name for line in drawn.lifelines]
    rows = [
        {
            "t": round(row.time, 6),
            "from": names[row.source],
            "to": names[row.target],
            "what": row.parts[0],
            "count": row.count,
            "text": "  ".join(row.parts[1:]),
        }
        if isinstance(row, Arrow)
        else {"t": round(row.time, 6), "text": row.text}
        for row in drawn.rows
    ]
    keys = ("t", "from", "to", "what", "count", "text")
    return Listing("ladder", [Column(key) for key in keys], rows)
