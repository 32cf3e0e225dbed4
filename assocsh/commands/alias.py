"""alias: names of the user's own for commands, kept in the config file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.aliases import AliasText
from assocsh.language.model import CommandSpec, Grammar, Heading, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "alias",
    "names of your own for commands, kept in the config file",
    Heading.SHELL,
    order=40,
    parameters=(
        Parameter("name", Slot.TEXT, summary="letters, digits, _ and -; not that of a command"),
        Parameter("= commands", Slot.TEXT, summary="what it stands for; nothing: no more"),
    ),
    examples=(
        "alias ct = find study ModalitiesInStudy=CT PatientID=$1",
        "alias check = 'echo; status'",
        "alias",
        "alias check",
        "alias ct =",
        "alias check =",
    ),
    details="""\
With the first of these, `ct PRC-1001` is the command behind the = with PRC-1001
in place of $1. $1 to $9 are the words behind an alias; without one of them, all
words are put behind what it stands for. Commands with ; or & among them stand in
quotes. A value of $name or ${query} stays inside its word. Aliases are for what
is typed: a script has the commands themselves, and so has what `record FILE`
writes.""",
    grammar=Grammar.ALIAS,
    at_once=True,
    recorded=False,
    changes_config=True,
)


@command(SPEC)
async def alias(session: Session, call: BoundCall) -> None:
    """List the aliases, show one, or change one. Raises UsageError, UnusableFile."""
    from assocsh.session.config_file import keep_alias, remove_alias

    said = call.call.alias or AliasText()
    known = session.config.aliases
    if said.body is None:
        if said.name and said.name not in known:
            raise UsageError(
                f"there is no alias {said.name}", hint=f"`alias {said.name} = echo` makes it one"
            )
        _show(session, said.name)
    elif said.body:
        session.config = await asyncio.to_thread(keep_alias, session.config, said.name, said.body)
        session.note(f"{said.name} stands for: {cell(said.body)}")
    elif said.name in known:
        session.config = await asyncio.to_thread(remove_alias, session.config, said.name)
        session.note(f"{said.name} is no alias any more")
    else:
        raise UsageError(f"there is no alias {said.name}")
    session.changed()


def _show(session: Session, name: str) -> None:
    rows = [
        {"name": each, "commands": body}
        for each, body in session.config.aliases.items()
        if name in ("", each)
    ]
    if not rows and session.format != "json":
        session.note("there is no alias: `alias e = echo` makes one")
        return
    columns = [Column("name"), Column("commands", "stands for", least=20)]
    session.presenter.listing(Listing("alias", columns, rows))
