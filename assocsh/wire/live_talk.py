"""One association of a live conversation: what the engine tells of it, filed as it happens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from assocsh.dimse.messages import BEGINNING
from assocsh.dimse.status import PENDING_STATUSES
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    ConnectionFailed,
    ProtocolError,
)
from assocsh.records import NamedTuple
from assocsh.upperlayer.pdus import P_DATA_TF
from assocsh.upperlayer.reasons import REASON_UNRECOGNIZED_PDU
from assocsh.wire.conversation import (
    Abort,
    Context,
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
        MessageTransferred,
        OperationChanged,
        PduTransferred,
        StateChanged,
    )
    from assocsh.association.operation import Operation
    from assocsh.association.view import AssociationView
    from assocsh.upperlayer.pdus import Buffer

MAX_CHILDREN = 500
"""Sub-operations of one C-GET or C-MOVE that are kept as such."""

MAX_UNITS = 4000
"""PDUs of one association that are kept."""

MAX_EXCHANGES = 2000
"""Requests that are kept, of all associations together, the newest."""

LIMITS = Limits(messages=2 * MAX_EXCHANGES, exchanges=2 * MAX_EXCHANGES, others=100)
"""Of one association. The middle of its exchanges is kept: the oldest of all go before that."""

FIRST = 8
"""Pending responses of one request that are kept; of more, the last one as well."""


class Keeper(Protocol):
    """What an association asks of the conversation that it is a part of."""

    keep_units: bool
    """Whether P-DATA-TF PDUs are kept."""

    def label(self, operation: Operation) -> int | None:
        """The number of the typed request that an operation belongs to."""

    def asked(self, operation: Operation, talk: Talk, exchange: Exchange) -> None:
        """A request of ours went out: keep what belongs to its operation."""

    def keeps(self, talk: Talk, exchange: Exchange) -> None:
        """``exchange`` was added to ``talk``: forget the oldest if there are too many."""

    def keep_data(self, message: Message, data: bytes) -> None:
        """Let ``message`` refer to its data set, as long as there is room."""

    def moving(self, message_id: int, originator: str) -> Exchange | None:
        """The C-MOVE of this Message ID that is under way, asked for under this AE title."""


class _Carried(NamedTuple):
    """One P-DATA-TF of a message that is not whole yet."""

    unit: int
    size: int
    command_ends: bool
    data_ends: bool


class Unfinished(NamedTuple):
    """P-DATA-TF PDUs of a message that never became whole: ``size`` in bytes."""

    sent: bool
    pdus: int
    size: int


class LiveTalk:
    """Files what the engine tells of one association, which is not held."""

    def __init__(self, association: AssociationView, number: int, now: float, of: Keeper) -> None:
        self.over = False
        """It has ended."""
        self.local = Side.REQUESTOR if association.is_requestor else Side.ACCEPTOR
        self.talk = Talk(number, local=self.local, epoch=time.time() - now, begun=now, last=now)
        self._of = of
        self._of_ours: dict[int, tuple[Operation, Exchange]] = {}
        """Requests that may still be answered, by the id() of their operations, which are held."""
        self._early: dict[int, list[Message]] = {}
        """Responses to requests of which not all was sent yet."""
        self._pairing = Pairing(self.talk, LIMITS)
        self._units = 0
        self._carried: dict[bool, deque[_Carried]] = {True: deque(), False: deque()}
        """By whether it was sent, the oldest first: several messages may be read at once."""
        self._asked_to_end: float | None = None
        self._closed = False
        self._name(association)

    def _name(self, association: AssociationView) -> None:
        talk = self.talk
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
        """The association is in another state."""
        talk, state = self.talk, str(event.state)
        talk.last = event.time
        self._name(event.association)
        if state == "requesting" and talk.request is not None:
            self._unit(Side.REQUESTOR, 1, event.time, talk.request)
        elif state == "open":
            self._opened(event.association, event.time)
        elif state == "releasing":
            self._asked_to_end = event.time
        elif event.state.is_end:
            self.over = True
            self._ended(EndKind(state), event.time, event.error)

    def _opened(self, association: AssociationView, now: float) -> None:
        talk = self.talk
        if self.local is Side.ACCEPTOR and talk.request is not None:
            self._unit(Side.REQUESTOR, 1, talk.begun, talk.request)
        talk.accept = association.accept
        if talk.accept is not None:
            self._unit(Side.ACCEPTOR, 2, now, talk.accept)
        for each in association.contexts:
            talk.contexts[each.context_id] = Context(
                each.context_id,
                each.abstract_syntax,
                each.proposed,
                each.result,
                each.transfer_syntax,
                each.role_asked,
                each.role_answered,
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
        self._closed = True
        self._of_ours = {key: each for key, each in self._of_ours.items() if not each[0].done}
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
        """Count a P-DATA-TF with its message, and keep it where that is wanted; the other PDUs are
        known from the states of the association."""
        if event.pdu_type != P_DATA_TF:
            return
        heads = fragments(event.buffers)
        size = sum(memoryview(buffer).nbytes for buffer in event.buffers)
        if self._of.keep_units:
            self._unit(self._side(event.sent), P_DATA_TF, event.time, heads, size - 6)
        ends = [each.is_command for each in heads if each.is_last]
        self._carried[event.sent].append(_Carried(self._units, size, True in ends, False in ends))

    def broken_off(self) -> list[Unfinished]:
        """The PDUs of messages that are not whole, when something else comes: forget them."""
        found = [
            Unfinished(sent, len(carried), sum(each.size for each in carried))
            for sent, carried in self._carried.items()
            if carried
        ]
        for carried in self._carried.values():
            carried.clear()
        return found

    def _carriers(self, message: Message, sent: bool) -> None:
        """Note which PDUs a message came in, if they were counted."""
        carried = self._carried[sent]
        if not carried:
            return
        has_data = message.command.has_data
        message.first = carried[0].unit
        while carried:
            last = carried.popleft()
            message.pdus += 1
            message.wire_length += last.size
            message.last = last.unit
            if last.data_ends if has_data else last.command_ends:
                break

    # messages

    def message(self, event: MessageTransferred) -> tuple[Message, int | None]:
        """File a message. Returns it with the number of the request as it was typed."""
        command, operation = event.command, event.operation
        self.talk.last = event.time
        side = self._side(event.sent)
        again = self._another_match(event, side)
        if again is not None:
            return again
        begun = event.time
        if operation is not None and not command.answers and operation.sent_at is not None:
            begun = min(operation.sent_at, event.time)
        context = event.context.context_id if event.context else 0
        message = Message(
            0, side, context, command, self._units, self._units, begun, event.time,
            dataset_length=event.data_length,
        )  # fmt: skip
        self._carriers(message, event.sent)
        if event.data:
            self._of.keep_data(message, event.data)
        early = command.is_response and id(operation) not in self._of_ours
        if early and operation is not None and not operation.done:
            self._early.setdefault(id(operation), []).append(message)
            return message, self._of.label(operation)
        exchange = self._pairing.begin(message)
        self._pairing.complete(message)
        if exchange is None:
            return message, None if operation is None else self._of.label(operation)
        if message is exchange.request:
            self._asked(exchange, operation)
        elif message is exchange.final and operation is not None and operation.done:
            self._of_ours.pop(id(operation), None)
        return message, exchange.label

    def _another_match(
        self, event: MessageTransferred, side: Side
    ) -> tuple[Message, int | None] | None:
        """Take one of many Pending responses in the place of the last one, if that is what it is:
        quickly, for there may be many thousands."""
        command = event.command
        if command.status not in PENDING_STATUSES:
            return None
        answered = side.other, command.message_id_being_responded_to
        exchange = self._pairing.open.get(answered)
        if exchange is None or len(exchange.responses) <= FIRST:
            return None
        last, cancel = exchange.responses[-1], exchange.cancel
        if cancel is not None and last.number < cancel.number:
            return None  # the first one after it says that the peer goes on
        exchange.left_out_length += last.dataset_length
        last.command = command
        last.start = last.end = event.time
        last.dataset_length = event.data_length
        last.dataset = event.data if event.data is None else event.data[:BEGINNING]
        last.count += 1
        last.pdus = last.wire_length = 0
        self._carriers(last, event.sent)
        self.talk.message_counts[side] += 1
        exchange.left_out += 1
        exchange.pending_count += 1
        return last, exchange.label

    def _asked(self, exchange: Exchange, operation: Operation | None) -> None:
        """Note what only this side knows of a request."""
        of = self._of
        if operation is not None:
            exchange.label = of.label(operation)
            exchange.times.queued = operation.queued_at
            self._of_ours[id(operation)] = operation, exchange
            of.asked(operation, self.talk, exchange)
            for early in self._early.pop(id(operation), ()):
                self._pairing.begin(early)
                self._pairing.complete(early)
        elif exchange.parent is None and exchange.name == "C-STORE":
            self._relate(exchange)
        of.keeps(self.talk, exchange)

    def _relate(self, store: Exchange) -> None:
        """Find the C-MOVE, on another association, whose sub-operation a C-STORE is."""
        from assocsh.dimse.elements import MOVE_ORIGINATOR_AE_TITLE, MOVE_ORIGINATOR_MESSAGE_ID

        command = store.request.command
        if MOVE_ORIGINATOR_MESSAGE_ID not in command.values:
            return
        originator = command.text(MOVE_ORIGINATOR_AE_TITLE)
        store.parent = self._of.moving(command.number(MOVE_ORIGINATOR_MESSAGE_ID), originator)
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
            exchange.times.done = operation.finished_at
            del self._of_ours[id(operation)]
            return
        if operation.error is not None:
            exchange.error = operation.error.message
        if self._closed:
            del self._of_ours[id(operation)]  # no answer will come


def fragments(buffers: Sequence[Buffer]) -> tuple[Fragment, ...]:
    """The heads of the presentation data values in a P-DATA-TF that is given in pieces (PS3.8
    9.3.5.1, E.2)."""
    found: list[Fragment] = []
    pieces = [memoryview(buffer).cast("B") for buffer in buffers]
    total = sum(len(piece) for piece in pieces)
    at = 6
    while at + 6 <= total:
        head = _bytes_at(pieces, at, 6)
        length = max(2, int.from_bytes(head[:4], "big"))
        found.append(Fragment(head[4], bool(head[5] & 1), bool(head[5] & 2), length - 2))
        at += 4 + length
    return tuple(found)


def _bytes_at(pieces: Sequence[memoryview], at: int, count: int) -> bytes:
    found = b""
    for piece in pieces:
        if at < len(piece):
            found += bytes(piece[at : at + count - len(found)])
            at = len(piece)
            if len(found) == count:
                break
        at -= len(piece)
    return found


def _drop_oldest_data(talk: Talk) -> None:
    """Make room for PDUs: the oldest that carry messages go, those of the association stay."""
    keep = [unit for unit in talk.units if unit.type != 4]
    data = [unit for unit in talk.units if unit.type == 4]
    kept = data[len(data) // 4 :]
    talk.units_left_out += len(data) - len(kept)
    talk.units = sorted([*keep, *kept], key=lambda unit: unit.number)
