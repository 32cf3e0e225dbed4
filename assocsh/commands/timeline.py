"""timeline: how long each request was queued, sent, and pending, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.drawing import NOW, chosen, write
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "timeline",
    "draw how long each request was queued, sending and pending, as .html or .svg",
    Heading.WIRE,
    order=40,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="request number (the whole association)"),
        Parameter("file", Slot.FILE, required=True, summary="where to: a .html or .svg"),
    ),
    options=(NOW,),
    examples=(
        "echo --repeat 40; timeline requests.html",
        "timeline requests.svg",
        "timeline #1 requests.html",
    ),
    details="""\
A bar for each request in the order in which they were sent, above them the
lanes of the window: what was under way at the same time. Times in which nothing
was are cut short. Values of data sets are not in it.""",
    section="PS3.7 D.3.3.3 (window)",
    uses_results=True,
    refers_to_request=True,
    pages=True,
)


@command(SPEC)
async def timeline(session: Session, call: BoundCall) -> None:
    """Draw one request, or without one those of the association, into a file."""
    from assocsh.errors import UsageError
    from assocsh.wire.timeline import page, svg
    from assocsh.wire.timeline.layout import layout

    talks, only = chosen(session, call.argument("request"))
    drawn = layout(talks, only=only)
    if not drawn.requests:
        raise UsageError("no request was sent yet", hint="`echo` sends one")
    forms = {".html": lambda: page.draw(drawn), ".svg": lambda: svg.document(drawn)}
    write(session, call, call.required("file"), forms)
