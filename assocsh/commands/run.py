"""run: session scripts inside a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.failing import error_with
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.scripting.reach import ALLOW_SHELL

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "run",
    "run session scripts",
    Heading.SCRIPTS,
    order=40,
    parameters=(
        Parameter("file", Slot.FILE, required=True, repeated=True, summary=".assoc files"),
    ),
    options=(
        Option("--set", Slot.TEXT, "NAME=VALUE", summary="a variable", repeated=True),
        Option("--keep-going", summary="go on with the next script after one that failed"),
        Option(ALLOW_SHELL, summary="they may start programs, with |"),
    ),
    examples=(
        "run tour.assoc",
        "run check.assoc --set id=PRC-1001",
        "run tour.assoc check.assoc --keep-going",
    ),
    runs_scripts=True,
)


@command(SPEC)
async def run(session: Session, call: BoundCall) -> None:
    """Run scripts in this session, with its association; all are checked before the first."""
    from assocsh.scripting.runner import run_inside
    from assocsh.scripting.script import Limits, load, parse_assignment

    values = dict(parse_assignment(text) for text in call.values("--set"))
    names = frozenset(session.variables) | frozenset(values)
    limits = Limits(names, programs=call.flag(ALLOW_SHELL))
    scripts = [load(word, limits, folder=call.base) for word in call.words]
    session.variables.update(values)
    code = await run_inside(session, call.job, scripts, keep_going=call.flag("--keep-going"))
    if code:
        raise error_with(code, f"{', '.join(call.words)}: failed")
