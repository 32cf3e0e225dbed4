"""hint: the next hint of a lesson's step: a question, a pointer, the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.lesson import player_of
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "hint",
    "the next hint of a lesson's step: a question, a pointer, the line",
    Heading.SHELL,
    of_course=True,
    order=41,
    examples=("lesson 1; hint", "hint", "lesson 4; hint; hint"),
)


@command(SPEC)
async def hint(session: Session, call: BoundCall) -> None:
    """Say the next hint. Raises UsageError when no lesson is played, or the step has none."""
    player_of(session).hint()
