"""A TCP proxy that does to a connection what networks and bad peers do to it.

    faults = Faults(to_server=Direction(segment=1), to_client=Direction(cut_after=100, how="rst"))
    async with FaultProxy(peer_port, faults) as proxy:
        ...connect to proxy.port...

Offsets count the bytes of one direction of one connection, from 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Direction:
    """What happens to the bytes that go one way. With nothing set they pass unchanged."""

    latency: float = 0.0
    """Seconds that every byte is late; a pipe, not a brake: throughput stays."""
    segment: int = 0
    """Forwarded in TCP segments of at most this many bytes, each written on its own; 0: as read."""
    pause: float = 0.0
    """Seconds between two segments."""
    split_at: Sequence[int] = ()
    """Offsets where a segment ends for certain."""
    cut_after: int | None = None
    """After this many bytes the connection ends, in the way ``how`` says."""
    how: Literal["fin", "rst", "half"] = "rst"
    """fin: both sides closed; rst: both sides reset; half: only this direction is shut."""
    stall_after: int | None = None
    """After this many bytes nothing is forwarded (nor read) any more, and the connection stays."""
    corrupt: Sequence[int] = ()
    """Offsets where one byte comes out as its complement."""
    drop: Sequence[int] = ()
    """Offsets where one byte is left out."""
    garbage: tuple[int, bytes] | None = None
    """(offset, bytes) put in before that offset."""
    duplicate: tuple[int, int] | None = None
    """(from, to): these bytes arrive twice."""


@dataclass(frozen=True)
class Faults:
    to_server: Direction = field(default_factory=Direction)
    to_client: Direction = field(default_factory=Direction)


class _Cut(Exception):
    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


@dataclass
class Connection:
    """One proxied connection and what passed through it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    to_server: int = 0
    to_client: int = 0

    def reset(self) -> None:
        for writer in (self.client, self.server):
            found: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def close(self) -> None:
        self.client.close()
        self.server.close()


def _altered(data: bytes, start: int, faults: Direction) -> bytes:
    """The bytes from offset ``start`` on, with what this direction does to their content."""
    end = start + len(data)
    pieces: list[bytes] = []
    for at, byte in zip(range(start, end), data, strict=True):
        if faults.garbage is not None and at == faults.garbage[0]:
            pieces.append(faults.garbage[1])
        if at in faults.drop:
            continue
        pieces.append(bytes([byte ^ 0xFF if at in faults.corrupt else byte]))
    changed = b"".join(pieces)
    if faults.duplicate is not None and start <= faults.duplicate[1] - 1 < end:
        first, last = (max(at - start, 0) for at in faults.duplicate)
        changed = changed[:last] + data[first:last] + changed[last:]
    return changed


class FaultProxy:
    """Listens on a loopback port and forwards to another one, faults and all.

    ``faults`` may be a function of the connection's number (0, 1, ...): each its own.
    """

    def __init__(
        self,
        server_port: int,
        faults: Faults | Callable[[int], Faults] | None = None,
        *,
        ae: str = "ANY-SCP",
    ) -> None:
        self.server_port = server_port
        self.faults = faults or Faults()
        self.ae = ae
        self.port = 0
        self.connections: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accepted, LOOPBACK, 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def _accepted(
        self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        number = len(self.connections)
        faults = self.faults(number) if callable(self.faults) else self.faults
        try:
            server_reader, server = await asyncio.open_connection(LOOPBACK, self.server_port)
        except OSError:
            client.transport.abort()
            return
        for writer in (client, server):
            found: socket.socket = writer.get_extra_info("socket")
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, server)
        self.connections.append(connection)
        self._start(self._run(connection, client_reader, server_reader, faults))

    def _start(self, coroutine: object) -> None:
        task = asyncio.ensure_future(coroutine)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self,
        connection: Connection,
        client_reader: asyncio.StreamReader,
        server_reader: asyncio.StreamReader,
        faults: Faults,
    ) -> None:
        def count(name: str) -> Callable[[int], None]:
            def add(amount: int) -> None:
                setattr(connection, name, getattr(connection, name) + amount)

            return add

        pumps = [
            asyncio.ensure_future(
                self._pump(client_reader, connection.server, faults.to_server, count("to_server"))
            ),
            asyncio.ensure_future(
                self._pump(server_reader, connection.client, faults.to_client, count("to_client"))
            ),
        ]
        try:
            await asyncio.gather(*pumps)
            connection.close()
        except _Cut as cut:
            if cut.how == "rst":
                connection.reset()
            else:
                connection.close()
        except ConnectionError:
            connection.reset()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        faults: Direction,
        count: Callable[[int], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        passed = 0

        async def deliver() -> None:
            while True:
                when, data = await late.get()
                await asyncio.sleep(when - loop.time())
                if not data:
                    self._shut(writer)
                    return
                await self._write(writer, data, faults)

        delayed = asyncio.ensure_future(deliver()) if faults.latency else None
        try:
            while True:
                room = 65536
                for limit in (faults.cut_after, faults.stall_after):
                    if limit is not None:
                        room = min(room, limit - passed)
                if faults.stall_after is not None and passed >= faults.stall_after:
                    await asyncio.Event().wait()
                if faults.cut_after is not None and passed >= faults.cut_after:
                    if faults.how != "half":
                        raise _Cut(faults.how)
                    self._shut(writer)
                    return
                start = passed
                room = min([room, *(at - start for at in faults.split_at if at > start)])
                data = await reader.read(room)
                passed += len(data)
                count(len(data))
                changed = data
                if faults.corrupt or faults.drop or faults.garbage or faults.duplicate:
                    changed = _altered(data, start, faults)
                if delayed is not None:
                    late.put_nowait((loop.time() + faults.latency, changed))
                    if not data:
                        await delayed
                        return
                elif not data:
                    self._shut(writer)
                    return
                else:
                    await self._write(writer, changed, faults)
        finally:
            if delayed is not None:
                delayed.cancel()

    @staticmethod
    def _shut(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write_eof()

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, data: bytes, faults: Direction) -> None:
        size = faults.segment or len(data)
        for at in range(0, len(data), size or 1):
            writer.write(data[at : at + size])
            await writer.drain()
            if faults.segment or faults.split_at:
                await asyncio.sleep(faults.pause)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            connection.reset()
        await self._listener.wait_closed()
