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
    """Every fault with its sentence and its section, for help."""
    from assocsh.practice.faults import known_faults
    from assocsh.practice.faults.fault import describe
    from assocsh.text.cells import folded

    lines = [
        "A fault is NAME, NAME=VALUE, NAME@WHEN or NAME=VALUE@WHEN. WHEN is a service",
        "(@find), a number (@2: the second time, @2+: from then on) or both (@find:2); it",
        "counts responses of that service, of faults marked * associations. `serve --fault`",
        "and `open practice --fault` take the same, as often as there are faults.",
        "",
    ]
    for fault in known_faults().values():
        lines.append(f"  {describe(fault)}{' *' if fault.whole else ''}   ({fault.section})")
        lines += [f"      {line}" for line in folded(fault.summary, 70)]
    return "\n".join(lines)


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
        "faults off",
    ),
    details=_listed,
    topic="how the practice archive misbehaves",
)


@command(SPEC)
async def faults(session: Session, call: BoundCall) -> None:
    """Show what is armed, or arm it. Raises UsageError: no such fault, no practice archive."""
    running = session.practice.faults()
    texts = list(call.arguments.get("fault", ()))
    if texts:
        from assocsh.practice.faults import parse_fault

        running.armed = () if texts == [NONE] else tuple(map(parse_fault, texts))
    if not running.armed:
        session.note("the practice archive does nothing wrong")
        return
    for armed in running.armed:
        session.output.result(f"{armed.text}: {armed.kind.summary} ({armed.kind.section})")
    if texts:
        session.note("from the next association on: `reopen`")
