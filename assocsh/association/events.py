"""What happens on an association, when, and to which request: the one stream of engine events.

The toolbar, the wire views, recordings, reports and diagrams are consumers of it. An observer is
called on the event loop and must not block. PDUs are only reported to observers that have a true
attribute ``wants_pdus``: they cost something for each PDU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from assocsh.dimse.commandset import CommandSet
from assocsh.dimse.states import OperationState
from assocsh.errors import AssociationError, Side
from assocsh.upperlayer.negotiation import PresentationContext

if TYPE_CHECKING:
    from assocsh.association.association import Association
    from assocsh.association.indication import Indication
    from assocsh.association.operation import Operation
    from assocsh.association.state import AssociationState

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The association is in another state; ``error`` is what ended it."""

    time: float
    association: Association
    state: AssociationState
    error: AssociationError | None = None


@dataclass(frozen=True, slots=True)
class PduTransferred:
    """One whole PDU, in pieces, with its header. The pieces are valid during the call only."""

    time: float
    association: Association
    sent: bool
    pdu_type: int
    buffers: tuple[Buffer, ...]


@dataclass(frozen=True, slots=True)
class MessageTransferred:
    """One whole DIMSE message; ``operation`` is ours that it belongs to, if any."""

    time: float
    association: Association
    sent: bool
    command: CommandSet
    context: PresentationContext | None
    data_length: int
    operation: Operation | None


@dataclass(frozen=True, slots=True)
class OperationChanged:
    """A request of ours is in another state."""

    time: float
    association: Association
    operation: Operation
    state: OperationState


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """The peer invoked an operation or a notification."""

    time: float
    association: Association
    indication: Indication


@dataclass(frozen=True, slots=True)
class Remark:
    """Something out of order that did not end the association, and who caused it."""

    time: float
    association: Association
    text: str
    by: Side


@dataclass(frozen=True, slots=True)
class TransportChanged:
    """The connection below: made, secured, closed."""

    time: float
    association: Association
    what: Literal["connected", "tls", "closed"]
    detail: str


EngineEvent = (
    StateChanged
    | PduTransferred
    | MessageTransferred
    | OperationChanged
    | PeerRequest
    | Remark
    | TransportChanged
)


class Observer(Protocol):
    """A consumer of the stream. ``wants_pdus`` may be absent, which means False."""

    def __call__(self, event: EngineEvent, /) -> None: ...
