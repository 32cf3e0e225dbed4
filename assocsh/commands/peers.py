"""peers: those of the config file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading
from assocsh.output.listing import Listing
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "peers",
    "the peers of the config file",
    Heading.ASSOCIATION,
    order=70,
    examples=(
        "peers",
        "peers; status",
        "release; peers",
    ),
    recorded=False,
)


@command(SPEC)
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
