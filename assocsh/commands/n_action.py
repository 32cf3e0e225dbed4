"""n-action: N-ACTION as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.normalizing import attributes, perform, sop_class
from assocsh.commands.parameters import INSTANCE, KEYS, SOP_CLASS
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.session.binding import parse_integer

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "n-action",
    "N-ACTION: have the peer do something with an instance",
    Heading.SERVICES,
    order=90,
    parameters=(
        SOP_CLASS,
        INSTANCE,
        Parameter("type", Slot.INTEGER, required=True, summary="action type ID"),
        KEYS,
    ),
    examples=(
        "n-action BasicFilmBox 1.2.826.0.1.3680043.2.6 1",
        "n-action BasicFilmSession 1.2.826.0.1.3680043.2.8 1",
        "n-action StorageCommitmentPushModel 1.2.840.10008.1.20.1.1 1 "
        "TransactionUID=1.2.826.0.1.3680043.2.7 "
        "ReferencedSOPSequence.ReferencedSOPClassUID=CTImageStorage "
        "ReferencedSOPSequence.ReferencedSOPInstanceUID=1.2.826.0.1.3680043.2.9",
    ),
    section="PS3.7 10.1.4 (N-ACTION)",
    sends=True,
)


@command(SPEC)
async def n_action(session: Session, call: BoundCall) -> None:
    """Have the peer do something with an instance."""
    from assocsh.dimse.requests import NAction

    kind = parse_integer(call.required("type"), "action type", most=65535)
    instance = call.required("instance")
    await perform(session, call, NAction(sop_class(call), instance, kind, attributes(call)))
