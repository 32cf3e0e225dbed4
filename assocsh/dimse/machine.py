"""The DIMSE protocol machine (PS3.7 8.1): requests out under the window, responses matched.

Sans-IO: PDVs and the time go in, events come out by ``take_events``, and P-DATA-TF pieces are
pulled with ``next_pieces``. The same machine serves both sides of an association.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assocsh.dimse.commandset import (
    NO_DATA_SET,
    RESPONSE,
    CommandField,
    CommandSet,
    Value,
    check_values,
)
from assocsh.dimse.elements import (
    COMMAND_DATA_SET_TYPE,
    COMMAND_FIELD,
    MESSAGE_ID_BEING_RESPONDED_TO,
)
from assocsh.dimse.events import (
    CancelReceived,
    DimseEvent,
    IndicationReceived,
    InvalidResponse,
    MessageReceived,
    Remark,
    ResponseReceived,
    StoreBegun,
    StoreData,
    StoreEnded,
    TimedOut,
    UnmatchedResponse,
    Violation,
)
from assocsh.dimse.invocation import Invocation, Outgoing, Performing
from assocsh.dimse.lanes import Lanes
from assocsh.dimse.messages import BEGINNING, MessageReader, data_cap, fragment_size
from assocsh.dimse.performed import PerformedOperations
from assocsh.dimse.requests import DataSource
from assocsh.dimse.status import CANCEL, PENDING_STATUSES
from assocsh.dimse.window import OperationsWindow
from assocsh.errors import ProtocolError
from assocsh.states import CancelOutcome, OperationState
from assocsh.upperlayer.events import Pdv
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE, REASON_NOT_SPECIFIED

MAX_REMARKS = 64
"""How many things that a peer does again and again are remarked in the life of an association."""


class DimseMachine:
    """Everything that one association has to say in DIMSE.

    ``contexts`` are the accepted presentation contexts: their abstract syntaxes by id. ``invoked``
    and ``performed`` are this side's limits (0 unlimited), ``timeout`` the seconds without progress
    after which a request is reported.
    """

    def __init__(
        self,
        contexts: Mapping[int, str],
        *,
        invoked: int = 1,
        performed: int = 1,
        peer_max_pdu: int = 0,
        timeout: float | None = None,
    ) -> None:
        self.contexts = contexts
        self.window = OperationsWindow(invoked)
        self.timeout = timeout
        self._events: list[DimseEvent] = []
        self.lanes = Lanes(self.window, fragment_size(peer_max_pdu), self._events)
        self._outstanding = self.lanes.outstanding
        self._performed = PerformedOperations(performed, self.lanes, self._events)
        self._reader = MessageReader()
        self._store: Performing | None = None
        self._received = bytearray()
        self._received_length = 0
        self._beginning = b""
        self._remarked: set[object] = set()

    # -- what there is ---------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """Requests of ours that wait for a place in the window."""
        return self.lanes.queued

    @property
    def outstanding(self) -> Mapping[int, Invocation]:
        """By Message ID, the requests that hold a place in the window."""
        return self._outstanding

    @property
    def performing(self) -> Mapping[int, Performing]:
        """By the peer's Message ID, the peer's requests without our final response."""
        return self._performed.by_id

    @property
    def performed_window(self) -> OperationsWindow:
        """How many operations the peer may have outstanding, and has."""
        return self._performed.window

    @property
    def idle(self) -> bool:
        """Nothing outstanding or queued in either direction, nothing half sent or half received."""
        return not (
            self._outstanding
            or self.lanes.queued
            or self._performed.by_id
            or self.lanes.control_backlog
            or self.lanes.mid_message
            or not self._reader.idle
        )

    @property
    def expects_more(self) -> bool:
        """The peer has more to say: the rest of a message, or a response."""
        return bool(self._outstanding or self._performed.by_id) or not self._reader.idle

    @property
    def mid_reception(self) -> bool:
        """Part of a message of the peer is here, the rest is not."""
        return not self._reader.idle

    def take_events(self) -> list[DimseEvent]:
        """What happened since the last call, in order; they are the caller's afterwards."""
        if not self._events:
            return []
        # The list is shared with the lanes: it is emptied, not replaced.
        events = self._events[:]
        self._events.clear()
        return events

    # -- the service user's primitives -----------------------------------------------------------

    def invoke(
        self, context_id: int, values: dict[int, Value], data: bytes | DataSource | None
    ) -> Invocation:
        """Queue a request. ``values`` is its command set but for Message ID and data set type.

        Raises UsageError for a value that its element cannot hold; nothing is queued then.
        """
        check_values(values)
        if isinstance(data, bytes):
            # An empty data set must not be announced: the peer would wait for it for ever.
            data = data or None
        elif data is not None and not data.length:
            data.close()
            data = None
        invocation = Invocation(context_id, values, data)
        self.lanes.queue(invocation)
        return invocation

    def cancel(self, invocation: Invocation) -> CancelOutcome:
        """Cancel a request of ours (PS3.7 9.1.2.2 and its sisters); see CancelOutcome."""
        state = invocation.state
        if state.is_end:
            return CancelOutcome.FINISHED
        if state is OperationState.QUEUED:
            self.lanes.withdraw(invocation)
            self.lanes.change_state(invocation, OperationState.WITHDRAWN)
            return CancelOutcome.WITHDRAWN
        if state is OperationState.CANCELLING:
            return CancelOutcome.ALREADY
        if not invocation.cancellable:
            self.detach(invocation)
            self.lanes.change_state(invocation, OperationState.CANCELLED)
            return CancelOutcome.DETACHED
        command = CommandSet(
            {
                COMMAND_FIELD: int(CommandField.C_CANCEL_RQ),
                MESSAGE_ID_BEING_RESPONDED_TO: invocation.message_id or 0,
                COMMAND_DATA_SET_TYPE: NO_DATA_SET,
            }
        )
        self.lanes.queue_reply(Outgoing(invocation.context_id, command, None, cancels=invocation))
        invocation.cancel_sent = True
        self.lanes.change_state(invocation, OperationState.CANCELLING)
        return CancelOutcome.REQUESTED

    def detach(self, invocation: Invocation) -> None:
        """The user does not wait for it any more, and gets no TimedOut for it.

        Its Message ID and its place stay taken until the peer answers, so that a late response
        finds no other request.
        """
        invocation.detached = True

    def fail(self, invocation: Invocation) -> None:
        """End a request on this side. If it was sent, its Message ID and place stay taken."""
        if invocation.state.is_end:
            return
        if invocation.state is OperationState.QUEUED:
            self.lanes.withdraw(invocation)
        self.detach(invocation)
        self.lanes.change_state(invocation, OperationState.FAILED)

    def fail_invocations(self) -> None:
        """The peer will answer nothing more: every request that has not ended fails, in order.

        What the peer asked for goes on, and so does a message that is half sent.
        """
        for invocation in self.lanes.stop():
            if not invocation.state.is_end:
                self.detach(invocation)
                self.lanes.change_state(invocation, OperationState.FAILED)

    def close(self) -> None:
        """The association is gone: forget everything, let go of every file."""
        self.fail_invocations()
        self.lanes.close()
        self._performed.close()

    def respond(
        self,
        performing: Performing,
        status: int,
        data: bytes | None = None,
        elements: Mapping[int, Value] | None = None,
    ) -> None:
        """Answer the peer. A status that is not Pending is the final response.

        Raises UsageError for a value that its element cannot hold, and for a data set where the
        response has none; nothing is sent then.
        """
        self._performed.respond(performing, status, data, elements)

    # -- in --------------------------------------------------------------------------------------

    def receive(self, pdvs: Iterable[Pdv], now: float) -> None:
        """Take the PDVs of one P-DATA-TF. Never raises: a Violation event says what was wrong."""
        try:
            for pdv in pdvs:
                if pdv.context_id not in self.contexts:
                    raise ProtocolError(
                        f"a fragment on presentation context {pdv.context_id}, which was not "
                        "accepted",
                        reason=REASON_INVALID_VALUE,
                    )
                if pdv.is_command:
                    command = self._reader.feed_command(pdv)
                    if command is not None:
                        self._command_received(pdv.context_id, command, now)
                else:
                    self._data_received(pdv, now)
        except ProtocolError as error:
            self._events.append(Violation(error))

    def _command_received(self, context_id: int, command: CommandSet, now: float) -> None:
        if command.foreign:
            self._remark_foreign(command)
        if not command.has_data:
            self._message_received(context_id, command, None, now)
        elif command.field == CommandField.C_STORE_RQ:
            performing = self._admit(context_id, command, now)
            self._store = performing
            self._received_length = 0
            self._beginning = b""
            if not performing.refused:
                self._events.append(StoreBegun(performing))
        elif not data_cap(command.field):
            raise ProtocolError(
                f"a {command.label} announces a data set (Command Data Set Type "
                f"{command.number(COMMAND_DATA_SET_TYPE):04X}H), which it never has",
                reason=REASON_INVALID_VALUE,
            )

    def _data_received(self, pdv: Pdv, now: float) -> None:
        command = self._reader.feed_data(pdv)
        store = self._store
        if store is not None:
            if not self._received_length and self.lanes.observed:
                self._beginning = bytes(pdv.data[:BEGINNING])
            self._received_length += len(pdv.data)
            if not store.refused:
                self._events.append(StoreData(store, pdv.data))
            if pdv.is_last:
                self._store = None
                length = self._received_length
                if self.lanes.observed:
                    self._events.append(
                        MessageReceived(pdv.context_id, command, length, None, self._beginning)
                    )
                if not store.refused:
                    self._events.append(StoreEnded(store, length))
            return
        received = self._received
        cap = data_cap(command.field)
        if len(received) + len(pdv.data) > cap:
            raise ProtocolError(
                f"the data set of a {command.label} is longer than {cap} bytes, which "
                "is more than assocsh keeps in memory",
                reason=REASON_NOT_SPECIFIED,
            )
        if not pdv.is_last:
            received += pdv.data
            return
        if received:
            received += pdv.data
            data = bytes(received)
            self._received = bytearray()
        else:
            data = bytes(pdv.data)
        self._message_received(pdv.context_id, command, data, now)

    def _message_received(
        self, context_id: int, command: CommandSet, data: bytes | None, now: float
    ) -> None:
        length = len(data) if data else 0
        field = command.field
        if field & RESPONSE:
            self._response_received(context_id, command, field, data, length, now)
            return
        if self.lanes.observed:
            self._events.append(MessageReceived(context_id, command, length, None, data))
        if field == CommandField.C_CANCEL_RQ:
            if not command.answers:
                self._events.append(
                    Remark("a C-CANCEL-RQ that does not say which request it cancels: ignored")
                )
                return
            message_id = command.message_id_being_responded_to
            performing = self._performed.by_id.get(message_id)
            if performing is not None:
                performing.cancelled = True
            self._events.append(CancelReceived(message_id, performing))
            return
        performing = self._admit(context_id, command, now)
        if performing.refused:
            return
        self._performed.hold(performing, length)
        self._events.append(IndicationReceived(performing, data))

    def _admit(self, context_id: int, command: CommandSet, now: float) -> Performing:
        performing = self._performed.admit(context_id, command)
        if command.field == CommandField.C_STORE_RQ and not performing.refused:
            # A sub-operation is progress of the C-GET that asked for it.
            for invocation in self._outstanding.values():
                if invocation.field == CommandField.C_GET_RQ:
                    invocation.progress_at = now
        return performing

    def _response_received(
        self,
        context_id: int,
        command: CommandSet,
        field: int,
        data: bytes | None,
        length: int,
        now: float,
    ) -> None:
        invocation = self._outstanding.get(command.message_id_being_responded_to)
        reason = ""
        if (
            invocation is None
            or invocation.answered
            or context_id != invocation.context_id
            or field != invocation.field | RESPONSE
        ):
            reason = self._mismatch(context_id, command, field, invocation)
        if self.lanes.observed:
            self._events.append(
                MessageReceived(context_id, command, length, None if reason else invocation, data)
            )
        if reason or invocation is None:
            self._events.append(UnmatchedResponse(context_id, command, reason))
            return
        invocation.progress_at = now
        status = command.status
        final = status not in PENDING_STATUSES
        if status is None:
            self._events.append(InvalidResponse(invocation, command, _no_status(command)))
            end = OperationState.FAILED
        else:
            self._events.append(ResponseReceived(invocation, command, data, final, context_id))
            end = OperationState.CANCELLED if status == CANCEL else OperationState.DONE
        if not final:
            return
        if not invocation.state.is_end:
            self.lanes.change_state(invocation, end)
        self.lanes.answered(invocation)

    def _mismatch(
        self, context_id: int, command: CommandSet, field: int, invocation: Invocation | None
    ) -> str:
        """Why a response is none to ``invocation``; "" where it is one all the same.

        Some peers answer on another accepted context of the same abstract syntax than the one that
        was asked on. With the Message ID and the service right it can be no other answer, so it is
        taken and remarked; to drop it would leave the request to its timeout.
        """
        message_id = command.message_id_being_responded_to
        if invocation is None or invocation.answered:
            if not command.answers:
                return "it does not say which request it answers"
            return f"no request with Message ID {message_id} is outstanding"
        if field != invocation.field | RESPONSE:
            return f"request {message_id} is a {CommandField(invocation.field).label}"
        asked_on = invocation.context_id
        where = f"went out on context {asked_on}, the response came on {context_id}"
        if self.contexts[context_id] != self.contexts[asked_on]:
            return f"request {message_id} {where}"
        self._remark_once(
            (asked_on, context_id),
            f"request {message_id} {where}, which has the same abstract syntax: taken",
        )
        return ""

    def _remark_foreign(self, command: CommandSet) -> None:
        tags = " ".join(f"({tag >> 16:04x},{tag & 0xFFFF:04x})" for tag in command.foreign)
        self._remark_once(
            (command.field, command.foreign),
            f"the command set of a {command.label} has {tags}, which belongs in none "
            "(PS3.7 6.3.1): read over",
        )

    def _remark_once(self, key: object, text: str) -> None:
        """Peers that do it do it with every message: each is said once, MAX_REMARKS at most."""
        if key not in self._remarked and len(self._remarked) < MAX_REMARKS:
            self._remarked.add(key)
            self._events.append(Remark(text))

    # -- time ------------------------------------------------------------------------------------

    def next_timeout(self) -> float | None:
        """When ``handle_timeout`` has to be called at the latest; None: not at all."""
        if self.timeout is None or not self._outstanding:
            return None
        waiting = [
            one.progress_at for one in self._outstanding.values() if one.sent and not one.detached
        ]
        return min(waiting) + self.timeout if waiting else None

    def handle_timeout(self, now: float) -> None:
        """Report each request that had no progress for the timeout, once."""
        if self.timeout is None:
            return
        limit = now - self.timeout
        for invocation in list(self._outstanding.values()):
            if invocation.sent and not invocation.detached and invocation.progress_at <= limit:
                self._events.append(TimedOut(invocation))


def _no_status(command: CommandSet) -> ProtocolError:
    return ProtocolError(
        f"a {command.label} to request {command.message_id_being_responded_to} without Status "
        "(0000,0900): the peer does not say how it went",
        reason=REASON_INVALID_VALUE,
        hint="the peer broke PS3.7 9.3: look at its log",
    )
