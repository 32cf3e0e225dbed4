"""status, contexts, peers: looking without touching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.output.listing import Listing
from assocsh.output.objects import context_object
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


@command("status")
async def status(session: Session, call: BoundCall) -> None:
    """The association in one row."""
    values = session.status()._asdict()
    columns = [
        Column("peer"),
        Column("calling", "as"),
        Column("state"),
        Column("window"),
        Column("pending", right=True),
        Column("queued", right=True),
        Column("held", right=True),
        Column("last"),
        Column("elapsed"),
        Column("wire"),
        Column("listening"),
    ]
    row: dict[str, Any] = {column.key: values[column.key] for column in columns}
    session.presenter.listing(Listing("status", columns, [row]))


@command("contexts")
async def contexts(session: Session, call: BoundCall) -> None:
    """Every presentation context: what was proposed, what became of it."""
    from assocsh.datasets.dictionary import uid_keyword

    association = session.open_association()
    json = session.settings.format == "json"
    rows = []
    for context in association.contexts:
        if call.flag("--accepted") and not context.accepted:
            continue
        row = context_object(context)
        if not json:
            syntax = context.transfer_syntax
            row["roles"] = "/".join(row["roles"])
            row["transfer_syntax"] = uid_keyword(syntax) if syntax else ""
            if not context.accepted:
                tried = ", ".join(uid_keyword(uid) for uid in context.proposed)
                row["transfer_syntax"] = f"(proposed {tried})"
        rows.append(row)
    columns = [
        Column("id", right=True, least=3),
        Column("name", "abstract syntax", least=20),
        Column("meaning", "result", least=12),
        Column("transfer_syntax", "transfer syntax", least=16),
        Column("roles", "role", least=3),
    ]
    session.presenter.listing(Listing("context", columns, rows))


@command("peers")
async def peers(session: Session, call: BoundCall) -> None:
    """The peers of the config file, and the practice archive."""
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "address": entry.address,
            "ae_title": entry.open.ae_title,
            "window": entry.open.window,
            "contexts": entry.open.contexts,
        }
        for entry in session.config.peers.values()
    ]
    rows.append(
        {
            "name": "practice",
            "address": "built in: open practice starts it",
            "ae_title": None,
            "window": None,
            "contexts": None,
        }
    )
    columns = [
        Column("name"),
        Column("address", least=16),
        Column("ae_title", "as"),
        Column("window", right=True),
        Column("contexts"),
    ]
    session.presenter.listing(Listing("peer", columns, rows))
