"""What the DIMSE protocol machine tells its user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assocsh.dimse.commandset import CommandSet
from assocsh.dimse.states import OperationState
from assocsh.errors import ProtocolError

if TYPE_CHECKING:
    from assocsh.dimse.invocation import Invocation, Performing


@dataclass(frozen=True, slots=True)
class Entered:
    """A request of ours is in another state; a final response is reported before its end is."""

    invocation: Invocation
    state: OperationState


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response to ``invocation``; ``final`` when no other follows. ``data`` is encoded."""

    invocation: Invocation
    command: CommandSet
    data: bytes | None
    final: bool


@dataclass(frozen=True, slots=True)
class UnmatchedResponse:
    """A response that matches nothing outstanding, on the wrong context, or to another service."""

    context_id: int
    command: CommandSet
    reason: str


@dataclass(frozen=True, slots=True)
class IndicationReceived:
    """The peer invokes an operation or notification; the whole message is here."""

    performing: Performing
    data: bytes | None


@dataclass(frozen=True, slots=True)
class StoreBegun:
    """A C-STORE-RQ begins: its data set follows in StoreData, then StoreEnded."""

    performing: Performing


@dataclass(frozen=True, slots=True)
class StoreData:
    """A piece of the data set; ``data`` is valid until the next read."""

    performing: Performing
    data: memoryview


@dataclass(frozen=True, slots=True)
class StoreEnded:
    """The data set of a C-STORE-RQ is complete."""

    performing: Performing
    length: int


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """A C-CANCEL-RQ; ``performing`` is None when it names nothing that is being performed."""

    message_id: int
    performing: Performing | None


@dataclass(frozen=True, slots=True)
class MessageSent:
    """The last fragment of a message was handed to the upper layer."""

    context_id: int
    command: CommandSet
    data_length: int
    invocation: Invocation | None


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message arrived whole, whatever it was; comes before the event that says what it means."""

    context_id: int
    command: CommandSet
    data_length: int
    invocation: Invocation | None


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """The data set of ``invocation`` could not be read.

    ``midway``: its command set had gone out, so that only an abort ends the message.
    """

    invocation: Invocation
    error: OSError
    midway: bool


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No response to ``invocation`` for the DIMSE timeout."""

    invocation: Invocation


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something out of order that does not end the association."""

    text: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The peer broke the protocol: the association has to be aborted with this reason."""

    error: ProtocolError


DimseEvent = (
    Entered
    | ResponseReceived
    | UnmatchedResponse
    | IndicationReceived
    | StoreBegun
    | StoreData
    | StoreEnded
    | CancelReceived
    | MessageSent
    | MessageReceived
    | SourceFailed
    | TimedOut
    | Noticed
    | Violation
)
