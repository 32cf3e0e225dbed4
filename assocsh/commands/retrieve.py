"""get and move: C-GET to a folder here, C-MOVE to an AE that the peer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import AssocshError, UsageError
from assocsh.output.sink import Kind
from assocsh.output.sparing import FirstFew
from assocsh.results.comparison import comparison
from assocsh.session.keys import identifier, keys_of_row, merged, typed_keys
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


def _request_data(session: Session, call: BoundCall) -> tuple[str, str | None, Dataset]:
    record = call.record
    level = record.level = call.required("level").upper()
    model = record.model = call.option("--model")
    keys = merged(keys_of_row(call, level, model, whole=True), typed_keys(call))
    return level, model, identifier(session, level, keys)


@command("get")
async def get(session: Session, call: BoundCall) -> None:
    """The instances come as C-STORE on this association and go to ``--to``."""
    from assocsh.dimse.requests import CGet

    record = call.record
    level, model, dataset = _request_data(session, call)
    folder = call.option("--to") or "."
    directory = call.path(folder)
    await _prepare_comparison(call)
    session.receiving.begin(record, directory)
    try:
        await _retrieve(session, record, CGet(level, dataset, model))
    finally:
        session.receiving.end(record)
        told = [f"{record.received} received in {cell(folder)}"] if record.received else []
        told += [f"{record.not_written} not written"] if record.not_written else []
        record.detail = ", ".join(told)
    counts = record.suboperations
    await _compare(session, record)
    if counts is not None and counts.completed + counts.warning != record.received:
        raise AssocshError(
            f"incomplete: the peer says {counts.completed + counts.warning} instances were sent, "
            f"{record.received} arrived"
        )
    if record.not_written:
        # the peer's status may be a warning only: what is missing here is a failure
        raise AssocshError(f"incomplete: {record.not_written} could not be written here")


@command("move")
async def move(session: Session, call: BoundCall) -> None:
    """Without ``--to`` to our own AE title, where ``listen`` takes them."""
    from assocsh.dimse.requests import CMove

    record = call.record
    level, model, dataset = _request_data(session, call)
    association = session.open_association()
    listener = session.listener
    own = listener.ae_title if listener is not None else association.calling_ae
    destination = call.option("--to") or own
    if destination == own and listener is None:
        session.note(
            f"nothing listens here as {cell(own)}: listen --port N starts a storage acceptor",
            Kind.WARNING,
        )
    record.detail = f"to {cell(destination)}"
    request = CMove(level, dataset, destination, model)
    if not call.flag("--compare"):
        await _retrieve(session, record, request)
        return
    if destination != own or listener is None:
        raise UsageError(
            f"--compare needs what arrives, and {cell(destination)} is not listening here",
            hint="listen --port N --to DIR, and move to its AE title",
        )
    await _prepare_comparison(call)
    session.receiving.begin_move(record)
    try:
        await _retrieve(session, record, request)
        await _compare(session, record)
    finally:
        session.receiving.end_move(record)


async def _prepare_comparison(call: BoundCall) -> None:
    """Look at the files of ``--compare`` before anything is sent. Raises UnusableFile."""
    path = call.option("--compare")
    if path is not None:
        call.record.comparison = await comparison(call.path(path))


async def _compare(session: Session, record: RequestRecord) -> None:
    """Compare what arrived. Raises AssocshError with the first difference."""
    compared = record.comparison
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
        told = f"{compared.compared} compared, {compared.different} different"
        record.detail = f"{record.detail}, {told}" if record.detail else told


async def _retrieve(session: Session, record: RequestRecord, request: Request) -> None:
    operation = session.send(request, record)
    async for response in operation:
        if response.suboperations is not None:
            record.suboperations = response.suboperations
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
