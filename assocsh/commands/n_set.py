"""n-set: N-SET as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.normalizing import attributes, perform, sop_class
from assocsh.commands.parameters import INSTANCE, KEYS, SOP_CLASS
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "n-set",
    "N-SET: change attributes of an instance",
    Heading.SERVICES,
    order=70,
    parameters=(SOP_CLASS, INSTANCE, KEYS),
    examples=(
        "n-set ModalityPerformedProcedureStep 1.2.826.0.1.3680043.2.5 "
        "PerformedProcedureStepDescription='CT of the chest'",
        "n-set BasicFilmSession 1.2.826.0.1.3680043.2.8 FilmDestination=MAGAZINE",
        "n-set BasicFilmBox 1.2.826.0.1.3680043.2.6 BorderDensity=BLACK",
    ),
    section="PS3.7 10.1.3 (N-SET)",
    sends=True,
)


@command(SPEC)
async def n_set(session: Session, call: BoundCall) -> None:
    """Change attributes of an instance."""
    from assocsh.dimse.requests import NSet

    instance = call.required("instance")
    await perform(session, call, NSet(sop_class(call), instance, attributes(call)))
