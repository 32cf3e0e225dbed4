"""An expectation that failed, and the exchange before it, in lines: the same for every output.

::

    error: expectation failed
      --> worklist.assoc:9:8
     9 | expect count == 1
       |        ^^^^^ actual 0   (#2 C-FIND 0x0000 Success, 41 ms)
    the exchange:
       -> C-FIND-RQ message 2 data set 58 B
      <-  C-FIND-RSP message 2 0x0000 Success
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assocsh.text.marks import marked
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.dimse.commandset import CommandSet
    from assocsh.language.verdict import Check
    from assocsh.wire.steps import Step, Told


def failed_lines(check: Check, exchange: Told | None) -> list[str]:
    """What was expected and what was there; below it ``exchange``, where there is one to show."""
    lines = check_lines(check.source, check)
    if exchange is not None and exchange.steps:
        lines += ["the exchange:", *(f"  {line}" for line in kept_exchange(exchange))]
    return lines


def check_lines(file: str, check: Check) -> list[str]:
    """An expectation that failed, with a caret under what it asked for."""
    about = f"   ({check.about})" if check.about else ""
    return [
        "error: expectation failed",
        *marked(
            check.source_line,
            check.column,
            check.end,
            number=check.line,
            where=file,
            beside=f"actual {visible(check.actual)}{about}",
        ),
    ]


def kept_exchange(exchange: Told) -> list[str]:
    """The lines of an exchange that was kept while it happened."""
    return [
        exchange_line({"type": "dimse", "count": step.count, **step_members(step)})
        for step in exchange.steps
    ]


def exchange_line(event: Mapping[str, Any]) -> str:
    """One event in one line, as the wire view writes it."""
    marker = {True: " -> ", False: "<-  "}.get(event.get("sent", ""), "=== ")
    match event["type"]:
        case "dimse":
            text = f"{event['message']} message {event['message_id']}"
            if event.get("status"):
                text += f" {event['status']} {event['category']}"
                if event.get("meaning") and event["meaning"] != event["category"]:
                    text += f" ({event['meaning']})"
            if event.get("data"):
                text += f" data set {event['data']:,} B"
            if event.get("error_comment"):
                text += f' "{event["error_comment"]}"'
            if event.get("count", 1) > 1:
                text += f" × {event['count']:,}"
        case "pdu":
            text = f"{event['pdu']} {event['size']:,} B {event['summary']}".rstrip()
        case "association":
            state = event["state"]
            text = f"association {state}"
            if event.get("by") and state != "released":
                who = "the peer" if event["by"] == "peer" else "this side"
                text += f" by {who}: {event.get('message') or ''}".rstrip(": ")
        case "transport":
            text = f"{event['what']} {event['detail']}"
        case "remark":
            marker = "<** " if event.get("by") == "peer" else "*** "
            text = event["text"]
        case _:
            text = str(event.get("text", event["type"]))
    return visible(f"{marker}{text}".rstrip(), 500)


def message_members(
    command: CommandSet, *, sent: bool, context: int | None, data: int
) -> dict[str, Any]:
    """The members of a ``dimse`` event for a message; ``data`` bytes of data set came with it."""
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
        status = command.status
        if status is None:
            members.update(status=None, category=None, meaning=None)
        else:
            members["status"] = f"0x{status:04X}"
            members["category"] = category(status)
            members["meaning"] = meaning(status, service_of(command.field))
        if command.error_comment:
            members["error_comment"] = command.error_comment
    return members


def step_members(step: Step) -> dict[str, Any]:
    """The same of a step of an exchange, which may stand for several messages of a kind."""
    return message_members(
        step.command, sent=step.sent, context=step.context_id, data=step.data_length
    )
