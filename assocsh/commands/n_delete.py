"""n-delete: N-DELETE as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.normalizing import perform, sop_class
from assocsh.commands.parameters import INSTANCE, SOP_CLASS
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "n-delete",
    "N-DELETE: remove an instance",
    Heading.SERVICES,
    order=100,
    parameters=(SOP_CLASS, INSTANCE),
    examples=(
        "n-delete BasicFilmBox 1.2.826.0.1.3680043.2.6",
        "n-delete BasicFilmSession 1.2.826.0.1.3680043.2.8",
        "n-create BasicFilmSession; n-delete BasicFilmSession ${last.AffectedSOPInstanceUID}",
    ),
    section="PS3.7 10.1.6 (N-DELETE)",
    sends=True,
)


@command(SPEC)
async def n_delete(session: Session, call: BoundCall) -> None:
    """Remove an instance."""
    from assocsh.dimse.requests import NDelete

    await perform(session, call, NDelete(sop_class(call), call.required("instance")))
