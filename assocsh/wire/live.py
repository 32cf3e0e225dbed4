"""The conversation of a session: an observer that keeps what is said on its associations.

Its memory is bounded: the newest associations and requests, of each request its first and its last
responses, and no data sets. P-DATA-TF PDUs are kept from when somebody asks for them.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assocsh.dimse.status import PENDING_STATUSES
from assocsh.errors import (
    AssociationAborted,
    AssociationRejected,
    ConnectionFailed,
    ProtocolError,
)
from assocsh.upperlayer.reasons import REASON_UNRECOGNIZED_PDU
from assocsh.wire.conversation import (
    Abort,
    Context,
    Conversation,
    Ending,
    EndKind,
    Endpoint,
    Exchange,
    Fragment,
    Message,
    Note,
    NoteKind,
    Reject,
    Side,
    Spot,
    Talk,
    Unit,
)
from assocsh.wire.limits import Limits
from assocsh.wire.pairing import Pairing

if TYPE_CHECKING:
    from assocsh.association.events import (
        EngineEvent,
        MessageTransferred,
        OperationChanged,
        PduTransferred,
        StateChanged,
    )
    from assocsh.association.operation import Operation
    from assocsh.association.view import AssociationView
    from assocsh.dimse.status import PENDING_STATUSES
from assocsh.errors import AssociationError

MAX_TALKS = 100
"""Associations that are kept, the newest."""

MAX_EXCHANGES = 2000
"""Requests that are kept, of all associations together, the newest."""

MAX_OPERATIONS = 500
"""Operations that are kept with their exchange, the newest."""

MAX_CHILDREN = 500
"""Sub-operations of one C-GET or C-MOVE that are kept as such."""

MAX_UNITS = 4000
"""PDUs of one association that are kept."""

LIMITS = Limits(messages=2 * MAX_EXCHANGES, exchanges=2 * MAX_EXCHANGES, others=100)
"""Of one association. The middle of its exchanges is kept: the oldest of all go before that."""

FIRST = 8
"""Pending responses of one request that are kept; of more, the last one as well."""


class LiveConversation:
    """``label`` gives the number of the typed request that an operation belongs to."""

    def __init__(self, label: Callable[[Operation], int | None]) -> None:
        from assocsh.association.events import MessageTransferred

        self.conversation = Conversation()
        self._message = MessageTransferred  # looked up once: it comes for every message
        self.wants_pdus = False
        """Whether P-DATA-TF PDUs are kept: what is subscribed has to be subscribed again."""
        self._label = label
        self._count = 0
        self._talks: dict[int, _LiveTalk] = {}
        self._moves: list[tuple[Talk, Exchange]] = []
        self._operations: OrderedDict[int, tuple[Operation, Talk, Exchange]] = OrderedDict()
        self._waiting: set[int] = set()
        self._kept: deque[Talk] = deque()
        """The associations of the requests that are kept, in the order of these."""

    def __call__(self, event: EngineEvent) -> None:
        if isinstance(event, self._message):
            self._talk(event.association, event.time).message(event, self)
            return
        from assocsh.association import events

        match event:
            case events.OperationChanged():
                self._changed(event)
            case events.StateChanged():
                live = self._talk(event.association, event.time)
                live.state(event)
            case events.TransportChanged(what="closed"):
                self._talk(event.association, event.time).closed(event.time)
            case events.PduTransferred():
                self._talk(event.association, event.time).pdu(event)
            case _:
                pass

    def _changed(self, event: OperationChanged) -> None:
        if event.state == "queued":
            association = event.association
            most = association.window.invoked
            if most and association.pending + association.queued > most:  # itself among them
                self._waiting.add(id(event.operation))
        elif event.state.is_end:
            self._waiting.discard(id(event.operation))
            self._talk(event.association, event.time).ended(event)

    def asked(self, operation: Operation, talk: Talk, exchange: Exchange) -> None:
        """A request of ours went out: keep what belongs to its operation."""
        exchange.window_was_full = id(operation) in self._waiting
        self._operations[id(operation)] = operation, talk, exchange
        if len(self._operations) > MAX_OPERATIONS:
            self._operations.popitem(last=False)

    def of(self, operation: Operation) -> tuple[Talk, Exchange] | None:
        """The exchange of one operation, or None where nothing of it went over the wire."""
        # The operation is held with it: while it is here, no other can have its id().
        found = self._operations.get(id(operation))
        return None if found is None else found[1:]

    def forget(self, operation: Operation) -> None:
        """Nobody will ask for the exchange of one operation: there is room for others."""
        self._operations.pop(id(operation), None)

    def _talk(self, association: AssociationView, now: float) -> _LiveTalk:
        # the association is held with it: while it is here, no other can have its id()
        live = self._talks.get(id(association))
        if live is None:
            self._count += 1
            live = self._talks[id(association)] = _LiveTalk(association, self._count, now)
            self.conversation.talks.append(live.talk)
            if len(self._talks) > MAX_TALKS:
                self._forget_oldest()
        return live

    def _forget_oldest(self) -> None:
        """The association that ended first, or was opened first if all are open."""
        live = list(self._talks.values())
        oldest = next((one for one in live if one.association.closed), live[0])
        del self._talks[id(oldest.association)]
        self.conversation.talks.remove(oldest.talk)

    def keeps(self, talk: Talk, exchange: Exchange) -> None:
        """``exchange`` was added to ``talk``: forget the oldest if there are too many."""
        self._kept.append(talk)
        if exchange.name == "C-MOVE":
            self._moves.append((talk, exchange))
        if len(self._kept) > MAX_EXCHANGES:
            oldest = self._kept.popleft()
            if oldest.exchanges:
                del oldest.exchanges[0]
                oldest.exchanges_left_out += 1

    def ended_by(self, error: AssociationError) -> Talk | None:
        """The association that ended with this very error."""
        for live in reversed(self._talks.values()):
            if live.association.ended_by is error:
                return live.talk
        return None

    def talk_of(self, association: AssociationView) -> Talk | None:
        """What was said on one association, None if nothing of it is kept."""
        live = self._talks.get(id(association))
        return None if live is None else live.talk

    def label(self, operation: Operation) -> int | None:
        """The number of the typed request that an operation belongs to."""
        return self._label(operation)

    def moving(self, message_id: int, originator: str) -> Exchange | None:
        """The C-MOVE of this Message ID that is under way, asked for under this AE title.

        pynetdicom names itself in place of who asked: that is taken if nobody else is meant.
        """
        self._moves = [one for one in self._moves if one[1].final is None and not one[1].error]
        performed = None
        for talk, exchange in reversed(self._moves):
            if exchange.message_id != message_id:
                continue
            if talk.ae(exchange.side) == originator:
                return exchange
            if talk.ae(exchange.side.other) == originator:
                performed = performed or exchange
        return performed


class _LiveTalk:
    """One association while it lives."""

    def __init__(self, association: AssociationView, number: int, now: float) -> None:
        self.association = association
        self.local = Side.REQUESTOR if association.is_requestor else Side.ACCEPTOR
        self.talk = Talk(number, local=self.local, epoch=time.time() - now, begun=now, last=now)
        self._of_ours: dict[int, tuple[Operation, Exchange]] = {}
        self._early: dict[int, list[Message]] = {}
        """Responses to requests of which not all was sent yet."""
        self._pairing = Pairing(self.talk, LIMITS)
        self._units = 0
        self._asked_to_end: float | None = None
        self._name()

    def _name(self) -> None:
        talk, association = self.talk, self.association
        peer = association.peer
        place = Endpoint(peer.host, peer.port)
        if self.local is Side.REQUESTOR:
            talk.acceptor, talk.calling_ae, talk.called_ae = place, association.calling_ae, peer.ae
        else:
            talk.requestor, talk.called_ae = place, association.calling_ae
            talk.calling_ae = "" if peer.ae == "?" else peer.ae
        if (request := association.request) is not None:
            talk.request = request
            talk.calling_ae, talk.called_ae = request.calling_ae, request.called_ae

    # the association

    def state(self, event: StateChanged) -> None:
        talk, state = self.talk, str(event.state)
        talk.last = event.time
        self._name()
        if state == "requesting" and talk.request is not None:
            self._unit(Side.REQUESTOR, 1, event.time, talk.request)
        elif state == "open":
            self._opened(event.time)
        elif state == "releasing":
            self._asked_to_end = event.time
        elif event.state.is_end:
            self._ended(EndKind(state), event.time, event.error)

    def _opened(self, now: float) -> None:
        talk, association = self.talk, self.association
        if self.local is Side.ACCEPTOR and talk.request is not None:
            self._unit(Side.REQUESTOR, 1, talk.begun, talk.request)
        talk.accept = association.accept
        if talk.accept is not None:
            self._unit(Side.ACCEPTOR, 2, now, talk.accept)
        roles = dict(talk.request.roles) if talk.request else {}
        answered = dict(talk.accept.roles) if talk.accept else {}
        for each in association.contexts:
            talk.contexts[each.context_id] = Context(
                each.context_id,
                each.abstract_syntax,
                each.proposed,
                each.result,
                each.transfer_syntax,
                roles.get(each.abstract_syntax),
                answered.get(each.abstract_syntax),
            )

    def _ended(self, kind: EndKind, now: float, error: AssociationError | None) -> None:
        talk = self.talk
        by = None if error is None else self._side(error.ended_by == "local")
        ending = talk.ending = Ending(kind, by, "" if error is None else error.message)
        if error is not None and by is not None:
            ending.spot = Spot(by, 0, None, now)
            ending.cause, ending.idle = self._side(error.by == "local"), error.idle
            ending.hint = error.hint
            self._note_connection(error, now)
        if kind is EndKind.RELEASED and by is not None:
            self._unit(by, 5, now if self._asked_to_end is None else self._asked_to_end)
            self._unit(by.other, 6, now)
        elif isinstance(error, AssociationRejected):
            ending.codes = (error.result, error.source, error.reason)
            self._unit(by or Side.ACCEPTOR, 3, now, Reject(*ending.codes))
        elif isinstance(error, AssociationAborted):
            ending.codes = (error.source, error.reason)
            self._unit(self._side(error.ended_by == "local"), 7, now, Abort(*ending.codes))
        elif isinstance(error, ProtocolError):
            self._unit(self.local, 7, now, Abort(2, error.reason))

    def _note_connection(self, error: AssociationError, now: float) -> None:
        """What an error tells of the connection below."""
        kind = None
        if isinstance(error.__cause__, ConnectionRefusedError):
            kind = NoteKind.REFUSED
        elif isinstance(error, ConnectionFailed) and isinstance(error.__cause__, TimeoutError):
            kind = NoteKind.UNANSWERED
        elif isinstance(error, ConnectionFailed):
            kind = NoteKind.FAILED
        elif isinstance(error, ProtocolError) and error.reason == REASON_UNRECOGNIZED_PDU:
            kind = NoteKind.STRAY if self.talk.accept else NoteKind.OTHER_PROTOCOL
        if kind is not None:
            side = self._side(kind is NoteKind.FAILED and error.by == "local")
            self.talk.notes.append(Note(kind, side, Spot(side, 0, None, now), error.message))

    def closed(self, now: float) -> None:
        """The connection below is gone."""
        self.talk.last = max(self.talk.last, now)
        self._of_ours.clear()
        self._pairing.open.clear()

    def _side(self, local: bool) -> Side:
        return self.local if local else self.local.other

    # PDUs

    def _unit(self, side: Side, kind: int, now: float, pdu: Any = None, length: int = 0) -> None:
        talk = self.talk
        self._units += 1
        made = Unit(self._units, side, Spot(side, 0, None, now), now, kind, length, pdu)
        talk.units.append(made)
        if len(talk.units) > MAX_UNITS:
            _drop_oldest_data(talk)

    def pdu(self, event: PduTransferred) -> None:
        """Keep a P-DATA-TF; the others are known from the states of the association."""
        if event.pdu_type != 4:
            return
        from assocsh.wire.view import pdv_ends

        size = sum(memoryview(buffer).nbytes for buffer in event.buffers)
        command, data = pdv_ends(event.buffers)
        ends = tuple(
            Fragment(0, each, True, 0)
            for each, is_last in ((True, command), (False, data))
            if is_last
        )
        self._unit(self._side(event.sent), 4, event.time, ends, size - 6)

    # messages

    def message(self, event: MessageTransferred, of: LiveConversation) -> None:
        """File a message, and tell ``of`` of each request."""
        command, operation = event.command, event.operation
        self.talk.last = event.time
        side = self._side(event.sent)
        if self._another_match(event, side):
            return
        begun = event.time
        if operation is not None and not command.answers and operation.sent_at is not None:
            begun = min(operation.sent_at, event.time)
        context = event.context.context_id if event.context else 0
        message = Message(
            0, side, context, command, self._units, self._units, begun, event.time,
            dataset_length=event.data_length,
        )  # fmt: skip
        early = command.is_response and id(operation) not in self._of_ours
        if early and operation is not None and not operation.done:
            self._early.setdefault(id(operation), []).append(message)
            return
        exchange = self._pairing.begin(message)
        self._pairing.complete(message)
        if exchange is None:
            return
        if message is exchange.request:
            self._asked(exchange, operation, of)
        elif message is exchange.final and operation is not None and operation.done:
            self._of_ours.pop(id(operation), None)

    def _another_match(self, event: MessageTransferred, side: Side) -> bool:
        """Take one of many Pending responses in the place of the last one, if that is what it is:
        quickly, for there may be many thousands."""
        command = event.command
        if command.status not in PENDING_STATUSES:
            return False
        answered = side.other, command.message_id_being_responded_to
        exchange = self._pairing.open.get(answered)
        if exchange is None or len(exchange.responses) <= FIRST:
            return False
        last, cancel = exchange.responses[-1], exchange.cancel
        if cancel is not None and last.number < cancel.number:
            return False  # the first one after it says that the peer goes on
        exchange.left_out_length += last.dataset_length
        last.command = command
        last.start = last.end = event.time
        last.dataset_length = event.data_length
        last.count += 1
        exchange.left_out += 1
        exchange.pending_count += 1
        return True

    def _asked(self, exchange: Exchange, operation: Operation | None, of: LiveConversation) -> None:
        """Note what only this side knows of a request."""
        if operation is not None:
            exchange.label = of.label(operation)
            exchange.times.queued = operation.queued_at
            self._of_ours[id(operation)] = operation, exchange
            of.asked(operation, self.talk, exchange)
            for early in self._early.pop(id(operation), ()):
                self._pairing.begin(early)
                self._pairing.complete(early)
        elif exchange.parent is None and exchange.name == "C-STORE":
            self._relate(exchange, of)
        of.keeps(self.talk, exchange)

    @staticmethod
    def _relate(store: Exchange, of: LiveConversation) -> None:
        """Find the C-MOVE, on another association, whose sub-operation a C-STORE is."""
        from assocsh.dimse.elements import MOVE_ORIGINATOR_AE_TITLE, MOVE_ORIGINATOR_MESSAGE_ID

        command = store.request.command
        if MOVE_ORIGINATOR_MESSAGE_ID not in command.values:
            return
        originator = command.text(MOVE_ORIGINATOR_AE_TITLE)
        store.parent = of.moving(command.number(MOVE_ORIGINATOR_MESSAGE_ID), originator)
        if store.parent is not None and len(store.parent.children) < MAX_CHILDREN:
            store.parent.children.append(store)

    def ended(self, event: OperationChanged) -> None:
        """A request of ours ended; one without a final response may still get one, late."""
        operation = event.operation
        self._early.pop(id(operation), None)
        self.talk.last = event.time
        _, exchange = self._of_ours.get(id(operation), (None, None))
        if exchange is None:
            return
        if exchange.final is not None:
            del self._of_ours[id(operation)]
        elif operation.error is not None:
            exchange.error = operation.error.message


def _drop_oldest_data(talk: Talk) -> None:
    """Make room for PDUs: the oldest that carry messages go, those of the association stay."""
    keep = [unit for unit in talk.units if unit.type != 4]
    data = [unit for unit in talk.units if unit.type == 4]
    kept = data[len(data) // 4 :]
    talk.units_left_out += len(data) - len(kept)
    talk.units = sorted([*keep, *kept], key=lambda unit: unit.number)
