"""The upper layer protocol machine (PS3.8 9.2), without I/O and without a clock.

Bytes go in by :meth:`UpperLayerMachine.receive_data`, events come out of it; what is to be written
waits in :meth:`UpperLayerMachine.data_to_send`. One object is one association, whichever side.

A blank cell of Table 9-10 means, for a service primitive, :class:`LocalProtocolError`: nothing
changes and nothing is sent. For what comes from the transport it means that there is no connection
this association knows of (Sta1, Sta4), so bytes are dropped and a close is no news: after AR-3,
AA-2, AA-3 or AE-4 the transport reports the close that we asked for. Evt18 has no other cells
because ARTIM runs in Sta2 and Sta13 alone.

No more than one A-ABORT is ever sent: where AA-7 would send another, the PDU is only ignored. After
a protocol error of the peer nothing more is parsed, and the connection waits in Sta13 for its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from assocsh.errors import LocalProtocolError, ProtocolError
from assocsh.upperlayer import pdus
from assocsh.upperlayer.events import (
    AbortIndication,
    ArtimExpired,
    AssociateConfirmation,
    AssociateIndication,
    DataIndication,
    Event,
    ProviderAbort,
    RejectConfirmation,
    ReleaseConfirmation,
    ReleaseIndication,
    TransportClosed,
)
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest, Negotiated
from assocsh.upperlayer.negotiation_decoder import decode_accept, decode_request
from assocsh.upperlayer.negotiation_encoder import encode_accept, encode_request
from assocsh.upperlayer.negotiation_results import (
    check_request,
    negotiated_by_acceptor,
    negotiated_by_requestor,
)
from assocsh.upperlayer.pdus import Buffer, PduBuffer
from assocsh.upperlayer.reasons import REASON_NOT_SPECIFIED, REASON_UNEXPECTED_PDU
from assocsh.upperlayer.states import TRANSITIONS, Action, Evt, State

PduObserver = Callable[[bool, int, tuple[Buffer, ...]], None]
"""Called with (sent, PDU type, pieces of the whole PDU), of which nothing changes later. P-DATA-TF
that is sent comes as it is given to ``send_pdata``: PDUs one after another, two pieces each."""

_STA1: Final = State.Sta1
_STA2: Final = State.Sta2
_STA4: Final = State.Sta4
_STA6: Final = State.Sta6
_STA8: Final = State.Sta8
_STA13: Final = State.Sta13
_ESTABLISHING = (State.Sta1, State.Sta2, State.Sta3, State.Sta4, State.Sta5)

_EVENT_OF_PDU = {
    pdus.A_ASSOCIATE_AC: Evt.Evt3,
    pdus.A_ASSOCIATE_RJ: Evt.Evt4,
    pdus.A_ASSOCIATE_RQ: Evt.Evt6,
    pdus.P_DATA_TF: Evt.Evt10,
    pdus.A_RELEASE_RQ: Evt.Evt12,
    pdus.A_RELEASE_RP: Evt.Evt13,
    pdus.A_ABORT: Evt.Evt16,
}


class UpperLayerMachine:
    """One association, seen from the upper layer.

    ``max_pdu`` is what this side can receive (P-DATA-TF length field, 0 without limit) until its
    request or answer says so. ``artim`` and ``pdu_timeout`` are seconds, None is
    never: ARTIM bounds Sta2 and Sta13, ``pdu_timeout`` the time from the first byte of a PDU to its
    last. ``now`` is the caller's clock everywhere, seconds of any origin. ``strict`` also refuses
    fragments of odd length (PS3.8 Annex E).
    """

    def __init__(
        self,
        *,
        max_pdu: int = 131072,
        artim: float | None = 10.0,
        pdu_timeout: float | None = 30.0,
        strict: bool = False,
    ) -> None:
        self.max_pdu = max_pdu
        self.artim = artim
        self.pdu_timeout = pdu_timeout
        self.strict = strict
        self.observer: PduObserver | None = None
        self.negotiated: Negotiated | None = None
        """What both sides agreed on, from Sta6 on."""
        self.request: AssociateRequest | None = None
        """Our A-ASSOCIATE-RQ as requestor, the peer's as acceptor."""
        self.accept: AssociateAccept | None = None
        """The A-ASSOCIATE-AC, of either side."""
        self.is_requestor = False
        self.close_wanted = False
        """An action said: close the transport connection (once what is to be sent was sent)."""
        self._state = _STA1
        self._buffer = PduBuffer(max_pdu)
        self._ignoring_input = False
        self._aborted = False
        self._request_pdu = b""
        self._out: list[Buffer] = []
        self._artim_deadline: float | None = None
        self._pdu_deadline: float | None = None
        self._pdu_timer_held = False

    @property
    def state(self) -> State:
        """Sta1 to Sta13."""
        return self._state

    @property
    def may_send_data(self) -> bool:
        """P-DATA-TF may be sent (Evt9): Sta6, and Sta8 where the peer has asked for release."""
        return self._state is _STA6 or self._state is _STA8

    @property
    def wants_transport(self) -> bool:
        """There are bytes to write, or the connection is to be closed."""
        return self.close_wanted or bool(self._out)

    @property
    def partial(self) -> int:
        """How many bytes of an incomplete PDU are here."""
        return self._buffer.partial

    @property
    def left_over(self) -> int:
        """How many bytes at the end of what was received last were left to the caller."""
        return self._buffer.left_over

    @property
    def peer_max_pdu(self) -> int:
        """The longest P-DATA-TF (its length field) that the peer takes, 0 without limit."""
        return self.negotiated.peer_max_pdu if self.negotiated else 0

    # -- service primitives: LocalProtocolError where Table 9-10 has no cell -----------------------

    def associate_request(self, request: AssociateRequest) -> None:
        """Evt1: ask for an association; the caller connects next (AE-1).

        Raises :class:`~assocsh.errors.UsageError` for a request that cannot be encoded.
        """
        self._cell(Evt.Evt1)
        self._request_pdu = encode_request(request)
        self.request = request
        self.is_requestor = True
        self._announce(request.max_pdu)
        self._state = _STA4

    def connected_as_requestor(self, now: float) -> None:
        """Evt2: the connection is there; sends the A-ASSOCIATE-RQ (AE-2)."""
        self._cell(Evt.Evt2)
        self._send(pdus.A_ASSOCIATE_RQ, self._request_pdu)
        self._request_pdu = b""
        self._state = State.Sta5

    def connected_as_acceptor(self, now: float) -> None:
        """Evt5: a connection came in; ARTIM runs until its A-ASSOCIATE-RQ is there (AE-5)."""
        self._cell(Evt.Evt5)
        self._start_artim(now)
        self._state = _STA2

    def associate_accept(self, accept: AssociateAccept, now: float) -> None:
        """Evt7: accept the association asked for (AE-7); ``negotiated`` is there afterwards.

        Raises :class:`~assocsh.errors.UsageError` for an answer that cannot be encoded, and
        :class:`~assocsh.errors.LocalProtocolError` also for one that does not fit the request.
        """
        self._cell(Evt.Evt7)
        assert self.request is not None
        try:
            negotiated = negotiated_by_acceptor(self.request, accept)
        except ProtocolError as error:
            raise LocalProtocolError(f"an answer that does not fit: {error}") from error
        encoded = encode_accept(accept)
        self._send(pdus.A_ASSOCIATE_AC, encoded)
        self.accept = accept
        self.negotiated = negotiated
        self._announce(accept.max_pdu)
        self._state = _STA6

    def associate_reject(self, result: int, source: int, reason: int, now: float) -> None:
        """Evt8: refuse the association asked for (AE-8; codes: PS3.8 9.3.4)."""
        self._cell(Evt.Evt8)
        self._send(pdus.A_ASSOCIATE_RJ, pdus.encode_reject(result, source, reason))
        self._start_artim(now)
        self._become_13()

    def send_pdata(self, pieces: Sequence[Buffer], now: float) -> None:
        """Evt9: send P-DATA-TF PDUs (DT-1, AR-7). ``pieces`` are head, data, head, data, ...

        A head is what :func:`~assocsh.upperlayer.pdus.pdata_head` makes. The pieces are passed on,
        not copied. What the peer can receive is the caller's to keep (:attr:`peer_max_pdu`).
        """
        if not self.may_send_data:
            self._cell(Evt.Evt9)
        self._out += pieces
        if self.observer is not None and pieces:
            self.observer(True, pdus.P_DATA_TF, tuple(pieces))

    def release_request(self, now: float) -> None:
        """Evt11: ask for release (AR-1); nothing but an abort may be asked for afterwards."""
        self._cell(Evt.Evt11)
        self._send(pdus.A_RELEASE_RQ, pdus.encode_release_rq())
        self._state = State.Sta7

    def release_response(self, now: float) -> None:
        """Evt14: agree to the release the peer asked for (AR-4, AR-9)."""
        action, _ = self._cell(Evt.Evt14)
        self._send(pdus.A_RELEASE_RP, pdus.encode_release_rp())
        if action is Action.AR_9:
            self._state = State.Sta11
        else:
            self._start_artim(now)
            self._become_13()

    def abort_request(self, now: float, source: int = 0, reason: int = 0) -> None:
        """Evt15: abort (AA-1), or stop connecting (AA-2 in Sta4).

        ``source`` 2 is for what the layers above find wrong with the peer's bytes (PS3.8 9.3.8).
        """
        action, _ = self._cell(Evt.Evt15)
        if action is Action.AA_2:
            self._close()
        else:
            self._abort(source, reason, now)

    # -- from the transport: never raises for what the peer did ------------------------------------

    def receive_data(self, data: Buffer, now: float, room: int = 0) -> list[Event]:
        """Bytes arrived: the events they amount to, in order.

        The data of a :class:`~assocsh.upperlayer.events.DataIndication` are views into ``data``,
        which must stay as it is while they are used. With ``room`` the last :attr:`left_over`
        bytes were not taken, and are to be given again before what follows them. A peer that
        breaks the protocol makes a ProviderAbort event, never an exception.
        """
        events: list[Event] = []
        if self._finished() or self._state is _STA4:
            self._buffer.left_over = 0
            return events
        try:
            for pdu_type, pdu in self._buffer.feed(data, room):
                self._pdu_deadline = None
                if self.observer is not None:
                    # a copy: an observer keeps it longer than the caller keeps ``data``
                    self.observer(False, pdu_type, (bytes(pdu),))
                if pdu_type == pdus.P_DATA_TF and self._state is _STA6:
                    events.append(DataIndication(pdus.decode_pdata(pdu[6:], strict=self.strict)))
                    continue
                self._receive_pdu(pdu_type, pdu, now, events)
                if self._finished():
                    return events
        except ProtocolError as error:
            self._invalid(error, now, events)
            return events
        self._watch_pdu(now)
        return events

    def transport_closed(self, now: float) -> list[Event]:
        """Evt17: the connection is gone; either side may have closed it.

        Called once, at the end. Returns a TransportClosed where an association, or one in the
        making, is lost with it.
        """
        cell = TRANSITIONS.get((Evt.Evt17, self._state))
        if cell is None:
            return []
        partial = self._buffer.partial
        self._forget()
        return [TransportClosed(partial=partial)] if cell[0] is Action.AA_4 else []

    def next_timeout(self) -> float | None:
        """When :meth:`handle_timeout` is due, on the clock of ``now``; None while nothing runs."""
        if self._artim_deadline is None or self._pdu_deadline is None:
            return self._pdu_deadline if self._artim_deadline is None else self._artim_deadline
        return min(self._artim_deadline, self._pdu_deadline)

    def handle_timeout(self, now: float) -> list[Event]:
        """Called when ``next_timeout`` is due; does nothing and returns nothing when none is.

        ARTIM expired (Evt18): the connection is closed. A PDU was begun and not completed in
        ``pdu_timeout``: the association is aborted, as after any protocol error of the peer.
        """
        events: list[Event] = []
        if self._artim_deadline is not None and self._artim_deadline <= now:
            self._close()
            events.append(ArtimExpired())
        elif self._pdu_deadline is not None and self._pdu_deadline <= now:
            error = ProtocolError(
                f"a PDU began and was not complete within {self.pdu_timeout:g} s "
                f"({self._buffer.partial} bytes came)",
                reason=REASON_NOT_SPECIFIED,
                hint="the peer stalled, or is not a DICOM peer",
            )
            self._invalid(error, now, events)
        return events

    def hold_pdu_timer(self) -> None:
        """Called when the caller stops reading: the time of a half-received PDU stands still."""
        self._pdu_timer_held = True
        self._pdu_deadline = None

    def resume_pdu_timer(self, now: float) -> None:
        """Called when the caller reads again: the time of a half-received PDU begins anew."""
        self._pdu_timer_held = False
        if not self._ignoring_input:
            self._watch_pdu(now)

    def data_to_send(self) -> list[Buffer]:
        """What is to be written, in order, once; the list is the caller's afterwards."""
        out = self._out
        self._out = []
        return out

    def _finished(self) -> bool:
        """Whether what the peer sends is ignored: there is no association, or it was aborted."""
        return self._ignoring_input or self._state is _STA1

    # -- PDUs received -----------------------------------------------------------------------------

    def _receive_pdu(self, pdu_type: int, pdu: memoryview, now: float, events: list[Event]) -> None:
        """The cells of the PDU rows of Table 9-10; raises ProtocolError for Evt19.

        P-DATA-TF in Sta6 does not come here: ``receive_data`` takes that cell itself.
        """
        state = self._state
        action, _ = TRANSITIONS[_EVENT_OF_PDU[pdu_type], state]
        match action:
            case Action.AA_6:
                return
            case Action.AA_8 | Action.AA_1 | Action.AA_7:
                raise ProtocolError(
                    f"an unexpected {pdus.PDU_NAMES[pdu_type]} PDU in {state} ({state.meaning})",
                    reason=REASON_UNEXPECTED_PDU,
                    hint="the peer is out of step with the association",
                )
            case Action.AE_3:
                self._accepted(pdu, events)
            case Action.AE_4:
                events.append(RejectConfirmation(*pdus.decode_reject(pdu[6:])))
                self._close()
            case Action.AE_6:
                self._requested(pdu, now, events)
            case Action.DT_2 | Action.AR_6:
                events.append(DataIndication(pdus.decode_pdata(pdu[6:], strict=self.strict)))
            case Action.AR_2:
                events.append(ReleaseIndication())
                self._state = _STA8
            case Action.AR_8:
                events.append(ReleaseIndication(collision=True))
                self._state = State.Sta9 if self.is_requestor else State.Sta10
            case Action.AR_3:
                events.append(ReleaseConfirmation())
                self._close()
            case Action.AR_10:
                events.append(ReleaseConfirmation())
                self._state = State.Sta12
            case Action.AA_2:
                self._close()
            case _:
                assert action is Action.AA_3, action
                events.append(AbortIndication(*pdus.decode_abort(pdu[6:])))
                self._close()

    def _accepted(self, pdu: memoryview, events: list[Event]) -> None:
        assert self.request is not None
        accept = decode_accept(pdu)
        self.negotiated = negotiated_by_requestor(self.request, accept)
        self.accept = accept
        events.append(AssociateConfirmation(accept))
        self._state = _STA6

    def _requested(self, pdu: memoryview, now: float, events: list[Event]) -> None:
        request = decode_request(pdu)
        check_request(request)
        self._artim_deadline = None
        self.request = request
        if request.protocol_version & 1:
            events.append(AssociateIndication(request))
            self._state = State.Sta3
        else:
            # Rejected by the provider itself: protocol version not supported (PS3.8 9.3.4).
            self._send(pdus.A_ASSOCIATE_RJ, pdus.encode_reject(1, 2, 2))
            self._start_artim(now)
            self._become_13()

    def _invalid(self, error: ProtocolError, now: float, events: list[Event]) -> None:
        """Evt19, and PDUs that the state does not allow: AA-8, AA-1 in Sta2, AA-7 in Sta13."""
        state = self._state
        self._ignoring_input = True
        self._buffer.clear()
        self._pdu_deadline = None
        if state is _STA13:
            if not self._aborted:
                self._aborted = True
                self._send(pdus.A_ABORT, pdus.encode_abort(2, error.reason))
            return
        error.established = state not in _ESTABLISHING
        if state is _STA2:
            self._abort(0, 0, now)
        else:
            self._abort(2, error.reason, now)
        events.append(ProviderAbort(error))

    # -- actions -----------------------------------------------------------------------------------

    def _cell(self, event: Evt) -> tuple[Action, object]:
        cell = TRANSITIONS.get((event, self._state))
        if cell is None:
            raise LocalProtocolError(
                f"no {event.meaning} in {self._state}: {self._state.meaning}",
                hint="PS3.8 Table 9-10 has no such transition",
            )
        return cell

    def _announce(self, max_pdu: int) -> None:
        """The peer is held to what was announced, whatever the machine began with (PS3.8 D.1)."""
        self.max_pdu = max_pdu
        self._buffer.announce(max_pdu)

    def _send(self, pdu_type: int, pdu: bytes) -> None:
        self._out.append(pdu)
        if self.observer is not None:
            self.observer(True, pdu_type, (pdu,))

    def _abort(self, source: int, reason: int, now: float) -> None:
        self._aborted = True
        self._send(pdus.A_ABORT, pdus.encode_abort(source, reason))
        self._start_artim(now)
        self._become_13()

    def _start_artim(self, now: float) -> None:
        self._artim_deadline = None if self.artim is None else now + self.artim

    def _become_13(self) -> None:
        # ARTIM is the only clock in Sta13: it bounds a half-received PDU as well.
        self._pdu_deadline = None
        self._state = _STA13

    def _close(self) -> None:
        self._forget()
        self.close_wanted = True

    def _forget(self) -> None:
        self._buffer.clear()
        self._artim_deadline = None
        self._pdu_deadline = None
        self._state = _STA1

    def _watch_pdu(self, now: float) -> None:
        """The timer runs from the first byte of a PDU that is half here, and only then."""
        if not self._buffer.partial or self._state is _STA13:
            self._pdu_deadline = None
        elif (
            self._pdu_deadline is None and self.pdu_timeout is not None and not self._pdu_timer_held
        ):
            self._pdu_deadline = now + self.pdu_timeout
