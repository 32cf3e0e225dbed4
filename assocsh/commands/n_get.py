"""n-get: N-GET as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.normalizing import perform, sop_class
from assocsh.commands.parameters import INSTANCE, SOP_CLASS
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "n-get",
    "N-GET: read attributes of an instance",
    Heading.SERVICES,
    order=80,
    parameters=(
        SOP_CLASS,
        INSTANCE,
        Parameter("tag", Slot.TAG, repeated=True, summary="attributes (all)"),
    ),
    examples=(
        "n-get Printer 1.2.840.10008.5.1.1.17",
        "n-get Printer 1.2.840.10008.5.1.1.17 PrinterStatus PrinterStatusInfo",
        "n-get ModalityPerformedProcedureStepRetrieve 1.2.826.0.1.3680043.2.5",
    ),
    section="PS3.7 10.1.2 (N-GET)",
    sends=True,
)


@command(SPEC)
async def n_get(session: Session, call: BoundCall) -> None:
    """Read attributes of an instance; without names all of them.

    Of a path the sequence is asked for: a peer gives whole attributes (PS3.7 10.1.2.1.6).
    """
    from assocsh.datasets.paths import parse_path
    from assocsh.dimse.requests import NGet

    tags = tuple(parse_path(word)[0].entry.tag for word in call.arguments.get("tag", ()))
    await perform(session, call, NGet(sop_class(call), call.required("instance"), tags))
