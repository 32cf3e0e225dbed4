"""The event reports of a session: who waits for one is told of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.results.arrivals import EventReport

    Hearer = Callable[[EventReport], None]


class Reports:
    """Tells of every report that comes."""

    def __init__(self) -> None:
        self._hearers: list[Hearer] = []

    def hear(self, hearer: Hearer) -> Callable[[], None]:
        """Call ``hearer`` with each report from now on, until what is returned is called.

        It is called on the event loop, when the report was answered and before it is shown. It must
        be quick.
        """
        self._hearers.append(hearer)

        def stop() -> None:
            if hearer in self._hearers:
                self._hearers.remove(hearer)

        return stop

    def add(self, report: EventReport) -> None:
        """A report is here: tell who listens."""
        for hearer in tuple(self._hearers):
            hearer(report)
