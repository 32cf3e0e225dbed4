"""contexts: what was proposed, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.commands.captured import association_contexts
from assocsh.commands.registry import command
from assocsh.datasets.extended import NO_ANSWER
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.objects import context_object, extended, role_names
from assocsh.output.summary import identity_text
from assocsh.output.table import Column
from assocsh.text.cells import cell
from assocsh.text.plural import some

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.upperlayer.negotiation import PresentationContext

DETAILS = """\
The role is that of this side. What --extended, --role and --common negotiated
stands below: "did not answer" is no "no", the peer left it out. Then the
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
    pages=True,
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
NEGOTIATED = (
    Column("what", "negotiated", least=12),
    Column("answer", least=12),
    Column("classes", "for", least=20),
)


@command(SPEC)
async def contexts(session: Session, call: BoundCall) -> None:
    """The presentation contexts by SOP class, below how many there are; JSON and CSV: each."""
    accepted, refused = call.flag("--accepted"), call.flag("--refused")
    if accepted and refused:
        raise UsageError("a context is accepted or refused, never both")
    words = call.arguments.get("word", ())
    proposed = association_contexts(session)
    chosen = [
        each
        for each in proposed
        if not (accepted and not each.accepted)
        and not (refused and each.accepted)
        and all(is_named(each.abstract_syntax, word) for word in words)
    ]
    json = session.format == "json"
    if not json:
        session.note(summary(proposed))
        association = session.association if session.captured is None else None
        if association is not None and association.identity is not None:
            session.note(f"identity: {identity_text(association.identity)}")
    if not chosen and proposed:
        session.note(f"none of them is {_wanted(words, accepted, refused)}")
    if json:
        session.presenter.listing(Listing("context", SINGLE, [context_object(c) for c in chosen]))
    elif session.format == "csv":
        rows = [_row([each]) for each in chosen]
        for row, each in zip(rows, chosen, strict=True):
            row["negotiated"] = "; ".join(f"{what}: {answer}" for what, answer in negotiated(each))
        columns = (*SINGLE, Column("negotiated")) if any(r["negotiated"] for r in rows) else SINGLE
        session.presenter.listing(Listing("context", columns, rows))
    else:
        session.presenter.listing(Listing("context", GROUPED, grouped(chosen)))
        session.presenter.listing(Listing("negotiated", NEGOTIATED, by_answer(chosen)))


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


def negotiated(context: PresentationContext) -> Iterator[tuple[str, str]]:
    """What was negotiated for its SOP class besides the context, and the answer, in words.

    Roles that were granted as they were asked for stand in the column of roles.
    """
    asked, answered = context.role_asked, context.role_answered
    if asked is not None and asked != answered:
        wanted = "/".join(role_names(asked)) or "none"
        given = NO_ANSWER if answered is None else "/".join(role_names(answered)) or "none"
        yield f"role {wanted}", given
    yield from extended(context).items()
    if context.common is not None:
        from assocsh.datasets.dictionary import short_uid_name

        names = map(short_uid_name, (context.common.service_class, *context.common.related))
        yield f"is of {', like '.join(names)}", "only said"


def by_answer(contexts: Iterable[PresentationContext]) -> list[dict[str, str]]:
    """What was negotiated with the same answer for the same SOP classes in one row."""
    from assocsh.datasets.dictionary import short_uid_name

    classes: dict[tuple[str, str], dict[str, None]] = {}
    for each in contexts:
        for pair in negotiated(each):
            classes.setdefault(pair, {})[short_uid_name(each.abstract_syntax)] = None
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (what, answer), names in classes.items():
        rows.setdefault((answer, tuple(names)), []).append(what)
    return [
        {"what": ", ".join(whats), "answer": answer, "classes": some(names)}
        for (answer, names), whats in rows.items()
    ]


def _wanted(words: Sequence[str], accepted: bool, refused: bool) -> str:
    what = "accepted" if accepted else "refused" if refused else "there"
    return f"{what} with {cell(' '.join(words))} in its name" if words else what
