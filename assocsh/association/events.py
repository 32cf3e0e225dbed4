"""What happens on an association, when, and to which request: the one stream of engine events.

The toolbar, the wire views, recordings, reports and diagrams are consumers of it. An observer is
called on the event loop and must not block. PDUs are only given to a ``PduObserver``: they cost
something for each PDU. A ``RunObserver`` is given as many at once as went by at once, to be looked
at later: a write of a whole image is one event.
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from assocsh.association.indication import Indication
from assocsh.association.operation import Operation
from assocsh.association.state import AssociationState
from assocsh.association.view import AssociationView
from assocsh.dimse.commandset import CommandSet
from assocsh.errors import AssociationError, Side
from assocsh.records import NamedTuple
from assocsh.states import OperationState
from assocsh.upperlayer.negotiation import PresentationContext
from assocsh.upperlayer.pdus import Buffer


class StateChanged(NamedTuple):
    """The association is in another state; ``error`` is what ended it."""

    time: float
    association: AssociationView
    state: AssociationState
    error: AssociationError | None = None


class PduTransferred(NamedTuple):
    """One whole PDU, in pieces, with its header. The pieces are valid during the call only."""

    time: float
    association: AssociationView
    sent: bool
    pdu_type: int
    buffers: tuple[Buffer, ...]


class PdusTransferred(NamedTuple):
    """Whole PDUs of one type, one after another, in ``pieces`` that may be kept.

    What was sent is two pieces for each P-DATA-TF, head and data; what is one piece is one PDU.
    """

    time: float
    association: AssociationView
    sent: bool
    pdu_type: int
    pieces: tuple[Buffer, ...]


class MessageTransferred(NamedTuple):
    """One whole DIMSE message; ``operation`` is ours that it belongs to, if any.

    ``data_length`` is that of its data set, and ``data`` the data set as it is encoded: of a
    C-STORE perhaps its beginning only, None without one.
    """

    time: float
    association: AssociationView
    sent: bool
    command: CommandSet
    context: PresentationContext | None
    data_length: int
    operation: Operation | None
    data: bytes | None = None


class OperationChanged(NamedTuple):
    """A request of ours is in another state."""

    time: float
    association: AssociationView
    operation: Operation
    state: OperationState


class PeerRequest(NamedTuple):
    """The peer invoked an operation or a notification."""

    time: float
    association: AssociationView
    indication: Indication


class Remark(NamedTuple):
    """Something out of order that did not end the association, and who caused it."""

    time: float
    association: AssociationView
    text: str
    by: Side


class TransportChanged(NamedTuple):
    """The connection below: made, secured, closed."""

    time: float
    association: AssociationView
    what: Literal["connected", "tls", "closed"]
    detail: str


EngineEvent = (
    StateChanged
    | PduTransferred
    | PdusTransferred
    | MessageTransferred
    | OperationChanged
    | PeerRequest
    | Remark
    | TransportChanged
)


class Observer(Protocol):
    """A consumer of the stream: called on the event loop with each event. What it raises is given
    to the loop's exception handler, and changes nothing for the association."""

    def __call__(self, event: EngineEvent, /) -> None:
        """Take an event. Must not block."""


@runtime_checkable
class PduObserver(Protocol):
    """An observer that is given ``PduTransferred`` as well, if ``wants_pdus`` is true.

    That is asked when it is subscribed, and not again.
    """

    @property
    def wants_pdus(self) -> bool:
        """Whether it is to be given PDUs."""

    def __call__(self, event: EngineEvent, /) -> None:
        """Take an event. Must not block, nor keep the buffers of a PDU."""


@runtime_checkable
class RunObserver(Protocol):
    """An observer that is given ``PdusTransferred`` as well, if ``wants_runs`` is true.

    That is asked when it is subscribed, and not again.
    """

    @property
    def wants_runs(self) -> bool:
        """Whether it is to be given runs of PDUs."""

    def __call__(self, event: EngineEvent, /) -> None:
        """Take an event. Must not block; it may keep the pieces."""


def wants_runs(observer: Observer) -> bool:
    """Whether ``observer`` is to be given runs of PDUs."""
    return isinstance(observer, RunObserver) and observer.wants_runs


def wants_pdus(observer: Observer) -> bool:
    """Whether ``observer`` is to be given PDUs; one that has no such attribute is not."""
    return isinstance(observer, PduObserver) and observer.wants_pdus
