"""contexts: what was proposed, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.objects import context_object, extended, role_names
from assocsh.output.table import Column
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.upperlayer.negotiation import PresentationContext

DETAILS = """\
The role is that of this side. What --extended, --role and --common negotiated
stands behind it: "did not answer" is no "no", the peer left it out. Then the
default roles hold, and nothing of an extended negotiation is agreed."""

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
        "reopen --extended find:relational,fuzzy; contexts Root --accepted",
        "reopen --contexts all; contexts --refused",
    ),
    details=DETAILS,
    section="PS3.8 7.1.1.13, 9.3.3.2, PS3.7 D.3.3.4 to D.3.3.6",
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
NEGOTIATED = Column("negotiated", "negotiated", least=20)
"""Only where something besides the context was, and came out otherwise than it was asked."""


@command(SPEC)
async def contexts(session: Session, call: BoundCall) -> None:
    """The presentation contexts by SOP class, below how many there are; JSON and CSV: each."""
    accepted, refused = call.flag("--accepted"), call.flag("--refused")
    if accepted and refused:
        raise UsageError("a context is accepted or refused, never both")
    words = call.arguments.get("word", ())
    proposed = session.open_association().contexts
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
    if not chosen and proposed:
        session.note(f"none of them is {_wanted(words, accepted, refused)}")
    if json:
        session.presenter.listing(Listing("context", SINGLE, [context_object(c) for c in chosen]))
    elif session.settings.format == "csv":
        rows = [_row([each]) for each in chosen]
        session.presenter.listing(Listing("context", with_negotiated(SINGLE, rows), rows))
    else:
        rows = grouped(chosen)
        session.presenter.listing(Listing("context", with_negotiated(GROUPED, rows), rows))


def with_negotiated(
    columns: tuple[Column, ...], rows: Sequence[Mapping[str, Any]]
) -> tuple[Column, ...]:
    """``columns``, and one more where any of the rows has something to say in it."""
    return (*columns, NEGOTIATED) if any(row["negotiated"] for row in rows) else columns


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
    row["negotiated"] = "; ".join(negotiated(group[0]))
    if group[0].accepted:
        uids = [each.transfer_syntax for each in group if each.transfer_syntax]
    else:
        uids = [uid for each in group for uid in each.proposed]
    syntaxes = ", ".join(dict.fromkeys(map(uid_keyword, uids)))
    row["transfer_syntax"] = syntaxes if group[0].accepted else f"(proposed {syntaxes})"
    return row


def negotiated(context: PresentationContext) -> Iterator[str]:
    """What was negotiated for its SOP class besides the context, in words.

    Roles that were granted as they were asked for stand in the column of roles.
    """
    asked, answered = context.role_asked, context.role_answered
    if asked is not None and asked != answered:
        wanted = "/".join(role_names(asked)) or "no role"
        said = "no answer" if answered is None else "/".join(role_names(answered)) or "neither"
        yield f"role {wanted} asked: {said}"
    by_answer: dict[str, list[str]] = {}
    for name, word in extended(context).items():
        by_answer.setdefault(word, []).append(name)
    for word, names in by_answer.items():
        yield f"{', '.join(names)}: {word}"
    if context.common is not None:
        from assocsh.datasets.dictionary import short_uid_name

        service = short_uid_name(context.common.service_class)
        yield f"said to be of the {service}" + "".join(
            f", like {short_uid_name(uid)}" for uid in context.common.related
        )


def _wanted(words: Sequence[str], accepted: bool, refused: bool) -> str:
    what = "accepted" if accepted else "refused" if refused else "there"
    return f"{what} with {cell(' '.join(words))} in its name" if words else what
