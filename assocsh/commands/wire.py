"""wire: each PDU and message as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.captured import messages_of
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.text.cells import wrapped
from assocsh.wire.modes import WireMode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assocsh.session.binding import BoundCall
    from assocsh.session.captured import Captured
    from assocsh.session.session import Session
    from assocsh.wire.conversation import Message, Talk

SPEC = CommandSpec(
    "wire",
    "show each PDU and DIMSE message as it goes",
    Heading.WIRE,
    order=10,
    parameters=(
        Parameter(
            "view",
            Slot.CHOICE,
            tuple(WireMode),
            summary="one line each, item by item, every byte",
        ),
        Parameter("request", Slot.REQUEST, summary="of a capture that was read: this request"),
    ),
    examples=("wire summary", "wire detail", "wire off"),
    details="""\
From now on, as it goes. Of a capture that was read: at once, what is in it. Arrows
are as its requestor sees them, times are UTC, and of long PDUs the beginning is kept.""",
    section="PS3.8 9.3 (PDUs), PS3.7 9 and E (command sets)",
    at_once=True,
)


@command(SPEC)
async def wire(session: Session, call: BoundCall) -> None:
    """Show each PDU and message from now on; without a mode say which one is set.

    While a capture is what is asked about, show what is in it instead.
    """
    mode = call.argument("view")
    if mode is None:
        session.note(f"wire {session.wire}")
        return
    if mode not in tuple(WireMode):
        raise UsageError(f"{mode!r} is no wire view", hint=f"one of {', '.join(WireMode)}")
    capture, number = session.captured, call.argument("request")
    if capture is None and number is not None:
        raise UsageError(
            "a single request is shown of a capture that was read",
            hint=f"`explain {number}` tells a request of the session",
        )
    if capture is not None and mode != WireMode.OFF:
        _show(session, capture, WireMode(mode), number)
        return
    session.set_wire(mode)


def _show(session: Session, capture: Captured, mode: WireMode, number: str | None) -> None:
    from assocsh.commands.captured import message_lines, the_request
    from assocsh.output.captured_wire import lines

    only = None if number is None else the_request(capture, number).exchange
    if session.format in ("json", "csv"):
        session.presenter.listing(messages_of(capture.conversation.talks, only))
        return

    def in_full(talk: Talk, message: Message) -> Iterator[str]:
        return message_lines(session, talk, message)

    width = None if mode is WireMode.HEX else session.output.width
    for line in lines(capture.conversation, only, mode, in_full):
        for each in wrapped(line, width):
            session.output.result(each)
