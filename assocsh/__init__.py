"""assocsh: a shell, and an object, for one live DICOM association.

The public names are loaded when first used, so that ``assocsh --version`` stays quick::

    from assocsh import CFind, connect

``assocsh.sync`` has the same without asyncio. ``docs/api.md`` shows all of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assocsh.deferred import deferred
from assocsh.version import __version__

if TYPE_CHECKING:
    from assocsh import sync
    from assocsh.association import (
        Accept,
        AcceptorPolicy,
        Association,
        AssociationState,
        ContextSpec,
        Handlers,
        Indication,
        Listener,
        Operation,
        Peer,
        Reject,
        Timeouts,
        TLSConfig,
        connect,
        contexts_for,
        listen,
    )
    from assocsh.association.storing import Stored
    from assocsh.datasets.receive import Received
    from assocsh.dimse import (
        CancelOutcome,
        CEcho,
        CFind,
        CGet,
        CMove,
        CommandField,
        CStore,
        EncodedData,
        NAction,
        NCreate,
        NDelete,
        NEventReport,
        NGet,
        NSet,
        OperationState,
        Request,
        Response,
        StoredData,
        SubOperations,
    )
    from assocsh.errors import (
        AssociationAborted,
        AssociationError,
        AssociationRejected,
        AssociationReleased,
        AssocshError,
        ConnectionFailed,
        ConnectionLost,
        LocalProtocolError,
        LocalRefusal,
        NoPresentationContext,
        OperationCancelled,
        OperationTimeout,
        ProtocolError,
        UnusableFile,
        UsageError,
    )
    from assocsh.upperlayer.identity import IdentityAnswer, IdentityOutcome
    from assocsh.upperlayer.negotiation import (
        AssociateAccept,
        AssociateRequest,
        AsyncWindow,
        CommonNegotiation,
        PresentationContext,
        ProposedContext,
        Role,
        UserIdentity,
    )

_HOMES = {
    "assocsh.association": (
        "Accept AcceptorPolicy Association AssociationState ContextSpec Handlers Indication "
        "Listener Operation Peer Reject Timeouts TLSConfig connect "
        "contexts_for listen"
    ),
    "assocsh.datasets.receive": "Received",
    "assocsh.dimse": (
        "CEcho CFind CGet CMove CStore CancelOutcome CommandField EncodedData NAction NCreate "
        "NDelete NEventReport NGet NSet OperationState Request Response StoredData SubOperations"
    ),
    "assocsh.errors": (
        "AssociationAborted AssociationError AssociationRejected AssociationReleased AssocshError "
        "ConnectionFailed ConnectionLost LocalProtocolError LocalRefusal NoPresentationContext "
        "OperationCancelled OperationTimeout ProtocolError UnusableFile UsageError"
    ),
    "assocsh.association.storing": "Stored",
    "assocsh.upperlayer.identity": "IdentityAnswer IdentityOutcome",
    "assocsh.upperlayer.negotiation": (
        "AssociateAccept AssociateRequest AsyncWindow CommonNegotiation PresentationContext "
        "ProposedContext Role UserIdentity"
    ),
}
_MODULES = ("sync",)

__all__ = [
    "Accept",
    "AcceptorPolicy",
    "AssociateAccept",
    "AssociateRequest",
    "Association",
    "AssociationAborted",
    "AssociationError",
    "AssociationRejected",
    "AssociationReleased",
    "AssociationState",
    "AssocshError",
    "AsyncWindow",
    "CEcho",
    "CFind",
    "CGet",
    "CMove",
    "CStore",
    "CancelOutcome",
    "CommandField",
    "CommonNegotiation",
    "ConnectionFailed",
    "ConnectionLost",
    "ContextSpec",
    "EncodedData",
    "Handlers",
    "IdentityAnswer",
    "IdentityOutcome",
    "Indication",
    "Listener",
    "LocalProtocolError",
    "LocalRefusal",
    "NAction",
    "NCreate",
    "NDelete",
    "NEventReport",
    "NGet",
    "NSet",
    "NoPresentationContext",
    "Operation",
    "OperationCancelled",
    "OperationState",
    "OperationTimeout",
    "Peer",
    "PresentationContext",
    "ProposedContext",
    "ProtocolError",
    "Received",
    "Reject",
    "Request",
    "Response",
    "Role",
    "Stored",
    "StoredData",
    "SubOperations",
    "TLSConfig",
    "Timeouts",
    "UnusableFile",
    "UsageError",
    "UserIdentity",
    "__version__",
    "connect",
    "contexts_for",
    "listen",
    "sync",
]


_get = deferred(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    return import_module(f"assocsh.{name}") if name in _MODULES else _get(name)


def __dir__() -> list[str]:
    return sorted(__all__)
