"""A TCP proxy that keeps what passed through it: real byte streams for the decoder."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from assocsh.wire.conversation import Conversation, Side, Talk
from assocsh.wire.decode import Decoder
from assocsh.wire.limits import Limits
from tests.peers.process import LOOPBACK


class Piece(NamedTuple):
    """What one side sent at a time; no data: it closed."""

    side: Side
    data: bytes
    time: float


async def _record(
    port: int, client: Callable[[int], Awaitable[object]], expected: int
) -> list[list[Piece]]:
    connections: list[list[Piece]] = []
    ended = asyncio.Semaphore(0)

    async def pump(
        side: Side, source: asyncio.StreamReader, sink: asyncio.StreamWriter, into: list[Piece]
    ) -> None:
        data = b" "
        while data:
            try:
                data = await source.read(65536)
            except ConnectionError:
                data = b""
            into.append(Piece(side, data, time.time()))
            with contextlib.suppress(ConnectionError, OSError):
                if data:
                    sink.write(data)
                    await sink.drain()
                elif sink.can_write_eof():
                    sink.write_eof()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        into: list[Piece] = []
        connections.append(into)
        behind, ahead = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(
            pump(Side.REQUESTOR, reader, ahead, into), pump(Side.ACCEPTOR, behind, writer, into)
        )
        for each in (writer, ahead):
            each.close()
        ended.release()

    server = await asyncio.start_server(accepted, LOOPBACK, 0)
    async with server:
        await client(server.sockets[0].getsockname()[1])
        for _ in range(expected):
            await asyncio.wait_for(ended.acquire(), 30)
    return connections


def record(port: int, *argv: str | Path, connections: int = 1) -> list[list[Piece]]:
    """Run a client program against the peer at ``port``; ``{port}`` in its words is the proxy's.

    Returns what went over each of its ``connections``, in the order of time.
    """

    async def client(here: int) -> None:
        words = [str(word).replace("{port}", str(here)) for word in argv]
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        await asyncio.wait_for(process.wait(), 60)

    return asyncio.run(_record(port, client, connections))


def decode(pieces: Sequence[Piece], limits: Limits | None = None, *, number: int = 1) -> Talk:
    """What the decoder makes of a recorded connection."""
    talk = Talk(number)
    decoder = Decoder(talk, limits)
    for piece in pieces:
        if piece.data:
            decoder.feed(piece.side, piece.data, piece.time)
        else:
            decoder.closed(piece.side, piece.time, "fin")
    decoder.finish(pieces[-1].time if pieces else 0.0)
    return talk


def conversation(connections: Sequence[Sequence[Piece]]) -> Conversation:
    """The talks of several recorded connections."""
    numbered = enumerate(connections, 1)
    return Conversation("recorded", [decode(pieces, number=number) for number, pieces in numbered])
