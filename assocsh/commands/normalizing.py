"""What the DIMSE-N services share: their SOP class, their attributes, the one response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.session.keys import typed_keys
from assocsh.session.reading import dataset_of
from assocsh.text.cells import cell
from assocsh.uids import PRINTER_INSTANCE, STORAGE_COMMITMENT_INSTANCE

WELL_KNOWN = (STORAGE_COMMITMENT_INSTANCE, PRINTER_INSTANCE)
"""Instances that are everybody's: what is reported of them need not be about a request of ours."""

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


def join(session: Session, call: BoundCall, sent: Dataset | None) -> None:
    """Have the reports that will follow belong to the request: they may come before its answer."""
    reports = session.observers.reports
    instance = call.argument("instance") or ""
    if instance not in WELL_KNOWN:
        reports.join(instance, call.record)
    if sent is not None and "TransactionUID" in sent:
        reports.join(str(sent.TransactionUID), call.record)


async def perform(session: Session, call: BoundCall, request: Request) -> None:
    record = call.record
    join(session, call, attributes(call))
    operation = session.send(request, record)
    final = await operation.result()
    uid = final.command.affected_sop_instance
    if uid:
        if uid not in WELL_KNOWN:
            session.observers.reports.join(uid, record)
        record.detail = f"instance {cell(uid)}"
    if final.data:
        dataset = dataset_of(session, record, final)
        record.keep(final)
        session.presenter.response(record, final, dataset)
