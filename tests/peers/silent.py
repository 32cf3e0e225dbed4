"""A port that takes connections and never says a word; all of them are closed at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple


class Silent(NamedTuple):
    """Where it listens; ``connected`` is set by the first connection."""

    port: int
    connected: asyncio.Event


@contextlib.asynccontextmanager
async def silent_peer() -> AsyncIterator[Silent]:
    writers: list[asyncio.StreamWriter] = []
    connected = asyncio.Event()

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        connected.set()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    try:
        yield Silent(server.sockets[0].getsockname()[1], connected)
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
