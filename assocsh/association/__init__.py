"""Associations over asyncio: ``connect``, ``listen``, and the objects they give.

Each name is loaded when it is first used: who asks for one association does not load the listener.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.deferred import deferred

if TYPE_CHECKING:
    from assocsh.association.answering import AcceptorPolicy
    from assocsh.association.association import Association
    from assocsh.association.calling import connect
    from assocsh.association.deciding import Accept, Decide, Reject
    from assocsh.association.events import (
        EngineEvent,
        MessageTransferred,
        Observer,
        OperationChanged,
        PduObserver,
        PdusTransferred,
        PduTransferred,
        PeerRequest,
        Remark,
        RunObserver,
        StateChanged,
        TransportChanged,
        wants_pdus,
        wants_runs,
    )
    from assocsh.association.filecontexts import contexts_for
    from assocsh.association.indication import (
        Handlers,
        Indication,
        MemorySink,
        SendingAssociation,
        Sink,
    )
    from assocsh.association.listener import Listener, listen
    from assocsh.association.operation import Operation
    from assocsh.association.options import Timeouts, TLSConfig
    from assocsh.association.proposals import ContextSpec
    from assocsh.association.state import AssociationState
    from assocsh.association.view import AssociationView
    from assocsh.text.addresses import Peer

__all__ = [
    "Accept",
    "AcceptorPolicy",
    "Association",
    "AssociationState",
    "AssociationView",
    "ContextSpec",
    "Decide",
    "EngineEvent",
    "Handlers",
    "Indication",
    "Listener",
    "MemorySink",
    "MessageTransferred",
    "Observer",
    "Operation",
    "OperationChanged",
    "PduObserver",
    "PduTransferred",
    "PdusTransferred",
    "Peer",
    "PeerRequest",
    "Reject",
    "Remark",
    "RunObserver",
    "SendingAssociation",
    "Sink",
    "StateChanged",
    "TLSConfig",
    "Timeouts",
    "TransportChanged",
    "connect",
    "contexts_for",
    "listen",
    "wants_pdus",
    "wants_runs",
]

__getattr__ = deferred(
    __name__,
    {
        "assocsh.association.answering": "AcceptorPolicy",
        "assocsh.association.association": "Association",
        "assocsh.association.calling": "connect",
        "assocsh.association.deciding": "Accept Decide Reject",
        "assocsh.association.events": (
            "EngineEvent MessageTransferred Observer OperationChanged PduObserver "
            "PdusTransferred PduTransferred PeerRequest Remark RunObserver "
            "StateChanged TransportChanged wants_pdus wants_runs"
        ),
        "assocsh.association.filecontexts": "contexts_for",
        "assocsh.association.indication": "Handlers Indication MemorySink SendingAssociation Sink",
        "assocsh.association.listener": "Listener listen",
        "assocsh.association.operation": "Operation",
        "assocsh.association.options": "Timeouts TLSConfig",
        "assocsh.association.proposals": "ContextSpec",
        "assocsh.association.state": "AssociationState",
        "assocsh.association.view": "AssociationView",
        "assocsh.text.addresses": "Peer",
    },
)
