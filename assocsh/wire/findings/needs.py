"""A context that was refused, and then there was nothing left to ask with."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.text.visible import visible
from assocsh.upperlayer.negotiation import NO_TRANSFER_SYNTAX, result_meaning
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC
from assocsh.wire.conversation import Context, EndKind, Side, Talk
from assocsh.wire.findings.connecting import units_of
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding


def refused_for_good(talk: Talk) -> list[Context]:
    """Contexts whose abstract syntax was not accepted on any context."""
    accepted = {c.abstract_syntax for c in talk.contexts.values() if c.accepted}
    return [
        context
        for context in talk.contexts.values()
        if context.result not in (0, None) and context.abstract_syntax not in accepted
    ]


@finding("context-needed", "PS3.8 9.3.3.2", restates=True)
def context_needed(talk: Talk, about: About) -> Iterator[Found]:
    """Contexts were refused, and the requestor ended without having asked for anything, or
    aborted with nothing pending."""
    if talk.needed:
        yield from _known_to_be_needed(talk, about)
        return
    refused = refused_for_good(talk)
    if not refused or talk.request is None or len(refused) == len(talk.contexts):
        return
    if talk.local is not None or talk.ending.by is not Side.REQUESTOR:
        return
    asked = bool(talk.exchanges or talk.exchanges_left_out)
    unanswered = any(exchange.final is None for exchange in talk.exchanges)
    gave_up = talk.ending.kind is EndKind.ABORTED and not unanswered
    if (asked and not gave_up) or talk.ending.kind is EndKind.LOST:
        return
    more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
    then = "the requestor gave up" if asked else "nothing was asked for after that"
    yield _refused(talk, about, refused[0], f"{more}, and {then}")


def _refused(talk: Talk, about: About, context: Context, more: str) -> Found:
    from assocsh.datasets.dictionary import short_uid_name

    name = visible(short_uid_name(context.abstract_syntax))
    syntaxes = context.result == NO_TRANSFER_SYNTAX
    if syntaxes:
        offered = ", ".join(visible(short_uid_name(uid)) for uid in context.proposed[:3])
        step = f"propose other transfer syntaxes than {offered}"
    else:
        step = "have this SOP class enabled at the acceptor, or use another one"
    return Found(
        Rank.REFUSED,
        f"{about.name(Side.ACCEPTOR)} refused {name} ({result_meaning(context.result or 0)}){more}",
        Who.REQUESTOR if syntaxes else Who.ACCEPTOR,
        step,
        units_of(talk, A_ASSOCIATE_AC),
    )


def _known_to_be_needed(talk: Talk, about: About) -> Iterator[Found]:
    from assocsh.datasets.dictionary import short_uid_name

    for abstract_syntax in talk.needed:
        of_it = [c for c in talk.contexts.values() if c.abstract_syntax == abstract_syntax]
        if any(context.accepted for context in of_it):
            continue  # in another transfer syntax than the one that is needed
        if of_it:
            yield _refused(talk, about, of_it[0], "")
        else:
            name = visible(short_uid_name(abstract_syntax))
            yield Found(
                Rank.REFUSED,
                f"{name} was not proposed",
                Side.REQUESTOR,
                "propose it: --contexts names what is proposed",
            )
