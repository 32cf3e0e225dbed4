"""record: what is typed, and what happened, as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "record",
    "write what is typed, and what happened, as a script",
    Heading.SCRIPTS,
    order=30,
    parameters=(Parameter("file", Slot.FILE, summary="the .assoc file to write"),),
    options=(
        Option("--expect", summary="add expectations of status and count"),
        Option("--redact", summary="replace patient identifiers, the same each time"),
        Option("--stop", summary="stop recording"),
    ),
    examples=(
        "record session.assoc",
        "record --stop",
        "record check.assoc --expect --redact",
    ),
    recorded=False,
)


@command(SPEC)
async def record(session: Session, call: BoundCall) -> None:
    """Begin a recording, end it (``--stop``), or say which one is going on."""
    from assocsh.text.visible import visible

    current = session.recording
    name = call.argument("file")
    if call.flag("--stop") or name is None:
        if name is not None:
            raise UsageError("--stop takes no file")
        if current is None:
            session.note("nothing is recorded")
        elif call.flag("--stop"):
            current.close()
            session.note(f"recorded: {visible(str(current.path))}")
        else:
            session.note(f"recording to {visible(str(current.path))}")
        return
    if current is not None:
        raise UsageError(
            f"{visible(str(current.path))} is being recorded", hint="`record --stop` ends it"
        )
    from assocsh.scripting.recorder import Recorder
    from assocsh.scripting.redact import Redactor

    path = call.path(name)
    redactor = Redactor() if call.flag("--redact") else None
    session.recording = Recorder(session, path, expect=call.flag("--expect"), redactor=redactor)
    session.note(f"recording to {visible(str(path))}; `record --stop` ends it")
    session.changed()
