"""wire: each PDU and message as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.wire.modes import WireMode

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

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
    ),
    examples=("wire summary", "wire detail", "wire off"),
    section="PS3.8 9.3 (PDUs), PS3.7 9 and E (command sets)",
    at_once=True,
)


@command(SPEC)
async def wire(session: Session, call: BoundCall) -> None:
    """Show each PDU and message from now on; without a mode say which one is set."""
    mode = call.argument("view")
    if mode is None:
        session.note(f"wire {session.wire}")
        return
    if mode not in tuple(WireMode):
        raise UsageError(f"{mode!r} is no wire view", hint=f"one of {', '.join(WireMode)}")
    session.set_wire(mode)
