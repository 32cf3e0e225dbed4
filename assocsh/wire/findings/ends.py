"""An association that was aborted, or lost its connection: who did it, and after what."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.dimse.commandset import CommandField
from assocsh.text.visible import visible
from assocsh.upperlayer.pdus import A_ABORT, A_RELEASE_RQ
from assocsh.upperlayer.reasons import abort_meaning, abort_words
from assocsh.wire.conversation import EndKind, Exchange, Message, Side, Talk
from assocsh.wire.findings.breaches import breaches
from assocsh.wire.findings.connecting import units_of
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding

IDLE = 10.0
"""Seconds without a message after which an end is one of idling."""


def _ended_badly(talk: Talk) -> bool:
    return talk.established and talk.ending.kind in (EndKind.ABORTED, EndKind.LOST)


def _what(talk: Talk) -> str:
    if talk.ending.kind is EndKind.ABORTED:
        return "aborted the association"
    return visible(talk.ending.reason) or "closed the connection"


def open_exchanges(talk: Talk) -> list[Exchange]:
    """Those without a final response."""
    return [one for one in talk.exchanges if one.final is None]


def last_message(talk: Talk) -> Message | None:
    """The last message before the end."""
    return talk.messages[-1] if talk.messages else None


def _silence(talk: Talk) -> float:
    spot, last = talk.ending.spot, last_message(talk)
    if spot is None:
        return 0.0
    before = last.end if last is not None else max((u.end for u in talk.units[:2]), default=0.0)
    return spot.time - before


@finding("closed-after-idle", "PS3.8 9.1.4", restates=True)
def closed_after_idle(talk: Talk, about: About) -> Iterator[Found]:
    """Ended with nothing pending, after a while without a message."""
    by = talk.ending.by
    if not _ended_badly(talk) or by is None or by is talk.local or open_exchanges(talk):
        return
    silence = talk.ending.idle or _silence(talk)
    if silence < IDLE:
        return
    yield Found(
        Rank.CAUSE_OF_END,
        f"{about.name(by)} {_what(talk)} after {silence:.0f} s without a message",
        Who(by.other.value),
        "its timer for idle associations: a C-ECHO now and then keeps it (set keepalive 30s), or "
        "release when there is nothing more to ask",
        spot=talk.ending.spot,
    )


@finding("closed-after-cancel", "PS3.7 9.3.2.3", restates=True)
def closed_after_cancel(talk: Talk, about: About) -> Iterator[Found]:
    """The end came after a C-CANCEL: peers exist that do not implement it."""
    by, last = talk.ending.by, last_message(talk)
    if not _ended_badly(talk) or by is None or last is None or last.side is by:
        return
    if last.command.field == CommandField.C_CANCEL_RQ:
        yield Found(
            Rank.CAUSE_OF_END,
            f"{about.name(by)} {_what(talk)} after a C-CANCEL",
            Who(by.value),
            "it does not implement C-CANCEL: wait for the final response instead of cancelling",
            messages=(last,),
            spot=talk.ending.spot,
        )


@finding("closed-after-window", "PS3.7 D.3.3.3", restates=True)
def closed_after_window(talk: Talk, about: About) -> Iterator[Found]:
    """The end came at the first request, and a window had been proposed."""
    by, request = talk.ending.by, talk.request
    if not _ended_badly(talk) or by is not Side.ACCEPTOR or request is None:
        return
    if request.window is None or request.window.invoked == 1:
        return
    if talk.ending.codes[:1] == (0,):
        return  # an application that refuses says so with this code
    if any(one.final or one.responses for one in talk.exchanges) or list(breaches(talk)):
        return
    if not talk.exchanges:
        return
    yield Found(
        Rank.CAUSE_OF_END,
        f"{about.name(by)} {_what(talk)} at the first request, and an asynchronous operations "
        "window had been proposed",
        Who.ACCEPTOR,
        "some peers end every association that proposes one: try without --window",
        messages=(talk.exchanges[0].request,),
        spot=talk.ending.spot,
    )


@finding("aborted", "PS3.8 9.3.8", restates=True)
def aborted(talk: Talk, about: About) -> Iterator[Found]:
    """An A-ABORT: who sent it, what it says, and what was going on."""
    ending = talk.ending
    if ending.kind is not EndKind.ABORTED or ending.by is None:
        return
    by, units = ending.by, units_of(talk, A_ABORT)
    source, reason = ending.codes if len(ending.codes) == 2 else (0, 0)
    answered = any(one.responses for one in talk.exchanges if one.side is by.other)
    _, hint = abort_meaning(source, reason, answered=answered)
    waiting = open_exchanges(talk)
    rank, change, step = Rank.END, Who(by.other.value), hint
    if ending.cause is not None and ending.cause is not by:
        return  # for what the other side did: see ``broken-by-the-other-side``
    if by is talk.local or (source == 0 and by is Side.REQUESTOR):
        # who asked gave up: that is a consequence, and not the other side's doing
        rank, change = Rank.ODD, Who.NOBODY
        step = (
            "its own log tells why: it was told to, ran out of patience, or nothing that was "
            "accepted fits what it wanted to send"
        )
    elif source == 0:
        change = Who(by.value)
    what = ""
    if waiting and by is talk.local and waiting[0].side is by and waiting[0].error is not None:
        return  # it gave up: see ``no-answer``
    if waiting:
        one = waiting[0]
        what = f" while {one.name} {one.message_id} was pending"
        if one.name == "C-MOVE" and by is not one.side:
            destination = visible(one.request.command.move_destination)
            step = f'it may not know the destination "{destination}", or this caller: its log tells'
            change = Who(by.value)
    elif talk.accept is not None and not talk.messages:
        what = " right after the negotiation"
        if by is Side.ACCEPTOR and source == 2:
            step = "no context that it can use, or a PDU that it cannot read"
    yield Found(
        rank,
        f"{about.name(by)} sent A-ABORT{what}: {abort_words(source, reason)}",
        change,
        step,
        units,
        exchange=waiting[0] if waiting else None,
        spot=ending.spot,
    )


@finding("broken-by-the-other-side", "PS3.8 9.3.8", restates=True)
def broken_by_the_other_side(talk: Talk, about: About) -> Iterator[Found]:
    """This side had to abort, for what the other one did."""
    ending = talk.ending
    if ending.cause is None or ending.by is None or ending.cause is ending.by:
        return
    if ending.kind is not EndKind.ABORTED:
        return
    yield Found(
        Rank.BREACH,
        f"{about.name(ending.cause)} broke the protocol: {visible(ending.reason)}",
        ending.cause,
        "its log may say why; something between the two may change the bytes",
        spot=ending.spot,
    )


@finding("connection-lost", "PS3.8 9.2.3", restates=True)
def connection_lost(talk: Talk, about: About) -> Iterator[Found]:
    """The connection ended without a release or an abort."""
    ending = talk.ending
    if not talk.established or ending.kind is not EndKind.LOST or ending.by is None:
        return
    waiting = open_exchanges(talk)
    what = f" while {waiting[0].name} {waiting[0].message_id} was pending" if waiting else ""
    releasing = any(unit.type == A_RELEASE_RQ for unit in talk.units)
    what = what if releasing else f" without a release or an abort{what}"
    yield Found(
        Rank.ODD if releasing else Rank.END,  # it was at its end: what is wrong came before
        f"{about.name(ending.by)} {_what(talk)}{what}",
        Who(ending.by.value),
        "its log tells why; a process that ended, a time limit, or something between the two",
        exchange=waiting[0] if waiting else None,
        spot=ending.spot,
    )
