"""peers: those of the config file, and those that were opened lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from assocsh.commands.keeping_peers import CHANGED, WITHOUT, add, edit, remove
from assocsh.commands.registry import command
from assocsh.commands.testing_peers import test
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot, Verb
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.plan import PRACTICE

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

NEW = Parameter("name", Slot.TEXT, required=True, summary="the name to give it")
KEPT_PEER = Parameter("name", Slot.PEER, required=True, summary="a name of the config file")
ADDRESS = Parameter("address", Slot.PEER, required=True, summary="AET@HOST:PORT")
OTHER_ADDRESS = Parameter("address", Slot.PEER, summary="AET@HOST:PORT, when that is another now")
PEER = Parameter(
    "peer", Slot.PEER, required=True, summary="a name of the config file, or AET@HOST:PORT"
)

VERBS = (
    Verb(
        "add",
        "keep a peer in the config file, with what it is to be opened with",
        (NEW, ADDRESS),
        CHANGED,
        sends=False,
        changes_config=True,
    ),
    Verb(
        "edit",
        "change what is kept of a peer; all else stays",
        (KEPT_PEER, OTHER_ADDRESS),
        (*CHANGED, WITHOUT),
        sends=False,
        changes_config=True,
    ),
    Verb(
        "remove",
        "take a peer out of the config file",
        (KEPT_PEER,),
        sends=False,
        changes_config=True,
    ),
    Verb(
        "test",
        "connect, TLS, association, C-ECHO, release: each with its time",
        (PEER,),
        sends=False,
    ),
)

SPEC = CommandSpec(
    "peers",
    "known peers: list, add, edit, remove, test",
    Heading.ASSOCIATION,
    order=70,
    parameters=(
        Parameter(
            "verb",
            Slot.CHOICE,
            tuple(verb.name for verb in VERBS),
            summary="those of the config file, and those that were opened lately",
        ),
    ),
    verbs=VERBS,
    examples=(
        "peers",
        "peers test practice",
        "peers add pacs ARCHIVE@10.0.0.7:104 --as WORKSTATION --window 4 --timeout 30s",
        "peers edit pacs --contexts qr,storage --without window",
        "peers edit pacs ARCHIVE@10.0.0.8:104",
        "peers remove pacs",
    ),
    details="""\
What is kept of a peer holds whenever `open NAME` opens it; what is typed there
wins. A passcode or a token is never kept, only where it is found. The comments
of the config file stay. `peers test NAME` uses a connection of its own: the
association that is open goes on.""",
    recorded=False,
    pages=True,
)


@command(SPEC)
async def peers(session: Session, call: BoundCall) -> None:
    """List the peers, or do what the verb says."""
    perform: dict[str, Callable[[Session, BoundCall], Awaitable[None]]] = {
        "add": add,
        "edit": edit,
        "remove": remove,
        "test": test,
    }
    verb = call.call.spec.verb
    if verb:
        await perform[verb](session, call)
    else:
        show_peers(session)


def show_peers(session: Session) -> None:
    """The peers of the config file, the practice archive, and what was opened lately."""
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "address": entry.address,
            "ae_title": entry.open.ae_title,
            "window": entry.open.window,
            "contexts": entry.open.contexts,
            "tls": None if entry.open.tls is None else True,
            "kept": "config file",
        }
        for entry in session.config.peers.values()
    ]
    rows.append({"name": PRACTICE, "address": "started by open practice", "kept": "built in"})
    known = {entry.address for entry in session.config.peers.values()}
    rows += [
        {"name": None, "address": address, "kept": "opened lately"}
        for address in session.recent_peers.addresses
        if address not in known
    ]
    columns = [
        Column("name"),
        Column("address", least=16),
        Column("kept", "from"),
        Column("ae_title", "as"),
        Column("window", right=True),
        Column("tls", "TLS", least=3),
        Column("contexts"),
    ]
    whole = [{column.key: None for column in columns} | row for row in rows]
    session.presenter.listing(Listing("peer", columns, whole))
