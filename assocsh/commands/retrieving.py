"""What ``get`` and ``move`` share: the identifier, the responses, the comparison of what came."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assocsh.commands.parameters import LEVELS, level_and_model
from assocsh.errors import AssocshError
from assocsh.language.model import Option, Parameter, Slot
from assocsh.output.sink import Kind
from assocsh.output.sparing import FirstFew
from assocsh.results.comparison import comparison
from assocsh.session.keys import check_reach, identifier, keys_of_rows, merged, typed_keys
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Operation
    from assocsh.dimse.requests import Request
    from assocsh.dimse.responses import SubOperations
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


LEVEL = Parameter(
    "level",
    Slot.LEVEL,
    (*LEVELS, "frame"),
    required=True,
    summary="patient, study, series, image, frame; none for a model without levels",
    unless="--model",
)
"""What is retrieved; frames of an image only in the model that has them (PS3.4 Y)."""

ALL = Option("--all", summary="without the unique key of the level too: all that the peer holds")
"""What a retrieve needs that names no instances."""


def model(models: tuple[str, ...]) -> Option:
    """``--model`` of a retrieve that is defined in ``models``."""
    return Option(
        "--model",
        Slot.QUERY_MODEL,
        "MODEL",
        models,
        summary="information model to use, by name or by its SOP class",
    )


def about(models: tuple[str, ...]) -> str:
    """What the help of a retrieve says about ``models``."""
    from textwrap import fill

    from assocsh.datasets.levels import KEYS_OF_MODEL

    flat = ", ".join(one for one in models if one in KEYS_OF_MODEL)
    return fill(f"Models without levels, by SOPInstanceUID alone: {flat}", 78)


def identifiers(
    session: Session, call: BoundCall, models: tuple[str, ...]
) -> tuple[str, str | None, list[Dataset]]:
    """The level, the model and the identifiers of a retrieve that is defined in ``models``.

    One identifier for each row that it names, each once. A list of UIDs could ask for several in
    one request (PS3.4 C.4.2.2.1), but only for those that have the same keys above their level; one
    request for each asks no more of a peer than one row does.
    Raises UsageError for what cannot be sent, also for what reaches further than was typed.
    """
    level, model = level_and_model(call, models)
    made: dict[tuple[tuple[str, str | None], ...], Dataset] = {}
    for of_row in keys_of_rows(call, level, model, whole=True, peer=session.peer):
        keys = merged(of_row, typed_keys(call))
        if not call.flag("--all"):
            check_reach(level, model, keys)
        if tuple(keys) not in made:
            made[tuple(keys)] = identifier(session, level, keys)
    return level, model, list(made.values())


async def prepare_comparison(call: BoundCall) -> None:
    """Look at the files of ``--compare`` before anything is sent. Raises UnusableFile."""
    path = call.option("--compare")
    if path is not None:
        call.record.arrivals.comparison = await comparison(call.path(path))


async def compare(session: Session, record: RequestRecord) -> None:
    """Compare what arrived. Raises AssocshError with the first difference."""
    compared = record.arrivals.comparison
    if compared is None:
        return
    counts = record.suboperations
    await compared.wait_for(counts.completed + counts.warning if counts is not None else 0)
    few = FirstFew()
    few.admit()  # the first difference is in the error

    def also(difference: str) -> None:
        if few.admit():
            session.note(f"#{record.number} different: {cell(difference, 1000)}", Kind.WARNING)

    try:
        await compared.finish(also)
        if not compared.compared and record.category != "Failure":
            raise AssocshError(f"nothing arrived to compare with {compared.path}")
    finally:
        counted = f"{compared.compared} compared, {compared.different} different"
        record.detail = f"{record.detail}, {counted}" if record.detail else counted


def check_synced(record: RequestRecord) -> None:
    """Raise AssocshError when something of what arrived may not be on the disk; it was told of."""
    count = record.arrivals.not_synced
    if count:
        raise AssocshError(
            f"{count} of what arrived may not be on the disk",
            hint="have it sent again, to another disk",
        )


AHEAD = 16
"""Retrieves of one command that are handed over and have not ended; their rows may be many."""


async def retrieve(session: Session, record: RequestRecord, requests: Sequence[Request]) -> None:
    """Send the retrieves of one command; what they report is reported in sum.

    The first error that ended one of them without being asked for is raised when all have ended.
    """
    from assocsh.dimse.responses import SubOperations

    record.operations.expected = len(requests)
    record.operations.untold = len(requests)
    counted: dict[Operation, SubOperations] = {}
    waiting = deque(requests)
    going: deque[Operation] = deque()
    failed: AssocshError | None = None
    while going or (waiting and not record.cancel_asked and failed is None):
        while waiting and len(going) < AHEAD and not record.cancel_asked and failed is None:
            going.append(session.send(waiting.popleft(), record))
        operation = going.popleft()
        try:
            async for response in operation:
                told = response.suboperations
                if told is not None:
                    if operation not in counted:
                        record.operations.untold -= 1
                    counted[operation] = told
                    record.operations.suboperations = (
                        told
                        if len(counted) == 1
                        else SubOperations(*map(sum, zip(*counted.values(), strict=True)))
                    )
                if response.is_pending:
                    session.presenter.response(record, response, None)
                elif response.data:
                    _list_failed(session, record, response.dataset)
        except AssocshError as error:
            failed = failed or error
        if operation not in counted:  # it has ended, and will not say it any more
            record.operations.untold -= 1
    if failed is not None:
        raise failed


def _list_failed(session: Session, record: RequestRecord, dataset: Dataset | None) -> None:
    """Failed SOP Instance UID List (0008,0058) of a final response."""
    failed = dataset.get("FailedSOPInstanceUIDList") if dataset is not None else None
    if not failed:
        return
    few = FirstFew()
    for uid in [failed] if isinstance(failed, str) else failed:
        if few.admit():
            session.note(f"#{record.number} failed: {cell(str(uid))}", Kind.WARNING)
    if few.left_out:
        session.note(f"#{record.number} failed: {few.left_out} more", Kind.WARNING)
