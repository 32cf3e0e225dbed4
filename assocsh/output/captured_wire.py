"""A capture as ``wire`` shows an association: each PDU and message, when and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from assocsh.output.conversations import clock, who
from assocsh.text.visible import visible
from assocsh.upperlayer.pdus import P_DATA_TF, pdu_name
from assocsh.wire.conversation import Side
from assocsh.wire.layout import INDENT, detail_lines, hex_lines
from assocsh.wire.modes import WireMode
from assocsh.wire.summary import pdu_summary
from assocsh.wire.walk_pdu import walk_pdu

if TYPE_CHECKING:
    from assocsh.wire.conversation import Conversation, Exchange, Message, Talk, Unit

_TO, _FROM = " -> ", "<-  "
MessageLines = Callable[["Talk", "Message"], Iterator[str]]
"""A message in full: where it was, its command set, its data set."""


def lines(
    conversation: Conversation,
    only: Exchange | None,
    mode: WireMode,
    in_full: MessageLines,
) -> Iterator[str]:
    """What was said in a capture, or (``only``) for one request of it; arrows as its requestor
    sees them. ``in_full`` gives the lines of a message for the detail view."""
    for talk in conversation.talks:
        messages = _messages(talk, only)
        if only is not None and not messages:
            continue
        yield f"=== {talk.number}  {who(talk, Side.REQUESTOR)} to {who(talk, Side.ACCEPTOR)}"
        numbers = {n for each in messages for n in range(each.first, each.last + 1)}
        units = [unit for unit in talk.units if only is None or unit.number in numbers]
        if mode is not WireMode.HEX:
            units = [unit for unit in units if unit.type != P_DATA_TF]
        told = [(unit.end, 0, _unit_lines(unit, mode)) for unit in units]
        if mode is not WireMode.HEX:
            told += [(each.end, 1, _message_lines(talk, each, mode, in_full)) for each in messages]
        told.sort(key=lambda each: each[:2])
        for _, _, found in told:
            yield from found


def _messages(talk: Talk, only: Exchange | None) -> list[Message]:
    if only is None:
        return talk.messages
    wanted = {each.number for each in (only, *only.children) if each.talk == talk.number}
    return [each for each in talk.messages if each.exchange in wanted]


def _head(side: Side, name: str, size: str, time: float, text: str) -> str:
    arrow = _TO if side is Side.REQUESTOR else _FROM
    return f"{arrow}{name:<15} {size:>11} {clock(time)}  {text}".rstrip()


def _unit_lines(unit: Unit, mode: WireMode) -> Iterator[str]:
    found = walk_pdu(unit.raw)
    whole = len(unit.raw) == unit.length + 6
    text = pdu_summary(found) if whole else f"the first {len(unit.raw):,} bytes"
    size = f"{unit.length + 6:,} B"
    yield _head(unit.side, visible(pdu_name(unit.type)), size, unit.spot.time, text)
    if mode is WireMode.DETAIL:
        yield from detail_lines(found)
    elif mode is WireMode.HEX:
        yield from hex_lines(found)


def _message_lines(
    talk: Talk, message: Message, mode: WireMode, in_full: MessageLines
) -> Iterator[str]:
    command = message.command
    exchange = talk.exchange(message.exchange)
    label = f"#{exchange.label} " if exchange is not None and exchange.label else ""
    status = command.status if command.is_response else None
    said = f"ID {command.request_id}, context {message.context_id}"
    said += "" if status is None else f", 0x{status:04X}"
    size = f"{message.dataset_length:,} B" if command.has_data else ""
    yield _head(message.side, visible(command.label), size, message.start, label + said)
    if mode is WireMode.DETAIL:
        for line in in_full(talk, message):
            yield f"{INDENT}{line}"
