"""faults: what the practice archive does wrong, while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

NONE = "off"


def _listed() -> str:
    from assocsh.session.practising import faults_text

    return faults_text()


SPEC = CommandSpec(
    "faults",
    "what the practice archive does wrong, on demand",
    Heading.ASSOCIATION,
    order=90,
    parameters=(
        Parameter(
            "fault",
            Slot.FAULT,
            choices=(NONE,),
            repeated=True,
            summary="NAME[=VALUE][@WHEN] from the next association on; off: none; alone: which",
        ),
    ),
    examples=(
        "faults",
        "faults status=0xA700@store:2; reopen",
        "faults delay=200ms@find abort-after=5; reopen",
        "faults off; reopen",
    ),
    details=_listed,
    topic="how the practice archive misbehaves",
)


@command(SPEC)
async def faults(session: Session, call: BoundCall) -> None:
    """Show what is armed, or arm it. Raises UsageError: no such fault, no practice archive."""
    texts = list(call.arguments.get("fault", ()))
    if texts:
        session.practice.misbehave([] if texts == [NONE] else texts)
    armed_now = session.practice.faults().armed
    if not armed_now:
        session.note("the practice archive does nothing wrong")
        return
    for armed in armed_now:
        session.output.result(f"{armed.text}: {armed.kind.summary} ({armed.kind.section})")
    if texts:
        session.note("from the next association on: `reopen`")
