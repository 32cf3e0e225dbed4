"""The findings about one request, or about the end of an association: quickly, at the prompt."""

from __future__ import annotations

from assocsh.records import replace
from assocsh.wire.conversation import Exchange, Message, Talk
from assocsh.wire.findings import Finding, Rank, findings

RECENT = 40
"""Requests and PDUs before an end that are looked at."""


def of_exchange(talk: Talk, exchange: Exchange) -> list[Finding]:
    """What there is to say about one request of a talk, the cause first."""
    with_it = [exchange, *(child for child in exchange.children if child.talk == talk.number)]
    with_it = with_it[: RECENT + 1]
    messages: list[Message] = []
    for each in with_it:
        messages += [each.request, *each.responses[:RECENT]]
    messages.sort(key=lambda message: message.number)
    # What matches nothing may have been meant for a request that got no answer.
    astray = [
        message
        for message in (talk.unmatched if exchange.final is None else ())
        if message.context_id == exchange.context_id and message.number > exchange.request.number
    ]
    return findings(replace(talk, exchanges=with_it, messages=messages, unmatched=astray, units=[]))


def of_end(talk: Talk) -> list[Finding]:
    """Why an association ended, or never came to be; what is only odd is left out."""
    recent = replace(
        talk,
        exchanges=talk.exchanges[-RECENT:],
        messages=talk.messages[-RECENT:],
        units=[*talk.units[:2], *talk.units[2:][-RECENT:]],
    )
    return [each for each in findings(recent) if each.rank <= Rank.END]


def of_missing_context(talk: Talk, abstract_syntax: str) -> list[Finding]:
    """Why nothing can be asked for a SOP class on this association."""
    found = findings(
        replace(talk, needed=(abstract_syntax,), exchanges=[], messages=[], units=[], unmatched=[])
    )
    return [each for each in found if each.rank in (Rank.REJECTION, Rank.REFUSED)]
