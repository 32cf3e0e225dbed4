"""TLS on the acceptor's side: the handshake first, with a timer and errors of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from assocsh.association import endings
from assocsh.association.engine import Engine
from assocsh.association.options import TLSConfig
from assocsh.association.state import AssociationState
from assocsh.association.tls import server_context
from assocsh.text.addresses import Peer

PATIENCE = 60.0
"""Seconds for a handshake where no timer is set: asyncio has one in any case."""

_MOST_SHAKING = 512
"""Connections with a handshake that has not ended, of all addresses."""


class TlsDoor:
    """Takes the connections of a listener that has TLS, and gives on those that came to it.

    ``make`` makes the engine of each, ``gone`` is told of one that came to nothing: a handshake
    that fails ends it like any other cause, its observers hear why, and it never was an
    association. Raises UnusableFile and UsageError for what cannot be used.
    """

    def __init__(
        self,
        config: TLSConfig,
        make: Callable[[], Engine],
        gone: Callable[[Engine], Any],
        seconds: float | None,
    ) -> None:
        self._context = server_context(config)
        self._make = make
        self._gone = gone
        self._seconds = PATIENCE if seconds is None else seconds
        self._shaking: set[asyncio.Task[None]] = set()

    def __call__(self) -> asyncio.Protocol:
        """What a connection is taken with: for ``loop.create_server``."""
        return _Taking(self._take)

    async def close(self) -> None:
        """Give up what has not come to TLS yet."""
        tasks = tuple(self._shaking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, transport: asyncio.BaseTransport) -> None:
        """A connection was made. asyncio's own handshake would not tell how it ended."""
        here = transport.get_extra_info("socket")
        if len(self._shaking) < _MOST_SHAKING:
            connected = socket.socket(fileno=os.dup(here.fileno()))
            connected.setblocking(False)
            address = transport.get_extra_info("peername") or ("?", 0)
            engine = self._make()
            engine.peer = Peer("?", str(address[0]), int(address[1]))
            task = engine.loop.create_task(self._shake_hands(engine, connected))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)
        transport.close()

    async def _shake_hands(self, engine: Engine, connected: socket.socket) -> None:
        try:
            await engine.loop.connect_accepted_socket(
                lambda: engine.protocol,
                connected,
                ssl=self._context,
                ssl_handshake_timeout=self._seconds,
            )
        except OSError as error:
            connected.close()
            failed = endings.tls_failed(engine.peer, error, self._seconds)
            engine.fail(AssociationState.LOST, failed)
            self._gone(engine)
        except asyncio.CancelledError:
            connected.close()
            self._gone(engine)
            raise


class _Taking(asyncio.Protocol):
    """Hands a connection on before a byte of it is read."""

    def __init__(self, take: Callable[[asyncio.BaseTransport], None]) -> None:
        self._take = take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``TlsDoor``."""
        self._take(transport)
