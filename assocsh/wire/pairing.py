"""Messages into exchanges: which response answers which request, and what was asked for by what.

The rule is the engine's (PS3.7 9.1, 10.1): a response is matched by Message ID and service; one on
another presentation context is taken when both have the same abstract syntax. A C-STORE that the
performer of a C-GET sends on the same association is a sub-operation of it.
"""

from __future__ import annotations

from assocsh.dimse.commandset import RESPONSE, CommandField
from assocsh.dimse.elements import MOVE_ORIGINATOR_MESSAGE_ID
from assocsh.dimse.status import PENDING_STATUSES
from assocsh.wire.conversation import Exchange, Message, Side, Talk
from assocsh.wire.limits import Limits, keep_ends
from assocsh.wire.walk_command import service_of

AT_ONCE = 16
"""C-GETs under way at once that are looked at for a sub-operation."""


class Pairing:
    """Files the messages of one talk. ``open`` are the exchanges without a final response."""

    def __init__(self, talk: Talk, limits: Limits) -> None:
        self._talk = talk
        self._limits = limits
        self._messages = 0
        self._exchanges = 0
        self._completing: dict[int, tuple[Message, Exchange]] = {}
        self.open: dict[tuple[Side, int], Exchange] = {}
        """By who asked, and Message ID."""
        self._retrievals: list[Exchange] = []
        """The C-GETs among them, no more than AT_ONCE."""

    def begin(self, message: Message) -> Exchange | None:
        """A message whose command set is there; its data set may follow. Returns its exchange.

        Gives it its number. ``complete`` is called when the message is whole.
        """
        talk, command = self._talk, message.command
        self._messages += 1
        message.number = self._messages
        talk.message_counts[message.side] += 1
        talk.messages.append(message)
        keep_ends(talk.messages, self._limits.messages)
        if command.field == CommandField.C_CANCEL_RQ:
            exchange = self.open.get((message.side, command.message_id_being_responded_to))
            if exchange is not None:
                exchange.cancel = message
        elif command.is_response:
            exchange = self._answered(message)
        else:
            exchange = self._asked(message)
        if exchange is not None:
            message.exchange = exchange.number
        elif len(talk.unmatched) < self._limits.others:
            talk.unmatched.append(message)
        return exchange

    def complete(self, message: Message) -> None:
        """The last byte of a message has come at ``message.end``."""
        found = self._completing.pop(message.number, None)
        if found is None:
            return
        exchange = found[1]
        if message is exchange.request:
            exchange.times.sent = message.end
        elif message is exchange.final:
            exchange.times.done = message.end

    def forget(self, message: Message) -> None:
        """A message that will never be whole."""
        self._completing.pop(message.number, None)

    def turn(self) -> None:
        """What was taken for the requestor is the acceptor."""
        self.open = {(side.other, number): each for (side, number), each in self.open.items()}

    def _asked(self, message: Message) -> Exchange:
        talk, command = self._talk, message.command
        self._exchanges += 1
        exchange = Exchange(
            self._exchanges, talk.number, message.side, service_of(command.field), message
        )
        exchange.times.begun = message.start
        parent = self._parent(message)
        if parent is not None:
            exchange.parent = parent
            if len(parent.children) < self._limits.exchanges:
                parent.children.append(exchange)
            else:
                parent.children_left_out += 1
        self.open[message.side, command.message_id] = exchange
        if len(self.open) > self._limits.exchanges:
            del self.open[next(iter(self.open))]  # what comes for the oldest matches nothing
        if command.field == CommandField.C_GET_RQ and len(self._retrievals) < AT_ONCE:
            self._retrievals.append(exchange)
        self._completing[message.number] = message, exchange
        talk.exchanges.append(exchange)
        talk.exchanges_left_out += len(keep_ends(talk.exchanges, self._limits.exchanges))
        return exchange

    def _parent(self, message: Message) -> Exchange | None:
        """The C-GET that this C-STORE belongs to; None where it may be one of several."""
        command = message.command
        if command.field != CommandField.C_STORE_RQ:
            return None
        asked = message.side.other
        self._retrievals = [one for one in self._retrievals if one.final is None]
        retrieving = [one for one in self._retrievals if one.side is asked]
        if MOVE_ORIGINATOR_MESSAGE_ID in command.values:
            number = command.number(MOVE_ORIGINATOR_MESSAGE_ID)
            named = [one for one in retrieving if one.message_id == number]
            retrieving = named or retrieving
        return retrieving[0] if len(retrieving) == 1 else None

    def _answered(self, message: Message) -> Exchange | None:
        command = message.command
        key = message.side.other, command.message_id_being_responded_to
        exchange = self.open.get(key)
        if exchange is None or not command.answers or not self._fits(message, exchange):
            return None
        exchange.responses.append(message)
        for dropped in keep_ends(exchange.responses, self._limits.responses):
            exchange.left_out += 1
            exchange.left_out_length += dropped.dataset_length
        if exchange.times.first_answer is None:
            exchange.times.first_answer = message.start
        if command.status in PENDING_STATUSES:
            exchange.pending_count += 1
        else:
            exchange.final = message
            self._completing[message.number] = message, exchange
            del self.open[key]
        return exchange

    def _fits(self, message: Message, exchange: Exchange) -> bool:
        asked = exchange.request
        if message.command.field != asked.command.field | RESPONSE:
            return False
        if message.context_id == asked.context_id:
            return True
        contexts = self._talk.contexts
        one, other = contexts.get(message.context_id), contexts.get(asked.context_id)
        return bool(one and other and one.abstract_syntax == other.abstract_syntax)
