"""What events, operations and handlers may ask of the association that they belong to."""

from __future__ import annotations

from typing import Protocol

from assocsh.association.options import Timeouts
from assocsh.association.state import AssociationState
from assocsh.errors import AssociationError
from assocsh.text.addresses import Peer
from assocsh.upperlayer.negotiation import (
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    PresentationContext,
)


class AssociationView(Protocol):
    """An association as its events, its operations and its indications name it.

    The object behind it is always the ``Association`` that ``connect`` or a ``Listener`` made; its
    documentation says what each of these means. They are written down here without their class, so
    that an event can name its association and an association its observers.
    """

    @property
    def state(self) -> AssociationState: ...

    @property
    def peer(self) -> Peer: ...

    @property
    def calling_ae(self) -> str: ...

    @property
    def is_requestor(self) -> bool: ...

    @property
    def window(self) -> AsyncWindow: ...

    @property
    def contexts(self) -> tuple[PresentationContext, ...]: ...

    @property
    def request(self) -> AssociateRequest | None: ...

    @property
    def accept(self) -> AssociateAccept | None: ...

    @property
    def remarks(self) -> tuple[str, ...]: ...

    @property
    def max_pdu(self) -> int: ...

    @property
    def peer_max_pdu(self) -> int: ...

    @property
    def pending(self) -> int: ...

    @property
    def queued(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    @property
    def ended_by(self) -> AssociationError | None: ...

    @property
    def last_activity(self) -> float: ...

    @property
    def timeouts(self) -> Timeouts: ...

    async def release(self, *, now: bool = False, timeout: float | None = None) -> None: ...

    async def abort(self) -> None: ...

    async def wait_closed(self) -> None: ...
