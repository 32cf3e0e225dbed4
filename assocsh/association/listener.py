"""The acceptor side: listen for associations and answer them by a policy."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Generator
from os import PathLike
from typing import TYPE_CHECKING, Any

from assocsh.association.answering import AcceptorPolicy, answer_extended, chooser
from assocsh.association.arrivals import Arrivals
from assocsh.association.association import Association
from assocsh.association.deciding import Accept, Decide, Deciding, Decision, Reject
from assocsh.association.engine import Engine
from assocsh.association.events import Observer
from assocsh.association.indication import Handlers
from assocsh.association.options import Timeouts, TLSConfig
from assocsh.association.state import AssociationState
from assocsh.errors import ConnectionFailed, LocalProtocolError, UsageError
from assocsh.text.addresses import Peer, check_ae_title
from assocsh.uids import APPLICATION_CONTEXT as DICOM_APPLICATION_CONTEXT
from assocsh.uids import VERIFICATION
from assocsh.upperlayer.negotiation import AssociateRequest
from assocsh.upperlayer.negotiation_results import AnswerPolicy, answer
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

if TYPE_CHECKING:
    from assocsh.association.receiving import FolderHandlers
    from assocsh.association.tls_door import TlsDoor
    from assocsh.datasets.receive import Received

Between = Callable[[asyncio.BufferedProtocol], asyncio.BaseProtocol]

# A-ASSOCIATE-RJ codes (PS3.8 9.3.4).
_CALLED_AE_NOT_RECOGNIZED = (1, 1, 7)
_CALLING_AE_NOT_RECOGNIZED = (1, 1, 3)
_APPLICATION_CONTEXT = (1, 1, 2)
_LOCAL_LIMIT_EXCEEDED = (2, 3, 2)

_STORAGE = AcceptorPolicy((VERIFICATION,), any_storage=True)

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
    """A listening socket and the associations that came in by it; made by ``listen``.

    ``async for received in listener`` gives each instance that was written to its folder, those
    too that came before, and ends when it is closed. ``policy`` and ``handlers`` may be replaced:
    they hold for the associations that come in from then on. ``ae_title`` and ``timeouts`` are what
    ``listen`` was given. ``between``, when it is set, is asked for what stands between a connection
    and its association: it gets the protocol of the association and returns that of the connection.
    """

    def __init__(
        self,
        ae_title: str,
        policy: AcceptorPolicy,
        handlers: Handlers,
        timeouts: Timeouts,
        observer: Observer | None,
        decide: Decide | None = None,
    ) -> None:
        self.ae_title = ae_title
        self.policy = policy
        self.handlers = handlers
        self.timeouts = timeouts
        self._observer = observer
        self._deciding = Deciding(decide, self._answer) if decide is not None else None
        self._server: asyncio.Server | None = None
        self._door: TlsDoor | None = None
        self._address = ("", 0)
        self._closed = False
        self.between: Between | None = None
        self._folder: FolderHandlers | None = None
        self._arrivals = Arrivals()
        self._engines: dict[Engine, Association] = {}
        """Each has a connection, whether it is established or not."""
        self._waiting: dict[Engine, float] = {}
        """Those whose A-ASSOCIATE-RQ has not come: since when, the longest first."""

    def __repr__(self) -> str:
        return f"<Listener {Peer(self.ae_title, self.host, self.port)}>"

    @property
    def associations(self) -> set[Association]:
        """Those that are established."""
        return {one for one in self._engines.values() if one.state in _ESTABLISHED}

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._address[0]

    @property
    def port(self) -> int:
        """The port it listens on: the one that was found where 0 was asked for."""
        return self._address[1]

    async def start(
        self,
        host: str,
        port: int,
        *,
        to: str | PathLike[str] | None = None,
        tls: TLSConfig | None = None,
    ) -> None:
        """Bind and listen; ``listen`` does it. Raises what that raises."""
        loop = asyncio.get_running_loop()
        if tls is not None:
            from assocsh.association.tls_door import TlsDoor

            self._door = TlsDoor(tls, self._engine, self._front, self._gone, self.timeouts.connect)
        if to is not None:
            from assocsh.association.receiving import FolderHandlers

            self.handlers = self._folder = FolderHandlers(to, self._arrivals.add, self.handlers)
        try:
            self._server = await loop.create_server(self._door or self._protocol, host, port)
        except OSError as error:
            raise ConnectionFailed(
                f"cannot listen on {host}:{port}: {_why(error)}",
                hint="is another program on that port? --port 0 takes a free one; "
                "ports below 1024 need root",
            ) from error
        finally:
            if self._server is None and self._folder is not None:
                self._folder.close()
        name = self._server.sockets[0].getsockname()
        self._address = (str(name[0]), int(name[1]))

    async def receive(self, *, timeout: float | None = None) -> Received:
        """The next instance that was written to the folder; each is given once.

        Raises TimeoutError when none comes within ``timeout`` seconds, LocalProtocolError when the
        listener is closed and none is left, UsageError for a listener without a folder.
        """
        if self._folder is None:
            raise UsageError(
                "this listener keeps no instances", hint="give it a folder: listen(to=...)"
            )
        return await self._arrivals.next(timeout)

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> Received:
        try:
            return await self.receive()
        except LocalProtocolError:
            raise StopAsyncIteration from None

    async def close(self) -> None:
        """Stop listening, abort what is still associated, and close what is not yet."""
        self._closed = True
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
        if self._folder is not None:
            self._folder.close()
        self._arrivals.close()

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

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
        association = Association(engine)
        engine.on_connected = lambda engine: self._connected(engine, association)
        engine.on_closed = self._gone
        return engine

    def _protocol(self) -> asyncio.BaseProtocol:
        return self._front(self._engine())

    def _front(self, engine: Engine) -> asyncio.BaseProtocol:
        """What the connection of an association is taken with."""
        return engine.protocol if self.between is None else self.between(engine.protocol)

    def _connected(self, engine: Engine, association: Association) -> None:
        """Keep those that say nothing from taking the place of those that will speak.

        A connection has no A-ASSOCIATE-RQ when it is made: that is read in a later turn of the
        loop, and of fifty connections that come at once in fifty others. So the one that came now
        is never shut out. What an address has more than the policy has associations gives way,
        those first that have been silent longest, and only when they have had time to speak; the
        rest is ARTIM's. Who speaks is told by A-ASSOCIATE-RJ when there is no room.
        """
        self._engines[engine] = association
        now = engine.loop.time()
        self._waiting[engine] = now
        if self._closed:
            # it came while the listener was being closed
            engine.protocol.kill()
            return
        here = [one for one in self._waiting if one.peer.host == engine.peer.host]
        surplus = here[: max(0, len(here) - self.policy.max_associations)]
        silent = [one for one in surplus if now - self._waiting[one] > _SILENCE]
        if not silent and len(self._waiting) > _MOST_WAITING:
            silent = [next(iter(self._waiting))]
        for one in silent:
            del self._waiting[one]
            one.protocol.kill()

    def _gone(self, engine: Engine) -> None:
        self._engines.pop(engine, None)
        self._waiting.pop(engine, None)
        if self._deciding is not None:
            self._deciding.forget(engine)

    def _decide(self, engine: Engine, request: AssociateRequest) -> None:
        self._waiting.pop(engine, None)
        engine.peer = Peer(request.calling_ae or "?", engine.peer.host, engine.peer.port)
        policy, deciding = self.policy, self._deciding
        refusal = None
        if request.application_context != DICOM_APPLICATION_CONTEXT:
            refusal = _APPLICATION_CONTEXT
        elif policy.called_ae is not None and request.called_ae not in policy.called_ae:
            refusal = _CALLED_AE_NOT_RECOGNIZED
        elif policy.calling_ae is not None and request.calling_ae not in policy.calling_ae:
            refusal = _CALLING_AE_NOT_RECOGNIZED
        elif len(self.associations) + len(deciding or ()) >= policy.max_associations:
            refusal = _LOCAL_LIMIT_EXCEEDED
        if refusal is not None:
            engine.reject(*refusal)
        elif deciding is not None:
            deciding.ask(engine, self._engines[engine], request)
        else:
            self._answer(engine, request, Accept())

    def _answer(self, engine: Engine, request: AssociateRequest, decision: Decision) -> None:
        if isinstance(decision, Reject):
            engine.reject(decision.result, decision.source, decision.reason)
            return
        policy = self.policy
        engine.accept(
            answer(
                request,
                AnswerPolicy(
                    choose=decision.chooser(chooser(request, policy)),
                    window=policy.window,
                    extended=answer_extended(policy),
                    user_identity_response=decision.user_identity_response,
                    max_pdu=policy.max_pdu,
                    implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                    implementation_version=IMPLEMENTATION_VERSION,
                ),
            )
        )


class Listening:
    """What ``listen`` returns: await it, or use it with ``async with``, which closes it."""

    def __init__(
        self,
        listener: Listener,
        host: str,
        port: int,
        to: str | PathLike[str] | None,
        tls: TLSConfig | None,
    ) -> None:
        self._listener = listener
        self._host = host
        self._port = port
        self._to = to
        self._tls = tls

    def __await__(self) -> Generator[Any, None, Listener]:
        return self._start().__await__()

    async def __aenter__(self) -> Listener:
        return await self._start()

    async def __aexit__(self, *exception: object) -> None:
        await self._listener.close()

    async def _start(self) -> Listener:
        await self._listener.start(self._host, self._port, to=self._to, tls=self._tls)
        return self._listener


def listen(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ae_title: str = "ASSOCSH",
    to: str | PathLike[str] | None = None,
    policy: AcceptorPolicy | None = None,
    decide: Decide | None = None,
    handlers: Handlers | None = None,
    tls: TLSConfig | None = None,
    observer: Observer | None = None,
    timeouts: Timeouts | None = None,
) -> Listening:
    """Listen for associations; ``port`` 0 takes a free one.

    Await it, or use ``async with``: leaving it closes the listener.

    ``to`` is a folder: each instance that is stored becomes a whole Part 10 file there, before its
    C-STORE is answered with success, and ``async for`` over the listener tells of it. Without a
    ``policy`` such a listener takes storage and verification, any other whatever is proposed.
    ``handlers`` perform what else is asked. ``decide`` is asked about each A-ASSOCIATE-RQ that the
    policy lets through and answers ``Accept`` or ``Reject``. ``tls`` has our certificate and key;
    with ``ca`` the clients have to show one. ``observer`` gets the engine events of every
    association that comes in, and of a TLS handshake that failed the state ``lost`` with an error
    that says why.

    Raises UsageError at once for an AE title that is none; when awaited ConnectionFailed for a port
    that cannot be had, UsageError for a folder that cannot be one or a handler for C-STORE beside
    it, UnusableFile for TLS files that cannot be loaded.
    """
    if policy is None:
        policy = AcceptorPolicy() if to is None else _STORAGE
    listener = Listener(
        check_ae_title(ae_title),
        policy,
        handlers or Handlers(),
        timeouts or Timeouts(),
        observer,
        decide,
    )
    return Listening(listener, host, port, to, tls)
