"""Hands the engine events of one association to its observers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from assocsh.association.events import EngineEvent, Observer, PduTransferred, Remark
from assocsh.errors import Side
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.pdus import Buffer

if TYPE_CHECKING:
    from assocsh.association.association import Association


class EventStream:
    """The observers of one association. PDUs are looked at only while somebody wants them."""

    def __init__(
        self,
        upper: UpperLayerMachine,
        association: Association,
        observers: Iterable[Observer],
        changed: Callable[[], None],
    ) -> None:
        self._upper = upper
        self._association = association
        self._clock = asyncio.get_running_loop().time
        self._observers = list(observers)
        self._changed: Callable[[], None] | None = None
        self.watched = False
        """There is an observer; without one the events of each message need not be made."""
        self._watch_pdus()
        self._changed = changed

    def subscribe(self, observer: Observer) -> None:
        self._observers.append(observer)
        self._watch_pdus()

    def unsubscribe(self, observer: Observer) -> None:
        if observer in self._observers:
            self._observers.remove(observer)
            self._watch_pdus()

    def emit(self, event: EngineEvent) -> None:
        for observer in tuple(self._observers):
            self._call(observer, event)

    def remark(self, text: str, by: Side) -> None:
        """Something out of order that does not end the association."""
        self.emit(Remark(self._clock(), self._association, text, by))

    def _watch_pdus(self) -> None:
        self.watched = bool(self._observers)
        wanted = any(getattr(one, "wants_pdus", False) for one in self._observers)
        self._upper.observer = self._pdu if wanted else None
        if self._changed is not None:
            self._changed()

    def _pdu(self, sent: bool, pdu_type: int, buffers: tuple[Buffer, ...]) -> None:
        event = PduTransferred(self._clock(), self._association, sent, pdu_type, buffers)
        for observer in tuple(self._observers):
            if getattr(observer, "wants_pdus", False):
                self._call(observer, event)

    @staticmethod
    def _call(observer: Observer, event: EngineEvent) -> None:
        """An observer that fails must not keep the engine from what it was doing."""
        try:
            observer(event)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {
                    "message": f"an observer failed on {type(event).__name__}",
                    "exception": error,
                }
            )
