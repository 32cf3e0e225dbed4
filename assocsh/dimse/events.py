"""What the DIMSE machine tells its user, by ``take_events``.

Half a dozen are made for each message: named tuples cost a third of frozen dataclasses.
"""

from __future__ import annotations

from assocsh.dimse.commandset import CommandSet
from assocsh.dimse.invocation import Invocation, Performing
from assocsh.errors import ProtocolError
from assocsh.records import NamedTuple
from assocsh.states import OperationState


class StateChanged(NamedTuple):
    """A request of ours is in another state.

    An end is always reported, and after the final response where there is one; the states on the
    way are reported only while ``Lanes.observed``.
    """

    invocation: Invocation
    state: OperationState


class ResponseReceived(NamedTuple):
    """A response to ``invocation``; ``final`` when no other follows.

    ``data`` is encoded in the transfer syntax of the presentation context ``context_id``, which is
    that of the request, or another of the same abstract syntax where the peer took that.
    """

    invocation: Invocation
    command: CommandSet
    data: bytes | None
    final: bool
    context_id: int


class InvalidResponse(NamedTuple):
    """A response to ``invocation`` that does not say how it went: it is ended by ``error``.

    The association goes on. Where the request had not ended before, it is FAILED next.
    """

    invocation: Invocation
    command: CommandSet
    error: ProtocolError


class UnmatchedResponse(NamedTuple):
    """A response that matches nothing outstanding, on the wrong context, or to another service."""

    context_id: int
    command: CommandSet
    reason: str


class IndicationReceived(NamedTuple):
    """The peer invokes an operation or notification; the whole message is here."""

    performing: Performing
    data: bytes | None


class StoreBegun(NamedTuple):
    """A C-STORE-RQ begins: its data set follows in StoreData, then StoreEnded."""

    performing: Performing


class StoreData(NamedTuple):
    """A piece of the data set; ``data`` is a view that is good until more bytes are received."""

    performing: Performing
    data: memoryview


class StoreEnded(NamedTuple):
    """The data set of a C-STORE-RQ is complete."""

    performing: Performing
    length: int


class CancelReceived(NamedTuple):
    """A C-CANCEL-RQ; ``performing`` is None when it names nothing that is being performed."""

    message_id: int
    performing: Performing | None


class MessageSent(NamedTuple):
    """The last fragment of a message was handed to the upper layer.

    ``data`` is its data set, or the beginning of one that is read from a source; None without one.
    """

    context_id: int
    command: CommandSet
    data_length: int
    invocation: Invocation | None
    data: bytes | None


class MessageReceived(NamedTuple):
    """A message arrived whole, whatever it was; comes before the event that says what it means.

    ``data`` is its data set, or the beginning of that of a C-STORE; None without one.
    """

    context_id: int
    command: CommandSet
    data_length: int
    invocation: Invocation | None
    data: bytes | None


class SourceFailed(NamedTuple):
    """The data set of ``invocation`` could not be read.

    ``midway``: its command set had gone out, so that only an abort ends the message.
    """

    invocation: Invocation
    error: OSError
    midway: bool


class TimedOut(NamedTuple):
    """No response to ``invocation`` for the DIMSE timeout."""

    invocation: Invocation


class Remark(NamedTuple):
    """Something out of order that does not end the association."""

    text: str


class Violation(NamedTuple):
    """The peer broke the protocol: the association has to be aborted with this reason."""

    error: ProtocolError


DimseEvent = (
    StateChanged
    | ResponseReceived
    | InvalidResponse
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
    | Remark
    | Violation
)
