"""The words along an arrow, and what is said about it to who wants to know all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.dictionary import short_uid_name
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.elements import SUBOPERATIONS
from assocsh.dimse.status import category
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.text.visible import visible
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest
from assocsh.upperlayer.pdus import pdu_name
from assocsh.upperlayer.reasons import abort_words, reject_words
from assocsh.wire.conversation import Abort, Reject, Talk
from assocsh.wire.meanings import status_text
from assocsh.wire.walk_command import service_of

if TYPE_CHECKING:
    from assocsh.wire.conversation import Exchange, Message, Unit


def exchange_name(exchange: Exchange) -> str:
    """``#7 C-FIND (3)``: the number that was typed, if any, the service, the Message ID."""
    typed = "" if exchange.label is None else f"#{exchange.label} "
    return f"{typed}{visible(exchange.name)} ({exchange.message_id})"


def class_name(uid: str) -> str:
    """A SOP class in a word or two: ``CT Image Storage``, ``Study Root``, ``Verification``."""
    name = short_uid_name(uid).partition(" Query/Retrieve")[0]
    return visible(name.removesuffix(" SOP Class"))


def message_parts(message: Message, label: int | None) -> tuple[str, ...]:
    """What a message says in a few words, the most important ones first."""
    command = message.command
    typed = "" if label is None else f"#{label} "
    parts = [f"{typed}{visible(command.label)} ({command.request_id})"]
    if command.is_response:
        status = command.status
        if status is None:
            parts.append("no Status")
        else:
            parts += [category(status), *_suboperations(message), f"0x{status:04X}"]
            words = status_text(status, service_of(command.field)).partition(": ")[2]
            parts += [visible(words)] if words else []
        if command.error_comment:
            parts.append(f'"{visible(command.error_comment)}"')
    elif command.field != CommandField.C_CANCEL_RQ:
        if command.move_destination:
            parts.append(f"to {visible(command.move_destination)}")
        if command.sop_class:
            parts.append(class_name(command.sop_class))
        if command.field == CommandField.C_STORE_RQ:
            parts.append(f"{message.dataset_length:,} B")
    if message.cut:
        parts.append("cut")
    return tuple(parts)


def _suboperations(message: Message) -> list[str]:
    command = message.command
    if not any(number in command.values for number in SUBOPERATIONS):
        return []
    remaining, completed, failed, warning = map(command.number, SUBOPERATIONS)
    counts = {"done": completed, "failed": failed, "with warnings": warning, "left": remaining}
    return [", ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"]


def message_details(talk: Talk, message: Message, exchange: Exchange | None) -> tuple[str, ...]:
    """Everything about a message but the values of its data set, a line each."""
    command = message.command
    context = talk.contexts.get(message.context_id)
    lines = [" ".join(message_parts(message, None if exchange is None else exchange.label))]
    if context is not None:
        syntax = short_uid_name(context.transfer_syntax) if context.transfer_syntax else ""
        about = f"presentation context {context.id}: {short_uid_name(context.abstract_syntax)}"
        lines.append(visible(about + (f", {syntax}" if syntax else "")))
    if command.is_response and command.status is not None:
        lines.append(visible(status_text(command.status, service_of(command.field))))
    elif command.sop_instance:
        lines.append(f"SOP instance {visible(command.sop_instance)}")
    if command.has_data or message.dataset_length:
        lines.append(f"data set of {message.dataset_length:,} bytes")
    if message.end > message.start:
        lines.append(f"first to last byte {show_duration(message.end - message.start)}")
    if exchange is not None and message is exchange.final and exchange.times.sent is not None:
        lines.append(f"{show_duration(message.end - exchange.times.sent)} after the request")
    lines.append(f"association {talk.number}, message {message.number}{_packets(message.frames)}")
    return tuple(lines)


def unit_parts(talk: Talk, unit: Unit) -> tuple[str, ...]:
    """What a PDU that carries no message says in a few words, the most important ones first."""
    name = pdu_name(unit.type)
    if unit.problem:
        return name, visible(unit.problem)
    return name, *_associate_parts(talk, unit.pdu)


def _associate_parts(talk: Talk, pdu: object) -> list[str]:
    match pdu:
        case AssociateRequest():
            parts = [plural(len(pdu.contexts), "context")]
        case AssociateAccept():
            taken = sum(context.result == 0 for context in pdu.contexts)
            asked = len(talk.request.contexts) if talk.request else len(pdu.contexts)
            parts = [f"{taken} of {asked} accepted"]
        case Reject():
            return [visible(reject_words(*pdu))]
        case Abort():
            return [visible(abort_words(*pdu))]
        case _:
            return []
    if pdu.window is not None:
        parts.append(f"window {pdu.window.invoked}/{pdu.window.performed}")
    parts.append(f"max PDU {pdu.max_pdu:,}" if pdu.max_pdu else "any PDU length")
    return parts


def unit_details(talk: Talk, unit: Unit) -> tuple[str, ...]:
    """Everything about a PDU, a line each."""
    lines = [" ".join(unit_parts(talk, unit))]
    if unit.length:
        lines.append(f"{unit.length + 6:,} bytes")
    where = f"association {talk.number}, PDU {unit.number}{_packets(unit.frames)}"
    return (*lines, where)


def _packets(frames: tuple[int, int] | None) -> str:
    """Where in a capture, as Wireshark counts; nothing of what was live."""
    if frames is None:
        return ""
    first, last = frames
    return f", packet {first}" if first == last else f", packets {first} to {last}"
