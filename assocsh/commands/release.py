"""release: the end of the association in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import AssociationReleased
from assocsh.language.model import CommandSpec, Heading, Option
from assocsh.session.releasing import release_in_order

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "release",
    "end the association in order: drain what is pending, then A-RELEASE",
    Heading.ASSOCIATION,
    order=40,
    options=(Option("--now", summary="do not wait for what is pending"),),
    examples=("release", "release --now", "wait all; release"),
    section="PS3.8 7.2 (A-RELEASE)",
    lifecycle=True,
)


@command(SPEC)
async def release(session: Session, call: BoundCall) -> None:
    """Drain what is pending, then release; the end itself is said when it happens."""
    association = session.open_association()
    if association.closed:
        if isinstance(association.ended_by, AssociationReleased):
            session.note("the association is released already")
            return
        ended = session.ended_by()
        if ended is not None:
            raise ended
    await release_in_order(session, association, call, now=call.flag("--now"))
