"""The DICOM upper layer (PS3.8): PDUs, negotiation, and the protocol machine, without I/O.

Bytes in, events out, bytes to send out; time is an argument. :class:`UpperLayerMachine` is the way
in, for requestor and acceptor alike.
"""

from __future__ import annotations

from assocsh.upperlayer.events import (
    AbortIndication,
    ArtimExpired,
    AssociateConfirmation,
    AssociateIndication,
    DataIndication,
    Event,
    Pdv,
    ProviderAbort,
    RejectConfirmation,
    ReleaseConfirmation,
    ReleaseIndication,
    TransportClosed,
)
from assocsh.upperlayer.machine import PduObserver, UpperLayerMachine
from assocsh.upperlayer.negotiation import (
    RESULT_MEANING,
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    CommonNegotiation,
    Negotiated,
    PresentationContext,
    ProposedContext,
    Role,
    UserIdentity,
)
from assocsh.upperlayer.negotiation_decoder import decode_accept, decode_request
from assocsh.upperlayer.negotiation_encoder import encode_accept, encode_request
from assocsh.upperlayer.negotiation_results import (
    AnswerPolicy,
    answer,
    negotiated_by_acceptor,
    negotiated_by_requestor,
    window_limit,
)
from assocsh.upperlayer.pdus import PDU_NAMES, Buffer, PduBuffer, decode_pdata, pdata_head
from assocsh.upperlayer.reasons import abort_meaning, reject_meaning
from assocsh.upperlayer.states import TRANSITIONS, Action, Evt, State

__all__ = [
    "PDU_NAMES",
    "RESULT_MEANING",
    "TRANSITIONS",
    "AbortIndication",
    "Action",
    "AnswerPolicy",
    "AnsweredContext",
    "ArtimExpired",
    "AssociateAccept",
    "AssociateConfirmation",
    "AssociateIndication",
    "AssociateRequest",
    "AsyncWindow",
    "Buffer",
    "CommonNegotiation",
    "DataIndication",
    "Event",
    "Evt",
    "Negotiated",
    "PduBuffer",
    "PduObserver",
    "Pdv",
    "PresentationContext",
    "ProposedContext",
    "ProviderAbort",
    "RejectConfirmation",
    "ReleaseConfirmation",
    "ReleaseIndication",
    "Role",
    "State",
    "TransportClosed",
    "UpperLayerMachine",
    "UserIdentity",
    "abort_meaning",
    "answer",
    "decode_accept",
    "decode_pdata",
    "decode_request",
    "encode_accept",
    "encode_request",
    "negotiated_by_acceptor",
    "negotiated_by_requestor",
    "pdata_head",
    "reject_meaning",
    "window_limit",
]
