"""What ``get`` and ``move`` share: the identifier, the responses, the comparison of what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.parameters import LEVELS, level_and_model
from assocsh.errors import AssocshError
from assocsh.language.model import Option, Parameter, Slot
from assocsh.output.sink import Kind
from assocsh.output.sparing import FirstFew
from assocsh.results.comparison import comparison
from assocsh.session.keys import check_reach, identifier, keys_of_row, merged, typed_keys
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
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


def request_data(
    session: Session, call: BoundCall, models: tuple[str, ...]
) -> tuple[str, str | None, Dataset]:
    """The level, the model and the identifier of a retrieve that is defined in ``models``.

    Raises UsageError for what cannot be sent, also for what reaches further than was typed.
    """
    level, model = level_and_model(call, models)
    keys = merged(keys_of_row(call, level, model, whole=True, peer=session.peer), typed_keys(call))
    if not call.flag("--all"):
        check_reach(level, model, keys)
    return level, model, identifier(session, level, keys)


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


async def retrieve(session: Session, record: RequestRecord, request: Request) -> None:
    operation = session.send(request, record)
    async for response in operation:
        if response.suboperations is not None:
            record.operations.suboperations = response.suboperations
        if response.is_pending:
            session.presenter.response(record, response, None)
        elif response.data:
            _list_failed(session, record, response.dataset)


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
