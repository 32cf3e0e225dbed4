"""Answers that never came, silences and whose turn it was, and what TCP did to the time."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.uids import STORAGE_COMMITMENT
from assocsh.upperlayer.pdus import A_RELEASE_RP, A_RELEASE_RQ
from assocsh.wire.conversation import (
    EndKind,
    Message,
    NoteKind,
    Side,
    Talk,
    Unit,
)
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding

PATIENCE = 1.0
"""Seconds of silence that are told."""

_STEP = (0.035, 0.060)
"""A delayed acknowledgement waits 40 ms on Linux."""

_STEPS = 3
"""Once may be anything."""

NOTES = 5
"""Retransmissions of a side that are worth a word."""


@finding("no-answer", "PS3.7 9.1", restates=True)
def no_answer(talk: Talk, about: About) -> Iterator[Found]:
    """A request without a final response, when everything had ended."""
    cut = talk.ending.kind is EndKind.OPEN
    for exchange in talk.exchanges:
        if exchange.final is not None or exchange.request.cut:
            continue
        if not cut and talk.ending.by is exchange.side.other:
            continue  # that it ended the association is told already
        end = talk.ending.spot.time if talk.ending.spot else talk.last
        since = exchange.times.sent or exchange.times.begun or end
        if exchange.responses:
            since = exchange.responses[-1].end
        waited = end - since
        if cut and waited < PATIENCE and exchange.error is None:
            continue  # the source ended first
        asked, answerer = about.name(exchange.side), about.name(exchange.side.other)
        gave_up = talk.ending.by is exchange.side
        then = f", then {asked} gave up" if gave_up else ""
        part = " no final response" if exchange.responses else " no answer"
        yield Found(
            Rank.SILENCE if gave_up or cut else Rank.ODD,
            f"{exchange.name} {exchange.message_id} got{part} from {answerer} in {waited:.1f} s"
            f"{then}",
            exchange.side.other,
            "a slow query, or it is stuck: raise the timeout (set timeout), look at its log; the "
            "network need not be at fault",
            messages=(exchange.request,),
            exchange=exchange,
        )


@finding("no-event-report", "PS3.4 J.3.3")
def no_event_report(talk: Talk, about: About) -> Iterator[Found]:
    """Storage commitment was asked for, and the report did not come on what was seen."""
    for exchange in talk.exchanges:
        if exchange.name != "N-ACTION" or exchange.status != 0 or exchange.children:
            continue
        if exchange.request.command.sop_class != STORAGE_COMMITMENT:
            continue
        yield Found(
            Rank.REMARK,
            f"N-ACTION {exchange.message_id} was accepted, and no N-EVENT-REPORT came",
            exchange.side.other,
            "it may come on an association of its own, to the registered host and port of the "
            "requestor: listen there",
            messages=(exchange.request,),
            exchange=exchange,
        )


@finding("silence", "PS3.7 9.1")
def silence(talk: Talk, about: About) -> Iterator[Found]:
    """More than a second in which nothing was said, and whose turn it was."""
    longest: dict[Side, tuple[float, Message, Message]] = {}
    counts = dict.fromkeys(Side, 0)
    outstanding: dict[Side, int] = dict.fromkeys(Side, 0)
    finals = {one.final.number: one for one in talk.exchanges if one.final is not None}
    requests = {one.request.number: one for one in talk.exchanges}
    for before, after in zip(talk.messages, talk.messages[1:], strict=False):
        asked, done = requests.get(before.number), finals.get(before.number)
        if asked is not None:
            outstanding[asked.side] += 1
        if done is not None:
            outstanding[done.side] -= 1
        pause = after.start - before.end
        if pause <= PATIENCE:
            continue
        waiting = [side for side in Side if outstanding[side] > 0]
        if len(waiting) != 1:
            continue  # idle, or both had something to say
        turn = waiting[0].other
        counts[turn] += 1
        if turn not in longest or pause > longest[turn][0]:
            longest[turn] = pause, before, after
    yield from _slow_release(talk, about)
    for turn, (pause, before, after) in longest.items():
        exchange = talk.exchange(after.exchange)
        many = f", and {counts[turn] - 1} more such pauses" if counts[turn] > 1 else ""
        for_what = f" {exchange.name} {exchange.message_id}" if exchange else ""
        yield Found(
            Rank.SLOW,
            f"{pause:.1f} s in which nothing was said: it was the turn of {about.name(turn)}"
            f"{many}, with{for_what or ' a request'} pending",
            turn,
            "it took that long to answer: the time is spent there, not on the way",
            messages=(before, after),
            exchange=exchange,
        )


def _slow_release(talk: Talk, about: About) -> Iterator[Found]:
    asked = next((unit for unit in talk.units if unit.type == A_RELEASE_RQ), None)
    answer = next((unit for unit in talk.units if unit.type == A_RELEASE_RP), None)
    if asked is None or answer is None or answer.spot.time - asked.end <= PATIENCE:
        return
    yield Found(
        Rank.SLOW,
        f"{about.name(answer.side)} took {answer.spot.time - asked.end:.1f} s to answer the "
        "A-RELEASE-RQ",
        answer.side,
        "it did something else first, with what it was sent perhaps",
        (asked, answer),
    )


@finding("delayed-acknowledgement", "RFC 1122 4.2.3.2")
def delayed_acknowledgement(talk: Talk, about: About) -> Iterator[Found]:
    """Steps of 40 ms inside messages: Nagle's algorithm waits for a delayed acknowledgement."""
    for side in Side:
        steps = list(_steps(talk, side))
        if len(steps) < _STEPS:
            continue
        lost = sum(step for step, _ in steps)
        yield Found(
            Rank.SLOW,
            f"{about.name(side)} paused some 40 ms in the middle of {len(steps):,} messages "
            f"({lost:.1f} s in all): it wrote them in pieces, and waited for an acknowledgement "
            "that the other side delays",
            side,
            "switch Nagle's algorithm off there (TCP_NODELAY; DCMTK: TCP_NODELAY=1 in its "
            "environment), or write each message at once",
            tuple(unit for _, unit in steps[:3]),
        )


def _steps(talk: Talk, side: Side) -> Iterator[tuple[float, Unit]]:
    for message in talk.messages:
        if message.side is not side or message.first == message.last:
            continue
        one, other = talk.unit(message.first), talk.unit(message.first + 1)
        if one is None or other is None or other.side is not side:
            continue
        pause = other.spot.time - one.end
        if _STEP[0] <= pause <= _STEP[1]:
            yield pause, other


@finding("retransmissions", "RFC 9293 3.8")
def retransmissions(talk: Talk, about: About) -> Iterator[Found]:
    """Packets were lost on the way."""
    for side in Side:
        notes = [n for n in talk.notes if n.kind is NoteKind.RETRANSMISSION and n.side is side]
        if len(notes) >= NOTES:
            yield Found(
                Rank.SLOW,
                f"{about.name(side)} had to send {len(notes)} packets again",
                Who.BETWEEN,
                "packets are lost on the way: cable, switch, duplex, MTU",
                spot=notes[0].spot,
            )


@finding("receive-window-full", "RFC 9293 3.8.6")
def receive_window_full(talk: Talk, about: About) -> Iterator[Found]:
    """A side does not read what the other one sends."""
    for side in Side:
        notes = [n for n in talk.notes if n.kind is NoteKind.ZERO_WINDOW and n.side is side]
        if notes:
            yield Found(
                Rank.SLOW,
                f"{about.name(side)} did not read what it was sent ({len(notes)} times its "
                "receive window was full)",
                side,
                "it is busy or stuck: its disk, its database",
                spot=notes[0].spot,
            )
