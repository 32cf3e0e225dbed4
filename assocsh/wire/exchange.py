"""The recent exchanges, kept so that they can be explained afterwards.

An observer with bounded memory: of each request the messages that went back and forth, equal
responses in a row counted rather than listed, and no data sets.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent, OperationChanged
    from assocsh.association.operation import Operation
    from assocsh.dimse.commandset import CommandSet

MAX_EXCHANGES = 500
"""Requests that are remembered; the oldest is forgotten first."""

MAX_STEPS = 64
"""Steps of one exchange that are remembered, counted ones as one."""


@dataclass(slots=True)
class Step:
    """One message of an exchange, or ``count`` of the same kind in a row.

    ``time`` and ``last_time`` are seconds of the event loop's clock, ``data_length`` bytes of all.
    """

    time: float
    last_time: float
    sent: bool
    command: CommandSet
    context_id: int | None
    transfer_syntax: str | None
    data_length: int
    count: int = 1

    @property
    def kind(self) -> tuple[bool, int, int | None]:
        """What makes two messages of the same kind."""
        status = self.command.status if self.command.is_response else None
        return self.sent, self.command.field, status


@dataclass(slots=True)
class Exchange:
    """What went back and forth for one request of this side."""

    operation: Operation
    steps: list[Step] = field(default_factory=list)
    left_out: int = 0
    window_was_full: bool = False
    """When it was submitted, as many others were outstanding as the window allows."""

    def add(self, step: Step) -> None:
        if self.steps and self.steps[-1].kind == step.kind:
            last = self.steps[-1]
            last.count += 1
            last.last_time = step.time
            last.data_length += step.data_length
            last.command = step.command
        elif len(self.steps) < MAX_STEPS:
            self.steps.append(step)
        else:  # the end of an exchange says more than its middle
            self.left_out += self.steps[MAX_STEPS // 2].count
            del self.steps[MAX_STEPS // 2]
            self.steps.append(step)


class ExchangeLog:
    """An observer that keeps the exchange of each recent request."""

    wants_pdus = False

    def __init__(self) -> None:
        self._exchanges: OrderedDict[int, Exchange] = OrderedDict()
        self._waiting: set[int] = set()

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association.events import MessageTransferred, OperationChanged

        if isinstance(event, OperationChanged):
            self._changed(event)
            return
        if not isinstance(event, MessageTransferred) or event.operation is None:
            return
        # The exchange holds the operation: while it is here, no other can have its id().
        key = id(event.operation)
        exchange = self._exchanges.get(key)
        if exchange is None:
            full = key in self._waiting
            exchange = self._exchanges[key] = Exchange(event.operation, window_was_full=full)
            if len(self._exchanges) > MAX_EXCHANGES:
                self._exchanges.popitem(last=False)
        context = event.context
        exchange.add(
            Step(
                time=event.time,
                last_time=event.time,
                sent=event.sent,
                command=event.command,
                context_id=context.context_id if context else None,
                transfer_syntax=context.transfer_syntax if context else None,
                data_length=event.data_length,
            )
        )

    def _changed(self, event: OperationChanged) -> None:
        """Note who has to wait for the window; the operation lives until it has ended."""
        if event.state == "queued":
            association = event.association
            most = association.window.invoked
            if most and association.pending + association.queued > most:  # itself among them
                self._waiting.add(id(event.operation))
        elif event.state.is_end:
            self._waiting.discard(id(event.operation))

    def forget(self, operation: Operation) -> None:
        """Keep nothing of one request: there is room for others."""
        self._exchanges.pop(id(operation), None)

    def of(self, operation: Operation) -> Exchange | None:
        """The exchange of one request, or None when nothing of it went over the wire."""
        return self._exchanges.get(id(operation))
