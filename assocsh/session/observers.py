"""Those that are given the events of a session's associations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.results.reports import Reports
from assocsh.session.history import EventHistory
from assocsh.wire.exchange import ExchangeLog

if TYPE_CHECKING:
    from assocsh.association import Observer
    from assocsh.association.events import EngineEvent
    from assocsh.wire.view import WireView


class Observers:
    """Passes engine events on: to the log of exchanges, the wire view, and whoever was added."""

    def __init__(self) -> None:
        self.exchanges = ExchangeLog()
        """What went back and forth for the recent requests."""
        self.reports = Reports()
        """What peers reported, on whatever association."""
        self.wire_view: WireView | None = None
        self._all: list[Observer] = [self.exchanges]
        self._of_pdus: list[Observer] | None = None
        self._history: EventHistory | None = None
        self.on_change: Callable[[], None] | None = None
        """Called when one came or went: an association asks once whether PDUs are wanted."""

    @property
    def wants_pdus(self) -> bool:
        """Whether anyone wants to see each PDU."""
        return bool(self._with_pdus())

    def add(self, observer: Observer) -> None:
        """Give every event to ``observer`` too."""
        self._all.append(observer)
        self._changed()

    def remove(self, observer: Observer) -> None:
        """Give ``observer`` no further events; nothing happens when it gets none."""
        if observer in self._all:
            self._all.remove(observer)
            self._changed()

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association.events import PduTransferred

        whole = isinstance(event, PduTransferred)
        for observer in tuple(self._with_pdus() if whole else self._all):
            observer(event)

    def _with_pdus(self) -> list[Observer]:
        """Those that are given PDUs too."""
        # asked when there is an association: until then the engine may not be loaded
        if self._of_pdus is None:
            from assocsh.association.events import wants_pdus

            self._of_pdus = [each for each in self._all if wants_pdus(each)]
        return self._of_pdus

    def history(self) -> EventHistory:
        """What happened since this was asked for the first time."""
        if self._history is None:
            self._history = EventHistory()
            for report in self.reports:
                self._history.reported(report)
            self.reports.hear(self._history.reported)
            self.add(self._history)
        return self._history

    def set_wire_view(self, view: WireView | None) -> None:
        """Show the wire in ``view``, in place of the one before; None: not at all."""
        if self.wire_view is not None:
            self.remove(self.wire_view)
        self.wire_view = view
        if view is not None:
            self.add(view)

    def watch_wire(self, event: EngineEvent) -> None:
        """What is shown of associations that are not the session's own: those of its listener."""
        if self.wire_view is not None:
            self.wire_view(event)

    def watch_beside(self, event: EngineEvent) -> None:
        """What is kept and shown of an association beside the session's own: its exchanges."""
        self.exchanges(event)
        self.watch_wire(event)

    def _changed(self) -> None:
        self._of_pdus = None
        if self.on_change is not None:
            self.on_change()
