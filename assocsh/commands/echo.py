"""echo: C-ECHO, once or many times at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.parameters import REPEAT
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading
from assocsh.session.sending import repeat

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "echo",
    "C-ECHO: does the peer answer?",
    Heading.SERVICES,
    order=10,
    aliases=("c-echo",),
    options=(REPEAT,),
    examples=("echo", "echo --repeat 100", "echo & echo"),
    section="PS3.7 9.1.5 (C-ECHO), PS3.4 A (Verification)",
    sends=True,
    service="C-ECHO",
)


@command(SPEC)
async def echo(session: Session, call: BoundCall) -> None:
    """``--repeat N`` submits all at once: the window decides how many are outstanding."""
    from assocsh.dimse.requests import CEcho

    count = call.integer("--repeat", least=1) or 1
    await repeat(session, call.record, (CEcho() for _ in range(count)), count)
