"""skip: leave out a lesson's step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.lesson import player_of
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "skip",
    "leave out a lesson's step",
    Heading.SHELL,
    of_course=True,
    order=44,
    examples=("lesson 1; skip", "skip", "lesson 3; skip; hint"),
    barrier=True,
    needs_association=True,
)


@command(SPEC)
async def skip(session: Session, call: BoundCall) -> None:
    """Leave out a lesson's step. Raises UsageError when no lesson is played."""
    await player_of(session).skip(call.job)
