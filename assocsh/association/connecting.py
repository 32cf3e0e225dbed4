"""The way of an association of our own: TCP, TLS, A-ASSOCIATE."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from assocsh.association import endings
from assocsh.association.association import Association
from assocsh.association.engine import Engine
from assocsh.association.security import Security
from assocsh.association.state import AssociationState
from assocsh.errors import AssociationError

if TYPE_CHECKING:
    from assocsh.association.handshake import Handshake
    from assocsh.association.options import TLSConfig
    from assocsh.upperlayer.negotiation import AssociateRequest

HAPPY_EYEBALLS = 0.25
"""Seconds until the next address of a name is tried beside the first (RFC 8305)."""


class Connecting:
    """What ``connect`` returns: await it, or use it with ``async with``.

    ``make`` makes the engine of each attempt, on the running loop. ``remark`` is what there is to
    say of the proposal itself, empty when nothing.
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        request: AssociateRequest,
        tls: TLSConfig | None,
        remark: str,
    ) -> None:
        self._make = make
        self._request = request
        self._tls = tls
        self._remark = remark
        self._association: Association | None = None
        self.reached: float | None = None
        """When the TCP connection was made, by the loop's clock; None before."""
        self.secured: float | None = None
        """When TLS was agreed on; None before, and without TLS."""

    def __await__(self) -> Generator[Any, None, Association]:
        return self._open().__await__()

    async def __aenter__(self) -> Association:
        self._association = await self._open()
        return self._association

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        assert self._association is not None
        await self._association.__aexit__(kind, *rest)

    async def _open(self) -> Association:
        engine = self._make()
        association = Association(engine)
        engine.upper.associate_request(self._request)
        if self._remark:
            engine.stream.remark(self._remark, "local")
        try:
            await self._connect(engine)
            await self._establish(engine)
        except asyncio.CancelledError:
            await engine.closing.abort()
            raise
        return association

    async def _connect(self, engine: Engine) -> None:
        peer, seconds = engine.peer, engine.timeouts.connect
        tls = self._tls
        handshake = _handshake(tls) if tls is not None else None
        try:
            async with asyncio.timeout(seconds):
                transport, _ = await engine.loop.create_connection(
                    lambda: engine.protocol if tls is None else asyncio.Protocol(),
                    peer.host,
                    peer.port,
                    happy_eyeballs_delay=HAPPY_EYEBALLS,
                )
            self.reached = engine.loop.time()
            if tls is not None and handshake is not None:
                from assocsh.association.tls import check_pin

                engine.check_peer = lambda one: check_pin(
                    tls, one.protocol.peer_certificate, one.peer
                )
                await self._shake_hands(engine, transport, handshake)
                self.secured = engine.loop.time()
            if engine.refused_peer is not None:
                raise engine.refused_peer
        except AssociationError as error:
            engine.fail(AssociationState.LOST, error)
            raise
        except OSError as error:
            failed = endings.connect_failed(peer, error, seconds)
            engine.fail(AssociationState.LOST, failed)
            raise failed from error

    async def _shake_hands(
        self, engine: Engine, transport: asyncio.BaseTransport, handshake: Handshake
    ) -> None:
        """TLS over a connection that stands: with a timer, and errors, of its own."""
        peer, seconds = engine.peer, engine.timeouts.connect
        connected = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        transport.close()
        connected.setblocking(False)
        engine.protocol.security = Security(handshake=handshake)
        try:
            await engine.loop.create_connection(
                lambda: engine.protocol,
                sock=connected,
                ssl=handshake.context,
                server_hostname=handshake.config.host_name or peer.host,
                ssl_handshake_timeout=seconds,
            )
        except OSError as error:
            from assocsh.association import tls_failures

            connected.close()
            failed = tls_failures.as_client(peer, error, seconds, handshake)
            engine.fail(AssociationState.LOST, failed)
            raise failed from error
        except asyncio.CancelledError:
            connected.close()
            raise
        finally:
            handshake.forget_messages()

    async def _establish(self, engine: Engine) -> None:
        seconds = engine.timeouts.acse
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(engine.opened)
        except TimeoutError:
            error = endings.no_answer(engine.peer, seconds, encrypted=self._tls is not None)
            engine.closing.abort_because(error)
            raise error from None
        except AssociationError:
            await engine.protocol.wait_closed()
            raise


def _handshake(tls: TLSConfig) -> Handshake:
    from assocsh.association.handshake import Handshake
    from assocsh.association.tls import client_context

    return Handshake(client_context(tls), tls)
