"""listen: the storage acceptor that C-MOVE delivers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.acceptor_options import ACCEPTOR_TLS
from assocsh.commands.parameters import TO_FOLDER, folder_for_received
from assocsh.commands.registry import command
from assocsh.errors import LocalProtocolError
from assocsh.language.model import CommandSpec, Heading, Option, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.plan import DEFAULT_AE, acceptor_tls
from assocsh.session.serving import start_listener

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.listener import StorageListener
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "listen",
    "a storage acceptor under our AE title: where C-MOVE delivers",
    Heading.ASSOCIATION,
    order=80,
    options=(
        Option("--port", Slot.INTEGER, "N", summary="TCP port (any free one)"),
        Option("--host", Slot.TEXT, "ADDRESS", summary="address to listen on (127.0.0.1)"),
        TO_FOLDER,
        Option("--as", Slot.AE_TITLE, "AET", summary="AE title (that of the association)"),
        *ACCEPTOR_TLS,
        Option("--stop", summary="stop listening"),
    ),
    examples=(
        "listen --port 11113 --to ./in",
        "listen --stop",
        "listen --to ./in --as STORE1",
    ),
    section="PS3.4 B (Storage), PS3.8 7.1",
    needs_association=True,
    barrier=True,
)

COLUMNS = (
    Column("state"),
    Column("ae_title", "as"),
    Column("host"),
    Column("port", right=True),
    Column("directory", "to", least=12),
    Column("received", right=True),
)


@command(SPEC)
async def listen(session: Session, call: BoundCall) -> None:
    """Start listening, stop, or (without options, while listening) show where."""
    running = session.listener
    if call.flag("--stop"):
        if running is None:
            raise LocalProtocolError("nothing listens", hint="`listen --to DIR` starts it")
        session.listener = None
        show(session, running, "stopped")
        await running.close()
        session.changed()
        return
    if running is not None:
        if call.options:
            raise LocalProtocolError(
                f"{running.address} listens already", hint="`listen --stop` ends it"
            )
        show(session, running, "listening")
        return
    association = session.association
    title = call.option("--as") or (DEFAULT_AE if association is None else association.calling_ae)
    session.listener = await start_listener(
        session,
        session.receiving,
        host=call.option("--host") or "127.0.0.1",
        port=call.integer("--port", most=65535) or 0,
        ae_title=title,
        directory=call.path(folder_for_received(session, call)),
        tls=acceptor_tls(call),
    )
    session.practice.learn_listener()
    session.changed()
    show(session, session.listener, "listening")


def show(session: Session, listener: StorageListener, state: str) -> None:
    """Where it listens, and what came."""
    row = {
        "state": state,
        "ae_title": listener.ae_title,
        "host": listener.host,
        "port": listener.port,
        "directory": str(listener.directory),
        "received": listener.count,
    }
    session.presenter.listing(Listing("listener", COLUMNS, [row]))
