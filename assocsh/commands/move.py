"""move: C-MOVE to an AE that the peer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.parameters import COMPARE, KEYS, OF_ROWS
from assocsh.commands.registry import command
from assocsh.commands.retrieving import (
    ALL,
    LEVEL,
    about,
    check_synced,
    compare,
    identifiers,
    model,
    prepare_comparison,
    retrieve,
)
from assocsh.datasets.levels import MOVE_MODELS
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Slot
from assocsh.output.sink import Kind
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "move",
    "C-MOVE: have the peer send instances to an AE title",
    Heading.SERVICES,
    order=40,
    aliases=("c-move",),
    parameters=(LEVEL, KEYS),
    options=(
        Option("--to", Slot.AE_TITLE, "AET", summary="destination that the peer knows (ours)"),
        COMPARE,
        OF_ROWS,
        model(MOVE_MODELS),
        ALL,
    ),
    examples=(
        "listen --to ./in; move study --of 1 --to ASSOCSH",
        "move study --of 1 --to ASSOCSH --compare ./in",
        "move study --of 2 --to ASSOCSH &",
    ),
    section="PS3.7 9.1.4 (C-MOVE), PS3.4 C.4.2",
    sends=True,
    details=lambda: about(MOVE_MODELS),
    service="C-MOVE",
)


@command(SPEC)
async def move(session: Session, call: BoundCall) -> None:
    """Without ``--to`` to our own AE title, where ``listen`` takes them."""
    from assocsh.dimse.requests import CMove

    record = call.record
    level, chosen, datasets = identifiers(session, call, MOVE_MODELS)
    association = session.open_association()
    listener = session.listener
    if listener is not None and not listener.takes_instances:
        listener = None
    own = listener.ae_title if listener is not None else association.calling_ae
    destination = call.option("--to") or own
    if destination == own and listener is None:
        session.note(
            f"nothing listens here as {cell(own)}: `listen --port N` starts a storage acceptor",
            Kind.WARNING,
        )
    record.detail = f"to {cell(destination)}"
    requests = [CMove(level, each, destination, chosen) for each in datasets]
    comparing = call.flag("--compare")
    here = destination == own and listener is not None
    if comparing and not here:
        raise UsageError(
            f"--compare needs what arrives, and {cell(destination)} is not listening here",
            hint="`listen --to DIR`, and move to its AE title",
        )
    await prepare_comparison(call)
    if here:
        session.receiving.begin_move(record)
    try:
        await retrieve(session, record, requests)
        if comparing:
            await compare(session, record)
        await session.receiving.move_settled(record)
    finally:
        session.receiving.end_move(record)
    check_synced(record)
