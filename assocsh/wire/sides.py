"""A talk whose sides were guessed wrongly, turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.wire.conversation import Gap, Message, Note, Talk

if TYPE_CHECKING:
    from assocsh.wire.pairing import Pairing


def exchange_sides(talk: Talk, pairing: Pairing) -> None:
    """Make the requestor the acceptor, everywhere in ``talk``."""
    talk.requestor, talk.acceptor = talk.acceptor, talk.requestor
    if talk.local is not None:
        talk.local = talk.local.other
    for unit in talk.units:
        unit.side = unit.side.other
        unit.spot = unit.spot._replace(side=unit.spot.side.other)
    for message in {id(each): each for each in _messages(talk)}.values():
        message.side = message.side.other
        if message.spot is not None:
            message.spot = message.spot._replace(side=message.spot.side.other)
    for exchange in talk.exchanges:
        exchange.side = exchange.side.other
    placed: list[Gap | Note] = [*talk.gaps, *talk.notes]
    for each in placed:
        each.side = each.side.other
        each.spot = each.spot._replace(side=each.spot.side.other)
    counts = talk.unit_counts.items()
    talk.unit_counts = {(side.other, kind): count for (side, kind), count in counts}
    talk.message_counts = {side.other: count for side, count in talk.message_counts.items()}
    ending = talk.ending
    ending.by = ending.by.other if ending.by else None
    if ending.spot is not None:
        ending.spot = ending.spot._replace(side=ending.spot.side.other)
    pairing.turn()


def _messages(talk: Talk) -> list[Message]:
    found = [*talk.messages, *talk.unmatched]
    for exchange in talk.exchanges:
        found += [exchange.request, *exchange.responses]
    return found
