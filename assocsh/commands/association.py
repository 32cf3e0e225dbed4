"""open, reopen, release, abort: the life of the association."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import AssociationReleased, LocalProtocolError
from assocsh.session.opening import open_association, refuse_second
from assocsh.session.plan import plan_for, with_options

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


@command("open")
async def open_(session: Session, call: BoundCall) -> None:
    """Open an association; the presenter says what was negotiated."""
    refuse_second(session)
    await open_association(session, plan_for(session.config, call), call)


@command("reopen")
async def reopen(session: Session, call: BoundCall) -> None:
    """Open the last association again, with the options given here over its own."""
    if session.open_plan is None:
        raise LocalProtocolError("nothing was open yet", hint="open AET@HOST:PORT")
    await open_association(session, with_options(session.open_plan, call), call)


@command("release")
async def release(session: Session, call: BoundCall) -> None:
    """Drain what is pending, then release; the end itself is said when it happens."""
    association = session.open_association()
    if association.closed:
        if isinstance(association.ended_by, AssociationReleased):
            session.note("the association is released already")
            return
        ended = session.ended_by()
        if ended is not None:
            raise ended
    waiting = association.pending + association.queued
    if waiting and not call.flag("--now"):
        session.note(f"releasing after {waiting} pending")
    await association.release(now=call.flag("--now"))


@command("abort")
async def abort(session: Session, call: BoundCall) -> None:
    """Abort; an association that is being opened is given up."""
    opening = [
        job
        for job in session.jobs
        if job.call.spec.name in ("open", "reopen") and job is not call.job
    ]
    for job in opening:
        job.cancel()
    association = session.association
    if association is None or association.closed:
        if not opening:
            raise LocalProtocolError("no association is open: there is nothing to abort")
        return
    await association.abort()
