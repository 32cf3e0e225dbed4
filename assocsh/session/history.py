"""``events[*].type`` and ``pdu.sent``: what went over the wire, for ``expect`` to look at.

``events[i]`` has ``type`` (``C-FIND-RQ``, ``A-ABORT``, ``association released``), ``direction``
(``sent``, ``received`` or nothing), ``status`` and ``message_id`` (DIMSE messages). What a peer
reported, on whatever association, has besides ``event_type``, ``sop_class``, ``sop_instance``,
``request`` (the number of the one it belongs to), ``sender``, and the elements of its event
information by their paths.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.commandset import CommandSet
    from assocsh.language.queries import Query, Step
    from assocsh.results.arrivals import EventReport
    from assocsh.wire.live import Heard

    ElementAt = Callable[[Dataset, tuple[Step, ...], str], "Value"]

Value = str | int | float | None

KEPT = 10_000
"""Events that are remembered, the newest."""

P_DATA = 0x04

N_EVENT_REPORT_RQ = 0x0100
OF_REPORTS = ("event_type", "sop_class", "sop_instance", "request", "sender")
"""The names that a query may ask for of what was reported only."""


class PastEvent(NamedTuple):
    """One thing that happened, with the names that a query may ask for."""

    type: str
    direction: str | None = None
    status: int | None = None
    message_id: int | None = None
    report: EventReport | None = None

    def named(self, name: str) -> Value:
        """What a query for ``name`` of it gives; None where it has no such thing."""
        if name in OF_EVENTS:
            value: Value = getattr(self, name)
            return value
        value = None if self.report is None else getattr(self.report, name)
        if name == "sop_class" and value is not None:
            from assocsh.datasets.dictionary import uid_keyword

            return uid_keyword(str(value))
        return value


OF_EVENTS = ("type", "direction", "status", "message_id")
NAMES = (*OF_EVENTS, *OF_REPORTS)


class EventHistory:
    """Listens to the conversation and remembers; made when it is asked for, or when a command will
    ask later."""

    wants_pdus = True
    counts_pdus = False

    def __init__(self) -> None:
        self.events: deque[PastEvent] = deque(maxlen=KEPT)
        self.pdus: Counter[bool] = Counter()

    def __call__(self, heard: Heard) -> None:
        from assocsh.association import events
        from assocsh.upperlayer.pdus import pdu_name

        if not heard.own:
            return
        if heard.message is not None:
            self._message(heard.message.command, heard.sent)
            return
        match heard.event:
            case events.PduTransferred(sent=sent, pdu_type=pdu_type):
                self.pdus[sent] += 1
                if pdu_type != P_DATA:
                    self.events.append(PastEvent(pdu_name(pdu_type), _direction(sent)))
            case events.StateChanged(state=state):
                self.events.append(PastEvent(f"association {state}"))
            case _:
                pass

    def _message(self, command: CommandSet, sent: bool) -> None:
        if command.field == N_EVENT_REPORT_RQ and not sent:
            return  # it comes as a report, in a moment
        status = command.status if command.is_response else None
        self.events.append(PastEvent(command.label, _direction(sent), status, command.request_id))

    def reported(self, report: EventReport) -> None:
        """A peer reported something."""
        self.events.append(PastEvent(report.command, "received", None, report.message_id, report))

    def value(self, query: Query, element_at: ElementAt) -> Value | list[Value]:
        """The value of a query of these two roots. Raises UsageError.

        ``element_at`` gives the value at a path of a data set.
        """
        if query.root == "pdu":
            return self.pdus[query.steps[1].name == "sent"]
        index, *names = query.steps[1:]
        if not names or not (names[0].name in NAMES or _is_element(names[0].name)):
            raise UsageError(
                f"{query.text}: an event has {', '.join(OF_EVENTS)}; what was reported has also "
                f"{', '.join(OF_REPORTS)} and the elements of its event information",
                hint="events[*].type, for example",
            )

        def of(event: PastEvent) -> Value:
            if names[0].name in NAMES:
                return event.named(names[0].name)
            dataset = None if event.report is None else event.report.dataset
            return None if dataset is None else element_at(dataset, tuple(names), query.text)

        if index.every:
            return [of(event) for event in self.events]
        at = index.index or 0
        return of(self.events[at]) if at < len(self.events) else None


def _is_element(name: str) -> bool:
    """Whether a name is that of an element of a data set."""
    from assocsh.datasets.dictionary import find_tag

    try:
        find_tag(name)
    except UsageError:
        return False
    return True


def _direction(sent: bool) -> str:
    return "sent" if sent else "received"
