"""What goes out on a connection of a misbehaving archive, in its order and at its times."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from assocsh.association.sockets import reset_when_closed
from assocsh.errors import ProtocolError
from assocsh.upperlayer.negotiation_decoder import decode_request

if TYPE_CHECKING:
    from assocsh.practice.faults.message import Message


def portion(pace: float) -> int:
    """How many bytes are handed on at a time, at so many in a second: a few times in each."""
    return max(1, int(pace / 20))


class Line:
    """The way from the archive to the requestor, as faults use it.

    ``archive`` is the archive's side of the connection. ``max_pdu`` is the longest P-DATA-TF that
    the requestor takes, ``classes`` the SOP classes it proposed by context ID.
    """

    def __init__(self, archive: asyncio.BufferedProtocol) -> None:
        self.archive = archive
        self.max_pdu = 0
        self.classes: dict[int, str] = {}
        self.sent = 0
        """Bytes that went out."""
        self.limit: int | None = None
        """Bytes after which the connection is closed, whatever is to be sent."""
        self.pace: float | None = None
        """Bytes in a second that go out, at most."""
        self.reading_pace: float | None = None
        """Bytes in a second that are taken from what comes, about."""
        self.ended = False
        self.waiting = 0
        """Bytes that wait for their time."""
        self._transport: asyncio.Transport | None = None
        self._queue: deque[tuple[float, bytes | Callable[[], object]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def transport(self) -> asyncio.Transport:
        """The connection; there is one when a fault is asked."""
        assert self._transport is not None
        return self._transport

    def asked(self, pdu: bytes) -> None:
        """Keep what is of use of an A-ASSOCIATE-RQ; the archive tells of one that is none."""
        with suppress(ProtocolError):
            request = decode_request(pdu)
            self.max_pdu = request.max_pdu
            self.classes = {each.context_id: each.abstract_syntax for each in request.contexts}

    @property
    def free_context(self) -> int:
        """The ID of a presentation context that was not proposed; an even one where all were."""
        return next((number for number in range(255, 0, -2) if number not in self.classes), 2)

    def connected(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def send(self, data: bytes, after: float = 0.0) -> None:
        """Send these bytes behind what waits, ``after`` seconds from now at the earliest."""
        self.waiting += len(data)
        self._put(data, after)

    def send_message(self, message: Message, after: float = 0.0) -> None:
        """Send a message as it is, past every fault."""
        for pdu in message.pdus(self.max_pdu):
            self.send(pdu, after)

    def then(self, action: Callable[[], object]) -> None:
        """Do this when everything that was to be sent has been handed to the system."""
        self._put(action, 0.0)

    def last(self, data: bytes) -> None:
        """Send these bytes, and close the connection behind them."""
        self.send(data)
        self.close()

    def close(self) -> None:
        """Close the connection behind what is to be sent."""
        self.then(self._closed)

    def half_close(self) -> None:
        """Say that nothing more comes (FIN), and go on reading."""
        self.then(self._half_closed)

    def reset(self) -> None:
        """Reset the connection (RST), now."""
        reset_when_closed(self.transport.get_extra_info("socket"))
        self.gone()
        self.transport.abort()

    def gone(self) -> None:
        """Nothing more is sent."""
        self.ended = True
        self._queue.clear()
        self.waiting = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _put(self, what: bytes | Callable[[], object], after: float) -> None:
        if self.ended:
            return
        due = self._loop.time() + after
        if self._queue:
            due = max(due, self._queue[-1][0])
        self._queue.append((due, what))
        self._run()

    def _run(self) -> None:
        if self._timer is not None:
            return
        if self.transport.is_closing():
            self.gone()
        while self._queue and not self.ended:
            due, what = self._queue[0]
            if due > self._loop.time():
                self._timer = self._loop.call_at(due, self._later)
                return
            self._queue.popleft()
            if callable(what):
                what()
            else:
                self.waiting -= len(what)
                self._write(what)

    def _later(self) -> None:
        self._timer = None
        self._run()

    def _write(self, data: bytes) -> None:
        if self.limit is not None and self.sent + len(data) >= self.limit:
            data = data[: max(0, self.limit - self.sent)]
            self.transport.write(data)
            self.sent += len(data)
            self._closed()
            return
        if self.pace is not None and len(data) > 1:
            first, rest = data[: (part := portion(self.pace))], data[part:]
            if rest:
                self.waiting += len(rest)
                self._queue.appendleft((self._loop.time() + part / self.pace, rest))
            data = first
        self.sent += len(data)
        self.transport.write(data)

    def _half_closed(self) -> None:
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.gone()

    def _closed(self) -> None:
        self.gone()
        self.transport.close()
