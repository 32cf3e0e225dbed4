"""``ups watch``: hear of a step, or of all, until something has happened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.stepping import ask, subscription, watched_name, watched_step
from assocsh.commands.workitems import SUBSCRIBE, UNSUBSCRIBE
from assocsh.errors import OperationTimeout
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.uids import (
    UPS_FILTERED_GLOBAL_SUBSCRIPTION,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PUSH,
)

if TYPE_CHECKING:
    from assocsh.results.arrivals import EventReport
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

GLOBAL = frozenset({UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION})

FINAL = frozenset({"COMPLETED", "CANCELED"})

IN_SCRIPTS = 60.0
"""Seconds that a script watches at most, where it does not say how long: nothing there hangs."""


class Watching:
    """What was heard of the step ``uid``, or of all without one."""

    def __init__(self, uid: str, until: str) -> None:
        self._uid = uid
        self._until = until
        self.count = 0
        self.state = ""
        """The last state that was reported."""
        self.ended = asyncio.Event()
        """What it was to go on until has happened."""

    def __call__(self, report: EventReport) -> None:
        """A report came: is it of what is watched?"""
        if report.sop_class != UPS_PUSH or (self._uid and report.sop_instance != self._uid):
            return
        self.count += 1
        information = report.dataset
        if information is not None and information.get("ProcedureStepState"):
            self.heard(str(information.ProcedureStepState))

    def heard(self, state: str) -> None:
        """A step is in this state now."""
        self.state = state
        if state == self._until or (self._uid and not self._until and state in FINAL):
            self.ended.set()


async def watch(session: Session, call: BoundCall) -> None:
    """Subscribe, wait, unsubscribe; the events are shown as they come.

    A step is watched until it is COMPLETED or CANCELED, or in the state of ``--until``; all steps
    until that, too, if it is given. Raises OperationTimeout when ``--until`` does not happen.
    """
    watched, keys = await watched_step(session, call)
    every = watched in GLOBAL
    uid = "" if every else watched
    until = (call.option("--until") or "").replace("-", " ").upper()
    limit = call.duration("--for")
    if limit is None and not session.interactive:
        limit = IN_SCRIPTS
    record = call.record
    receiver = session.open_association().calling_ae
    watching = Watching(uid, until)
    stop = session.observers.reports.hear(watching)
    try:
        request = subscription(watched, SUBSCRIBE, receiver, keys=keys)
        if await ask(session, call, request, show=False) is None:
            return
        try:
            async with asyncio.timeout(limit):
                await _ended(session, watching)
        except TimeoutError:
            pass
        finally:
            heard = plural(watching.count, "event")
            about = f"of {watched_name(watched)}"
            if uid:
                about = f"{cell(uid)} is {cell(watching.state) or 'in a state that was not told'}"
            record.detail = f"{heard}, {about}"
            if session.ended_by() is None:
                left = UPS_GLOBAL_SUBSCRIPTION if every else watched
                await ask(session, call, subscription(left, UNSUBSCRIBE, receiver), show=False)
    finally:
        stop()
    if until and not watching.ended.is_set():
        raise OperationTimeout(
            f"no step was {until} within {show_duration(limit or 0)}"
            if every
            else f"{cell(uid)} is not {until} after {show_duration(limit or 0)}, but "
            f"{cell(watching.state or 'nothing was reported')}",
            message_id=None,
            hint="`ups get ProcedureStepState` asks for its state; --for gives it more time",
        )


async def _ended(session: Session, watching: Watching) -> None:
    """Until what was waited for has happened, or there is no association to hear of it on."""
    association = session.open_association()
    happened = asyncio.ensure_future(watching.ended.wait())
    closed = asyncio.ensure_future(association.wait_closed())
    try:
        await asyncio.wait((happened, closed), return_when=asyncio.FIRST_COMPLETED)
    finally:
        happened.cancel()
        closed.cancel()
