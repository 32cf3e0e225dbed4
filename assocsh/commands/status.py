"""status: the association, one property after the other."""

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
    "status",
    "the association: peer, state, window, pending, queued, last status",
    Heading.ASSOCIATION,
    order=20,
    examples=(
        "status",
        "find study & status",
        "reopen; status",
    ),
    section="PS3.8 7",
    at_once=True,
    pages=True,
)


@command(SPEC)
async def status(session: Session, call: BoundCall) -> None:
    """The association: what there is to say of it, by name; one row of CSV, one object of JSON."""
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
        Column("identity"),
    ]
    row: dict[str, Any] = {column.key: values[column.key] for column in columns}
    session.presenter.listing(Listing("status", columns, [row], as_pairs=True))
