"""Requests that were answered with something else than success, and what that usually means."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.dimse.elements import COMPLETED_SUBOPERATIONS, ERROR_ID, SUBOPERATIONS
from assocsh.dimse.status import (
    ATTRIBUTE_LIST_ERROR,
    ATTRIBUTE_VALUE_OUT_OF_RANGE,
    CANCEL,
    CLASS_INSTANCE_CONFLICT,
    DUPLICATE_INVOCATION,
    DUPLICATE_SOP_INSTANCE,
    INVALID_ATTRIBUTE_VALUE,
    MISSING_ATTRIBUTE,
    MOVE_DESTINATION_UNKNOWN,
    NO_SUCH_SOP_INSTANCE,
    PENDING_OPTIONAL_KEYS,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    WARNINGS,
    category,
    meaning,
)
from assocsh.text.visible import visible
from assocsh.wire.conversation import EndKind, Exchange, Message, NoteKind, Side, Talk
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding
from assocsh.wire.status_reasons import reason

_SECTIONS = {
    "C-STORE": "PS3.4 B.2.3",
    "C-FIND": "PS3.4 C.4.1.1.4",
    "C-GET": "PS3.4 C.4.3.1.4",
    "C-MOVE": "PS3.4 C.4.2.1.5",
}
_OF_WHAT_WAS_ASKED = frozenset(
    (
        ATTRIBUTE_LIST_ERROR,
        ATTRIBUTE_VALUE_OUT_OF_RANGE,
        CLASS_INSTANCE_CONFLICT,
        DUPLICATE_INVOCATION,
        DUPLICATE_SOP_INSTANCE,
        INVALID_ATTRIBUTE_VALUE,
        MISSING_ATTRIBUTE,
        NO_SUCH_SOP_INSTANCE,
        *(0x0105, 0x0114, 0x0115, 0x0117, 0x0121, 0x0212),
    )
)
"""Of any service: the request was not right, and the other side could have done it (PS3.7 C)."""

_STEP_HAS_ENDED = 0xA710
"""Error ID of an N-SET of a performed procedure step that may no longer be updated (PS3.4 F.7.2.2).
"""


def _of_the_asker(exchange: Exchange, status: int) -> bool:
    """Whether the request has to change, and not who answered it."""
    if status in _OF_WHAT_WAS_ASKED or status & 0xFF00 == 0xA900:
        return True
    if status == PROCESSING_FAILURE and exchange.final is not None:
        return exchange.final.command.number(ERROR_ID) == _STEP_HAS_ENDED
    return exchange.name == "C-STORE" and (status & 0xF000 == 0xC000 or status >> 12 == 0xB)


def failed(exchange: Exchange) -> bool:
    """Whether its final response is neither Success nor Cancel, or instances did not go over."""
    status = exchange.status
    if status is None or status == CANCEL:
        return False
    return category(status) in ("Failure", "Warning") or suboperations(exchange)[2] > 0


def suboperations(exchange: Exchange) -> tuple[int, int, int, int]:
    """Remaining, completed, failed and warning of the final response; zeros without counts."""
    if exchange.final is None:
        return 0, 0, 0, 0
    remaining, done, bad, warned = map(exchange.final.command.number, SUBOPERATIONS)
    return remaining, done, bad, warned


def status_words(exchange: Exchange) -> str:
    """``0xA801 Refused: Move Destination unknown``, with the error comment if there is one."""
    if exchange.final is None or exchange.status is None:
        return "no status"
    words = f"0x{exchange.status:04X} {visible(meaning(exchange.status, exchange.name))}"
    comment = exchange.final.command.error_comment
    return words + (f' "{visible(comment)}"' if comment else "")


def _of_side(side: Side) -> Who:
    return Who(side.value)


@finding("move-destination-unknown", "PS3.4 C.4.2.1.5", restates=True)
def move_destination_unknown(talk: Talk, about: About) -> Iterator[Found]:
    """C-MOVE answered with A801."""
    for exchange in talk.exchanges:
        if exchange.name == "C-MOVE" and exchange.status == MOVE_DESTINATION_UNKNOWN:
            destination = visible(exchange.request.command.move_destination)
            who = about.name(exchange.side.other)
            yield Found(
                Rank.FAILURE,
                f'{who} does not know the destination "{destination}" of C-MOVE '
                f"{exchange.message_id} (0xA801)",
                _of_side(exchange.side.other),
                "have its AE title, host and port registered there (the port of a listener, not "
                "that of this association)",
                messages=(exchange.request, *_final(exchange)),
                exchange=exchange,
            )


def _final(exchange: Exchange) -> tuple[Message, ...]:
    return () if exchange.final is None else (exchange.final,)


@finding("move-not-delivered", "PS3.4 C.4.2.1.5")
def move_not_delivered(talk: Talk, about: About) -> Iterator[Found]:
    """C-MOVE with failed sub-operations: the destination was not reached, or did not take them."""
    for exchange in talk.exchanges:
        if exchange.name != "C-MOVE" or not failed(exchange):
            continue
        if exchange.status == MOVE_DESTINATION_UNKNOWN or exchange.status is None:
            continue
        counts = suboperations(exchange)
        if exchange.status not in (0xA700, 0xA701, 0xA702, 0xB000) and not counts[2]:
            continue
        destination = visible(exchange.request.command.move_destination)
        bad = [child for child in exchange.children if failed(child)]
        how = f"{counts[2]} of {sum(counts)} sub-operations failed" if counts[2] else ""
        how = f"{status_words(exchange)}{', ' + how if how else ''}"
        if bad:
            what = f'"{destination}" answered {status_words(bad[0])} to a C-STORE'
            change, step = Who.DESTINATION, reason("C-STORE", bad[0].status or 0)
            step = step.replace("the peer", "it") or "its log tells why"
        else:
            change = Who.DESTINATION
            performer = talk.acceptor if exchange.side is Side.REQUESTOR else talk.requestor
            what, step = _attempt(exchange, about, performer.host)
            if not what:
                what = f'"{destination}" was not reached, or refused the SOP class or syntax'
                step = _NOT_THERE
        yield Found(
            Rank.FAILURE,
            f"C-MOVE {exchange.message_id} did not deliver ({how}): {what}",
            change,
            step,
            messages=(exchange.request, *_final(exchange)),
            exchange=exchange,
        )


_NOT_THERE = (
    "is it listening there (firewall, port, a changed address), and does it take the transfer "
    "syntax of what is moved?"
)


def _attempt(exchange: Exchange, about: About, performer: str) -> tuple[str, str]:
    """What came of the association with the destination, and the next step; empty where that is
    not in the conversation. ``performer`` is the host that moves: what others tried is theirs."""
    destination = exchange.request.command.move_destination
    begun, done = exchange.times.begun or 0.0, exchange.times.done or float("inf")
    shown = visible(destination)
    accept = "let it accept this caller, its SOP classes and transfer syntaxes"
    for other in about.conversation.talks if about.conversation else ():
        if not begun <= other.begun <= done:
            continue
        refused_there = any(note.kind is NoteKind.REFUSED for note in other.notes)
        if refused_there and other.requestor.host == performer:
            what = f'"{shown}" was not reached, the connection to {other.acceptor} was refused'
            return what, _NOT_THERE
        if other.called_ae != destination:
            continue
        if other.ending.kind is EndKind.REJECTED:
            what = f'"{shown}" rejected the association: {visible(other.ending.reason)}'
            return what, accept
        if other.accept is not None:
            refused = [c for c in other.contexts.values() if not c.accepted]
            if refused:
                what = f'"{shown}" refused {len(refused)} of {len(other.contexts)} contexts'
                return what, accept
        elif other.ending.kind is EndKind.LOST:
            return f'"{shown}" closed the connection', accept
    return "", ""


@finding("get-role-not-granted", "PS3.7 D.3.3.4")
def get_role_not_granted(talk: Talk, about: About) -> Iterator[Found]:
    """C-GET brought nothing: without the SCP role for the requestor nothing can be sent to it."""
    for exchange in _fruitless_gets(talk):
        storage = [
            context
            for context in talk.contexts.values()
            if not context.inferred and ".5.1.4.1.1." in context.abstract_syntax
        ]
        asked: Side = exchange.side
        answerer = asked.other
        change: Side
        granted = [c for c in storage if c.accepted and c.role is not None and c.role.scp]
        if granted or asked is not Side.REQUESTOR or talk.request is None:
            continue
        proposed = [c for c in storage if c.role_proposed is not None and c.role_proposed.scp]
        accepted = [c for c in proposed if c.accepted]
        if not storage:
            what = "no storage class was proposed, so nothing could be sent on this association"
            change, step = asked, "propose the storage classes with the SCP role (--contexts qr)"
        elif not proposed:
            what = f"the SCP role was not proposed for any of {len(storage)} storage classes"
            change, step = asked, "propose the SCP role for the storage classes (--contexts qr)"
        elif not accepted:
            what = "none of the storage classes proposed with the SCP role was accepted"
            change, step = answerer, "C-MOVE instead; or have these storage classes enabled there"
        else:
            what = (
                f"the SCP role was proposed for {len(proposed)} storage classes, and "
                f"{about.name(answerer)} granted it for none"
            )
            change, step = answerer, "C-MOVE instead: it does not negotiate roles for storage"
        yield Found(
            Rank.REFUSED,
            f"C-GET {exchange.message_id} could bring nothing ({status_words(exchange)}): {what}",
            change,
            step,
            messages=(exchange.request, *_final(exchange)),
            exchange=exchange,
        )


def _fruitless_gets(talk: Talk) -> Iterator[Exchange]:
    """Those that sent nothing, or nothing that the asker could take: it is no SCP of the class."""
    for exchange in talk.exchanges:
        if exchange.name == "C-GET" and failed(exchange) and _without_role(exchange):
            yield exchange


def _without_role(exchange: Exchange) -> bool:
    return all(child.status == SOP_CLASS_NOT_SUPPORTED for child in exchange.children)


@finding("suboperations-failed", "PS3.4 C.4.3.1.4")
def suboperations_failed(talk: Talk, about: About) -> Iterator[Found]:
    """C-GET with failed sub-operations: refused here, or no context for their SOP class."""
    for exchange in talk.exchanges:
        if exchange.name != "C-GET" or not failed(exchange) or _without_role(exchange):
            continue
        counts = suboperations(exchange)
        bad = [child for child in exchange.children if failed(child)]
        if bad:
            what = f"{about.name(exchange.side)} answered {status_words(bad[0])} to a C-STORE"
            change = _of_side(exchange.side)
            step = "what keeps it from storing them: its disk, its rules?"
        elif counts[2] and exchange.children:
            what = "their SOP class or transfer syntax was not accepted on this association"
            change, step = _of_side(exchange.side), "propose their classes and syntaxes as well"
        else:
            continue
        yield Found(
            Rank.FAILURE,
            f"C-GET {exchange.message_id}: {counts[2]} of {sum(counts)} sub-operations failed: "
            f"{what}",
            change,
            step,
            messages=(exchange.request, *_final(exchange)),
            exchange=exchange,
        )


@finding("status", "PS3.7 C", restates=True)
def failing_status(talk: Talk, about: About) -> Iterator[Found]:
    """Any other failure or warning, once for each service and status."""
    groups: dict[tuple[str, int, Side], list[Exchange]] = {}
    for exchange in talk.exchanges:
        status = exchange.status
        if status is None or category(status) not in ("Failure", "Warning"):
            continue
        if is_undefined(exchange.name, status):
            continue
        if exchange.name in ("C-MOVE", "C-GET") and _told_elsewhere(talk, exchange):
            continue
        groups.setdefault((exchange.name, status, exchange.side), []).append(exchange)
    for (name, status, side), exchanges in groups.items():
        first = exchanges[0]
        warning = category(status) == "Warning"
        many = f" {len(exchanges):,} times" if len(exchanges) > 1 else f" {first.message_id}"
        yield Found(
            Rank.ODD if warning else Rank.FAILURE,
            f"{about.name(side.other)} answered {name}{many} with {status_words(first)}",
            side if _of_the_asker(first, status) else side.other,
            about.words(reason(name, status), side) or "its log tells more",
            messages=(first.request, *_final(first)),
            exchange=first,
            section=_SECTIONS.get(name, ""),
        )


def _told_elsewhere(talk: Talk, exchange: Exchange) -> bool:
    """Whether a rule of its own speaks of this retrieval."""
    if exchange.name == "C-MOVE":
        known = (0xA700, 0xA701, 0xA702, 0xA801, 0xB000)
        return exchange.status in known or suboperations(exchange)[2] > 0
    return bool(exchange.children)


@finding("status-undefined", "PS3.7 C")
def undefined_status(talk: Talk, about: About) -> Iterator[Found]:
    """A status that is in no table of the standard for its service."""
    seen: set[tuple[str, int]] = set()
    for exchange in talk.exchanges:
        for message in exchange.responses:
            status = message.command.status
            if status is None or status in (SUCCESS, CANCEL, 0xFF00, PENDING_OPTIONAL_KEYS):
                continue
            if (exchange.name, status) in seen or not is_undefined(exchange.name, status):
                continue
            seen.add((exchange.name, status))
            yield Found(
                Rank.FAILURE,
                f"{about.name(message.side)} answered {exchange.name} {exchange.message_id} with "
                f"0x{status:04X}, which the standard does not define",
                message.side,
                "its manual or log says what it means by that",
                messages=(message,),
                exchange=exchange,
            )


def is_undefined(service: str, status: int) -> bool:
    """Whether no table has it, nor is it of the ranges that PS3.4 leaves to implementations."""
    if status & 0xFF00 in (0xA700, 0xA900) or status & 0xF000 == 0xC000 or status in WARNINGS:
        return False
    return meaning(status, service).startswith(("no standard meaning", "undefined status"))


@finding("nothing-matched", "PS3.4 C.2.2.2", restates=True)
def nothing_matched(talk: Talk, about: About) -> Iterator[Found]:
    """A query or a retrieval that succeeded with nothing."""
    for exchange in talk.exchanges:
        if exchange.status != SUCCESS or exchange.name not in ("C-FIND", "C-GET", "C-MOVE"):
            continue
        if exchange.name == "C-FIND":
            if exchange.pending_count:
                continue
            step = "upper and lower case, wildcards, dates (YYYYMMDD), the character set of the key"
        else:
            final = exchange.final
            counted = final is not None and COMPLETED_SUBOPERATIONS in final.command.values
            if not counted or any(suboperations(exchange)) or exchange.children:
                continue
            step = "the level or a UID may be wrong"
        yield Found(
            Rank.REMARK,
            f"{exchange.name} {exchange.message_id} succeeded, and nothing matched",
            exchange.side,
            step,
            messages=(exchange.request, *_final(exchange)),
            exchange=exchange,
        )


@finding("optional-keys", "PS3.4 C.4.1.1.4")
def optional_keys(talk: Talk, about: About) -> Iterator[Found]:
    """Pending with 0xFF01: optional keys were not used."""
    for exchange in talk.exchanges:
        for message in exchange.responses:
            if message.command.status == PENDING_OPTIONAL_KEYS:
                yield Found(
                    Rank.REMARK,
                    f"{about.name(message.side)} answered C-FIND {exchange.message_id} with "
                    "0xFF01: it did not use all optional keys, so the matches may be too many",
                    Who.NOBODY,
                    "match on required and unique keys, or sift the answers",
                    messages=(message,),
                    exchange=exchange,
                )
                break
