"""What the DIMSE machine keeps of each request: ours, the peer's, and what we say in between."""

from __future__ import annotations

from assocsh.dimse.commandset import DATA_SET, NO_DATA_SET, CommandField, CommandSet, Value
from assocsh.dimse.elements import COMMAND_DATA_SET_TYPE, COMMAND_FIELD, MESSAGE_ID
from assocsh.dimse.messages import MessageWriter
from assocsh.dimse.requests import DataSource
from assocsh.states import OperationState

CANCELLABLE = frozenset((CommandField.C_FIND_RQ, CommandField.C_GET_RQ, CommandField.C_MOVE_RQ))
"""The requests that C-CANCEL exists for."""


class Invocation:
    """One request of ours. ``user`` is whatever the caller ties to it.

    ``sent``: its last fragment was handed out. ``answered``: its final response is in.
    ``cancel_sent``: a C-CANCEL for it is queued or sent; ``cancel_on_wire``: it was handed out.
    ``detached``: the user does not wait for it any more, and gets no timeout for it.
    ``progress_at``: the time of the last byte sent or response received, or later progress.
    """

    __slots__ = (
        "answered",
        "cancel_on_wire",
        "cancel_sent",
        "context_id",
        "data",
        "data_length",
        "detached",
        "field",
        "message_id",
        "progress_at",
        "sent",
        "started_at",
        "state",
        "user",
        "values",
        "writer",
    )

    def __init__(
        self, context_id: int, values: dict[int, Value], data: bytes | DataSource | None
    ) -> None:
        self.context_id = context_id
        self.values = values
        self.data: bytes | DataSource | None = data
        self.data_length = (
            0 if data is None else len(data) if isinstance(data, bytes) else data.length
        )
        field = values[COMMAND_FIELD]
        assert isinstance(field, int)
        self.field = field
        self.state = OperationState.QUEUED
        self.message_id: int | None = None
        self.writer: MessageWriter | None = None
        self.sent = False
        self.answered = False
        self.cancel_sent = False
        self.cancel_on_wire = False
        self.detached = False
        self.progress_at = 0.0
        self.started_at: float | None = None
        """When its first byte was given out."""
        self.user: object = None

    def start(self, message_id: int, fragment: int) -> MessageWriter:
        """Give it its Message ID and make its writer."""
        self.message_id = message_id
        self.values[MESSAGE_ID] = message_id
        self.values[COMMAND_DATA_SET_TYPE] = NO_DATA_SET if self.data is None else DATA_SET
        self.writer = MessageWriter(self.context_id, CommandSet(self.values), self.data, fragment)
        return self.writer

    def close(self) -> None:
        """Let go of its file."""
        if self.data is not None and not isinstance(self.data, bytes):
            self.data.close()

    @property
    def cancellable(self) -> bool:
        """C-CANCEL exists for it (PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3)."""
        return self.field in CANCELLABLE


class Performing:
    """One request of the peer, from its command set to our final response.

    ``user`` is whatever the caller ties to it.
    """

    __slots__ = ("cancelled", "command", "context_id", "held", "message_id", "refused", "user")

    def __init__(self, context_id: int, command: CommandSet) -> None:
        self.context_id = context_id
        self.command = command
        self.message_id = command.message_id
        self.cancelled = False
        self.held = 0
        """Bytes of its data set that are kept until it is answered."""
        self.refused = False
        """The machine has answered it; the user is not told of it and must not perform it."""
        self.user: object = None


class Outgoing:
    """A response or a C-CANCEL in the lane ahead of the requests."""

    __slots__ = ("cancels", "command", "context_id", "data", "length")

    def __init__(
        self,
        context_id: int,
        command: CommandSet,
        data: bytes | None,
        *,
        cancels: Invocation | None = None,
    ) -> None:
        self.context_id = context_id
        self.cancels = cancels
        """Of a C-CANCEL: the request it is for."""
        self.command = command
        self.data = data
        self.length = len(data) if data else 0
