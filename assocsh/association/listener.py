"""The acceptor side: listen for associations and answer them by a policy."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

from assocsh.association.answering import AcceptorPolicy, chooser
from assocsh.association.association import Association
from assocsh.association.engine import Engine
from assocsh.association.events import Observer
from assocsh.association.indication import Handlers
from assocsh.association.options import Timeouts, TLSConfig
from assocsh.association.protocol import AssociationProtocol
from assocsh.association.state import AssociationState
from assocsh.errors import ConnectionFailed
from assocsh.text.addresses import Peer, check_ae_title
from assocsh.uids import APPLICATION_CONTEXT as DICOM_APPLICATION_CONTEXT
from assocsh.upperlayer.negotiation import AssociateRequest
from assocsh.upperlayer.negotiation_results import AnswerPolicy, answer
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

if TYPE_CHECKING:
    from assocsh.association.tls_door import TlsDoor

# A-ASSOCIATE-RJ codes (PS3.8 9.3.4).
_CALLED_AE_NOT_RECOGNIZED = (1, 1, 7)
_CALLING_AE_NOT_RECOGNIZED = (1, 1, 3)
_APPLICATION_CONTEXT = (1, 1, 2)
_LOCAL_LIMIT_EXCEEDED = (2, 3, 2)

_ESTABLISHED = (AssociationState.OPEN, AssociationState.RELEASING)
_SILENCE = 2.0
"""Seconds that a connection may take for its A-ASSOCIATE-RQ before it counts as silent."""
_MOST_WAITING = 512
"""Connections without an A-ASSOCIATE-RQ, of all addresses, whatever their age."""


def _why(error: OSError) -> str:
    """The system's words for it: asyncio puts its own around them."""
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error)
    return os.strerror(error.errno)


class Listener:
    """A listening socket and the associations that came in by it; made by ``listen``."""

    def __init__(
        self,
        ae_title: str,
        policy: AcceptorPolicy,
        handlers: Handlers,
        timeouts: Timeouts,
        observer: Observer | None,
        tls: TLSConfig | None = None,
    ) -> None:
        self.ae_title = ae_title
        self.policy = policy
        self.handlers = handlers
        self.timeouts = timeouts
        self._observer = observer
        self._server: asyncio.Server | None = None
        self._tls = tls
        self._door: TlsDoor | None = None
        self._engines: dict[Engine, Association] = {}
        """Each has a connection, whether it is established or not."""
        self._waiting: dict[Engine, float] = {}
        """Those whose A-ASSOCIATE-RQ has not come: since when, the longest first."""

    @property
    def associations(self) -> set[Association]:
        """Those that are established."""
        return {one for one in self._engines.values() if one.state in _ESTABLISHED}

    @property
    def host(self) -> str:
        """The address it listens on."""
        return str(self._socket_name()[0])

    @property
    def port(self) -> int:
        """The port it listens on: the one that was found where 0 was asked for."""
        return int(self._socket_name()[1])

    def _socket_name(self) -> tuple[str, int]:
        assert self._server is not None
        name: tuple[str, int] = self._server.sockets[0].getsockname()
        return name

    async def start(self, host: str, port: int) -> None:
        """Bind and listen. Raises ConnectionFailed when that is not possible.

        With TLS also UnusableFile and UsageError, for files and options that cannot be used.
        """
        loop = asyncio.get_running_loop()
        if self._tls is not None:
            from assocsh.association.tls_door import TlsDoor

            seconds = self.timeouts.connect
            self._door = TlsDoor(self._tls, self._engine, self._closed, seconds)
        try:
            self._server = await loop.create_server(self._door or self._protocol, host, port)
        except OSError as error:
            raise ConnectionFailed(
                f"cannot listen on {host}:{port}: {_why(error)}",
                hint="is another program on that port? --port 0 takes a free one; "
                "ports below 1024 need root",
            ) from error

    async def close(self) -> None:
        """Stop listening, abort what is still associated, and close what is not yet."""
        if self._server is not None:
            self._server.close()
        if self._door is not None:
            await self._door.close()
        # An A-ABORT is for an association that was asked for (PS3.8 Table 9-10: none in Sta2).
        waiting = tuple(self._waiting)
        for engine in waiting:
            engine.protocol.kill()
        asked = (engine for engine in tuple(self._engines) if engine not in waiting)
        await asyncio.gather(
            *(engine.closing.abort() for engine in asked),
            *(engine.protocol.wait_closed() for engine in waiting),
        )

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def _protocol(self) -> AssociationProtocol:
        return self._engine().protocol

    def _engine(self) -> Engine:
        engine = Engine(
            peer=Peer("?", "?", 0),
            calling_ae=self.ae_title,
            max_pdu=self.policy.max_pdu,
            timeouts=self.timeouts,
            handlers=self.handlers,
            observers=() if self._observer is None else (self._observer,),
            decide=self._decide,
        )
        self._engines[engine] = Association(engine)
        engine.on_connected = self._connected
        engine.on_closed = self._closed
        return engine

    def _connected(self, engine: Engine) -> None:
        """Keep those that say nothing from taking the place of those that will speak.

        A connection has no A-ASSOCIATE-RQ when it is made: that is read in a later turn of the
        loop, and of fifty connections that come at once in fifty others. So the one that came now
        is never shut out. What an address has more than the policy has associations gives way,
        those first that have been silent longest, and only when they have had time to speak; the
        rest is ARTIM's. Who speaks is told by A-ASSOCIATE-RJ when there is no room.
        """
        now = engine.loop.time()
        self._waiting[engine] = now
        here = [one for one in self._waiting if one.peer.host == engine.peer.host]
        surplus = here[: max(0, len(here) - self.policy.max_associations)]
        silent = [one for one in surplus if now - self._waiting[one] > _SILENCE]
        if not silent and len(self._waiting) > _MOST_WAITING:
            silent = [next(iter(self._waiting))]
        for one in silent:
            del self._waiting[one]
            one.protocol.kill()

    def _closed(self, engine: Engine) -> None:
        self._engines.pop(engine)
        self._waiting.pop(engine, None)

    def _decide(self, engine: Engine, request: AssociateRequest) -> None:
        self._waiting.pop(engine, None)
        engine.peer = Peer(request.calling_ae or "?", engine.peer.host, engine.peer.port)
        policy = self.policy
        refusal = None
        if request.application_context != DICOM_APPLICATION_CONTEXT:
            refusal = _APPLICATION_CONTEXT
        elif policy.called_ae is not None and request.called_ae not in policy.called_ae:
            refusal = _CALLED_AE_NOT_RECOGNIZED
        elif policy.calling_ae is not None and request.calling_ae not in policy.calling_ae:
            refusal = _CALLING_AE_NOT_RECOGNIZED
        elif len(self.associations) >= policy.max_associations:
            refusal = _LOCAL_LIMIT_EXCEEDED
        if refusal is not None:
            engine.reject(*refusal)
            return
        engine.accept(
            answer(
                request,
                AnswerPolicy(
                    choose=chooser(request, policy),
                    window=policy.window,
                    max_pdu=policy.max_pdu,
                    implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                    implementation_version=IMPLEMENTATION_VERSION,
                ),
            )
        )


async def listen(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ae_title: str = "ASSOCSH",
    policy: AcceptorPolicy | None = None,
    handlers: Handlers | None = None,
    observer: Observer | None = None,
    timeouts: Timeouts | None = None,
    tls: TLSConfig | None = None,
) -> Listener:
    """Listen for associations; ``port`` 0 takes a free one. Raises ConnectionFailed.

    ``observer`` gets the engine events of every association that comes in. With ``tls`` they come
    below TLS, with a certificate of the requestor where ``tls.ca`` says who issues those; of a
    handshake that failed the observer gets the state ``lost`` with an error that says why. Raises
    UnusableFile and UsageError for files and options of TLS that cannot be used.
    """
    listener = Listener(
        check_ae_title(ae_title),
        policy or AcceptorPolicy(),
        handlers or Handlers(),
        timeouts or Timeouts(),
        observer,
        tls,
    )
    await listener.start(host, port)
    return listener
