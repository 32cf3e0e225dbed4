"""Open an association as its requestor."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from assocsh.association import endings, tls_failures
from assocsh.association.association import Association
from assocsh.association.class_items import CommonSaid, ExtendedAsked, RolesAsked, class_items
from assocsh.association.engine import Engine
from assocsh.association.events import Observer
from assocsh.association.handshake import Handshake, Security
from assocsh.association.indication import Handlers
from assocsh.association.options import Timeouts, TLSConfig
from assocsh.association.proposals import ContextSpec, context_specs, propose
from assocsh.association.state import AssociationState
from assocsh.association.tls import check_pin, client_context
from assocsh.errors import AssociationError, UsageError
from assocsh.text.addresses import Peer, check_ae_title
from assocsh.upperlayer.negotiation import AssociateRequest, AsyncWindow, UserIdentity
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

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
        handshake = Handshake(client_context(tls), tls) if tls is not None else None
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


def connect(
    peer: str | Peer,
    *,
    calling_ae: str = "ASSOCSH",
    called_ae: str | None = None,
    window: int | AsyncWindow | None = None,
    contexts: str | Sequence[str | ContextSpec] = "default",
    roles: RolesAsked | None = None,
    extended: ExtendedAsked | None = None,
    common: CommonSaid | None = None,
    max_pdu: int = 131072,
    timeouts: Timeouts | None = None,
    tls: TLSConfig | None = None,
    user_identity: UserIdentity | None = None,
    handlers: Handlers | None = None,
    observer: Observer | None = None,
) -> Connecting:
    """Open an association with ``peer``, ``AET@HOST:PORT``.

    Await it, or use ``async with``: leaving it releases, leaving it by an exception aborts.

    ``window`` is how many requests may be outstanding (PS3.7 D.3.3.3; 0 unlimited; None proposes
    no window, which is synchronous). ``contexts`` is described in ``proposals``. ``max_pdu`` is
    the longest P-DATA-TF we take, in bytes. ``user_identity`` says who asks (PS3.7 D.3.3.7):
    ``UserIdentity.user("jane", "passcode")``, ``.kerberos``, ``.saml``, ``.jwt``.

    ``roles``, ``extended`` and ``common`` say more of SOP classes that ``contexts`` proposes (PS3.7
    D.3.3.4 to D.3.3.6), each by keyword or UID, in the words of the shell or as what goes out:
    ``{"CTImageStorage": "both"}`` or a ``Role`` (None: no item), ``{"find": "relational,fuzzy"}``
    or the bytes, ``{"1.2.3": "storage"}`` or a ``CommonNegotiation``. Without ``roles`` they are
    those that a C-GET needs. What the peer made of them is in the ``contexts`` of the association.

    Raises UsageError at once; when awaited ConnectionFailed, AssociationRejected, ConnectionLost,
    AssociationAborted or ProtocolError, all AssociationError.
    """
    address = Peer.parse(peer) if isinstance(peer, str) else peer
    if called_ae is not None:
        address = Peer(check_ae_title(called_ae), address.host, address.port)
    calling = check_ae_title(calling_ae)
    offered = AsyncWindow(window, window) if isinstance(window, int) else window
    for number in (offered.invoked, offered.performed) if offered is not None else ():
        if not 0 <= number <= 65535:
            raise UsageError(
                f"{number} is not a window", hint="it goes from 0 (unlimited) to 65535"
            )
    if max_pdu != 0 and not 4096 <= max_pdu <= 16 * 1024 * 1024:
        raise UsageError(
            f"{max_pdu} is not a usable maximum PDU length",
            hint="from 4096 to 16777216 bytes, or 0 for no limit",
        )
    if user_identity is not None:
        user_identity.check()
    proposal = propose(context_specs(contexts))
    items = class_items(proposal, roles, extended, common)
    request = AssociateRequest(
        called_ae=address.ae,
        calling_ae=calling,
        contexts=proposal.contexts,
        max_pdu=max_pdu,
        window=offered,
        roles=items.roles,
        extended=items.extended,
        common=items.common,
        user_identity=user_identity,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version=IMPLEMENTATION_VERSION,
    )
    engine = partial(
        Engine,
        peer=address,
        calling_ae=calling,
        max_pdu=max_pdu,
        timeouts=timeouts or Timeouts(),
        handlers=handlers,
        observers=() if observer is None else (observer,),
    )
    return Connecting(engine, request, tls, proposal.remark)
