"""The operations that the peer invokes and this side performs, until each has its final response.

They are counted against the negotiated window and against limits of our own: what the peer may
make us keep is bounded whatever window it was granted.
"""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.dimse.commandset import (
    DATA_SET,
    NO_DATA_SET,
    RESPONSE,
    CommandSet,
    Value,
    check_values,
    field_label,
)
from assocsh.dimse.elements import (
    ACTION_TYPE_ID,
    AFFECTED_SOP_CLASS_UID,
    AFFECTED_SOP_INSTANCE_UID,
    COMMAND_DATA_SET_TYPE,
    COMMAND_FIELD,
    EVENT_TYPE_ID,
    MESSAGE_ID,
    MESSAGE_ID_BEING_RESPONDED_TO,
    STATUS,
)
from assocsh.dimse.events import DimseEvent, Remark
from assocsh.dimse.invocation import Outgoing, Performing
from assocsh.dimse.lanes import Lanes
from assocsh.dimse.messages import data_cap
from assocsh.dimse.status import DUPLICATE_INVOCATION, PENDING_STATUSES
from assocsh.dimse.window import OperationsWindow
from assocsh.errors import ProtocolError, UsageError
from assocsh.upperlayer.reasons import REASON_NOT_SPECIFIED

MAX_HELD = 256 * 1024 * 1024
"""Bytes of the peer's unanswered requests that are kept at most, however large its window is."""

MAX_UNSENT = 65536
"""Answers that may wait to be sent when yet another request comes."""

MAX_PERFORMING = 64
"""How many requests of the peer may be outstanding whatever was negotiated."""


class PerformedOperations:
    """The peer's side of the DIMSE machine.

    Responses go into ``lanes``, remarks are appended to ``events``.
    """

    def __init__(self, limit: int, lanes: Lanes, events: list[DimseEvent]) -> None:
        self.window = OperationsWindow(limit)
        self.by_id: dict[int, Performing] = {}
        """By the peer's Message ID, its requests without our final response."""
        self._lanes = lanes
        self._events = events
        self._held = 0

    def admit(self, context_id: int, command: CommandSet) -> Performing:
        """Count a request whose command set is here.

        One with a Message ID in use is answered 0210H and comes back ``refused``. Raises
        ProtocolError for more requests than MAX_PERFORMING beyond the window, and when more than
        MAX_UNSENT answers were not taken by the peer.
        """
        if self._lanes.control_backlog > MAX_UNSENT:
            raise ProtocolError(
                f"the peer goes on asking and does not take the answers: {MAX_UNSENT} wait",
                reason=REASON_NOT_SPECIFIED,
            )
        performing = Performing(context_id, command)
        if MESSAGE_ID not in command.values:
            self._events.append(
                Remark(f"a {command.label} without Message ID (0000,0110): answered as number 0")
            )
        if performing.message_id in self.by_id:
            self._events.append(
                Remark(
                    f"the peer used Message ID {performing.message_id} for a {command.label} "
                    "while another request has it (PS3.7 9.1): answered 0210H duplicate invocation"
                )
            )
            performing.refused = True
            self._answer(performing, DUPLICATE_INVOCATION, None, None)
            return performing
        self.by_id[performing.message_id] = performing
        if not self.window.is_open:
            count = len(self.by_id)
            if count > MAX_PERFORMING:
                raise ProtocolError(
                    f"the peer has {count} requests outstanding; the negotiated window is "
                    f"{self.window.limit}",
                    reason=REASON_NOT_SPECIFIED,
                )
            self._events.append(
                Remark(
                    f"the peer has {count} requests outstanding, over the negotiated window of "
                    f"{self.window.limit} (PS3.7 D.3.3.3)"
                )
            )
        self.window.take()
        return performing

    def hold(self, performing: Performing, length: int) -> None:
        """``length`` bytes of its data set are kept until it is answered.

        Raises ProtocolError when all of them together are more than MAX_HELD.
        """
        performing.held = length
        self._held += length
        if self._held > MAX_HELD:
            raise ProtocolError(
                f"the peer's unanswered requests have {self._held} bytes: too many to keep",
                reason=REASON_NOT_SPECIFIED,
            )

    def respond(
        self,
        performing: Performing,
        status: int,
        data: bytes | None,
        elements: Mapping[int, Value] | None,
    ) -> None:
        """See ``DimseMachine.respond``."""
        if self.by_id.get(performing.message_id) is not performing:
            return
        check_values({STATUS: status, **(elements or {})})
        if data and not data_cap(performing.command.field | RESPONSE):
            label = field_label(performing.command.field | RESPONSE)
            raise UsageError(f"a {label} has no data set (PS3.7 9.3, 10.3)")
        self._answer(performing, status, data, elements)
        if status not in PENDING_STATUSES:
            del self.by_id[performing.message_id]
            self._held -= performing.held
            self.window.give_back()

    def close(self) -> None:
        """The association is gone: nothing will be answered."""
        self.by_id.clear()
        self.window.outstanding = self._held = 0

    def _answer(
        self,
        performing: Performing,
        status: int,
        data: bytes | None,
        elements: Mapping[int, Value] | None,
    ) -> None:
        request = performing.command
        values: dict[int, Value] = {
            COMMAND_FIELD: request.field | RESPONSE,
            MESSAGE_ID_BEING_RESPONDED_TO: performing.message_id,
            COMMAND_DATA_SET_TYPE: DATA_SET if data else NO_DATA_SET,
            STATUS: status,
        }
        if request.sop_class:
            values[AFFECTED_SOP_CLASS_UID] = request.sop_class
        if request.sop_instance:
            values[AFFECTED_SOP_INSTANCE_UID] = request.sop_instance
        for echoed in (EVENT_TYPE_ID, ACTION_TYPE_ID):
            if echoed in request.values:
                values[echoed] = request.values[echoed]
        if elements:
            values.update(elements)
        self._lanes.queue_reply(Outgoing(performing.context_id, CommandSet(values), data or None))
