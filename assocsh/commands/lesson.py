"""lesson: the course, a lesson of it, how far one is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.lessons.player import Player
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

WORDS = ("next", "quit", "reset", "report")

SPEC = CommandSpec(
    "lesson",
    "the course: lessons on the practice archive that check themselves",
    Heading.SHELL,
    of_course=True,
    order=40,
    parameters=(
        Parameter("lesson", Slot.INTEGER, WORDS, summary="its number (a list of all)"),
        Parameter("number", Slot.INTEGER, summary="the lesson to reset"),
    ),
    options=(
        Option("--from", Slot.DIRECTORY, "DIR", summary="the lessons of this folder, from now on"),
    ),
    examples=(
        "lesson",
        "lesson 1",
        "lesson 3; lesson quit",
        "lesson reset 3",
        "lesson report",
    ),
    barrier=True,
    needs_association=True,
    details="""\
A lesson is a few steps. Each says what there is to do, and looks after each of
your commands whether it is done, by what happened: any way to get there counts.
Then Enter on an empty line, or `lesson next`, goes on; nothing goes on by
itself. All else is the shell as it always is.

`hint` helps, three times for each step; `solution` shows one way to do it;
`again` begins the step again, and `skip` leaves it out. `lesson quit` ends the
lesson, and its number goes on where you were. `lesson reset 3` forgets what
was done of lesson 3; `lesson report` shows what was done, step by step.""",
)


def player_of(session: Session, folder: Path | None = None) -> Player:
    """What plays lessons in this session; made when it is asked for, or for another folder."""
    from assocsh.lessons.course import OURS, read_course
    from assocsh.lessons.player import Player
    from assocsh.lessons.progress import kept_progress

    playing = session.lessons
    if isinstance(playing, Player) and folder in (None, playing.course.folder):
        return playing
    made = Player(session, read_course(folder or OURS), kept_progress())
    if playing is not None:
        playing.close()
    session.lessons = made
    return made


@command(SPEC)
async def lesson(session: Session, call: BoundCall) -> None:
    """List the lessons, or begin, end, reset or report one."""
    folder = call.path(text) if (text := call.option("--from")) is not None else None
    player = player_of(session, folder)
    what, number = call.argument("lesson"), call.argument("number")
    if number is not None and what != "reset":
        raise UsageError(f"there is no place for {number}", hint="`lesson 3` begins lesson 3")
    match what:
        case None | "report":
            show(session, player, steps=what is not None)
        case "next":
            await player.following(call.job)
        case "quit":
            player.quit()
        case "reset":
            if number is None:
                raise UsageError("which lesson is to be reset?", hint="`lesson reset 3`")
            player.reset(int(number))
        case _:
            await player.begin(int(what), call.job)


def show(session: Session, player: Player, *, steps: bool) -> None:
    """Every lesson with its tick; or every step of those that were begun."""
    from assocsh.lessons.report import rows

    found = rows(player.course, player.progress)
    if session.format == "json":
        session.presenter.listing(Listing("lesson", [], found))
        return
    if not steps:
        columns = [
            Column("number", "#", right=True, least=2),
            Column("tick", "", least=1),
            Column("title"),
            Column("minutes", "min", right=True, least=3),
            Column("steps_done", "steps", right=True, least=5),
            Column("status"),
        ]
        session.presenter.listing(Listing("lesson", columns, found))
        session.note("`lesson 1` begins lesson 1; `help lesson` says what else there is")
        return
    columns = [
        Column("lesson", right=True, least=6),
        Column("step", right=True, least=4),
        Column("title"),
        Column("status", least=7),
        Column("hints", right=True, least=5),
    ]
    each = [
        step | {"lesson": row["number"]} for row in found for step in row["steps"] if row["status"]
    ]
    if not each:
        session.note("no lesson was begun yet: `lesson 1` begins the first")
        return
    session.presenter.listing(Listing("step", columns, each))
