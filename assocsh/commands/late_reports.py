"""``commit --late``: the reports of commitments that did not come in the time of their commands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.committing import conclude, forget_when_reported, hearing, no_report
from assocsh.commands.reports_listener import listen_for_reports, reports_listener
from assocsh.errors import UsageError
from assocsh.output.sink import Kind
from assocsh.results.commitment import Commitment, Transaction
from assocsh.session.binding import request_number
from assocsh.session.commitments import Awaited, remembered
from assocsh.text.addresses import Peer
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session


async def late(session: Session, call: BoundCall, wait: float) -> None:
    """Wait for the reports of one commit, or of all, those of earlier sessions too.

    What has come after the time of its command, and was not shown yet, is shown as well. Nothing is
    asked of the peer. Raises as ``commit_instances`` does.
    """
    record, since = call.record, session.now()
    own = _of_session(session, call)
    earlier: list[Awaited] = []
    if call.argument("request") is None:
        known = {one.uid for request in session.requests for one in _transactions(request)}
        kept = await asyncio.to_thread(lambda: list(remembered()))
        earlier = [one for one in kept if one.transaction.uid not in known]
    commitment = Commitment([*(one.transaction for one in earlier), *own])
    if not commitment.transactions:
        session.note("no commitment waits for its report")
        return
    record.arrivals.commitment = commitment
    for one in earlier:
        session.observers.reports.join(one.transaction.uid, record)
    forget_when_reported(session, [one.transaction for one in earlier])
    missing = None
    if commitment.open:
        with hearing(session, commitment) as heard:
            listener = await _listen(session, earlier)
            for one in earlier:
                _say(session, one, listener)
            await heard.all(wait)
        missing = no_report(session, listener, commitment, since, wait, heard.others)
    conclude(session, record, missing)
    session.note(f"#{record.number} {record.detail}")


def _of_session(session: Session, call: BoundCall) -> list[Transaction]:
    """The transactions of this session whose outcome nobody was shown. Raises UsageError."""
    word = call.argument("request")
    if word is None:
        every = (one for request in session.requests for one in _transactions(request))
        return list(dict.fromkeys(every))
    request = session.request(request_number(word))
    if request.arrivals.commitment is None:
        raise UsageError(f"#{request.number} {request.service} asked for no commitment")
    return _transactions(request)


def _transactions(request: RequestRecord) -> list[Transaction]:
    commitment = request.arrivals.commitment
    every = () if commitment is None else commitment
    return [one for one in every if not (one.shown or one.refused)]


def _say(session: Session, one: Awaited, listener: SessionListener) -> None:
    """What is waited for, and whether its report can come here."""
    text = (
        f"{plural(len(one.transaction.instances), 'instance')} at {cell(one.peer)}, asked for in "
        "an earlier session"
    )
    told = cell(str(Peer(one.ae_title, one.host, one.port)))
    if told == listener.address:
        session.note(text)
    else:
        session.note(f"{text}: to be reported to {told}, where nothing listens now", Kind.WARNING)


async def _listen(session: Session, earlier: list[Awaited]) -> SessionListener:
    """Have a listener where the peers were told: there they report to."""
    if session.listener is not None:
        return session.listener
    if earlier:
        told = earlier[-1]
        return await listen_for_reports(session, told.ae_title, told.host, told.port)
    return await reports_listener(session, session.open_association())
