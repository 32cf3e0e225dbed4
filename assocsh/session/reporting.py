"""What peers report: confirmed as the listener says, kept, shown, and given to who waits for it.

An N-EVENT-REPORT may come at any time, whatever the roles, on the association of its request or on
one to the listener (PS3.7 10.1.1). Loaded when the first association is made.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.association import Handlers
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.elements import ACTION_TYPE_ID
from assocsh.dimse.status import (
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
)
from assocsh.errors import AssocshError
from assocsh.results.arrivals import EventReport
from assocsh.session.listener import CONFIRMING, Answering
from assocsh.uids import IMPLICIT_LE, INSTANCE_AVAILABILITY_NOTIFICATION

if TYPE_CHECKING:
    from assocsh.association import Indication
    from assocsh.session.state import State

LARGE = 64 * 1024
"""Bytes of event information that are decoded in a thread."""

_OTHERS = (
    CommandField.N_CREATE_RQ,
    CommandField.N_SET_RQ,
    CommandField.N_ACTION_RQ,
    CommandField.N_DELETE_RQ,
)


def add_reporting(handlers: Handlers, state: State, *, own: bool) -> None:
    """Take reports with ``handlers``; ``own``: they are those of the session's own association."""

    async def take(indication: Indication) -> None:
        await _take(state, indication, own=own)

    handlers.table[CommandField.N_EVENT_REPORT_RQ] = take
    if not own:
        handlers.table.update(dict.fromkeys(_OTHERS, take))


async def _take(state: State, indication: Indication, *, own: bool) -> None:
    listener = state.listener
    answering = CONFIRMING if listener is None else listener.answering
    command = indication.command
    if command.field != CommandField.N_EVENT_REPORT_RQ and not _wanted(indication, answering):
        indication.respond(SOP_CLASS_NOT_SUPPORTED, ErrorComment="only event reports are taken")
        return
    reports = state.observers.reports
    report = EventReport(
        reports.next_number(),
        command.label,
        indication.message_id,
        command.event_type or command.number(ACTION_TYPE_ID),
        command.sop_class,
        command.sop_instance,
        "" if own else indication.association.peer.ae,
        indication.data,
        indication.context.transfer_syntax or IMPLICIT_LE,
    )
    try:
        if len(report.data or b"") > LARGE:
            await asyncio.to_thread(report.load)
        else:
            report.load()
    except AssocshError as error:
        report.problem = error.message
    if not answering.silent:
        report.status = PROCESSING_FAILURE if report.problem else answering.status
        _answer(indication, report.status)
    if not own:
        state.call_attention()
        if listener is not None:
            listener.reported += 1
    reports.add(report)
    with state.console.results():
        state.presenter.reported(report)
    report.unload()
    state.changed()
    if answering.silent:
        await asyncio.Event().wait()  # ends with the association: no answer is ever made


def _wanted(indication: Indication, answering: Answering) -> bool:
    """Whether an operation other than an event report is one that is listened for."""
    sop_class = indication.command.sop_class
    if sop_class in answering.classes:
        return True
    return (
        sop_class == INSTANCE_AVAILABILITY_NOTIFICATION
        and indication.command.field == CommandField.N_CREATE_RQ
    )


def _answer(indication: Indication, status: int) -> None:
    command = indication.command
    if command.field == CommandField.N_CREATE_RQ and not command.sop_instance:
        # who creates it without a UID is told which one it has (PS3.7 10.1.5.1.4)
        from assocsh.datasets.uid_form import new_uid

        indication.respond(status, AffectedSOPInstanceUID=new_uid())
        return
    indication.respond(status)
