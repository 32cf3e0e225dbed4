"""``record``, ``run`` and ``retry``: the commands of this package, performed in a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.commands.retry import error_with
from assocsh.commands.retry import retry as perform_retry
from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


@command("record")
async def record(session: Session, call: BoundCall) -> None:
    """Begin a recording, end it (``--stop``), or say which one is going on."""
    from assocsh.text.visible import visible

    current = session.recording
    name = call.argument("file")
    if call.flag("--stop") or name is None:
        if name is not None:
            raise UsageError("record --stop takes no file")
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
            f"{visible(str(current.path))} is being recorded", hint="record --stop ends it"
        )
    from assocsh.scripting.recorder import Recorder
    from assocsh.scripting.redact import Redactor

    path = call.path(name)
    redactor = Redactor() if call.flag("--redact") else None
    session.recording = Recorder(session, path, expect=call.flag("--expect"), redactor=redactor)
    session.note(f"recording to {visible(str(path))}; record --stop ends it")
    session.changed()


@command("run")
async def run(session: Session, call: BoundCall) -> None:
    """Run scripts in this session, with its association; all are checked before the first."""
    from assocsh.scripting.runner import run_inside
    from assocsh.scripting.script import Limits, load, parse_assignment

    values = dict(parse_assignment(text) for text in call.values("--set"))
    names = frozenset(session.variables) | frozenset(values)
    scripts = [load(word, Limits(names), folder=call.base) for word in call.words]
    session.variables.update(values)
    code = await run_inside(session, call.job, scripts, keep_going=call.flag("--keep-going"))
    if code:
        raise error_with(code, f"{', '.join(call.words)}: failed")


@command("retry")
async def retry(session: Session, call: BoundCall) -> None:
    """Run a block until all of it passes."""
    await perform_retry(session, call)
