"""PS3.7 without I/O: command sets, messages, requests, responses, the window, statuses."""

from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.invocation import Invocation, Performing
from assocsh.dimse.machine import DimseMachine
from assocsh.dimse.requests import (
    CEcho,
    CFind,
    CGet,
    CMove,
    CStore,
    DataSource,
    EncodedData,
    NAction,
    NCreate,
    NDelete,
    NEventReport,
    NGet,
    NSet,
    Request,
    StoredData,
)
from assocsh.dimse.responses import Response, SubOperations
from assocsh.states import CancelOutcome, OperationState

__all__ = [
    "CEcho",
    "CFind",
    "CGet",
    "CMove",
    "CStore",
    "CancelOutcome",
    "CommandField",
    "CommandSet",
    "DataSource",
    "DimseMachine",
    "EncodedData",
    "Invocation",
    "NAction",
    "NCreate",
    "NDelete",
    "NEventReport",
    "NGet",
    "NSet",
    "OperationState",
    "Performing",
    "Request",
    "Response",
    "StoredData",
    "SubOperations",
]
