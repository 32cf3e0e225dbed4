"""history: the last commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "history",
    "the last commands",
    Heading.SHELL,
    order=20,
    parameters=(Parameter("n", Slot.INTEGER, summary="how many (20)"),),
    examples=("history", "history 50", "history; status"),
    at_once=True,
    recorded=False,
)


@command(SPEC)
async def history(session: Session, call: BoundCall) -> None:
    """The last commands of this session."""
    word = call.argument("n")
    count = 20 if word is None else parse_integer(word, "history", least=1)
    lines = list(session.history)
    first = max(len(lines) - count, 0)
    rows = [{"number": first + index, "text": text} for index, text in enumerate(lines[first:], 1)]
    columns = [Column("number", "#", right=True, least=3), Column("text", "command", least=20)]
    session.presenter.listing(Listing("history", columns, rows))
