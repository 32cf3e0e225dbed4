"""quit: leave the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "quit",
    "release the association and leave",
    Heading.SHELL,
    order=40,
    aliases=("exit",),
    examples=("quit", "wait all; quit", "abort; quit"),
    at_once=True,
    recorded=False,
)


@command(SPEC)
async def quit_(session: Session, call: BoundCall) -> None:
    """Ask the reader of commands to stop; it releases the association before it ends."""
    session.leaving.set()
