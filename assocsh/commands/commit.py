"""commit: storage commitment, from the request to the report."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.datasets.folders import files_below
from assocsh.errors import AssocshError, NoReport, UnusableFile, UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.results.commitment import Commitment, Committed, InstanceName, reason_words
from assocsh.session.binding import request_number
from assocsh.session.serving import LOOPBACK, start_listener, usual_port
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

if TYPE_CHECKING:
    from pathlib import Path

    from assocsh.results.arrivals import EventReport
    from assocsh.session.binding import BoundCall
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session

WAIT = 60.0
SHOWN = 20
"""Rows of the table that are shown for people; committed instances are left out first."""

SPEC = CommandSpec(
    "commit",
    "storage commitment: does the peer keep what was stored?",
    Heading.SERVICES,
    order=55,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="what this store stored (the last one)"),
        Parameter("path", Slot.FILE, repeated=True, summary="or what these files are"),
    ),
    options=(
        Option("--recursive", summary="folders inside folders too"),
        Option("--wait", Slot.DURATION, "TIME", summary="wait this long for the report (60s)"),
    ),
    examples=(
        "store examples --recursive; commit",
        "commit examples/ct.dcm --wait 10s",
        "store examples/mr.dcm; commit; expect commit.failed == 0",
    ),
    details="""\\
The report comes on the open association or on one of its own to a listener,
which is opened here where none is. The peer has to know our AE title, and the
port, for the latter.""",
    section="PS3.4 J.3 (Storage Commitment Push Model)",
    sends=True,
    service="N-ACTION",
    uses_results=True,
    refers_to_request=True,
)

COLUMNS = (
    Column("row", right=True, least=3),
    Column("instance", middle=True, least=12),
    Column("outcome", least=9),
    Column("reason", least=12),
)


@command(SPEC)
async def commit(session: Session, call: BoundCall) -> None:
    """Ask for a commitment, wait for the report, say what became of each instance."""
    from assocsh.datasets.uid_form import new_uid
    from assocsh.dimse.requests import NAction

    record = call.record
    association = session.open_association()
    names = await _instances(session, call)
    wait = call.duration("--wait")
    wait = WAIT if wait is None else wait
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
        final = await session.send(request, record).result()
        if final.category == "Failure":
            return
        try:
            async with asyncio.timeout(wait):
                await here.wait()
        except TimeoutError:
            raise _no_report(commitment, listener, since, wait, others) from None
    finally:
        stop()
    _show(session, call, commitment)
    total = len(commitment.instances)
    record.detail = f"{commitment.committed} of {total} committed"
    if commitment.extra:
        session.note(f"#{record.number} the report names {commitment.extra} more, not asked about")
    if commitment.failed or commitment.missing:
        raise AssocshError(
            f"not committed: {commitment.failed} failed, {commitment.missing} not mentioned"
        )


async def _instances(session: Session, call: BoundCall) -> list[InstanceName]:
    """What is to be committed, each once. Raises UsageError, UnusableFile."""
    paths = [call.path(word) for word in call.arguments.get("path", ())]
    if paths:
        await session.practice.make_examples(paths, call.base)
        names = await asyncio.to_thread(_of_files, paths, call.flag("--recursive"))
    else:
        word = call.argument("request")
        stores = [one for one in session.requests if one.operations.stored]
        if word is None and not stores:
            raise UsageError("nothing was stored yet", hint="`store examples` stores files")
        store = stores[-1] if word is None else session.request(request_number(word))
        names = store.operations.stored
        if not names:
            raise UsageError(f"#{store.number} {store.service} stored nothing")
    return list({one.sop_instance: one for one in names}.values())


def _of_files(paths: list[Path], recursive: bool) -> list[InstanceName]:
    from assocsh.datasets.part10 import open_instance

    names = []
    for path in paths:
        for file in files_below(path, recursive=recursive) if path.is_dir() else (path,):
            try:
                found = open_instance(file)
            except UnusableFile:
                if file is path:
                    raise
                continue  # in a folder there may be other files
            names.append(InstanceName(found.sop_class, found.sop_instance, str(file)))
    if not names:
        raise UsageError("there is no DICOM file to commit", hint="--recursive looks into folders")
    return names


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
        f"no report on {count} within {show_duration(wait)}: {seen}",
        message_id=None,
        hint=f"the peer reports to AE title {cell(listener.ae_title)} at {listener.host} port "
        f"{listener.port}: have these registered there, and let a firewall pass them",
    )


def _show(session: Session, call: BoundCall, commitment: Commitment) -> None:
    rows: list[dict[str, Any]] = []
    for number, (uid, name) in enumerate(commitment.instances.items(), 1):
        outcome, reason = commitment.outcome(uid)
        row = {
            "request": call.record.number,
            "row": number,
            "instance": name.path or uid,
            "sop_class": name.sop_class,
            "sop_instance": uid,
            "transaction": commitment.transaction,
            "outcome": str(outcome),
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
