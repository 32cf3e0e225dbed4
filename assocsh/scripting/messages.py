"""One DIMSE message as the members of a ``dimse`` event, and a request in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.dimse.commandset import CommandSet
    from assocsh.results.request import RequestRecord
    from assocsh.wire.exchange import Step


def message_members(
    command: CommandSet, *, sent: bool, context: int | None, data: int
) -> dict[str, Any]:
    """What a ``dimse`` event says of a message; ``data`` bytes of data set came with it."""
    from assocsh.dimse.status import category, meaning
    from assocsh.wire.walk_command import service_of

    members: dict[str, Any] = {
        "sent": sent,
        "message": command.label,
        "message_id": command.request_id,
        "context": context,
        "data": data,
    }
    if command.is_response:
        members["status"] = f"0x{command.status:04X}"
        members["category"] = category(command.status)
        members["meaning"] = meaning(command.status, service_of(command.field))
        if command.error_comment:
            members["error_comment"] = command.error_comment
    return members


def step_members(step: Step) -> dict[str, Any]:
    """The same of a step of an exchange, which may stand for several messages of a kind."""
    return message_members(
        step.command, sent=step.sent, context=step.context_id, data=step.data_length
    )


def ended_as(record: RequestRecord) -> str:
    """How a request without a final response ended, in a word: ``refused``, ``withdrawn``."""
    return "refused" if record.refused and not record.total else str(record.state)


def about(record: RequestRecord) -> str:
    """``#2 C-FIND 0x0000 Success, 41 ms``"""
    text = f"#{record.number} {record.service}"
    if record.final is not None:
        text += f" 0x{record.final.status:04X} {record.category}"
    else:
        text += f" {ended_as(record)}"
    return f"{text}, {show_duration(record.elapsed)}"
