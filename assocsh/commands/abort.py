"""abort: the end of the association at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import LocalProtocolError
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "abort",
    "end the association at once: A-ABORT",
    Heading.ASSOCIATION,
    order=50,
    examples=("abort", "echo --repeat 50 & abort", "abort; reopen"),
    section="PS3.8 7.3 (A-ABORT)",
    at_once=True,
    lifecycle=True,
)


@command(SPEC)
async def abort(session: Session, call: BoundCall) -> None:
    """Abort; an association that is being opened is given up."""
    opening = [job for job in session.jobs if job.call.spec.opens and job.came_before(call.job)]
    for job in opening:
        job.cancel()
    association = session.association
    if association is None or association.closed:
        if not opening:
            raise LocalProtocolError("no association is open: there is nothing to abort")
        return
    await association.abort()
