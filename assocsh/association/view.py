"""What events, operations and handlers may ask of the association that they belong to."""

from __future__ import annotations

from typing import Protocol

from assocsh.association.kept import KeptPdu
from assocsh.association.options import Timeouts
from assocsh.association.state import AssociationState
from assocsh.errors import AssociationError
from assocsh.text.addresses import Peer
from assocsh.upperlayer.identity import IdentityAnswer
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
    def state(self) -> AssociationState:
        """Connecting, requesting, open, releasing, or how it ended."""

    @property
    def peer(self) -> Peer:
        """The other side."""

    @property
    def calling_ae(self) -> str:
        """The AE title of this side."""

    @property
    def is_requestor(self) -> bool:
        """Whether this side sent the A-ASSOCIATE-RQ."""

    @property
    def window(self) -> AsyncWindow:
        """The effective window: ``invoked`` by us, ``performed`` for the peer; 0 is unlimited."""

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        """Every proposed presentation context and what became of it."""

    @property
    def request(self) -> AssociateRequest | None:
        """The A-ASSOCIATE-RQ, of whichever side."""

    @property
    def accept(self) -> AssociateAccept | None:
        """The A-ASSOCIATE-AC; None before it."""

    @property
    def identity(self) -> IdentityAnswer | None:
        """What the acceptor said of the user identity; None without one, or before the answer."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What in the negotiation was out of order, and how it was read."""

    @property
    def max_pdu(self) -> int:
        """The longest P-DATA-TF this side takes, in bytes of its length field."""

    @property
    def peer_max_pdu(self) -> int:
        """The longest the peer takes, 0 without limit."""

    @property
    def pending(self) -> int:
        """Requests that hold a place in the window."""

    @property
    def queued(self) -> int:
        """Requests that wait for a place in the window."""

    @property
    def closed(self) -> bool:
        """The association ended."""

    @property
    def ended_by(self) -> AssociationError | None:
        """What ended it; None while it lives."""

    @property
    def last_activity(self) -> float:
        """When the last DIMSE message went or came."""

    @property
    def timeouts(self) -> Timeouts:
        """The timers."""

    @property
    def addresses(self) -> tuple[str, str]:
        """This side and the peer, as ``HOST:PORT`` with numbers; "" when not connected."""

    @property
    def opening(self) -> tuple[KeptPdu, ...]:
        """The A-ASSOCIATE-RQ and the answer to it, as far as they went or came."""

    async def release(self, *, now: bool = False, timeout: float | None = None) -> None:
        """See ``Association.release``."""

    async def abort(self) -> None:
        """See ``Association.abort``."""

    async def wait_closed(self) -> None:
        """Wait until it has ended and its connection is closed. Never raises."""
