"""What the upper layer protocol machine tells its user: the primitives of PS3.8 7."""

from __future__ import annotations

from assocsh.errors import ProtocolError
from assocsh.records import NamedTuple, dataclass
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest


class Pdv(NamedTuple):
    """One Presentation Data Value (PS3.8 9.3.5.1, Annex E).

    ``data`` is a view of the bytes received: it keeps the whole chunk alive while it is held.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


@dataclass(frozen=True, slots=True)
class AssociateIndication:
    """An A-ASSOCIATE-RQ arrived (acceptor, Sta3 follows)."""

    request: AssociateRequest


@dataclass(frozen=True, slots=True)
class AssociateConfirmation:
    """An A-ASSOCIATE-AC arrived (requestor, Sta6 follows)."""

    accept: AssociateAccept


@dataclass(frozen=True, slots=True)
class RejectConfirmation:
    """An A-ASSOCIATE-RJ arrived; the codes are the peer's, defined or not."""

    result: int
    source: int
    reason: int


class DataIndication(NamedTuple):
    """A P-DATA-TF arrived."""

    pdvs: list[Pdv]


@dataclass(frozen=True, slots=True)
class ReleaseIndication:
    """An A-RELEASE-RQ arrived. ``collision``: both sides asked (Sta9 or Sta10 follows)."""

    collision: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseConfirmation:
    """An A-RELEASE-RP arrived: the association is released."""


@dataclass(frozen=True, slots=True)
class AbortIndication:
    """An A-ABORT arrived: A-ABORT indication for source 0, A-P-ABORT for source 2."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class ProviderAbort:
    """This side aborted because of what the peer did (AA-8, AA-1): an A-P-ABORT for the user."""

    error: ProtocolError


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """The connection closed while there was an association or one in the making (AA-4).

    ``partial`` is how many bytes of an incomplete PDU had come.
    """

    partial: int = 0


@dataclass(frozen=True, slots=True)
class ArtimExpired:
    """ARTIM ran out: the connection is being closed (AA-2, PS3.8 9.1.4)."""


Event = (
    AssociateIndication
    | AssociateConfirmation
    | RejectConfirmation
    | DataIndication
    | ReleaseIndication
    | ReleaseConfirmation
    | AbortIndication
    | ProviderAbort
    | TransportClosed
    | ArtimExpired
)
