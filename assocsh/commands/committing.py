"""What ``commit`` and ``store --commit`` share: from the N-ACTION to the report and its table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assocsh.errors import AssocshError, NoReport
from assocsh.language.model import Option, Slot
from assocsh.output.listing import Listing
from assocsh.output.summary import outcome
from assocsh.output.table import Column
from assocsh.results.commitment import Commitment, Committed, InstanceName, reason_words
from assocsh.session.serving import LOOPBACK, start_listener, usual_port
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

if TYPE_CHECKING:
    from assocsh.results.arrivals import EventReport
    from assocsh.results.request import RequestRecord
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session

WAIT_OPTION = Option("--wait", Slot.DURATION, "TIME", summary="wait this long for the report (60s)")
WAIT = 60.0
SHOWN = 20
"""Rows of the table that are shown for people; committed instances are left out first."""

COLUMNS = (
    Column("row", right=True, least=3),
    Column("instance", middle=True, least=12),
    Column("outcome", least=9),
    Column("reason", least=12),
)


async def commit_instances(
    session: Session, record: RequestRecord, names: list[InstanceName], wait: float, *, part: bool
) -> None:
    """Ask for a commitment, wait for the report, say what became of each instance.

    ``part``: it is what a store ends with, and its N-ACTION none of the operations of ``record``.
    Raises AssocshError when not all is committed, NoReport when no report came in ``wait`` seconds,
    and as ``Association.send``.
    """
    from assocsh.datasets.uid_form import new_uid
    from assocsh.dimse.requests import NAction

    association = session.open_association()
    listener = await _listener(session, association.calling_ae)
    commitment = Commitment(new_uid(), names)
    record.arrivals.commitment = commitment
    reports = session.observers.reports
    reports.join(commitment.transaction, record)
    here, since = asyncio.Event(), session.now()
    others: list[int] = []

    def hear(report: EventReport) -> None:
        dataset = report.dataset
        if dataset is None or report.sop_class != STORAGE_COMMITMENT:
            return
        if str(dataset.get("TransactionUID", "")) != commitment.transaction:
            others.append(report.number)
            return
        report.awaited = True
        commitment.take(dataset)
        here.set()

    stop = reports.hear(hear)
    try:
        information = await asyncio.to_thread(_information, commitment)
        request = NAction(STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 1, information)
        operation = association.send(request) if part else session.send(request, record)
        final = await operation.result()
        if final.category == "Failure" and part:
            raise AssocshError(f"the peer refused the commitment: {outcome(final)}")
        if final.category == "Failure":
            return
        try:
            async with asyncio.timeout(wait):
                await here.wait()
        except TimeoutError:
            raise _no_report(commitment, listener, since, wait, others) from None
    finally:
        stop()
    _show(session, record, commitment)
    record.detail = f"{commitment.committed} of {len(commitment.instances)} committed"
    if commitment.extra:
        session.note(f"#{record.number} the report names {commitment.extra} more, not asked about")
    if commitment.failed or commitment.missing:
        raise AssocshError(
            f"not committed: {commitment.failed} failed, {commitment.missing} not mentioned"
        )


def once(names: Iterable[InstanceName]) -> list[InstanceName]:
    """Each instance once."""
    return list({one.sop_instance: one for one in names}.values())


async def _listener(session: Session, title: str) -> SessionListener:
    """The listener of the session; opened for reports alone where there is none."""
    if session.listener is None:
        session.listener = await start_listener(
            session,
            session.receiving,
            host=LOOPBACK,
            port=usual_port(session),
            ae_title=title,
            directory=None,
        )
        session.practice.learn_listener()
        session.changed()
        session.note(
            f"reports are taken as {session.listener.address}: what a peer that opens an "
            "association for them has to know"
        )
    return session.listener


def _information(commitment: Commitment) -> Any:
    from assocsh.datasets.identifiers import dataset_from

    return dataset_from(
        {
            "TransactionUID": commitment.transaction,
            "ReferencedSOPSequence": [
                {
                    "ReferencedSOPClassUID": one.sop_class,
                    "ReferencedSOPInstanceUID": one.sop_instance,
                }
                for one in commitment.instances.values()
            ],
        }
    )


def _no_report(
    commitment: Commitment,
    listener: SessionListener,
    since: float,
    wait: float,
    others: list[int],
) -> NoReport:
    """What happened instead of a report."""
    callers = listener.callers.since(since)
    if others:
        seen = f"event {others[-1]} has another Transaction UID than the one that was asked for"
    elif callers:
        seen = "; ".join(str(caller) for caller in callers[-3:])
    else:
        seen = "nothing called"
    count = plural(len(commitment.instances), "instance")
    return NoReport(
        f"no report on {count} came within {show_duration(wait)} to AE title "
        f"{cell(listener.ae_title)} at {listener.host} port {listener.port}: {seen}",
        message_id=None,
        hint="have this AE title, address and port registered with the peer, and let a firewall "
        "pass them",
    )


def _show(session: Session, record: RequestRecord, commitment: Commitment) -> None:
    rows: list[dict[str, Any]] = []
    for number, (uid, name) in enumerate(commitment.instances.items(), 1):
        became, reason = commitment.outcome(uid)
        row = {
            "request": record.number,
            "row": number,
            "instance": name.path or uid,
            "sop_class": name.sop_class,
            "sop_instance": uid,
            "transaction": commitment.transaction,
            "outcome": str(became),
            "reason": reason_words(reason),
        }
        rows.append(row)
    if session.settings.format in ("table", "expanded", "dump") and len(rows) > SHOWN:
        bad = [row for row in rows if row["outcome"] != Committed.COMMITTED]
        if len(bad) > SHOWN:
            session.note(f"... and {len(bad) - SHOWN} more that are not committed")
        good = len(rows) - len(bad)
        folded = {"instance": plural(good, "instance"), "outcome": str(Committed.COMMITTED)}
        rows = [*([folded] if good else []), *bad[:SHOWN]]
    session.presenter.listing(Listing("commitment", COLUMNS, rows))
