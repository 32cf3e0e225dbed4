"""TLS on the acceptor's side: the handshake first, with a timer and errors of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

from assocsh.association import endings
from assocsh.association.engine import Engine
from assocsh.association.options import TLSConfig
from assocsh.association.state import AssociationState
from assocsh.errors import UnusableFile, UsageError
from assocsh.text.addresses import Peer

PATIENCE = 60.0
"""Seconds for a handshake where no timer is set: asyncio has one in any case."""

_MOST_SHAKING = 512
"""Connections with a handshake that has not ended, of all addresses."""


def server_context(config: TLSConfig) -> ssl.SSLContext:
    """A server context: TLS 1.2 at least (PS3.15 B.12).

    ``certificate`` and ``key`` are our own. With ``ca`` each client has to show a certificate that
    it has signed. Raises UnusableFile for what cannot be loaded, UsageError without a certificate
    and for what only a requestor can ask for.
    """
    if not config.certificate:
        raise UsageError(
            "an acceptor with TLS needs a certificate of its own",
            hint="TLSConfig(certificate=..., key=...) name PEM files",
        )
    if config.pin or config.insecure or config.host_name:
        raise UsageError(
            "pin, insecure and host_name are for requestors",
            hint="an acceptor checks the certificates of its clients with ca, or not at all",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    path = config.certificate
    try:
        context.load_cert_chain(config.certificate, config.key, config.password)
        if config.ca:
            path = config.ca
            context.load_verify_locations(config.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UnusableFile(
            f"the TLS files cannot be used: {getattr(error, 'reason', None) or error}",
            path=path,
            hint="certificate, key and ca are PEM files",
        ) from error
    return context


class Securing:
    """Takes the connections of a listener that has TLS, and gives on those that came to it.

    ``make`` makes the engine of each. A handshake that fails ends it like any other cause: its
    observers hear why, and it never was an association.
    """

    def __init__(
        self, context: ssl.SSLContext, make: Callable[[], Engine], seconds: float | None
    ) -> None:
        self._context = context
        self._make = make
        self._seconds = PATIENCE if seconds is None else seconds
        self._shaking: set[asyncio.Task[None]] = set()

    def protocol(self) -> asyncio.Protocol:
        """For ``loop.create_server``."""
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
        except asyncio.CancelledError:
            connected.close()
            raise


class _Taking(asyncio.Protocol):
    """Hands a connection on before a byte of it is read."""

    def __init__(self, take: Callable[[asyncio.BaseTransport], None]) -> None:
        self._take = take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``Securing``."""
        self._take(transport)
