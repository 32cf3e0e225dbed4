"""TLS of an acceptor: the handshakes, before anything is known of an association.

asyncio's own server tells nobody of a handshake that failed, and makes the protocol of the
association before there is one. So a connection is taken in clear first, and the handshake done on
its socket, with what went wrong in words.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

from assocsh.association import tls_failures
from assocsh.association.engine import Engine
from assocsh.association.handshake import Handshake
from assocsh.association.options import TLSConfig
from assocsh.association.security import Security
from assocsh.association.state import AssociationState
from assocsh.association.tls import server_context
from assocsh.errors import AssociationError, AssocshError, ConnectionFailed
from assocsh.text.addresses import Peer

MOST_SHAKING = 512
"""Handshakes that go on at once; a connection above that is closed."""


class _Knock(asyncio.Protocol):
    """A connection as it came in: its socket goes on to the handshake, nothing is read here."""

    def __init__(self, door: TlsDoor) -> None:
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connected = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        transport.close()
        connected.setblocking(False)
        self._door.admit(connected)


class TlsDoor:
    """Makes the protocols of a listening socket whose associations are below TLS.

    ``make`` makes the engine of an association, ``front`` what its connection is taken with when
    the handshake is done, ``gone`` is told of one that came to nothing;
    ``seconds`` is how long a handshake may take. The files of ``config`` are read for each
    connection: a certificate that was renewed counts from the next one on. Raises UnusableFile and
    UsageError for what cannot be used now.
    """

    def __init__(
        self,
        config: TLSConfig,
        make: Callable[[], Engine],
        front: Callable[[Engine], asyncio.BaseProtocol],
        gone: Callable[[Engine], Any],
        seconds: float | None,
    ) -> None:
        server_context(config)
        self._config = config
        self._make = make
        self._front = front
        self._gone = gone
        self._seconds = seconds
        self._shaking: set[asyncio.Task[None]] = set()

    def __call__(self) -> asyncio.Protocol:
        """What a connection is taken with."""
        return _Knock(self)

    def admit(self, connected: socket.socket) -> None:
        """Begin the handshake of a connection."""
        if len(self._shaking) >= MOST_SHAKING:
            connected.close()
            return
        task = asyncio.get_running_loop().create_task(self._shake_hands(connected))
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def close(self) -> None:
        """Give up the handshakes that go on."""
        shaking = tuple(self._shaking)
        for task in shaking:
            task.cancel()
        await asyncio.gather(*shaking, return_exceptions=True)

    async def _shake_hands(self, connected: socket.socket) -> None:
        engine = self._make()
        try:
            host, port = connected.getpeername()[:2]
        except OSError:  # it has gone already
            host, port = "?", 0
        engine.peer = Peer("?", host, port)
        error: AssociationError | None = None
        try:
            handshake = Handshake(server_context(self._config), self._config)
            engine.protocol.security = Security(handshake=handshake)
            try:
                await engine.loop.connect_accepted_socket(
                    lambda: self._front(engine),
                    connected,
                    ssl=handshake.context,
                    ssl_handshake_timeout=self._seconds,
                )
            except OSError as failed:
                error = tls_failures.as_server(f"{host}:{port}", failed, self._seconds, handshake)
            finally:
                handshake.forget_messages()
        except AssocshError as unusable:
            error = ConnectionFailed(unusable.message, hint=unusable.hint)
        except asyncio.CancelledError:
            error = ConnectionFailed("this side stopped listening")
            raise
        finally:
            if error is not None:
                connected.close()
                engine.fail(AssociationState.LOST, error)
                self._gone(engine)
