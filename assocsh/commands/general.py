"""set, wire, history, help, quit: the shell itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import available, command
from assocsh.errors import UsageError
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer
from assocsh.session.settings import WIRE_MODES, find_setting
from assocsh.text.cells import cell, wrapped

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


@command("set")
async def set_(session: Session, call: BoundCall) -> None:
    """Show all settings, show one, or change one."""
    name, value = call.argument("setting"), call.argument("value")
    settings = session.settings
    if name is not None and value is not None:
        settings.set(name, value)
        session.apply_settings(find_setting(name).name)
        session.changed()
        return
    wanted = None if name is None else find_setting(name).name
    rows = [
        {"name": each, "value": text, "meaning": meaning}
        for each, text, meaning in settings.items()
        if wanted in (None, each)
    ]
    columns = [Column("name"), Column("value"), Column("meaning", least=20)]
    session.presenter.listing(Listing("setting", columns, rows))


@command("wire")
async def wire(session: Session, call: BoundCall) -> None:
    """Show each PDU and message from now on; without a mode say which one is set."""
    mode = call.argument("view")
    if mode is None:
        session.note(f"wire {session.wire}")
        return
    if mode not in WIRE_MODES:
        raise UsageError(f"{mode!r} is no wire view", hint=f"one of {', '.join(WIRE_MODES)}")
    session.set_wire(mode)


@command("history")
async def history(session: Session, call: BoundCall) -> None:
    """The last commands of this session."""
    word = call.argument("n")
    count = 20 if word is None else parse_integer(word, "history", least=1)
    lines = list(session.history)
    first = max(len(lines) - count, 0)
    rows = [{"number": first + index, "text": text} for index, text in enumerate(lines[first:], 1)]
    columns = [Column("number", "#", right=True, least=3), Column("text", "command", least=20)]
    session.presenter.listing(Listing("history", columns, rows))


@command("help")
async def help_(session: Session, call: BoundCall) -> None:
    """Help goes where results go: someone asked for it."""
    from assocsh.language.help import help_text

    text = help_text(call.argument("topic"), available=available())
    for line in text.splitlines():
        for each in wrapped(cell(line, None), session.output.width):
            session.output.result(each)


@command("quit")
async def quit_(session: Session, call: BoundCall) -> None:
    """Leave; whoever reads commands releases the association first."""
    session.leaving.set()
