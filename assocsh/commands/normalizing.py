"""What the DIMSE-N services share: their SOP class, their attributes, the one response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.session.keys import typed_keys
from assocsh.session.reading import dataset_of
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


def sop_class(call: BoundCall) -> str:
    from assocsh.datasets.dictionary import sop_class_uid

    return sop_class_uid(call.required("class"))


def attributes(call: BoundCall) -> Dataset | None:
    from assocsh.datasets.identifiers import build_identifier

    keys = typed_keys(call)
    return build_identifier(None, keys) if keys else None


async def perform(session: Session, call: BoundCall, request: Request) -> None:
    record = call.record
    operation = session.send(request, record)
    final = await operation.result()
    uid = final.command.affected_sop_instance
    if uid:
        record.detail = f"instance {cell(uid)}"
    if final.data:
        dataset = dataset_of(session, record, final)
        record.keep(final)
        session.presenter.response(record, final, dataset)
