"""``events[*].type`` and ``pdu.sent``: what went over the wire, for ``expect`` to look at.

``events[i]`` has ``type`` (``C-FIND-RQ``, ``A-ABORT``, ``association released``), ``direction``
(``sent``, ``received`` or nothing), ``status`` and ``message_id`` (DIMSE messages).
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent
    from assocsh.language.queries import Query

Value = str | int | float | None

KEPT = 10_000
"""Events that are remembered, the newest."""

P_DATA = 0x04


class PastEvent(NamedTuple):
    """One thing that happened, with the names that a query may ask for."""

    type: str
    direction: str | None = None
    status: int | None = None
    message_id: int | None = None


class EventHistory:
    """An observer that remembers; made when it is asked for, or when a command will ask later."""

    wants_pdus = True

    def __init__(self) -> None:
        self.events: deque[PastEvent] = deque(maxlen=KEPT)
        self.pdus: Counter[bool] = Counter()

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association import events
        from assocsh.upperlayer.pdus import pdu_name

        match event:
            case events.PduTransferred(sent=sent, pdu_type=pdu_type):
                self.pdus[sent] += 1
                if pdu_type != P_DATA:
                    self.events.append(PastEvent(pdu_name(pdu_type), _direction(sent)))
            case events.MessageTransferred(sent=sent, command=command):
                status = command.status if command.is_response else None
                self.events.append(
                    PastEvent(command.label, _direction(sent), status, command.request_id)
                )
            case events.StateChanged(state=state):
                self.events.append(PastEvent(f"association {state}"))
            case _:
                pass

    def value(self, query: Query) -> Value | list[Value]:
        """The value of a query of these two roots. Raises UsageError."""
        if query.root == "pdu":
            return self.pdus[query.steps[1].name == "sent"]
        index, *names = query.steps[1:]
        if len(names) != 1 or names[0].name not in PastEvent._fields:
            raise UsageError(
                f"{query.text}: an event has {', '.join(PastEvent._fields)}",
                hint="events[*].type, for example",
            )
        name = names[0].name
        if index.every:
            return [getattr(event, name) for event in self.events]
        at = index.index or 0
        value: Value = getattr(self.events[at], name) if at < len(self.events) else None
        return value


def _direction(sent: bool) -> str:
    return "sent" if sent else "received"
