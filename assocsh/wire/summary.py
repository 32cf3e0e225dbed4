"""One line for a PDU, one line for a DIMSE message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.dictionary import short_uid_name
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.elements import SUBOPERATIONS
from assocsh.text.visible import visible
from assocsh.upperlayer.reasons import abort_words, reject_words
from assocsh.wire.fields import FieldList, Kind
from assocsh.wire.meanings import carried_on, status_text
from assocsh.wire.walk_command import service_of

if TYPE_CHECKING:
    from assocsh.wire.conversation import Context

_SUBOPERATIONS = dict(
    zip(SUBOPERATIONS, ("remaining", "completed", "failed", "warning"), strict=True)
)


def pdu_summary(found: FieldList) -> str:
    """What one PDU says, in one line. Takes whatever the walker made of any bytes."""
    data = found.data
    damage = [field.name for field in found.fields if field.kind is Kind.BROKEN]
    if damage:
        return f"cannot be read: {damage[0]}"
    match data[0] if data else None:
        case 0x01 | 0x02:
            return _associate(found, accept=data[0] == 0x02)
        case 0x03:
            return reject_words(data[7], data[8], data[9])
        case 0x04:
            titles = [field.name for field in found.fields if field.kind is Kind.TITLE]
            shown = "; ".join(title.partition(": ")[2] for title in titles[:3])
            return shown + (f"; {len(titles) - 3} more" if len(titles) > 3 else "")
        case 0x07:
            return abort_words(data[8], data[9])
        case _:
            return ""


def _associate(found: FieldList, *, accept: bool) -> str:
    values: dict[str, list[str]] = {}
    for field in found.fields:
        values.setdefault(field.name, []).append(field.value)
    answered = [
        field.name.removeprefix("presentation context ")
        for field in found.fields
        if field.kind is Kind.TITLE and field.name.startswith("presentation context ")
    ]
    parts: list[str] = []
    if accept:
        accepted = [name.partition(":")[0] for name in answered if name.endswith(": accepted")]
        parts.append(f"accepted {_short(accepted)}" if accepted else "no context accepted")
        refused: dict[str, list[str]] = {}
        for name in answered:
            number, _, reason = name.partition(": ")
            if reason != "accepted":
                refused.setdefault(reason, []).append(number)
        parts += [f"refused {_short(ids)} ({reason})" for reason, ids in refused.items()]
    else:
        called, calling = values["called AE title"][0], values["calling AE title"][0]
        parts.append(f"{calling} calls {called}, {_count(len(answered), 'context')}")
    invoked = values.get("maximum operations invoked")
    performed = values.get("maximum operations performed")
    if invoked and performed:
        parts.append(f"window {invoked[0]} / {performed[0]}")
    if "maximum length received" in values:
        parts.append(f"max PDU {values['maximum length received'][0]}")
    if "user identity type" in values:
        parts.append(f"user identity {values['user identity type'][0]}")
    return "; ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _short(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def message_summary(command: CommandSet, context: Context | None, data_length: int) -> str:
    """What one DIMSE message says, in one line: message id, status or SOP class, data set."""
    parts = [_message_id(command)]
    if context is not None:
        asked = "" if command.is_response else command.sop_class
        other = carried_on(asked, context.abstract_syntax, context.transfer_syntax)
        parts.append(f"context {context.id}" + (f" of {other}" if other else ""))
    if command.is_response:
        parts.append(visible(status_text(command.status, service_of(command.field))))
        if any(number in command.values for number in _SUBOPERATIONS):
            counts = (
                f"{word} {command.number(number)}"
                for number, word in _SUBOPERATIONS.items()
                if number in command.values
            )
            parts.append("sub-operations " + " ".join(counts))
        if command.error_comment:
            parts.append(f'error comment "{visible(command.error_comment)}"')
        if command.offending_elements:
            tags = (f"({tag >> 16:04x},{tag & 0xFFFF:04x})" for tag in command.offending_elements)
            parts.append("offending " + visible(" ".join(tags)))
    elif command.field != CommandField.C_CANCEL_RQ and command.sop_class:
        parts.append(visible(short_uid_name(command.sop_class)))
        if command.move_destination:
            parts.append(f'to "{visible(command.move_destination)}"')
    if data_length or command.has_data:
        syntax = context.transfer_syntax if context else None
        words = f" in {visible(short_uid_name(syntax))}" if syntax else ""
        parts.append(f"data set {data_length:,} B{words}")
    return "  ".join(parts)


def _message_id(command: CommandSet) -> str:
    return f"{'to ' if command.answers else ''}message {command.request_id}"
