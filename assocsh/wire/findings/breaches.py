"""Somebody broke the protocol: PDUs that are too long or have no form, messages out of order."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from assocsh.dimse.status import PENDING_STATUSES
from assocsh.text.visible import visible
from assocsh.upperlayer.pdus import P_DATA_TF, pdu_name
from assocsh.wire.conversation import (
    EndKind,
    Exchange,
    Fragment,
    Message,
    NoteKind,
    Side,
    Talk,
    Unit,
)
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding
from assocsh.wire.walk_command import service_of


def _rank(talk: Talk) -> Rank:
    """The cause of the end, where it ended for it; otherwise it went on all the same."""
    return Rank.BREACH if talk.ending.kind in (EndKind.ABORTED, EndKind.LOST) else Rank.ODD


def _too_long(talk: Talk) -> Iterator[tuple[Unit, int]]:
    for unit in talk.units:
        limit = talk.max_length(unit.side.other) if unit.type == P_DATA_TF else None
        if limit and unit.length > limit:
            yield unit, limit


def _without_form(talk: Talk) -> Iterator[Unit]:
    missing = {gap.side for gap in talk.gaps}
    for unit in talk.units:
        cut = unit.problem is not None and unit.problem.endswith("it is not whole")
        if unit.problem is not None and not cut and unit.side not in missing:
            yield unit


def _on_refused_context(talk: Talk) -> Iterator[Message]:
    if talk.accept is None or talk.request is None:
        return
    for message in talk.messages:
        context = talk.contexts.get(message.context_id)
        if context is None or not context.accepted:
            yield message


def breaches(talk: Talk) -> Iterator[Unit | Message]:
    """Everything that may well have ended the association."""
    yield from (unit for unit, _ in _too_long(talk))
    yield from _without_form(talk)
    yield from _on_refused_context(talk)


@finding("pdu-too-long", "PS3.8 D.1")
def pdu_too_long(talk: Talk, about: About) -> Iterator[Found]:
    """A P-DATA-TF above what the other side announced that it takes."""
    found = list(_too_long(talk))
    for side in Side:
        units = [unit for unit, _ in found if unit.side is side]
        if not units:
            continue
        limit = next(limit for unit, limit in found if unit.side is side)
        longest = max(unit.length for unit in units)
        many = f", {len(units):,} times" if len(units) > 1 else ""
        yield Found(
            _rank(talk),
            f"{about.name(side)} sent a P-DATA-TF of {longest:,} bytes{many}; "
            f"{about.name(side.other)} had announced that it takes at most {limit:,}",
            side,
            "it has to heed the Maximum Length Received of the other side; a larger one "
            "announced there gets round it (--max-pdu)",
            tuple(units[:3]),
        )


@finding("pdu-without-form", "PS3.8 9.3")
def pdu_without_form(talk: Talk, about: About) -> Iterator[Found]:
    """A PDU that cannot be read, or fragments that do not belong together."""
    for unit in _without_form(talk):
        yield Found(
            _rank(talk),
            f"{about.name(unit.side)} sent a {pdu_name(unit.type)} that is out of order: "
            f"{visible(unit.problem or '')}",
            unit.side,
            "the sender, or something between that changes the bytes, broke the framing",
            (unit,),
        )


@finding("stray-bytes", "PS3.8 9.3.1")
def stray_bytes(talk: Talk, about: About) -> Iterator[Found]:
    """Bytes where a PDU should begin: most of the time a wrong length in the PDU before."""
    for note in talk.notes:
        if note.kind is NoteKind.STRAY:
            before = [
                unit
                for unit in talk.units
                if unit.side is note.side and unit.spot.offset < note.spot.offset
            ]
            yield Found(
                _rank(talk),
                f"{about.name(note.side)} sent bytes that are no PDU, at byte "
                f"{note.spot.offset:,} of its stream: {visible(note.words)}",
                note.side,
                "the length of the PDU before may be wrong",
                tuple(before[-1:]),
                spot=note.spot,
            )
            return


@finding("context-not-accepted", "PS3.8 9.3.3.2")
def context_not_accepted(talk: Talk, about: About) -> Iterator[Found]:
    """A message on a presentation context that was refused, or was never proposed."""
    for message in _on_refused_context(talk):
        context = talk.contexts.get(message.context_id)
        became = "was never proposed" if context is None else "was not accepted"
        yield Found(
            _rank(talk),
            f"{about.name(message.side)} sent a {message.command.label} on presentation context "
            f"{message.context_id}, which {became}",
            message.side,
            "messages go on accepted contexts alone: the sender has to look at the answer",
            messages=(message,),
        )
        return


@finding("response-unmatched", "PS3.7 9.1")
def response_unmatched(talk: Talk, about: About) -> Iterator[Found]:
    """A response that matches no request, by Message ID, service or context."""
    for message in talk.unmatched:
        command = message.command
        if not command.is_response or (talk.inferred and message is talk.unmatched[0]):
            continue
        if _missing_before(talk, message):
            continue
        number = command.message_id_being_responded_to
        before = [
            one
            for one in talk.exchanges
            if one.message_id == number and one.side is not message.side
        ]
        if not command.answers:
            why = "does not say which request it answers"
        elif before and before[-1].name != service_of(command.field):
            why = f"answers request {number}, which is a {before[-1].name}"
        elif before and before[-1].final is not None and before[-1].final.number < message.number:
            why = f"answers request {number}, which had its final response before"
        elif before:
            why = (
                f"answers request {number} on context {message.context_id}, and it was asked on "
                f"{before[-1].context_id}"
            )
        else:
            why = f"answers request {number}, and none with that Message ID is outstanding"
        known = before and before[-1].name == service_of(command.field)
        waiting = None if known else _waiting(talk, message)
        rank = Rank.ODD if talk.ending.kind is EndKind.RELEASED else Rank.SILENCE
        yield Found(
            Rank.FAILURE if waiting is not None else rank,
            f"{about.name(message.side)} sent a {command.label} that matches nothing: it {why}",
            message.side,
            "a response carries the Message ID of its request, on the context it was asked on",
            messages=(message,),
            exchange=waiting,
        )


def _waiting(talk: Talk, response: Message) -> Exchange | None:
    """The request whose answer this may have been meant for: one on this context has none."""
    return next(
        (
            one
            for one in talk.exchanges
            if one.side is not response.side
            and one.context_id == response.context_id
            and one.final is None
            and one.request.number < response.number
        ),
        None,
    )


def _missing_before(talk: Talk, message: Message) -> bool:
    """Whether its request may be among what the source does not have."""
    asked = message.side.other
    return any(gap.side is asked and gap.spot.time <= message.start for gap in talk.gaps)


@finding("pending-without-data-set", "PS3.4 C.4.1.1.3")
def pending_without_data_set(talk: Talk, about: About) -> Iterator[Found]:
    """A Pending C-FIND response is a match, and a match is an identifier."""
    for exchange in talk.exchanges:
        if exchange.name != "C-FIND":
            continue
        for message in exchange.responses:
            if message.command.status in PENDING_STATUSES and not message.command.has_data:
                yield Found(
                    Rank.ODD,
                    f"{about.name(message.side)} answered C-FIND {exchange.message_id} Pending "
                    "without an identifier: no match came with it",
                    message.side,
                    "every Pending response of a C-FIND carries one match",
                    messages=(message,),
                    exchange=exchange,
                )
                break


@finding("response-without-status", "PS3.7 9.3", restates=True)
def response_without_status(talk: Talk, about: About) -> Iterator[Found]:
    """A response that does not say how it went."""
    for exchange in talk.exchanges:
        if exchange.final is not None and exchange.status is None:
            yield Found(
                Rank.FAILURE,
                f"{about.name(exchange.final.side)} answered {exchange.name} "
                f"{exchange.message_id} without Status (0000,0900): it does not say how it went",
                exchange.final.side,
                "its log tells how it went; the element is mandatory in every response",
                messages=(exchange.final,),
                exchange=exchange,
            )


@finding("message-id-in-use", "PS3.7 9.1")
def message_id_in_use(talk: Talk, about: About) -> Iterator[Found]:
    """A Message ID that an outstanding request still has."""
    outstanding: dict[tuple[Side, int], float | None] = {}
    unanswered = any(exchange.final is None for exchange in talk.exchanges)
    for exchange in talk.exchanges:
        key = exchange.side, exchange.message_id
        until = outstanding.get(key, 0.0)
        begun = exchange.times.begun or 0.0
        if until is None or (until and begun < until):
            yield Found(
                Rank.FAILURE if unanswered else Rank.ODD,
                f"{about.name(exchange.side)} used Message ID {exchange.message_id} for a "
                f"{exchange.name} while a request with the same one was outstanding",
                exchange.side,
                "a Message ID is used again after the final response at the earliest",
                messages=(exchange.request,),
                exchange=exchange,
            )
            return
        outstanding[key] = exchange.times.done


@finding("window-exceeded", "PS3.7 D.3.3.3")
def window_exceeded(talk: Talk, about: About) -> Iterator[Found]:
    """More operations outstanding than were negotiated."""
    window = talk.window
    if window is None:
        return
    for side, limit in ((Side.REQUESTOR, window.invoked), (Side.ACCEPTOR, window.performed)):
        ends: list[float] = []
        for exchange in talk.exchanges:
            if exchange.side is not side or exchange.parent is not None or not limit:
                continue
            begun = exchange.times.begun or 0.0
            while ends and ends[0] <= begun:
                heappop(ends)
            if len(ends) >= limit:
                yield Found(
                    _rank(talk),
                    f"{about.name(side)} had {len(ends) + 1} requests outstanding; {limit} may be",
                    side,
                    "requests wait for the final response of another when the window is full",
                    messages=(exchange.request,),
                    exchange=exchange,
                )
                break
            heappush(ends, exchange.times.done or float("inf"))


@finding("cancel-without-effect", "PS3.7 9.3.2.3")
def cancel_without_effect(talk: Talk, about: About) -> Iterator[Found]:
    """A C-CANCEL, and then another end than 0xFE00."""
    for exchange in talk.exchanges:
        final, cancel = exchange.final, exchange.cancel
        if cancel is None or final is None or exchange.status == 0xFE00:
            continue
        more = [one for one in exchange.responses if one.number > cancel.number]
        if final.number < cancel.number or len(more) < 2:
            continue
        yield Found(
            Rank.REMARK,
            f"{about.name(final.side)} went on after the C-CANCEL of {exchange.name} "
            f"{exchange.message_id} and ended it with 0x{exchange.status or 0:04X}, not 0xFE00",
            Who.NOBODY,
            "it ignores C-CANCEL, or was done before it came: wait, or abort",
            messages=(cancel, final),
            exchange=exchange,
        )


@finding("foreign-elements", "PS3.7 6.3.1")
def foreign_elements(talk: Talk, about: About) -> Iterator[Found]:
    """Elements of another group than 0000 in a command set."""
    for message in talk.messages:
        if message.command.foreign:
            tags = " ".join(f"({t >> 16:04x},{t & 0xFFFF:04x})" for t in message.command.foreign)
            yield Found(
                Rank.REMARK,
                f"{about.name(message.side)} put {tags} into the command set of a "
                f"{message.command.label}",
                message.side,
                "only group 0000 belongs there; strict readers abort for it",
                messages=(message,),
            )
            return


@finding("odd-fragment", "PS3.8 E.2")
def odd_fragment(talk: Talk, about: About) -> Iterator[Found]:
    """A presentation data value of odd length."""
    for unit in talk.units:
        if unit.type != P_DATA_TF or not isinstance(unit.pdu, tuple):
            continue
        for fragment in unit.pdu:
            if isinstance(fragment, Fragment) and fragment.length & 1:
                yield Found(
                    _rank(talk) if talk.ending.by is not unit.side else Rank.REMARK,
                    f"{about.name(unit.side)} sent a fragment of odd length "
                    f"({fragment.length:,} bytes)",
                    unit.side,
                    "fragments have an even length; strict readers abort for it",
                    (unit,),
                )
                return
