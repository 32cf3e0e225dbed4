"""What belongs together across associations: C-MOVE and its C-STOREs, N-ACTION and its report."""

from __future__ import annotations

from assocsh.dimse.elements import MOVE_ORIGINATOR_AE_TITLE, MOVE_ORIGINATOR_MESSAGE_ID
from assocsh.uids import STORAGE_COMMITMENT
from assocsh.wire.conversation import Conversation, Exchange, Talk
from assocsh.wire.elements import value_of

TRANSACTION_UID = 0x00081195

LOOKED_AT = 64
"""C-MOVEs with the same Message ID and title, the last ones."""

PERFORMER = "\\"
"""Before the title of who performs a C-MOVE, which no title can begin with (PS3.5 6.2)."""


def relate(conversation: Conversation) -> None:
    """Join each sub-operation with what asked for it. Called once, when all talks are there.

    A C-STORE belongs to the C-MOVE that its Move Originator names (PS3.7 9.3.1.1), also where who
    performs the C-MOVE names itself in place of who asked (pynetdicom does); one that names none
    belongs to none. An N-EVENT-REPORT belongs to the N-ACTION of its Transaction UID (PS3.4 J.3).
    """
    moves: dict[tuple[str, int], list[Exchange]] = {}
    actions: dict[bytes, Exchange] = {}
    for talk in conversation.talks:
        for exchange in talk.exchanges:
            if exchange.name == "C-MOVE":
                key = talk.ae(exchange.side), exchange.message_id
                moves.setdefault(key, []).append(exchange)
                performer = PERFORMER + talk.ae(exchange.side.other)
                moves.setdefault((performer, exchange.message_id), []).append(exchange)
            elif exchange.name == "N-ACTION":
                uid = _transaction(talk, exchange)
                if uid:
                    actions[uid] = exchange
    for talk in conversation.talks:
        for exchange in talk.exchanges:
            if exchange.parent is not None:
                continue
            parent = None
            if exchange.name == "C-STORE":
                parent = _move_of(exchange, moves)
            elif exchange.name == "N-EVENT-REPORT":
                uid = _transaction(talk, exchange)
                parent = actions.get(uid) if uid else None
            if parent is not None:
                exchange.parent = parent
                parent.children.append(exchange)


def _move_of(exchange: Exchange, moves: dict[tuple[str, int], list[Exchange]]) -> Exchange | None:
    command = exchange.request.command
    if MOVE_ORIGINATOR_MESSAGE_ID not in command.values:
        return None
    title = command.text(MOVE_ORIGINATOR_AE_TITLE)
    number = command.number(MOVE_ORIGINATOR_MESSAGE_ID)
    begun = exchange.times.begun or 0.0
    for named in (title, PERFORMER + title):
        for move in moves.get((named, number), [])[:-LOOKED_AT:-1]:
            if (move.times.begun or 0.0) <= begun <= (move.times.done or float("inf")):
                return move
    return None


def _transaction(talk: Talk, exchange: Exchange) -> bytes | None:
    message = exchange.request
    context = talk.contexts.get(message.context_id)
    if message.command.sop_class != STORAGE_COMMITMENT or not message.dataset or context is None:
        return None
    return value_of(message.dataset, context.transfer_syntax or "", TRANSACTION_UID)
