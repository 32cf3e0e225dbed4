"""What ``commit`` and ``store --commit`` share: from the N-ACTION to the report and its table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from assocsh.commands.reports_listener import reports_listener
from assocsh.errors import AssocshError, NoReport
from assocsh.language.model import Option, Slot
from assocsh.output.listing import Listing
from assocsh.output.sink import Kind
from assocsh.output.sparing import REMARKS_SHOWN, FirstFew
from assocsh.output.summary import outcome
from assocsh.output.table import Column
from assocsh.records import replace
from assocsh.results.commitment import Commitment, Committed, InstanceName, Transaction
from assocsh.session.commitments import Awaited, forget, remember
from assocsh.session.plan import PRACTICE
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.dimse.requests import EncodedData
    from assocsh.results.arrivals import EventReport
    from assocsh.results.request import RequestRecord
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session

WAIT_OPTION = Option("--wait", Slot.DURATION, "TIME", summary="wait this long for the report (60s)")
REQUEST_COMMITMENT = 1
"""The one action (PS3.4 J.3.2)."""

WAIT = 60.0
SHOWN = 20
"""Rows of the table that are shown for people; committed instances are left out first."""

COLUMNS = (
    Column("row", right=True, least=3),
    Column("instance", middle=True, least=12),
    Column("outcome", least=9),
    Column("reason", least=12),
)


class Hearing:
    """What is reported of a commitment while a command waits for it; made by ``hearing``."""

    def __init__(self, commitment: Commitment) -> None:
        self._commitment = commitment
        self._few = FirstFew(REMARKS_SHOWN)
        self.others: list[int] = []
        """The numbers of reports of transactions that nobody here asked for."""
        self._all = asyncio.Event()

    def __call__(self, report: EventReport) -> None:
        dataset = report.dataset
        if dataset is None or report.sop_class != STORAGE_COMMITMENT:
            return
        if str(dataset.get("TransactionUID", "")) in self._commitment.transactions:
            report.awaited, report.quiet = True, not self._few.admit()
        elif report.request is None:
            self.others.append(report.number)
        if not self._commitment.open:
            self._all.set()

    async def all(self, wait: float) -> None:
        """Until each transaction is reported, but no longer than ``wait`` seconds."""
        if self._commitment.open:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._all.wait()


@contextmanager
def hearing(session: Session, commitment: Commitment) -> Iterator[Hearing]:
    """Hear what is reported of ``commitment``, from before it is asked for."""
    heard = Hearing(commitment)
    stop = session.observers.reports.hear(heard)
    try:
        yield heard
    finally:
        stop()


async def commit_instances(
    session: Session,
    record: RequestRecord,
    groups: Iterable[list[InstanceName]],
    wait: float,
    *,
    part: bool,
) -> None:
    """Ask for a commitment of each group, wait for the reports, say what became of each instance.

    ``part``: it is what a store ends with, and its N-ACTION none of the operations of ``record``.
    Raises AssocshError when not all is committed, NoReport when one did not come in ``wait``
    seconds, and as ``Association.send``.
    """
    from assocsh.datasets.uid_form import new_uid

    association = session.open_association()
    listener = await reports_listener(session, association)
    commitment = Commitment([Transaction(new_uid(), group) for group in groups])
    record.arrivals.commitment = commitment
    for transaction in commitment:
        session.observers.reports.join(transaction.uid, record)
    since = session.now()
    with hearing(session, commitment) as heard:
        await _ask(session, record, association, commitment, part=part)
        if all(one.refused for one in commitment):
            if part:
                why = next(iter(commitment)).refused
                raise AssocshError(f"the peer refused the commitment: {why}")
            return  # its final response says so
        try:
            await heard.all(wait)
        finally:
            await _remember(session, commitment, listener)
    missing = no_report(session, listener, commitment, since, wait, heard.others)
    conclude(session, record, missing)


async def _ask(
    session: Session,
    record: RequestRecord,
    association: Association,
    commitment: Commitment,
    *,
    part: bool,
) -> None:
    """The N-ACTIONs, to their final responses; who is refused has that noted."""
    from assocsh.dimse.requests import NAction

    named = None if part else record.operations.context
    request = NAction(STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, REQUEST_COMMITMENT)
    syntax = association.context_for(request, context=named).transfer_syntax or ""
    operations = []
    for transaction in commitment:
        information = await asyncio.to_thread(_information, transaction, syntax)
        request = replace(request, information=information)
        operation = association.send(request) if part else session.send(request, record)
        operations.append((transaction, operation))
    for transaction, operation in operations:
        final = await operation.result()
        if final.category == "Failure":
            transaction.refused = outcome(final)


def conclude(session: Session, record: RequestRecord, missing: NoReport | None) -> None:
    """Show what the reports said. Raises ``missing``, or AssocshError if not all is committed."""
    commitment = record.arrivals.commitment
    assert commitment is not None
    record.detail = "no report"
    if commitment.reported:
        show_commitment(session, record)
        record.detail = f"{commitment.committed} of {commitment.count} committed"
        if len(commitment.transactions) > 1:
            record.detail += f" in {len(commitment.transactions)} transactions"
    for transaction in commitment:
        for oddity in transaction.oddities:
            session.note(f"#{record.number} the peer {oddity}", Kind.WARNING)
        transaction.oddities.clear()
    if missing is not None:
        raise missing
    if commitment.failed or commitment.missing:
        raise AssocshError(
            f"not committed: {commitment.failed} failed, {commitment.missing} not mentioned"
        )


def once(names: Iterable[InstanceName]) -> list[InstanceName]:
    """Each instance once."""
    return list({one.sop_instance: one for one in names}.values())


def _information(transaction: Transaction, transfer_syntax: str) -> EncodedData:
    """What a transaction asks for, encoded. Blocks, for 10,000 instances seconds."""
    from assocsh.datasets.identifiers import dataset_from, encode
    from assocsh.dimse.requests import EncodedData

    dataset = dataset_from(
        {
            "TransactionUID": transaction.uid,
            "ReferencedSOPSequence": [
                {
                    "ReferencedSOPClassUID": one.sop_class,
                    "ReferencedSOPInstanceUID": one.sop_instance,
                }
                for one in transaction.instances.values()
            ],
        }
    )
    return EncodedData(encode(dataset, transfer_syntax), transfer_syntax)


async def _remember(session: Session, commitment: Commitment, listener: SessionListener) -> None:
    """Have ``commit --late`` wait for the reports that did not come, in a later session too.

    The practice archive of this session reports to none that comes later.
    """
    plan = session.open_plan
    if not commitment.open or plan is None or plan.peer == PRACTICE:
        return
    where = (session.peer, listener.ae_title, listener.host, listener.port)
    awaited = [Awaited(transaction, *where) for transaction in commitment.open]
    forget_when_reported(session, commitment.open)
    try:
        await asyncio.to_thread(remember, awaited)
        for one in awaited:
            if not one.transaction.open:  # its report came while it was written down
                forget(one.transaction.uid)
    except OSError as error:
        session.note(
            f"a later session will not know of this commitment: {cell(error.strerror or '')}",
            Kind.WARNING,
        )


def forget_when_reported(session: Session, transactions: Iterable[Transaction]) -> None:
    """Remember each of them no longer than until its report is here, whoever waits for it."""
    waiting = {one.uid: one for one in transactions}
    if not waiting:
        return

    def heard(_: EventReport) -> None:
        for uid in [uid for uid, one in waiting.items() if one.reports]:
            del waiting[uid]
            with suppress(OSError):
                forget(uid)
        if not waiting:
            stop()

    stop = session.observers.reports.hear(heard)


def no_report(
    session: Session,
    listener: SessionListener,
    commitment: Commitment,
    since: float,
    wait: float,
    others: Sequence[int],
) -> NoReport | None:
    """What happened instead of the reports, after ``since``; None when all are here."""
    missing = sum(len(one.instances) for one in commitment.open)
    if not missing:
        return None
    callers = listener.callers.since(since)
    if others:
        seen = f"event {others[-1]} has another Transaction UID than the one that was asked for"
    elif callers:
        seen = "; ".join(str(caller) for caller in callers[-3:])
    else:
        seen = "nothing called"
    if session.ended_by() is not None:
        seen += ", and the association has ended"
    if session.listener is not listener:
        seen += ", and it listens no more"
    return NoReport(
        f"no report on {plural(missing, 'instance')} came within {show_duration(wait)} to AE title "
        f"{cell(listener.ae_title)} at {listener.host} port {listener.port}: {seen}",
        message_id=None,
        hint="have this AE title, address and port registered with the peer, and let a firewall "
        "pass them; `commit --late` waits for it again",
    )


def show_commitment(session: Session, record: RequestRecord) -> None:
    """What became of each instance of a commitment; people are shown the bad ones first."""
    commitment = record.arrivals.commitment
    assert commitment is not None
    rows: list[dict[str, Any]] = []
    for transaction in commitment:
        transaction.shown = not transaction.open
        for uid, name in transaction.instances.items():
            became = transaction.outcome(uid)
            row = {
                "request": record.number,
                "row": len(rows) + 1,
                "instance": name.path or uid,
                "sop_class": name.sop_class,
                "sop_instance": uid,
                "transaction": transaction.uid,
                "outcome": str(became.outcome),
                "reason": became.reason,
            }
            rows.append(row)
    if session.format in ("table", "expanded", "dump") and len(rows) > SHOWN:
        bad = [row for row in rows if row["outcome"] != Committed.COMMITTED]
        if len(bad) > SHOWN:
            session.note(f"... and {len(bad) - SHOWN} more that are not committed")
        good = len(rows) - len(bad)
        folded = {"instance": plural(good, "instance"), "outcome": str(Committed.COMMITTED)}
        rows = [*([folded] if good else []), *bad[:SHOWN]]
    session.presenter.listing(Listing("commitment", COLUMNS, rows))
