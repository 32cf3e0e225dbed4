"""``events[*].type`` and ``pdu.sent``: what went over the wire, for ``expect`` to look at.

``events[i]`` has ``type`` (``C-FIND-RQ``, ``A-ABORT``, ``association released``), ``direction``
(``sent``, ``received`` or nothing), ``status`` and ``message_id`` (DIMSE messages).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent
    from assocsh.language.parse import Call
    from assocsh.language.queries import Query
    from assocsh.session.session import Session

Value = str | int | float | None

KEPT = 10_000
"""Events that are remembered, the newest."""

P_DATA = 0x04


class Happening(NamedTuple):
    """One thing that happened, with the names that a query may ask for."""

    type: str
    direction: str | None = None
    status: int | None = None
    message_id: int | None = None


class Happened:
    """An observer that remembers; made when something asks for it, or is known to ask later."""

    wants_pdus = True

    def __init__(self) -> None:
        self.events: deque[Happening] = deque(maxlen=KEPT)
        self.pdus: Counter[bool] = Counter()

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association import events
        from assocsh.upperlayer.pdus import pdu_name

        match event:
            case events.PduTransferred(sent=sent, pdu_type=pdu_type):
                self.pdus[sent] += 1
                if pdu_type != P_DATA:
                    self.events.append(Happening(pdu_name(pdu_type), _direction(sent)))
            case events.MessageTransferred(sent=sent, command=command):
                status = command.status if command.is_response else None
                number = command.request_id
                self.events.append(Happening(command.label, _direction(sent), status, number))
            case events.StateChanged(state=state):
                self.events.append(Happening(f"association {state}"))
            case _:
                pass

    def value(self, query: Query) -> Value | list[Value]:
        """The value of a query of these two roots. Raises UsageError."""
        if query.root == "pdu":
            return self.pdus[query.steps[1].name == "sent"]
        index, *names = query.steps[1:]
        if len(names) != 1 or names[0].name not in Happening._fields:
            raise UsageError(
                f"{query.text}: an event has {', '.join(Happening._fields)}",
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


_of: WeakKeyDictionary[Session, Happened] = WeakKeyDictionary()


def happened(session: Session) -> Happened:
    """What happened in a session since something asked for the first time."""
    if session not in _of:
        _of[session] = Happened()
        session.observer.add(_of[session])
    return _of[session]


def prepare(session: Session, calls: Iterable[Call]) -> None:
    """Begin to remember where one of the commands will ask: before the first PDU."""
    from assocsh.language.parse import every_call

    if any(query.root in ("events", "pdu") for call in every_call(calls) for query in call.queries):
        happened(session)
