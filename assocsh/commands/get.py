"""get: C-GET to a folder here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.parameters import (
    COMPARE,
    KEYS,
    OF_ROWS,
    TO_FOLDER,
    durability,
    folder_for_received,
)
from assocsh.commands.practice_options import DURABILITY
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
from assocsh.datasets.levels import GET_MODELS
from assocsh.errors import AssocshError
from assocsh.language.model import CommandSpec, Heading
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "get",
    "C-GET: receive instances over this association",
    Heading.SERVICES,
    order=30,
    aliases=("c-get",),
    parameters=(LEVEL, KEYS),
    options=(
        TO_FOLDER,
        DURABILITY,
        COMPARE,
        OF_ROWS,
        model(GET_MODELS),
        ALL,
    ),
    examples=(
        "get series --of 1 --to ./in",
        "get series --of 1 --compare ./in",
        "get series --of * --to ./in",
        "find study; get study StudyInstanceUID=${rsp[0].StudyInstanceUID} --to ./in &",
    ),
    section="PS3.7 9.1.3 (C-GET), PS3.4 C.4.3",
    sends=True,
    details=lambda: about(GET_MODELS),
    service="C-GET",
)


@command(SPEC)
async def get(session: Session, call: BoundCall) -> None:
    """The instances come as C-STORE on this association and go to ``--to``."""
    from assocsh.dimse.requests import CGet

    record = call.record
    came = record.arrivals
    level, chosen, datasets = identifiers(session, call, GET_MODELS)
    folder = folder_for_received(session, call)
    directory = call.path(folder)
    await prepare_comparison(call)
    session.receiving.begin(record, directory, durability(session, call))
    try:
        await retrieve(session, record, [CGet(level, each, chosen) for each in datasets])
        await session.receiving.settled(record)
    finally:
        session.receiving.end(record)
        parts = [f"{came.received} received in {cell(folder)}"] if came.received else []
        parts += [f"{came.not_kept} refused here"] if came.not_kept else []
        parts += [f"{came.not_synced} not on the disk"] if came.not_synced else []
        record.detail = ", ".join(parts)
    counts = record.suboperations
    if record.category == "Cancel":
        return  # what it had received by then is here, and it is not said to be all
    await compare(session, record)
    if counts is not None and counts.completed + counts.warning != came.received:
        raise AssocshError(
            f"incomplete: the peer says {counts.completed + counts.warning} instances were sent, "
            f"{came.received} arrived"
        )
    check_synced(record)
    if came.not_kept:
        # the peer's status may be a warning only: what is missing here is a failure
        raise AssocshError(f"incomplete: {came.not_kept} could not be kept here")
