"""again: begin a lesson's step again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.lesson import player_of
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "again",
    "begin a lesson's step again",
    Heading.SHELL,
    of_course=True,
    order=43,
    examples=("lesson 1; again", "again", "lesson 3; again"),
    barrier=True,
    needs_association=True,
)


@command(SPEC)
async def again(session: Session, call: BoundCall) -> None:
    """Begin a lesson's step again. Raises UsageError when no lesson is played."""
    await player_of(session).again(call.job)
