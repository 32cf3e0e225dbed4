"""help: the commands, one of them, or a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.text.cells import cell, wrapped

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "help",
    "commands, one command, or a topic: keys, language, expect",
    Heading.SHELL,
    order=30,
    aliases=("?",),
    parameters=(Parameter("topic", Slot.COMMAND, summary="a command or a topic"),),
    examples=("help", "help find", "help keys"),
    at_once=True,
    recorded=False,
    pages=True,
)


@command(SPEC)
async def help_(session: Session, call: BoundCall) -> None:
    """Write the help of a command or topic as a result, so that it can be piped."""
    from assocsh.language.help import help_text, topics

    topic = call.argument("topic")
    body = None if topic in topics() else session.config.aliases.get(topic or "")
    text = help_text(topic, session.config.keys) if body is None else f"{topic} stands for: {body}"
    for line in text.splitlines():
        for each in wrapped(cell(line, None), session.output.width):
            session.output.result(each)
