"""The association: send any request, get a stream of responses, cancel, release, abort."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from assocsh.association.engine import Engine, OnTimeout
from assocsh.association.events import Observer
from assocsh.association.indication import Handlers
from assocsh.association.kept import KeptPdu
from assocsh.association.operation import Operation
from assocsh.association.options import Timeouts
from assocsh.association.prepare import Where, prepare
from assocsh.association.state import AssociationState
from assocsh.dimse.requests import CEcho, CFind, CGet, CMove, CStore, Data, Request, StoredData
from assocsh.errors import AssociationError
from assocsh.text.addresses import Peer
from assocsh.upperlayer.identity import IdentityAnswer, identity_answer
from assocsh.upperlayer.negotiation import (
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    PresentationContext,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association.storing import Source, Stored
    from assocsh.datasets.receive import Received


class Association:
    """One DICOM association, made by ``connect`` or by a ``Listener``.

    It takes any request at any time and sends them in order under the negotiated asynchronous
    operations window (PS3.7 D.3.3.3); the rest is queued. It ends by ``release``, by ``abort``, or
    by what the peer and the network do: ``ended_by`` says which. All times are ``loop.time()``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.stream.association = self

    def __repr__(self) -> str:
        return f"<Association {self.calling_ae} -> {self.peer} {self.state}>"

    # -- what it is ------------------------------------------------------------------------------

    @property
    def state(self) -> AssociationState:
        """Connecting, requesting, open, releasing, or how it ended."""
        return self._engine.state

    @property
    def peer(self) -> Peer:
        """The other side. Of one that called us: its AE title, and where its connection is from."""
        return self._engine.peer

    @property
    def calling_ae(self) -> str:
        """The AE title of this side."""
        return self._engine.calling_ae

    @property
    def is_requestor(self) -> bool:
        """Whether this side sent the A-ASSOCIATE-RQ."""
        return self._engine.upper.is_requestor

    @property
    def window(self) -> AsyncWindow:
        """The effective window: ``invoked`` by us, ``performed`` for the peer; 0 is unlimited."""
        return self._engine.window

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        """Every proposed presentation context and what became of it."""
        return self._engine.contexts

    @property
    def request(self) -> AssociateRequest | None:
        """The A-ASSOCIATE-RQ, of whichever side."""
        return self._engine.upper.request

    @property
    def accept(self) -> AssociateAccept | None:
        """The A-ASSOCIATE-AC; None before it."""
        return self._engine.upper.accept

    @property
    def identity(self) -> IdentityAnswer | None:
        """What the acceptor said of the user identity; None without one, or before the answer."""
        return identity_answer(self.request, self.accept)

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate that the peer showed, in DER; None without TLS, or if it showed none."""
        return self._engine.protocol.peer_certificate

    @property
    def remarks(self) -> tuple[str, ...]:
        """What in the negotiation was out of order, and how it was read."""
        negotiated = self._engine.upper.negotiated
        return negotiated.remarks if negotiated is not None else ()

    @property
    def max_pdu(self) -> int:
        """The longest P-DATA-TF we take, in bytes of its length field."""
        return self._engine.upper.max_pdu

    @property
    def peer_max_pdu(self) -> int:
        """The longest the peer takes, 0 without limit."""
        return self._engine.upper.peer_max_pdu

    @property
    def pending(self) -> int:
        """Requests that hold a place in the window: sending, pending, cancelling.

        One that ended on this side (cancelled without C-CANCEL, or timed out) holds its place until
        the peer answers it.
        """
        dimse = self._engine.dimse
        return len(dimse.outstanding) if dimse is not None else 0

    @property
    def queued(self) -> int:
        """Requests that wait for a place in the window."""
        dimse = self._engine.dimse
        return dimse.queued if dimse is not None else 0

    @property
    def operations(self) -> Mapping[int, Operation]:
        """The requests that have not ended, by number."""
        return self._engine.operations

    @property
    def closed(self) -> bool:
        """The association ended; ``ended_by`` says how."""
        return self.state.is_end

    @property
    def ended_by(self) -> AssociationError | None:
        """What ended it: released, aborted, rejected, lost. None while it lives."""
        return self._engine.ended_by

    @property
    def last_activity(self) -> float:
        """When the last DIMSE message went or came."""
        return self._engine.last_activity

    @property
    def addresses(self) -> tuple[str, str]:
        """This side and the peer, as ``HOST:PORT`` with numbers; "" when not connected."""
        return self._engine.protocol.addresses()

    @property
    def opening(self) -> tuple[KeptPdu, ...]:
        """The A-ASSOCIATE-RQ and the answer to it, as far as they went or came."""
        return self._engine.stream.opening

    @property
    def timeouts(self) -> Timeouts:
        """The timers; other ones may be set at any time, and hold for what is going on too."""
        return self._engine.timeouts

    @timeouts.setter
    def timeouts(self, timeouts: Timeouts) -> None:
        self._engine.set_timeouts(timeouts)

    @property
    def on_timeout(self) -> OnTimeout:
        """What a DIMSE timeout does to the association; in either case the request fails."""
        return self._engine.on_timeout

    @on_timeout.setter
    def on_timeout(self, policy: OnTimeout) -> None:
        self._engine.on_timeout = policy

    @property
    def handlers(self) -> Handlers:
        """What this side performs for the peer; may be replaced while open."""
        return self._engine.performer.handlers

    @handlers.setter
    def handlers(self, handlers: Handlers) -> None:
        self._engine.performer.handlers = handlers

    def subscribe(self, observer: Observer) -> None:
        """Have ``observer`` called with each engine event from now on."""
        self._engine.stream.subscribe(observer)

    def unsubscribe(self, observer: Observer) -> None:
        """Call ``observer`` no more; does nothing if it is not subscribed."""
        self._engine.stream.unsubscribe(observer)

    # -- requests --------------------------------------------------------------------------------

    def send(
        self,
        request: Request,
        *,
        limit: int | None = None,
        tag: object | None = None,
        context: Where = None,
    ) -> Operation:
        """Queue a request and return its operation at once. Never blocks.

        ``limit`` cancels the operation after that many Pending responses. ``tag`` is kept as
        ``operation.tag``: any object of the caller's, by which an observer finds what the operation
        belongs to. ``context`` is the presentation context to send on: one of ``contexts``, its ID,
        or the SOP class that it was proposed for. Without it the one is taken that was proposed for
        the class of the request, or for one that carries its requests too (PS3.4 H.3, CC.3.1). The
        command set names the class of the request on any of them.

        Raises NoPresentationContext, UnusableFile or UsageError, and what ended the association if
        it did; nothing was queued then.
        """
        return self._engine.send(request, limit, tag, context)

    def context_for(self, request: Request, *, context: Where = None) -> PresentationContext:
        """The presentation context ``send`` would use. Raises as ``send`` does."""
        return prepare(request, self.contexts, on=context).context

    def echo(self, *, tag: object | None = None) -> Operation:
        """C-ECHO (PS3.7 9.1.5)."""
        return self.send(CEcho(), tag=tag)

    def find(
        self,
        level: str,
        keys: Data,
        *,
        model: str | None = None,
        limit: int | None = None,
        tag: object | None = None,
    ) -> Operation:
        """C-FIND (PS3.7 9.1.2): ``find("STUDY", {"PatientID": "123", "StudyDate": ""})``."""
        return self.send(CFind(level, keys, model), limit=limit, tag=tag)

    def store(
        self, source: str | PathLike[str] | Dataset | StoredData, *, tag: object | None = None
    ) -> Operation:
        """C-STORE (PS3.7 9.1.1) of a Part 10 file or a Dataset."""
        return self.send(CStore(source), tag=tag)

    def store_all(self, sources: Iterable[Source]) -> AsyncIterator[Stored]:
        """C-STORE of many: ``async for stored in association.store_all(paths)``, in their order.

        The window is kept full, and no more than that is read ahead. What cannot be sent is told
        with its reason and does not keep the others from going. Raises what ends the association.
        Left early, what was not sent yet is withdrawn.
        """
        from assocsh.association.storing import store_all

        return store_all(self.store, sources, 2 * (self.window.invoked or 32))

    def get(
        self,
        level: str,
        keys: Data,
        *,
        to: str | PathLike[str] | None = None,
        model: str | None = None,
        tag: object | None = None,
    ) -> Operation:
        """C-GET (PS3.7 9.1.3): the instances come as C-STORE on this association.

        They go to the folder ``to``, whole Part 10 files or nothing, and ``operation.received``
        tells of each; without it they are for ``handlers``. Of two at once the one that was asked
        for first gets what comes: nothing in a C-STORE names its C-GET. Raises UsageError for a
        folder that cannot be one.
        """
        if to is None:
            return self.send(CGet(level, keys, model), tag=tag)
        from assocsh.association.receiving import FolderHandlers

        received: list[Received] = []
        handlers, waiting = FolderHandlers(to, received.append), self._engine.performer.receiving
        try:
            operation = self.send(CGet(level, keys, model), tag=tag)
        except BaseException:
            handlers.close()
            raise
        operation.received = received
        waiting.append(handlers)

        def ended(_: Operation) -> None:
            waiting.remove(handlers)
            handlers.close()

        operation.add_done_callback(ended)
        return operation

    def move(
        self,
        level: str,
        keys: Data,
        destination: str,
        *,
        model: str | None = None,
        tag: object | None = None,
    ) -> Operation:
        """C-MOVE (PS3.7 9.1.4) to the AE title ``destination``."""
        return self.send(CMove(level, keys, destination, model), tag=tag)

    # -- the end ---------------------------------------------------------------------------------

    async def release(self, *, now: bool = False, timeout: float | None = None) -> None:
        """Release (PS3.8 7.2): refuse new requests, wait for all that is pending, then release.

        ``now`` does not wait: what is pending fails with AssociationReleased. Without an answer
        within ``timeout`` seconds (default: ``timeouts.release``) the association is aborted.
        Raises what ended the association before it could be released.
        """
        limit = self.timeouts.release if timeout is None else timeout
        await self._engine.closing.release(now=now, timeout=limit)

    async def abort(self) -> None:
        """Abort (PS3.8 7.3): everything pending and queued fails at once.

        The connection is closed within about a second, whatever the peer does.
        """
        await self._engine.closing.abort()

    async def wait_closed(self) -> None:
        """Wait until the association has ended and its connection is closed. Never raises."""
        await self._engine.protocol.wait_closed()

    async def __aenter__(self) -> Association:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        if kind is not None:
            await self.abort()
        elif not self.closed:
            await self.release()
