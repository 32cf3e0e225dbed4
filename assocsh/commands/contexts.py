"""contexts: what was proposed, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.objects import context_object
from assocsh.output.summary import identity_text
from assocsh.output.table import Column
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.upperlayer.negotiation import PresentationContext

SPEC = CommandSpec(
    "contexts",
    "what was proposed, what was accepted, why not",
    Heading.ASSOCIATION,
    order=30,
    parameters=(
        Parameter(
            "word",
            Slot.TEXT,
            repeated=True,
            summary="only SOP classes with this word in their name, or this keyword or UID",
        ),
    ),
    options=(
        Option("--accepted", summary="only the accepted ones"),
        Option("--refused", summary="only those that were not accepted"),
    ),
    examples=(
        "contexts",
        "contexts CT",
        "contexts enhanced --accepted",
        "reopen --contexts all; contexts --refused",
    ),
    section="PS3.8 7.1.1.13, 9.3.3.2",
    needs_association=True,
)

GROUPED = (
    Column("name", "SOP class", least=20),
    Column("meaning", "result", least=12),
    Column("transfer_syntax", "transfer syntax", least=16),
    Column("roles", "role", least=3),
    Column("id", right=True, least=2),
)
SINGLE = (
    Column("id", right=True, least=3),
    Column("name", "abstract syntax", least=20),
    Column("meaning", "result", least=12),
    Column("transfer_syntax", "transfer syntax", least=16),
    Column("roles", "role", least=3),
)


@command(SPEC)
async def contexts(session: Session, call: BoundCall) -> None:
    """The presentation contexts by SOP class, below how many there are; JSON and CSV: each."""
    accepted, refused = call.flag("--accepted"), call.flag("--refused")
    if accepted and refused:
        raise UsageError("a context is accepted or refused, never both")
    words = call.arguments.get("word", ())
    association = session.open_association()
    proposed = association.contexts
    chosen = [
        each
        for each in proposed
        if not (accepted and not each.accepted)
        and not (refused and each.accepted)
        and all(is_named(each.abstract_syntax, word) for word in words)
    ]
    json = session.settings.format == "json"
    if not json:
        session.note(summary(proposed))
        if association.identity is not None:
            session.note(f"identity: {identity_text(association.identity)}")
    if not chosen and proposed:
        session.note(f"none of them is {_wanted(words, accepted, refused)}")
    if json:
        session.presenter.listing(Listing("context", SINGLE, [context_object(c) for c in chosen]))
    elif session.settings.format == "csv":
        session.presenter.listing(Listing("context", SINGLE, [_row([each]) for each in chosen]))
    else:
        session.presenter.listing(Listing("context", GROUPED, grouped(chosen)))


def summary(contexts: Sequence[PresentationContext]) -> str:
    """``125 proposed: 120 accepted, 5 not``."""
    accepted = sum(each.accepted for each in contexts)
    refused = len(contexts) - accepted
    return f"{len(contexts)} proposed: {accepted} accepted" + (f", {refused} not" * bool(refused))


def is_named(sop_class: str, word: str) -> bool:
    """Whether ``word`` begins a word of the SOP class's name, or its keyword, or its UID."""
    from assocsh.datasets.dictionary import uid_keyword, uid_name

    wanted = word.casefold()
    if uid_keyword(sop_class).casefold().startswith(wanted) or sop_class.startswith(wanted):
        return True
    return re.search(rf"(?<!\w){re.escape(wanted)}", uid_name(sop_class).casefold()) is not None


def grouped(contexts: Iterable[PresentationContext]) -> list[dict[str, Any]]:
    """A row for each SOP class; one more, without its name, for each further result."""
    classes: dict[str, dict[tuple[int, bool, bool], list[PresentationContext]]] = {}
    for each in contexts:
        of_class = classes.setdefault(each.abstract_syntax, {})
        of_class.setdefault((each.result, each.as_scu, each.as_scp), []).append(each)
    rows = []
    for of_class in classes.values():
        for place, group in enumerate(of_class.values()):
            row = _row(group)
            if place:
                row["name"] = ""
            rows.append(row)
    return rows


def _row(group: Sequence[PresentationContext]) -> dict[str, Any]:
    """One row for contexts of one SOP class with one result."""
    from assocsh.datasets.dictionary import uid_keyword

    row = context_object(group[0])
    row["id"] = ", ".join(str(each.context_id) for each in group)
    row["roles"] = "/".join(row["roles"])
    if group[0].accepted:
        uids = [each.transfer_syntax for each in group if each.transfer_syntax]
    else:
        uids = [uid for each in group for uid in each.proposed]
    syntaxes = ", ".join(dict.fromkeys(map(uid_keyword, uids)))
    row["transfer_syntax"] = syntaxes if group[0].accepted else f"(proposed {syntaxes})"
    return row


def _wanted(words: Sequence[str], accepted: bool, refused: bool) -> str:
    what = "accepted" if accepted else "refused" if refused else "there"
    return f"{what} with {cell(' '.join(words))} in its name" if words else what
