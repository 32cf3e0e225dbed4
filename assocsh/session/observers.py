"""Those that are given the events of a session's associations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.results.reports import Reports
from assocsh.session.history import EventHistory

if TYPE_CHECKING:
    from assocsh.association import Observer, Operation
    from assocsh.association.events import EngineEvent
    from assocsh.session.captured import Captured
    from assocsh.wire.captures.taking import Capture
    from assocsh.wire.live import Listener, LiveConversation
    from assocsh.wire.view import WireView


class _Beside:
    """What is kept, shown and captured of associations beside the session's own, and its
    listener's."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers

    @property
    def wants_runs(self) -> bool:
        """A capture takes them."""
        return bool(self._observers.captures)

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association.events import PdusTransferred

        observers = self._observers
        if not isinstance(event, PdusTransferred):
            observers.conversation().beside(event)
        for capture in tuple(observers.captures):
            capture(event)


class Observers:
    """Passes engine events on: to the conversation, to which others listen, and to captures."""

    def __init__(self) -> None:
        self.reports = Reports()
        """What peers reported, on whatever association."""
        self.wire_view: WireView | None = None
        self.captures: list[Capture] = []
        """What writes everything to files; they are among those that are added, too."""
        self.capture: Capture | None = None
        """The one of them that was asked for by the command."""
        self.read: Captured | None = None
        """The capture that was read last."""
        self.watch_beside: Observer = _Beside(self)
        self._all: list[Observer] = []
        self._listeners: list[Listener] = []
        self._of_pdus: list[Observer] | None = None
        self._of_runs: list[Observer] = []
        self._history: EventHistory | None = None
        self._live: LiveConversation | None = None
        self._pdu: type | None = None
        self._run: type | None = None
        """What the events of PDUs are, once there is a conversation."""
        self.on_change: Callable[[], None] | None = None
        """Called when one came or went: an association asks once whether PDUs are wanted."""

    @property
    def wants_pdus(self) -> bool:
        """Whether anyone wants to see each PDU."""
        return bool(self._with_pdus())

    @property
    def wants_runs(self) -> bool:
        """Whether anyone takes runs of PDUs."""
        self._with_pdus()
        return bool(self._of_runs)

    @property
    def beside_if_watched(self) -> Observer | None:
        """``watch_beside`` while somebody looks or captures, for associations that are many: kept
        for nobody, they would have the session forget what was said on its own."""
        return self.watch_beside if self._listeners or self.captures else None

    def add(self, observer: Observer) -> None:
        """Give every event to ``observer`` too."""
        self._all.append(observer)
        self._changed()

    def remove(self, observer: Observer) -> None:
        """Give ``observer`` no further events; nothing happens when it gets none."""
        if observer in self._all:
            self._all.remove(observer)
            self._changed()

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` everything that the conversation files."""
        self._listeners.append(listener)
        self._changed()

    def ignore(self, listener: Listener) -> None:
        """Tell ``listener`` nothing further; nothing happens when it is told nothing."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._changed()

    def add_capture(self, capture: Capture) -> None:
        """Give every event to ``capture``, those of associations beside the session's own too."""
        self.captures.append(capture)
        self.add(capture)

    def remove_capture(self, capture: Capture) -> None:
        """Give it no further events; nothing happens when it gets none."""
        if capture in self.captures:
            self.captures.remove(capture)
            self.remove(capture)
        if self.capture is capture:
            self.capture = None

    def __call__(self, event: EngineEvent) -> None:
        if self._live is None:
            self.conversation()
        to, kind = self._all, type(event)
        if kind is self._pdu:
            to = self._with_pdus()
        elif kind is self._run:
            to = self._of_runs
        for observer in tuple(to) if len(to) > 1 else to:
            observer(event)

    def _with_pdus(self) -> list[Observer]:
        """Those that are given PDUs too; those that are given runs of them are known then, too."""
        # asked when there is an association: until then the engine may not be loaded
        if self._of_pdus is None:
            from assocsh.association.events import wants_pdus, wants_runs

            self.conversation()
            self._of_pdus = [each for each in self._all if wants_pdus(each)]
            self._of_runs = [each for each in self._all if wants_runs(each)]
        return self._of_pdus

    def history(self) -> EventHistory:
        """What happened since this was asked for the first time."""
        if self._history is None:
            self._history = EventHistory()
            for report in self.reports:
                self._history.reported(report)
            self.reports.hear(self._history.reported)
            self.listen(self._history)
        return self._history

    def conversation(self) -> LiveConversation:
        """What was said on the associations of the session, as far as it is kept."""
        # made with the first event: until then the engine may not be loaded
        if self._live is None:
            from assocsh.association.events import PdusTransferred, PduTransferred
            from assocsh.wire.live import LiveConversation

            self._pdu, self._run = PduTransferred, PdusTransferred
            self._live = LiveConversation(_typed_number, self._listeners)
            self._all.insert(0, self._live)  # the others may ask it about what just happened
        return self._live

    def keep_pdus(self) -> None:
        """Keep each P-DATA-TF in the conversation, from now on."""
        self.conversation().keep_units = True
        self._changed()

    def set_wire_view(self, view: WireView | None) -> None:
        """Show the wire in ``view``, in place of the one before; None: not at all."""
        if self.wire_view is not None:
            self.ignore(self.wire_view)
        self.wire_view = view
        if view is not None:
            self.listen(view)

    def _changed(self) -> None:
        self._of_pdus = None
        if self.on_change is not None:
            self.on_change()


def _typed_number(operation: Operation) -> int | None:
    """The number of the request that an operation is part of; None where nobody typed one."""
    from assocsh.results.request import RequestRecord

    return operation.tag.number if isinstance(operation.tag, RequestRecord) else None
