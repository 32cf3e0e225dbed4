"""The driver: an asyncio transport on one side, the two machines on the other.

It knows bytes, time and flow control; what the events mean is its user's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import cast

from assocsh.association.security import Security, was_cut_short
from assocsh.association.sockets import address_of, reset_when_closed, tune
from assocsh.association.user import AssociationUser
from assocsh.dimse.machine import DimseMachine
from assocsh.upperlayer.events import DataIndication
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.pdus import Buffer

BATCH = 512 * 1024
"""Bytes per write: a whole image in one."""

TURN = 1024 * 1024
"""Bytes per turn of the loop: enough to be fast, too few to hold the loop for a millisecond."""

ABORT_GRACE = 1.0
"""Seconds after an A-ABORT until the connection is reset, whatever the peer does."""

READ = 512 * 1024
"""Bytes of the one buffer for everything that is read: it stays in the processor's cache."""

FIRST_READ = 32 * 1024
"""Bytes of that buffer until a read fills it: a server has many associations of small messages."""

LEAST_READ = 192 * 1024
"""With less room than this behind what is kept in the buffer, that is moved to the front."""

READ_AFTER_MANY = 16 * 1024
"""Bytes of the next read after one that had many messages: each of them takes its time, and the
loop must not be held for long by one read."""

_MANY = 64
"""How many PDUs in one read are many messages."""

_LAST_READS = 256
"""Reads at most from a connection that was reset: more than a socket buffer holds."""

_MAX_PIECES = 1024
"""Buffers that one ``writev`` takes: IOV_MAX where it is smallest that matters."""

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class AssociationProtocol(asyncio.BufferedProtocol):
    """One connection. ``dimse`` is set by the user when the association is established.

    All reads go into one buffer: it stays in the processor's cache, and no read makes an object of
    its own. What arrived is used up before the next read, but for the beginning of a PDU: what
    follows of it is read behind that. So whatever is given on from here is a view that is good
    until the next read, and what has to be kept longer has to be copied.
    """

    def __init__(
        self,
        upper: UpperLayerMachine,
        user: AssociationUser,
        *,
        write_stall: float | None,
    ) -> None:
        self.upper = upper
        self.dimse: DimseMachine | None = None
        self.write_stall = write_stall
        self._user = user
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._fd = -1
        self._write_paused = False
        self._pump_scheduled = False
        self._pump_wanted = False
        self._closing = False
        self._buffer = memoryview(bytearray(FIRST_READ))
        self._space = self._buffer
        self._start = self._end = 0  # of what is kept in the buffer; the space follows it
        self._many_messages = False
        self._read_error: OSError | None = None
        self.last_message = self._loop.time()
        """When the last part of a message went or came."""
        self._upper_timer: asyncio.TimerHandle | None = None
        self._upper_due = 0.0
        self._dimse_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._grace_timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] | None = None
        self.security = Security()  # of TLS, also when the connection is gone

    # -- asyncio.BufferedProtocol ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a connection: set it up, tell the user, send what is to be sent."""
        self._transport = cast(asyncio.Transport, transport)
        self._closed = self._loop.create_future()
        # asyncio's TLS pauses at the limit, not above it: at 0 nothing would ever be resumed
        tls = transport.get_extra_info("ssl_object") is not None
        self.security = self.security._replace(encrypted=tls)
        self._transport.set_write_buffer_limits(high=1 if tls else 0, low=0)
        self._socket = transport.get_extra_info("socket")
        if self._socket is not None:
            tune(self._socket, self.write_stall)
            if hasattr(os, "writev") and not tls:
                self._fd = self._socket.fileno()
        self._user.transport_made()
        self.flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next read goes: behind what is kept of the last one."""
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes arrived: take them, answer in the same turn, acknowledge if nothing is to say.

        While they are taken, ``_pump_scheduled`` is set although nothing is scheduled: what the
        messages cause (a response, a place in the window) calls ``schedule_pump``, which then only
        notes that a pump is wanted. Whether it is done at once or in the next turn is decided
        below, when all that came is known; else an answer, and its ACK, would go out a turn later,
        in a write of its own. A pump that was scheduled before still comes: the value is put back.
        """
        scheduled, self._pump_scheduled = self._pump_scheduled, True
        try:
            mid_message = self._take(nbytes)
        finally:
            self._pump_scheduled = scheduled
        dimse = self.dimse
        if dimse is None or (dimse.lanes.has_output and not self._write_paused):
            if dimse is None:
                self._acknowledge()
            self.pump()  # the ACK goes with it
            return
        if mid_message or dimse.expects_more:
            self._acknowledge()
        nothing_new = not (self._pump_wanted or self.upper.wants_transport)
        if mid_message and nothing_new and self._timer_is_right():
            return
        self.flush()
        self._user.turn_done()
        if not self._pump_scheduled and (self._pump_wanted or not mid_message):
            # Coroutines that were woken by this run first: what they send goes with it.
            self._pump_scheduled = True
            self._loop.call_soon(self._scheduled_pump)

    def _take(self, count: int) -> bool:
        """Take ``count`` bytes that were read; read on at once where they end within a message.

        That spares a turn of the loop for each piece of a large message. Returns whether the rest
        of a message is still to come.
        """
        taken = self._received(count)
        while self.upper.partial or (self.dimse is not None and self.dimse.mid_reception):
            count = self._read_directly() if taken < TURN else 0
            if not count:
                return True
            taken += self._received(count)
        return False

    def _read_directly(self) -> int:
        """Read into the space; 0 when nothing is there, or it is the transport's to read."""
        if self._fd < 0 or self._many_messages or self._transport is None:
            return 0
        if not self._transport.is_reading():
            return 0
        try:
            return os.readv(self._fd, (self._space,))
        except BlockingIOError:
            return 0
        except OSError as error:
            # The kernel tells it once; the transport will only see the end.
            self._read_error = error
            return 0

    def _received(self, count: int) -> int:
        """Give ``count`` bytes that are in the space now to the machines. Returns ``count``."""
        now = self._loop.time()
        user, upper, buffer = self._user, self.upper, self._buffer
        end = self._end + count
        events = upper.receive_data(buffer[self._start : end], now, len(buffer))
        dimse = self.dimse
        for event in events:
            if isinstance(event, DataIndication) and dimse is not None:
                dimse.receive(event.pdvs, now)
                continue
            if dimse is not None:
                user.take_dimse_events(dimse.take_events())
            user.upper_event(event)
            dimse = self.dimse
        if dimse is not None and events:
            self.last_message = now
            user.take_dimse_events(dimse.take_events())
        kept = upper.left_over
        if end == len(buffer) < READ:
            self._buffer = memoryview(bytearray(buffer[end - kept :]).ljust(READ, b"\0"))
            buffer, end = self._buffer, kept
        elif not kept:
            end = 0
        elif len(buffer) - end < LEAST_READ:
            buffer[:kept] = buffer[end - kept : end]
            end = kept
        self._start, self._end = end - kept, end
        self._many_messages = len(events) >= _MANY
        self._space = buffer[end : end + READ_AFTER_MANY if self._many_messages else READ]
        return count

    def _acknowledge(self) -> None:
        """Acknowledge what was read now: the peer has more to say.

        Without it a peer that leaves Nagle on waits for a delayed ACK, 40 ms, on every message.
        The kernel forgets it after each read. What ends an exchange needs none: the ACK goes with
        the next request.
        """
        if _QUICKACK is not None and self._socket is not None:
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError:
                self._socket = None

    def eof_received(self) -> bool:
        """The peer sends no more: the transport closes (the upper layer knows no half-close)."""
        if self._transport is not None and self.security.encrypted:
            cut = was_cut_short(self._transport.get_extra_info("ssl_object"))
            self.security = self.security._replace(cut_short=cut)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed: stop the timers, tell the user and the machine."""
        for timer in (self._upper_timer, self._dimse_timer, self._stall_timer, self._grace_timer):
            if timer is not None:
                timer.cancel()
        self._upper_timer = self._dimse_timer = self._stall_timer = self._grace_timer = None
        transport, self._transport = self._transport, None
        self._socket, self._fd = None, -1
        error = error or self._read_error
        if error is not None and transport is not None:
            self._read_the_rest(transport)
        self._user.transport_gone(error)
        for event in self.upper.transport_closed(self._loop.time()):
            self._user.upper_event(event)
        self._buffer = self._space = memoryview(b"")
        assert self._closed is not None
        self._closed.set_result(None)

    def _read_the_rest(self, transport: asyncio.Transport) -> None:
        """Read what came before a reset of the connection.

        A write that meets the reset ends the connection for asyncio, with the A-ABORT that says
        why still unread in the socket.
        """
        sock = transport.get_extra_info("socket")
        if sock is None or transport.get_extra_info("ssl_object") is not None:
            return
        with contextlib.suppress(OSError):
            for _ in range(_LAST_READS):
                count = os.readv(sock.fileno(), [self._space])
                if not count:
                    break
                self._received(count)

    def pause_writing(self) -> None:
        """The transport has bytes that the kernel did not take: send nothing more, watch it."""
        self._write_paused = True
        self._watch_stall()

    def resume_writing(self) -> None:
        """All of them are taken: go on sending."""
        self._write_paused = False
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        self.pump()

    @property
    def address(self) -> str:
        """The peer's address and port, "" when not connected."""
        return address_of(self._transport, "peername")

    def addresses(self) -> tuple[str, str]:
        """This side and the peer, each as in ``address``."""
        return address_of(self._transport, "sockname"), self.address

    @property
    def cipher(self) -> str:
        """TLS version and cipher, "" without TLS."""
        tls = self._transport and self._transport.get_extra_info("ssl_object")
        return f"{tls.version()} {tls.cipher()[0]}" if tls else ""

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate in DER, None without TLS."""
        tls = self._transport and self._transport.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls else None

    async def wait_closed(self) -> None:
        """Wait until the connection is closed; at once if there never was one."""
        if self._closed is not None:
            await asyncio.shield(self._closed)

    # -- out -------------------------------------------------------------------------------------

    def schedule_pump(self) -> None:
        """Pump in this turn of the loop, once, however many requests come in it."""
        self._pump_wanted = True
        if not self._pump_scheduled:
            self._pump_scheduled = True
            self._loop.call_soon(self._scheduled_pump)

    def _scheduled_pump(self) -> None:
        self._pump_scheduled = False
        if self._pump_wanted:
            self.pump()

    def pump(self) -> None:
        """Send what may be sent now, one batch at most; come back soon if there is more."""
        self._pump_wanted = False
        dimse = self.dimse
        if dimse is not None and not self._write_paused and not self._closing:
            lanes = dimse.lanes
            now = self._loop.time()
            budget = TURN
            while budget > 0 and not self._write_paused and self.upper.may_send_data:
                pieces = lanes.next_pieces(BATCH, now)
                if not pieces:
                    break
                self.upper.send_pdata(pieces, now)
                self.last_message = now
                budget -= BATCH
                self._write()
                if not lanes.has_output:
                    break
            lanes.read_ahead()
            events = dimse.take_events()
            if events:
                self._user.take_dimse_events(events)
            if self._dimse_timer is None and dimse.timeout is not None and dimse.outstanding:
                self._dimse_timer = self._loop.call_at(now + dimse.timeout, self._dimse_timeout)
        self.flush()
        if (
            dimse is not None
            and not self._write_paused
            and dimse.lanes.has_output
            and self.upper.may_send_data
        ):
            self.schedule_pump()
        self._user.turn_done()

    def flush(self) -> None:
        """Hand the machine's bytes to the transport, see to its timers and to the closing."""
        self._write()
        transport = self._transport
        upper = self.upper
        if transport is None:
            return
        if upper.close_wanted and not self._closing:
            self._closing = True
            if self._grace_timer is None:
                self._grace_timer = self._loop.call_later(ABORT_GRACE, self.kill)
            transport.close()
            return
        if not self._timer_is_right():
            if self._upper_timer is not None:
                self._upper_timer.cancel()
            self._upper_due = due = upper.next_timeout() or 0.0
            self._upper_timer = self._loop.call_at(due, self._upper_timeout)

    def _timer_is_right(self) -> bool:
        """Whether the timer that runs is early enough for the machine's timeout.

        A timer that is not due any more is left to run out: most are due for half a PDU.
        """
        due = self.upper.next_timeout()
        return due is None or (self._upper_timer is not None and due >= self._upper_due)

    def _write(self) -> None:
        out = self.upper.data_to_send()
        # After the grace began nothing follows the A-ABORT: the connection may be half-closed.
        transport = self._transport
        if not out or transport is None or self._grace_timer is not None:
            return
        if not self._written_directly(transport, out):
            transport.write(b"".join(out))

    def _written_directly(self, transport: asyncio.Transport, out: list[Buffer]) -> bool:
        """Write to the socket itself, without joining the pieces, when nothing is before them.

        What the kernel does not take, and every error, is the transport's.
        """
        if (
            self._fd < 0
            or len(out) > _MAX_PIECES
            or transport.is_closing()
            or transport.get_write_buffer_size()
        ):
            return False
        try:
            written = os.writev(self._fd, out)
        except OSError:
            return False
        for index, piece in enumerate(out):
            length = len(piece)
            if written < length:
                rest = [memoryview(piece)[written:], *out[index + 1 :]]
                transport.write(b"".join(rest))
                break
            written -= length
        return True

    def close_after_abort(self) -> None:
        """An A-ABORT was sent: let it reach the peer, then close, within ABORT_GRACE.

        Closing at once with unread data would send RST, which can destroy the A-ABORT at the
        peer. So: half-close, read (and ignore) what comes, reset at the end of the grace.
        """
        transport = self._transport
        if transport is None or self._grace_timer is not None:
            return
        self._write()
        self._grace_timer = self._loop.call_later(ABORT_GRACE, self.kill)
        self.resume_reading()
        if transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:
                # The peer has reset it, and the loop has not noticed yet.
                self.kill()

    def kill(self) -> None:
        """Reset the connection now."""
        transport, sock = self._transport, self._socket
        if transport is None:
            return
        self._closing = True
        reset_when_closed(sock)
        transport.abort()

    # -- in --------------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Read nothing until ``resume_reading``: what came cannot be put away as fast."""
        if self._transport is not None and not self._closing:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._transport is not None and not self._closing:
            self._transport.resume_reading()

    # -- time ------------------------------------------------------------------------------------

    def timeout_changed(self) -> None:
        """The user calls this when the DIMSE timeout is another one."""
        if self._dimse_timer is not None:
            self._dimse_timer.cancel()
            self._dimse_timer = None
        self._dimse_timeout()

    def _dimse_timeout(self) -> None:
        self._dimse_timer = None
        dimse = self.dimse
        if dimse is None or self._transport is None:
            return
        now = self._loop.time()
        dimse.handle_timeout(now)
        self._user.take_dimse_events(dimse.take_events())
        due = dimse.next_timeout()
        if due is not None:
            self._dimse_timer = self._loop.call_at(max(due, now + 0.001), self._dimse_timeout)
        self.pump()

    def _upper_timeout(self) -> None:
        self._upper_timer = None
        for event in self.upper.handle_timeout(self._loop.time()):
            self._user.upper_event(event)
        self.flush()
        self._user.turn_done()

    def _watch_stall(self) -> None:
        if self.write_stall is None or self._transport is None:
            return
        size = self._transport.get_write_buffer_size()
        self._stall_timer = self._loop.call_later(self.write_stall, self._check_stall, size)

    def _check_stall(self, size_before: int) -> None:
        transport = self._transport
        assert transport is not None  # the timer is cancelled with it, and when writing goes on
        size = transport.get_write_buffer_size()
        # While paused nothing is added, so any progress of the kernel makes it smaller.
        if size < size_before:
            self._watch_stall()
        else:
            self._stall_timer = None
            self._user.write_stalled(size)
