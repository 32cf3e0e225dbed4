"""Hands the engine events of one association to its observers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from assocsh.association.events import (
    EngineEvent,
    Observer,
    PdusTransferred,
    PduTransferred,
    Remark,
    wants_pdus,
    wants_runs,
)
from assocsh.association.indication import SendingAssociation
from assocsh.association.kept import KeptPdu
from assocsh.errors import Side
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.pdus import A_ASSOCIATE_RQ, P_DATA_TF, Buffer


class EventStream:
    """The observers of one association. PDUs are looked at only while an observer wants them.

    ``changed`` is called when observers came or went.
    """

    association: SendingAssociation
    """What the events name. ``Association`` sets it when it is made, before anything happens."""

    def __init__(
        self,
        upper: UpperLayerMachine,
        observers: Iterable[Observer],
        changed: Callable[[], None],
    ) -> None:
        self._upper = upper
        self._clock = asyncio.get_running_loop().time
        self._observers = list(observers)
        self._of_pdus: list[Observer] = []
        self._of_runs: list[Observer] = []
        self.opening: tuple[KeptPdu, ...] = ()
        """The A-ASSOCIATE-RQ and the answer to it, for those who come later."""
        self._opened = False
        self._changed = changed
        self.observed = False
        """There is an observer; without one the events of each message need not be made."""
        self._count()

    def subscribe(self, observer: Observer) -> None:
        """Give ``observer`` each event from now on."""
        self._observers.append(observer)
        self._count()
        self._changed()

    def unsubscribe(self, observer: Observer) -> None:
        """Give ``observer`` no more events; does nothing if it is not subscribed."""
        if observer in self._observers:
            self._observers.remove(observer)
            self._count()
            self._changed()

    def emit(self, event: EngineEvent) -> None:
        """Give ``event`` to each observer."""
        for observer in tuple(self._observers):
            self._call(observer, event)

    def remark(self, text: str, by: Side) -> None:
        """Something out of order that does not end the association; ``by`` caused it."""
        self.emit(Remark(self._clock(), self.association, text, by))

    def _count(self) -> None:
        """Observers came or went: note whether there are any, and which of them want PDUs."""
        self.observed = bool(self._observers)
        self._of_pdus = [one for one in self._observers if wants_pdus(one)]
        self._of_runs = [one for one in self._observers if wants_runs(one)]
        wanted = self._of_pdus or self._of_runs or not self._opened
        self._upper.observer = self._pdu if wanted else None

    def _pdu(self, sent: bool, pdu_type: int, buffers: tuple[Buffer, ...]) -> None:
        now = self._clock()
        if not self._opened:
            self.opening += (KeptPdu(now, sent, pdu_type, b"".join(buffers)),)
            self._opened = pdu_type != A_ASSOCIATE_RQ
            if self._opened:
                self._count()
        if self._of_runs:
            run = PdusTransferred(now, self.association, sent, pdu_type, buffers)
            for observer in tuple(self._of_runs):
                self._call(observer, run)
        if not self._of_pdus:
            return
        step = 2 if sent and pdu_type == P_DATA_TF else len(buffers)
        for at in range(0, len(buffers), step):
            # each at a moment of its own: what is told of one message after another is in order
            moment = self._clock()
            pdu = buffers[at : at + step]
            event = PduTransferred(moment, self.association, sent, pdu_type, pdu)
            for observer in tuple(self._of_pdus):
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
