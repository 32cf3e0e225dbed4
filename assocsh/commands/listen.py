"""listen: where C-MOVE delivers to, and where peers report events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.acceptor_options import ACCEPTOR_TLS
from assocsh.commands.parameters import (
    TO_FOLDER,
    durability,
    folder_for_received,
)
from assocsh.commands.practice_options import DURABILITY
from assocsh.commands.registry import command
from assocsh.errors import LocalProtocolError, UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.listener import Answering
from assocsh.session.plan import DEFAULT_AE, acceptor_tls
from assocsh.session.serving import LOOPBACK, start_listener, usual_port
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session

STATUS = pattern(r"0[xX][0-9a-fA-F]{4}")

SPEC = CommandSpec(
    "listen",
    "a listener under our AE title: where C-MOVE delivers, and where events are reported",
    Heading.ASSOCIATION,
    order=80,
    options=(
        Option(
            "--port", Slot.INTEGER, "N", summary="TCP port (any free one, or `set listen-port`)"
        ),
        Option("--host", Slot.TEXT, "ADDRESS", summary="address to listen on (127.0.0.1)"),
        TO_FOLDER,
        DURABILITY,
        Option("--as", Slot.AE_TITLE, "AET", summary="AE title (that of the association)"),
        Option(
            "--accept",
            Slot.SOP_CLASS,
            "CLASS",
            summary="take what is asked for of this SOP class too",
            repeated=True,
        ),
        Option("--status", Slot.TEXT, "0xNNNN", summary="answer event reports with this status"),
        Option("--silent", summary="never answer event reports"),
        *ACCEPTOR_TLS,
        Option("--stop", summary="stop listening"),
    ),
    examples=(
        "listen --port 11113 --to ./in",
        "listen --stop",
        "listen --to ./in --as STORE1",
        "listen --stop; listen --accept ModalityPerformedProcedureStep --status 0x0110",
    ),
    details="""\
Taken are instances, and what is reported of Storage Commitment, Unified
Procedure Steps, Instance Availability and Performed Procedure Steps, whether
the peer proposed its SCP role or not. Each report is shown, kept (show events)
and joined to the request that it belongs to: by its Transaction UID, or else by
its SOP instance. --status and --silent hold for reports on the open association
too; instances are answered as ever. With any --durability a file is whole and
has its name before its success is answered. With file it is on the disk itself
by then; with batch at most a second later, and before a move that it is for is
done; with none when the system writes it, which only a failing power can keep
it from.""",
    section="PS3.4 B (Storage), J.3.3 (commitment reports), PS3.7 10.1.1 (N-EVENT-REPORT)",
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
    Column("reported", right=True),
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
    host, port = call.option("--host"), call.integer("--port", most=65535)
    answering = answering_of(call)
    if running is not None:
        if not call.options:
            show(session, running, "listening")
            return
        if running.takes_instances:
            raise LocalProtocolError(
                f"{running.address} listens already", hint="`listen --stop` ends it"
            )
        # it was opened for reports alone: this one takes its place, for the peer may know it
        session.listener = None
        host, port = host or running.host, running.port if port is None else port
        await running.close()
    association = session.association
    title = call.option("--as") or (DEFAULT_AE if association is None else association.calling_ae)
    session.listener = await start_listener(
        session,
        session.receiving,
        host=host or LOOPBACK,
        port=usual_port(session) if port is None else port,
        ae_title=title,
        directory=call.path(folder_for_received(session, call)),
        durability=durability(session, call),
        answering=answering,
        tls=acceptor_tls(call),
    )
    session.practice.learn_listener()
    session.changed()
    show(session, session.listener, "listening")


def answering_of(call: BoundCall) -> Answering:
    """How reports are to be answered. Raises UsageError."""
    from assocsh.datasets.dictionary import sop_class_uid

    text, silent = call.option("--status"), call.flag("--silent")
    if text is not None and silent:
        raise UsageError("--silent answers nothing, and --status is an answer")
    classes = tuple(sop_class_uid(name) for name in call.values("--accept"))
    if text is None:
        return Answering(silent=silent, classes=classes)
    if not STATUS.fullmatch(text):
        raise UsageError(f"--status: {text!r} is no status", hint="0x0110, for example")
    return Answering(status=int(text, 16), classes=classes)


def show(session: Session, listener: SessionListener, state: str) -> None:
    """Where it listens, and what came."""
    row = {
        "state": state,
        "ae_title": listener.ae_title,
        "host": listener.host,
        "port": listener.port,
        "directory": None if listener.directory is None else str(listener.directory),
        "received": listener.received,
        "reported": listener.reported,
    }
    session.presenter.listing(Listing("listener", COLUMNS, [row]))
