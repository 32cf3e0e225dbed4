"""Who called a listener, and what became of it: for the words about a report that did not come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from assocsh.records import dataclass
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.association import AssociationView
    from assocsh.association.events import EngineEvent, StateChanged
    from assocsh.wire.conversation import Side, Talk

KEPT = 200
"""Callers that are remembered, the newest."""


@dataclass(slots=True)
class Caller:
    """One connection to a listener; ``since`` is the event loop's time."""

    since: float
    host: str
    calling: str = ""
    """Its AE title; empty as long as it sent no A-ASSOCIATE-RQ."""
    called: str = ""
    rejected: bool = False
    refused: tuple[str, ...] = ()
    """The abstract syntaxes that were refused here."""
    counts: Mapping[Side, int] | None = None
    """The DIMSE messages that each side said, as the conversation counts them."""
    ended: str = ""
    """``released``, ``aborted``, ``lost``; empty as long as the association is open."""

    @property
    def messages(self) -> int:
        """DIMSE messages that came from it."""
        from assocsh.wire.conversation import Side

        return 0 if self.counts is None else self.counts[Side.REQUESTOR]

    def __str__(self) -> str:
        """What it did, as a clause: ``ORTHANC at 127.0.0.1 called and released at once``."""
        if not self.calling:
            return f"{cell(self.host)} connected, and asked for no association"
        who = f"{cell(self.calling)} at {cell(self.host)}"
        if self.rejected:
            return f"{who} called {cell(self.called)}, and was rejected here"
        from assocsh.datasets.dictionary import uid_name

        names = ", ".join(cell(uid_name(uid)) for uid in self.refused[:3])
        text = f"{who} associated"
        if names:
            text += f", was refused {names}"
        text += f", sent {plural(self.messages, 'message')}"
        if self.ended:
            text += f", and {'was ' if self.ended == 'lost' else ''}{self.ended}"
        return text


class Callers:
    """Told what happens on the associations of a listener, once the conversation has filed it.

    ``rejected`` is called with each one that was rejected.
    """

    def __init__(self, rejected: Callable[[Caller], None]) -> None:
        self._rejected = rejected
        self._all: deque[Caller] = deque(maxlen=KEPT)
        self._open: dict[AssociationView, Caller] = {}

    def since(self, time: float) -> list[Caller]:
        """Those that called after ``time``, the oldest first."""
        return [caller for caller in self._all if caller.since >= time]

    def __call__(self, event: EngineEvent, talk: Talk | None) -> None:
        """Take an event, and ``talk``, what was said on its association so far."""
        from assocsh.association import events

        association = event.association
        match event:
            case events.TransportChanged(what="connected", time=time, detail=detail):
                caller = Caller(time, detail.rpartition(":")[0])
                caller.counts = None if talk is None else talk.message_counts
                self._open[association] = caller
                self._all.append(caller)
            case events.TransportChanged(what="closed"):
                self._open.pop(association, None)
            case events.StateChanged() if association in self._open:
                self._changed(self._open[association], event)
            case _:
                pass

    def _changed(self, caller: Caller, event: StateChanged) -> None:
        association = event.association
        request, state = association.request, str(event.state)
        if request is not None and request.calling_ae:
            caller.calling, caller.called = request.calling_ae, request.called_ae
        caller.rejected = caller.rejected or state == "rejected"
        contexts = association.contexts
        refused = (one.abstract_syntax for one in contexts if not one.accepted)
        caller.refused = tuple(dict.fromkeys(refused))
        if event.state.is_end and not caller.rejected:
            caller.ended = state
        if state == "rejected":
            self._rejected(caller)
