"""Associations over asyncio: ``connect``, ``listen``, and the objects they give."""

from assocsh.association.association import Association
from assocsh.association.connect import connect
from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    Observer,
    OperationChanged,
    PduTransferred,
    PeerRequest,
    Remark,
    StateChanged,
    TransportChanged,
)
from assocsh.association.indication import Handlers, Indication, MemorySink, Sink
from assocsh.association.listener import AcceptorPolicy, Listener, listen
from assocsh.association.operation import Operation
from assocsh.association.peer import Peer, Timeouts, TLSConfig
from assocsh.association.proposals import ContextSpec
from assocsh.association.state import AssociationState

__all__ = [
    "AcceptorPolicy",
    "Association",
    "AssociationState",
    "ContextSpec",
    "EngineEvent",
    "Handlers",
    "Indication",
    "Listener",
    "MemorySink",
    "MessageTransferred",
    "Observer",
    "Operation",
    "OperationChanged",
    "PduTransferred",
    "Peer",
    "PeerRequest",
    "Remark",
    "Sink",
    "StateChanged",
    "TLSConfig",
    "Timeouts",
    "TransportChanged",
    "connect",
    "listen",
]
