"""A connection of the practice archive on which something goes wrong.

It stands between the socket and the archive, and looks at every PDU in both directions. The archive
itself knows nothing of it and makes no mistake: what is wrong is made wrong here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

from assocsh.practice.faults.accept_pdu import AcceptPdu
from assocsh.practice.faults.fault import Fault
from assocsh.practice.faults.line import Line, portion
from assocsh.practice.faults.message import Message, decode_command
from assocsh.upperlayer.pdus import (
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RQ,
    P_DATA_TF,
    PDU_HEADER_LENGTH,
    decode_pdata,
)

Bytes = bytes | bytearray | memoryview


class _Pdus:
    """Cuts a stream of bytes at the PDUs in it."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: Bytes) -> Iterable[tuple[int, bytes]]:
        """The PDUs that are whole now, each with its type."""
        self._rest += data
        while len(self._rest) >= PDU_HEADER_LENGTH:
            length = PDU_HEADER_LENGTH + int.from_bytes(self._rest[2:6])
            if len(self._rest) < length:
                return
            pdu = bytes(self._rest[:length])
            del self._rest[:length]
            yield pdu[0], pdu


class FaultyConnection(asyncio.Protocol):
    """What the socket sees. ``line`` has the archive, ``faults`` are those of this connection."""

    def __init__(self, line: Line, faults: Sequence[Fault]) -> None:
        self._line = line
        self._faults = faults
        self._archive = line.archive
        self._in, self._out = _Pdus(), _Pdus()
        self._unread = bytearray()
        self._reading: asyncio.TimerHandle | None = None
        self._message: Message | None = None
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line.connected(cast(asyncio.Transport, transport))
        self._archive.connection_made(_Front(self, self._line))
        for fault in self._faults:
            fault.connected()

    def connection_lost(self, error: Exception | None) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._line.gone()
        self._archive.connection_lost(error)

    def eof_received(self) -> bool | None:
        return self._archive.eof_received()

    def pause_writing(self) -> None:
        self._archive.pause_writing()

    def resume_writing(self) -> None:
        self._archive.resume_writing()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if self._reading is None:
            self._read()

    def _read(self) -> None:
        """Take what came, all of it or, with a pace, as much as its time allows."""
        self._reading = None
        while self._unread and not self._line.ended:
            pace = self._line.reading_pace
            size = len(self._unread) if pace is None else portion(pace)
            part = bytes(self._unread[:size])
            del self._unread[:size]
            self._took(part)
            if pace is not None and not self._line.ended:
                self._line.transport.pause_reading()
                loop = asyncio.get_running_loop()
                self._reading = loop.call_later(len(part) / pace, self._read_on)
                return

    def _read_on(self) -> None:
        self._read()
        if self._reading is None and not self._line.ended:
            self._line.transport.resume_reading()

    def _took(self, data: bytes) -> None:
        for kind, pdu in self._in.feed(data):
            if kind == A_ASSOCIATE_RQ:
                self._line.asked(pdu)
                kept = [fault.requested(pdu) for fault in self._faults]
            else:
                kept = [fault.came(kind, pdu) for fault in self._faults]
            if not any(kept):
                self._give(pdu)

    def _give(self, data: bytes) -> None:
        """Have the archive read these bytes."""
        at = 0
        while at < len(data):
            space = memoryview(self._archive.get_buffer(len(data) - at))
            size = min(len(space), len(data) - at)
            space[:size] = data[at : at + size]
            at += size
            self._archive.buffer_updated(size)

    def written(self, data: Bytes) -> None:
        """The archive writes; what comes of it goes to the line."""
        for kind, pdu in self._out.feed(data):
            if kind == P_DATA_TF:
                self._carried(pdu)
            elif not any(fault.goes(kind, pdu) for fault in self._faults):
                self._line.send(self._accepted(pdu) if kind == A_ASSOCIATE_AC else pdu)
                if kind == A_ASSOCIATE_AC:
                    for fault in self._faults:
                        fault.accepted()

    def _accepted(self, pdu: bytes) -> bytes:
        accept = AcceptPdu(pdu)
        for fault in self._faults:
            fault.accepting(accept)
        return accept.encoded()

    def _carried(self, pdu: bytes) -> None:
        """Put a message together; when it is whole it goes through the faults."""
        for pdv in decode_pdata(memoryview(pdu)[PDU_HEADER_LENGTH:]):
            self._parts.append(bytes(pdv.data))
            if not pdv.is_last:
                continue
            whole, self._parts = b"".join(self._parts), []
            if pdv.is_command:
                self._message = Message(pdv.context_id, decode_command(whole))
                if self._message.has_data:
                    continue
            else:
                assert self._message is not None
                self._message.data = whole
            self._sent(self._message)
            self._message = None

    def _sent(self, message: Message) -> None:
        service = message.service
        acting = [fault for fault in self._faults if fault.acts(service)]
        messages = [message]
        for fault in acting:
            messages = [each for one in messages for each in fault.sends(one)]
        for one in messages:
            pdus: Iterable[bytes] = one.pdus(self._line.max_pdu)
            for fault in acting:
                pdus = fault.cut(one, list(pdus))
            for pdu in pdus:
                self._line.send(pdu)


class _Front(asyncio.Transport):
    """What the archive takes for its transport. There is no socket to write to past the faults."""

    def __init__(self, connection: FaultyConnection, line: Line) -> None:
        super().__init__()
        self._connection = connection
        self._line = line
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if name == "socket" else self._line.transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._closing or self._line.transport.is_closing()

    def write(self, data: Bytes) -> None:
        self._connection.written(data)

    def can_write_eof(self) -> bool:
        return self._line.transport.can_write_eof()

    def write_eof(self) -> None:
        self._line.half_close()

    def close(self) -> None:
        self._closing = True
        self._line.close()

    def abort(self) -> None:
        self._closing = True
        self._line.reset()

    def get_write_buffer_size(self) -> int:
        return self._line.waiting + self._line.transport.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._line.transport.set_write_buffer_limits(high, low)

    def pause_reading(self) -> None:
        self._line.transport.pause_reading()

    def resume_reading(self) -> None:
        self._line.transport.resume_reading()

    def is_reading(self) -> bool:
        return self._line.transport.is_reading()
