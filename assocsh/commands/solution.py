"""solution: one way to do a lesson's step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.lesson import player_of
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "solution",
    "one way to do a lesson's step",
    Heading.SHELL,
    of_course=True,
    order=42,
    examples=("lesson 1; solution", "solution", "lesson 4; solution"),
)


@command(SPEC)
async def solution(session: Session, call: BoundCall) -> None:
    """One way to do a lesson's step. Raises UsageError when no lesson is played."""
    player_of(session).solution()
