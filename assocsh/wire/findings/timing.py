"""Answers that never came, silences and whose turn it was, and what TCP did to the time."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.text.plural import plural
from assocsh.text.visible import visible
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
    cut_off = {note.side for note in talk.notes if note.kind is NoteKind.UNACKNOWLEDGED}
    for exchange in talk.exchanges:
        if exchange.final is not None or exchange.request.cut or exchange.side in cut_off:
            continue
        if not cut and exchange.side.other in (talk.ending.by, talk.ending.cause):
            continue  # that it ended the association, or why it had to end, is told already
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
    """Steps of 40 ms inside messages: Nagle's algorithm waits for a delayed acknowledgement.

    Between two PDUs of a message, or inside one: DCMTK writes a head of 12 bytes by itself.
    """
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
    """Of each message with such a step how long they were, and the first PDU with one."""
    for message in talk.messages:
        if message.side is not side:
            continue
        paused: list[tuple[float, Unit]] = []
        before: Unit | None = None
        for number in range(message.first, min(message.last, message.first + 1) + 1):
            unit = talk.unit(number)
            if unit is None or unit.side is not side:
                break
            if before is not None:
                paused.append((unit.spot.time - before.end, unit))
            paused.append((unit.pause, unit))
            before = unit
        steps = [each for each in paused if _STEP[0] <= each[0] <= _STEP[1]]
        if steps:
            yield sum(pause for pause, _ in steps), steps[0][1]


@finding("not-acknowledged", "RFC 9293 3.8.3")
def not_acknowledged(talk: Talk, about: About) -> Iterator[Found]:
    """A machine is gone, or the way to it: what is sent again and again is not acknowledged."""
    for note in talk.notes:
        if note.kind is not NoteKind.UNACKNOWLEDGED:
            continue
        asker, other = about.name(note.side), about.name(note.side.other)
        waiting = next((one for one in talk.exchanges if one.final is None), None)
        what = f" while {waiting.name} {waiting.message_id} was pending" if waiting else ""
        yield Found(
            Rank.CAUSE_OF_END if talk.ending.kind is not EndKind.RELEASED else Rank.SLOW,
            f"nothing that {asker} sent any more was acknowledged by the machine of {other}, "
            f"{visible(note.words)}{what}",
            Who.BETWEEN,
            "that machine or the way to it is gone: switched off, unplugged, or a firewall forgot "
            "the connection (set keepalive 30s)",
            messages=() if waiting is None else (waiting.request,),
            exchange=waiting,
            spot=note.spot,
        )


@finding("retransmissions", "RFC 9293 3.8")
def retransmissions(talk: Talk, about: About) -> Iterator[Found]:
    """Packets were lost on the way."""
    cut_off = {note.side for note in talk.notes if note.kind is NoteKind.UNACKNOWLEDGED}
    for side in Side:
        notes = [n for n in talk.notes if n.kind is NoteKind.RETRANSMISSION and n.side is side]
        if len(notes) >= NOTES and side not in cut_off:
            yield Found(
                Rank.SLOW,
                f"{about.name(side)} had to send {plural(len(notes), 'packet')} again",
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
                f"{about.name(side)} did not read what it was sent (its receive window was full "
                f"{plural(len(notes), 'time')})",
                side,
                "it is busy or stuck: its disk, its database",
                spot=notes[0].spot,
            )
