"""contexts: what was proposed, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option
from assocsh.output.listing import Listing
from assocsh.output.objects import context_object
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "contexts",
    "what was proposed, what was accepted, why not",
    Heading.ASSOCIATION,
    order=30,
    options=(Option("--accepted", summary="only the accepted ones"),),
    examples=(
        "contexts",
        "contexts --accepted",
        "reopen --contexts all; contexts",
    ),
    section="PS3.8 7.1.1.13, 9.3.3.2",
    needs_association=True,
)


@command(SPEC)
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
