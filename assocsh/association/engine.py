"""What the events of the two machines mean for one association.

The engine owns the machines, the driver and the operations. It is used through ``Association``, of
which it knows nothing; its own parts know it as ``Core``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from assocsh.association import endings
from assocsh.association.closing import Closing
from assocsh.association.events import (
    MessageTransferred,
    Observer,
    OperationChanged,
    PeerRequest,
    StateChanged,
    TransportChanged,
)
from assocsh.association.indication import Handlers, Indication, SendingAssociation, decoded
from assocsh.association.operation import Operation
from assocsh.association.options import Timeouts
from assocsh.association.performer import Performer
from assocsh.association.prepare import Chosen, Where, prepare
from assocsh.association.protocol import AssociationProtocol
from assocsh.association.state import AssociationState
from assocsh.association.stream import EventStream
from assocsh.dimse import events as dimse_events
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.invocation import Invocation
from assocsh.dimse.machine import DimseMachine
from assocsh.dimse.requests import Request
from assocsh.dimse.responses import Response
from assocsh.errors import (
    AssociationError,
    AssociationReleased,
    AssocshError,
    LocalProtocolError,
    UsageError,
)
from assocsh.records import replace
from assocsh.states import CancelOutcome, OperationState
from assocsh.text.addresses import Peer
from assocsh.upperlayer import events as upper_events
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.negotiation import (
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    PresentationContext,
)

_OF_OPERATIONS = (
    dimse_events.StateChanged,
    dimse_events.ResponseReceived,
    dimse_events.InvalidResponse,
)

OnTimeout = Literal["abort", "keep"]
Decide = Callable[["Engine", AssociateRequest], None]


class Engine:
    """One association, either side of it. ``decide`` answers an A-ASSOCIATE-RQ (acceptor)."""

    def __init__(
        self,
        *,
        peer: Peer,
        calling_ae: str,
        max_pdu: int,
        timeouts: Timeouts,
        handlers: Handlers | None,
        observers: Iterable[Observer] = (),
        decide: Decide | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.peer = peer
        self.calling_ae = calling_ae
        self.timeouts = timeouts
        self.on_timeout: OnTimeout = "abort"
        self.state = AssociationState.CONNECTING
        self.ended_by: AssociationError | None = None
        self.upper = UpperLayerMachine(max_pdu=max_pdu, artim=timeouts.artim)
        self.protocol = AssociationProtocol(self.upper, self, write_stall=timeouts.write_stall)
        self.dimse: DimseMachine | None = None
        self.contexts: tuple[PresentationContext, ...] = ()
        self.operations: dict[int, Operation] = {}
        self.opened: asyncio.Future[None] = self.loop.create_future()
        self.answers = 0
        """Responses that came, of any kind."""
        self.performer = Performer(self, handlers or Handlers())
        self.closing = Closing(self)
        self.stream = EventStream(self.upper, observers, self._observers_changed)
        self.check_peer: Callable[[Engine], None] | None = None
        """Raises AssocshError for a peer that is not to be spoken to; called once connected."""
        self.refused_peer: AssocshError | None = None
        self.on_connected: Callable[[Engine], object] | None = None
        self.on_closed: Callable[[Engine], object] | None = None
        self._on_dimse = self._dispatch()
        self._decide = decide
        self._by_id: dict[int, PresentationContext] = {}
        self._chosen: Chosen = {}
        self._numbers = 0
        self._transport_error: Exception | None = None

    def _observers_changed(self) -> None:
        if self.dimse is not None:
            self.dimse.lanes.observed = self.stream.observed

    @property
    def association(self) -> SendingAssociation:
        """The ``Association`` around this engine, for what names it."""
        return self.stream.association

    @property
    def performing(self) -> bool:
        """A handler is performing a request of the peer."""
        return self.performer.busy

    @property
    def last_activity(self) -> float:
        """When the last DIMSE message, or a part of one, went or came; before that, the start."""
        return self.protocol.last_message

    # -- requests of ours ------------------------------------------------------------------------

    def send(self, request: Request, limit: int | None, tag: object, on: Where) -> Operation:
        """See ``Association.send``."""
        dimse = self.established()
        if limit is not None and limit < 1:
            raise UsageError(f"a limit of {limit} responses", hint="the least is 1")
        prepared = prepare(request, self.contexts, self._chosen, on)
        for text in prepared.remarks:
            self.stream.remark(text, "local")
        invocation = dimse.invoke(prepared.context.context_id, prepared.values, prepared.data)
        self._numbers += 1
        now = self.loop.time()
        operation = Operation(
            self, request, prepared.context, self._numbers, invocation, now, limit, tag
        )
        invocation.user = operation
        self.operations[operation.number] = operation
        if self.stream.observed:
            self.stream.emit(OperationChanged(now, self.association, operation, operation.state))
        if dimse.lanes.has_work:
            self.protocol.schedule_pump()
        return operation

    def established(self) -> DimseMachine:
        """The DIMSE machine, when requests may be sent; else the error that says why not."""
        if self.ended_by is not None:
            raise self.ended_by.with_traceback(None)
        if self.dimse is None:
            raise LocalProtocolError("the association is not established yet")
        if self.state is not AssociationState.OPEN:
            raise AssociationReleased(
                "the association is being released: it takes no more requests",
                established=True,
            )
        return self.dimse

    def cancel(self, invocation: Invocation) -> CancelOutcome:
        """See ``Operation.cancel``."""
        dimse = self.dimse
        assert dimse is not None  # else there would be no operation
        outcome = dimse.cancel(invocation)
        self._take(dimse)
        self.protocol.schedule_pump()
        return outcome

    # -- the driver's calls ----------------------------------------------------------------------

    def transport_made(self) -> None:
        """See ``AssociationUser``. A peer that is not to be spoken to is hung up on here."""
        now = self.loop.time()
        address = self.protocol.address
        if self.check_peer is not None:
            try:
                self.check_peer(self)
            except AssocshError as error:
                # Before a byte of the A-ASSOCIATE-RQ: it may carry a password.
                self.refused_peer = error
                self.protocol.kill()
                return
        if self._decide is not None:
            host, _, port = address.rpartition(":")
            self.peer = Peer("?", host, int(port or 0))
        self.stream.emit(TransportChanged(now, self.association, "connected", address))
        if self.protocol.cipher:
            self.stream.emit(TransportChanged(now, self.association, "tls", self.protocol.cipher))
        if self._decide is None:
            self.set_state(AssociationState.REQUESTING)
            self.upper.connected_as_requestor(now)
        else:
            self.upper.connected_as_acceptor(now)
        if self.on_connected is not None:
            self.on_connected(self)

    def transport_gone(self, error: Exception | None) -> None:
        """See ``AssociationUser``."""
        self._transport_error = error
        detail = str(error) if error else ""
        self.stream.emit(TransportChanged(self.loop.time(), self.association, "closed", detail))
        if self.on_closed is not None:
            self.on_closed(self)

    def write_stalled(self, unsent: int) -> None:
        """See ``AssociationUser``: the connection is reset."""
        self.protocol.kill()
        self.end(AssociationState.LOST, endings.write_stalled(self.timeouts.write_stall, unsent))

    def upper_event(self, event: upper_events.Event) -> None:
        """See ``AssociationUser``."""
        match event:
            case upper_events.AssociateConfirmation():
                self._established()
            case upper_events.AssociateIndication(request=request):
                assert self._decide is not None
                self._decide(self, request)
            case upper_events.RejectConfirmation(result=result, source=source, reason=reason):
                assert self.upper.request is not None
                error = endings.rejected(self.peer, self.upper.request, result, source, reason)
                self.end(AssociationState.REJECTED, error)
            case upper_events.ReleaseIndication(collision=collision):
                self.closing.release_asked(collision)
            case upper_events.ReleaseConfirmation():
                self.closing.release_confirmed()
            case upper_events.AbortIndication(source=source, reason=reason):
                aborted = endings.aborted_by_peer(self.situation(), source, reason)
                self.end(AssociationState.ABORTED, aborted)
            case upper_events.ProviderAbort(error=why):
                self.protocol.close_after_abort()
                self.end(AssociationState.ABORTED, why)
            case upper_events.TransportClosed(partial=partial):
                self.closing.transport_closed(self._transport_error, partial)
            case upper_events.ArtimExpired():
                self.end(AssociationState.LOST, endings.artim_expired(self.situation()))

    def take_dimse_events(self, events: Sequence[dimse_events.DimseEvent]) -> None:
        """See ``AssociationUser``. After the end only operations still hear something."""
        table = self._on_dimse
        for event in events:
            if self.ended_by is not None and not isinstance(event, _OF_OPERATIONS):
                # It arrived behind what ended the association: it is not performed, not reported.
                continue
            table[type(event)](event)
        self.performer.put()  # before the next read: the pieces are views of the buffer

    def _dispatch(self) -> dict[type, Callable[[Any], None]]:
        """Who takes which event: a table, for six come with each message."""
        return {
            dimse_events.StateChanged: self._entered,
            dimse_events.ResponseReceived: self._response,
            dimse_events.InvalidResponse: self._invalid_response,
            dimse_events.MessageSent: self._message,
            dimse_events.MessageReceived: self._message,
            dimse_events.StoreBegun: lambda one: self.performer.begin_store(one.performing),
            dimse_events.StoreData: lambda one: self.performer.store_data(*one),
            dimse_events.StoreEnded: lambda one: self.performer.perform(one.performing, None),
            dimse_events.IndicationReceived: lambda one: self.performer.perform(*one),
            dimse_events.CancelReceived: self._cancel_received,
            dimse_events.UnmatchedResponse: lambda one: self.stream.remark(
                f"a {one.command.label} that matches nothing: {one.reason}; ignored", "peer"
            ),
            dimse_events.SourceFailed: self._source_failed,
            dimse_events.TimedOut: lambda one: self._timed_out(one.invocation),
            dimse_events.Remark: lambda one: self.stream.remark(one.text, "peer"),
            dimse_events.Violation: lambda one: self.closing.abort_because(one.error),
        }

    def _entered(self, event: dimse_events.StateChanged) -> None:
        invocation, state = event
        operation = invocation.user
        assert isinstance(operation, Operation)
        if state.is_end:
            self.operations.pop(operation.number, None)
            if operation.final is None and operation.error is None:
                operation.error = self.ended_by
            if (invocation.answered and invocation.sent) or state is OperationState.WITHDRAWN:
                invocation.user = None  # a cycle would hold its file until it is collected
        now = self.loop.time()
        operation.state_changed(state, now)
        if self.stream.observed:
            self.stream.emit(OperationChanged(now, self.association, operation, state))

    def _cancel_received(self, event: dimse_events.CancelReceived) -> None:
        if event.performing is not None:
            self.performer.cancel(event.performing)
        else:
            self.stream.remark(
                f"C-CANCEL for {event.message_id}, which is not being performed", "peer"
            )

    def turn_done(self) -> None:
        """The driver calls this after each batch in or out, when states may have changed.

        It is when handlers that wait for room go on, and when a release looks whether all is done.
        """
        if self.performer.draining:
            self.performer.turn_done()
        if self.closing.change or self.closing.answer_release:
            self.closing.turn_done()

    # -- established -----------------------------------------------------------------------------

    def accept(self, accept: AssociateAccept) -> None:
        """Answer the A-ASSOCIATE-RQ that ``decide`` was called with."""
        self.upper.associate_accept(accept, self.loop.time())
        self._established()

    def reject(self, result: int, source: int, reason: int) -> None:
        """Refuse it (PS3.8 9.3.4)."""
        self.upper.associate_reject(result, source, reason, self.loop.time())
        self.end(
            AssociationState.REJECTED,
            endings.rejected_by_us(self.peer, result, source, reason),
        )

    def _established(self) -> None:
        negotiated = self.upper.negotiated
        assert negotiated is not None
        self.contexts = negotiated.contexts
        self._by_id = {one.context_id: one for one in negotiated.contexts if one.accepted}
        window = negotiated.window
        self.dimse = self.protocol.dimse = DimseMachine(
            {number: context.abstract_syntax for number, context in self._by_id.items()},
            invoked=window.invoked,
            performed=window.performed,
            peer_max_pdu=negotiated.peer_max_pdu,
            timeout=self.timeouts.dimse,
        )
        self.dimse.lanes.observed = self.stream.observed
        self.set_state(AssociationState.OPEN)
        for text in negotiated.remarks:
            self.stream.remark(text, "peer")
        if not self.opened.done():
            self.opened.set_result(None)

    @property
    def window(self) -> AsyncWindow:
        """The effective asynchronous operations window, (1, 1) before there is one."""
        negotiated = self.upper.negotiated
        return negotiated.window if negotiated is not None else AsyncWindow()

    def context_of(self, context_id: int) -> PresentationContext:
        """The accepted presentation context with this ID. Raises KeyError."""
        return self._by_id[context_id]

    # -- responses -------------------------------------------------------------------------------

    def _response(self, event: dimse_events.ResponseReceived) -> None:
        operation = event.invocation.user
        assert isinstance(operation, Operation)
        if operation.done:
            late = self.loop.time() - (operation.sent_at or operation.queued_at)
            self.stream.remark(
                f"a late {event.command.label} {event.command.status:#06x} to request "
                f"{event.invocation.message_id}, {late:.1f} s after it was sent: nobody waits "
                "for it any more",
                "peer",
            )
            return
        self.answers += 1
        context = self._by_id[event.context_id]
        response = Response(event.command, event.data, context, operation.request, decoded)
        operation.deliver(response, final=event.final)
        if event.final and operation.cancel_result is not None:
            remark = operation.cancel_remark
            if remark is not None:
                self.stream.remark(*remark)

    def _invalid_response(self, event: dimse_events.InvalidResponse) -> None:
        operation = event.invocation.user
        assert isinstance(operation, Operation)
        self.stream.remark(event.error.message, "peer")
        if not operation.done:
            operation.error = event.error

    def _message(self, event: dimse_events.MessageSent | dimse_events.MessageReceived) -> None:
        context_id, command, length, invocation, data = event
        user = None if invocation is None else invocation.user
        operation = user if isinstance(user, Operation) else None
        context, sent = self._by_id.get(context_id), isinstance(event, dimse_events.MessageSent)
        self.stream.emit(
            MessageTransferred(
                self.loop.time(), self.association, sent, command, context, length, operation, data
            )
        )

    def peer_request(self, indication: Indication) -> None:
        """The peer invoked an operation: tell the observers."""
        if self.stream.observed:
            self.stream.emit(PeerRequest(self.loop.time(), self.association, indication))

    def _timed_out(self, invocation: Invocation) -> None:
        operation = invocation.user
        assert isinstance(operation, Operation) and self.dimse is not None
        if operation.done:
            # Another one that ran out at the same time has ended the association.
            return
        limit = self.timeouts.dimse
        assert limit is not None
        begun = self.dimse is not None and self.dimse.mid_reception
        operation.error = endings.no_response(
            operation.request, invocation.message_id, limit, begun=begun
        )
        self.dimse.fail(invocation)
        self._take(self.dimse)
        if self.on_timeout == "abort":
            self.closing.abort_because(
                endings.aborted_by_us(f"a request had no response for {limit:g} s")
            )
        else:
            self.stream.remark(
                f"request {invocation.message_id} timed out; its Message ID and its place in the "
                "window stay taken until the peer answers",
                "local",
            )

    def _source_failed(self, event: dimse_events.SourceFailed) -> None:
        operation = event.invocation.user
        assert isinstance(operation, Operation)
        operation.error = endings.source_failed(operation.request, event.error, event.midway)
        if event.midway:
            self.closing.abort_because(endings.aborted_by_us(operation.error.message))

    # -- the end ---------------------------------------------------------------------------------

    def situation(self) -> endings.Situation:
        """How things stand now, for the words about an end."""
        operations = tuple(self.operations.values())
        request, established = self.upper.request, self.dimse is not None
        return endings.Situation(
            peer=self.peer,
            timeouts=self.timeouts,
            established=established,
            silence=self.loop.time() - self.last_activity if established else 0.0,
            pending=bool(operations),
            cancelling=any(one.cancel_sent for one in operations),
            storing=any(one.request.field == CommandField.C_STORE_RQ for one in operations),
            window_asked=request is not None and request.window is not None,
            answers=self.answers,
            security=self.protocol.security,
        )

    def fail(self, state: AssociationState, error: AssociationError) -> None:
        """The association could not be established, or another part of assocsh ends it."""
        self.protocol.kill()
        self.end(state, error)

    def end(self, state: AssociationState, error: AssociationError) -> None:
        """End the association: every way it can end comes here. The first cause counts."""
        if self.state.is_end:
            return
        self.ended_by = error
        self.performer.stop()
        self.fail_operations(error)
        if self.dimse is not None:
            self.dimse.close()
        self.protocol.dimse = None
        self.set_state(state)
        if not self.opened.done():
            self.opened.set_exception(error)
            # Else asyncio complains where nothing waits for it: on the acceptor's side.
            self.opened.exception()
        self.closing.ended()

    def fail_operations(self, error: AssocshError) -> None:
        """End every request of ours with ``error``: no answer to it will come."""
        dimse = self.dimse
        if dimse is None:
            return
        for operation in self.operations.values():
            if operation.error is None:
                operation.error = error
        dimse.fail_invocations()
        self._take(dimse)

    def set_state(self, state: AssociationState) -> None:
        """The association is in another state: tell the observers."""
        self.state = state
        self.stream.emit(StateChanged(self.loop.time(), self.association, state, self.ended_by))

    # -- the user's settings ---------------------------------------------------------------------

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Other timeouts from now on; they hold for what is going on too."""
        self.timeouts = replace(timeouts)
        self.protocol.write_stall = timeouts.write_stall
        self.upper.artim = timeouts.artim
        if self.dimse is not None:
            self.dimse.timeout = timeouts.dimse
            self.protocol.timeout_changed()

    def _take(self, dimse: DimseMachine) -> None:
        self.take_dimse_events(dimse.take_events())
