"""history: the lines that were typed, what became of them, and whether they are kept."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.objects import milliseconds
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer
from assocsh.text.dates import moment
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.history_file import Entry
    from assocsh.session.session import Session

SHOWN = 20
"""Lines that are shown where nobody says how many."""

_DETAILS = """\
The lines of every session are kept in one file, that only you can read, each with
what became of it, how long it took and whom the association was with. At the
prompt Up and Ctrl-R find them. A word shows the last lines that hold it, a number
so many of all.

Passcodes and tokens are never kept, nor is a line that begins with a blank. A
line that may hold a patient's values (a key with a value, a file, a UID) is kept
for as many days as `set history-days` says. `history off` keeps nothing from then
on until `history on`; history = "off" in the config file makes that the rule.
`history clear` forgets everything, also what other sessions kept."""

SPEC = CommandSpec(
    "history",
    "the lines that were typed, also in earlier sessions",
    Heading.SHELL,
    order=20,
    parameters=(
        Parameter(
            "word",
            Slot.TEXT,
            choices=("on", "off", "clear"),
            summary="lines that hold it; a number: how many (20); off, on, clear",
        ),
    ),
    options=(
        Option("--peer", Slot.TEXT, "PEER", summary="typed while an association with it was open"),
        Option("--failed", summary="those that failed"),
    ),
    examples=(
        "history",
        "history 50",
        "history find --failed",
        "history --peer PRACTICE",
        "history off; history on",
    ),
    at_once=True,
    recorded=False,
    details=_DETAILS,
    pages=True,
)


@command(SPEC)
async def history(session: Session, call: BoundCall) -> None:
    """Show lines, forget them all, or keep none from here on."""
    word, typed = call.argument("word") or "", session.typed
    if word in ("on", "off"):
        session.settings.set("history", word)
        session.note(_SWITCHED[word])
        return
    if word == "clear":
        count = len(await asyncio.to_thread(typed.all))
        typed.clear()
        session.note(f"{plural(count, 'line')} forgotten")
        return
    counted = word.isascii() and word.isdigit()
    count = parse_integer(word, "history", least=1) if counted else SHOWN
    numbered = enumerate(await asyncio.to_thread(typed.all), 1)
    peer, failed = (call.option("--peer") or "").lower(), call.flag("--failed")
    wanted = "" if counted else word.lower()
    found = [
        (number, entry)
        for number, entry in numbered
        if wanted in entry.line.lower() and _is_of(entry, peer, failed)
    ]
    json = session.format == "json"
    now = time.time()
    rows = [_row(number, entry, json, now) for number, entry in found[-count:]]
    if not rows and not json:
        session.note("no such line is kept" if word or peer or failed else "no lines are kept")
        return
    columns = [
        Column("number", "#", right=True, least=3),
        Column("text", "command", least=20),
        Column("status"),
        Column("elapsed_ms", "time", right=True),
        Column("peer"),
        Column("at", "when"),
    ]
    session.presenter.listing(Listing("history", columns, rows))


_SWITCHED = {
    "off": "lines are not kept from here on; `history on` keeps them again",
    "on": "lines are kept",
}


def _is_of(entry: Entry, peer: str, failed: bool) -> bool:
    ending = entry.ending
    if ending is None:
        return not peer and not failed
    return peer in ending.peer.lower() and (ending.failed or not failed)


def _row(number: int, entry: Entry, json: bool, now: float) -> dict[str, Any]:
    ending = entry.ending
    row: dict[str, Any] = {"number": number, "text": entry.line}
    if ending is not None:
        took = ending.seconds
        row |= {"status": ending.status or None, "peer": ending.peer or None}
        if json:
            row |= {"failed": ending.failed, "elapsed_ms": took and milliseconds(took)}
        else:
            row["elapsed_ms"] = "" if took is None else show_duration(took)
    if entry.at:
        when = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
        row["at"] = when if json else moment(entry.at, now)
    return row
