"""The peer's requests: a handler for each, its data set into a sink, its responses back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine, Mapping
from typing import cast

from assocsh.association.core import Core
from assocsh.association.indication import (
    GatheringSink,
    Handlers,
    Indication,
    MemorySink,
    SendingAssociation,
    Sink,
)
from assocsh.association.prepare import encode_data
from assocsh.association.waiters import Waiters
from assocsh.dimse.commandset import CommandField, Value
from assocsh.dimse.invocation import Performing
from assocsh.dimse.requests import Data
from assocsh.dimse.status import (
    OUT_OF_RESOURCES,
    PENDING_STATUSES,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    UNRECOGNIZED_OPERATION,
    error_comment,
)
from assocsh.upperlayer.negotiation import PresentationContext

SINK_BACKLOG = 4 * 1024 * 1024
"""Bytes a sink may still have to put away before reading from the peer pauses."""

RESPONSES_WAITING = 64
"""Responses that may wait to be sent before ``drain`` holds the handler that makes them."""

_WHATEVER_THE_ROLE = (CommandField.N_EVENT_REPORT_RQ, CommandField.C_ECHO_RQ)
"""An event report comes from the SCP; and a peer that asks whether we are there gets an answer."""

_KNOWN = frozenset(map(int, CommandField))


class Performer:
    """Serves what the peer asks, off the read path."""

    def __init__(self, engine: Core, handlers: Handlers) -> None:
        self.handlers = handlers
        self.receiving: list[Handlers] = []
        """Those of each C-GET that has a folder of its own, the oldest first: to it belongs what
        is stored meanwhile. The standard has nothing in a C-STORE that names its C-GET."""
        self.pieces: list[memoryview] = []
        """Of the data set of a C-STORE, those that came with the present read."""
        self._storing: Performing | None = None
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()
        self._holding: asyncio.Task[None] | None = None
        self.draining = Waiters()
        """Handlers that wait until few responses are waiting to be sent."""

    @property
    def association(self) -> SendingAssociation:
        """The ``Association`` whose peer is served."""
        return self._engine.stream.association

    @property
    def busy(self) -> bool:
        """A handler still runs."""
        return bool(self._tasks)

    # -- what the machine reports ----------------------------------------------------------------

    def begin(self, performing: Performing) -> Indication:
        """The command set of a request is here."""
        context = self._engine.context_of(performing.context_id)
        indication = Indication(self, performing, context)
        performing.user = indication
        self._engine.peer_request(indication)
        return indication

    def begin_store(self, performing: Performing) -> None:
        """The command set of a C-STORE is here: open what its data set goes into."""
        indication = self.begin(performing)
        if self.receiving:
            indication.handlers = self.receiving[0]
        if self._refusal(indication):
            return
        open_sink = self._handlers(indication).open_sink
        if open_sink is None:
            indication.sink = MemorySink()
            return
        try:
            indication.sink = open_sink(indication)
        except Exception as error:
            # This is the read path: whatever it is, it is the handler's to answer.
            indication.failure = error

    def store_data(self, performing: Performing, data: memoryview) -> None:
        """A piece of the data set of a C-STORE; ``data`` is good until ``put`` is called."""
        self.pieces.append(data)
        self._storing = performing

    def put(self, *, last: bool = False) -> None:
        """Give the pieces that one read brought to their sink; ``last``: with them it is whole."""
        pieces, performing = self.pieces, self._storing
        if performing is None:
            return
        self.pieces, self._storing = [], None
        indication = performing.user
        assert isinstance(indication, Indication)
        indication.data_length += sum(map(len, pieces))
        sink = indication.sink
        if sink is None:
            return
        try:
            if hasattr(sink, "write_pieces"):
                cast(GatheringSink, sink).write_pieces(pieces, last=last)
            else:
                for data in pieces:
                    sink.write(data)
        except Exception as error:
            indication.failure = error
            indication.sink = None
            sink.discard()
            return
        if sink.backlog > SINK_BACKLOG:
            self._hold_reading(sink)

    def perform(self, performing: Performing, data: bytes | None) -> None:
        """The whole message is here: answer it, in a task of its own if that has to wait."""
        self.put(last=performing is self._storing)
        indication = performing.user
        if not isinstance(indication, Indication):
            indication = self.begin(performing)
            indication.data = data
            indication.data_length = len(data) if data else 0
        refusal = self._refusal(indication)
        if refusal:
            if indication.sink is not None:
                # The handler was taken away while the data set arrived.
                indication.sink.discard()
            self._refuse(indication, refusal)
            return
        handler = self._handlers(indication).find(indication.command.field)
        assert handler is not None
        try:
            waiting = handler(indication)
        except Exception as error:
            self._failed(indication, error)
            return
        if waiting is None:
            self._answered(indication)
            return
        task = self._engine.loop.create_task(self._run(indication, waiting))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(task, waiting))

    def cancel(self, performing: Performing) -> None:
        """The peer's C-CANCEL for a request that is being performed is here."""
        indication = performing.user
        assert isinstance(indication, Indication)
        indication.cancel_received()

    # -- what the handlers ask -------------------------------------------------------------------

    def is_answered(self, performing: Performing) -> bool:
        """See ``Answerer``."""
        dimse = self._engine.dimse
        return dimse is None or dimse.performing.get(performing.message_id) is not performing

    def respond(
        self,
        performing: Performing,
        context: PresentationContext,
        status: int,
        dataset: Data | bytes,
        elements: Mapping[int, Value],
    ) -> bool:
        """See ``Answerer``."""
        dimse = self._engine.dimse
        if dimse is None or self._engine.state.is_end or self.is_answered(performing):
            return False
        data = dataset if isinstance(dataset, bytes) else encode_data(dataset, context)
        dimse.respond(performing, status, data, elements)
        self._engine.protocol.schedule_pump()
        return status not in PENDING_STATUSES

    async def drain(self) -> None:
        """See ``Answerer``."""
        dimse = self._engine.dimse
        while dimse is not None and dimse.lanes.control_backlog > RESPONSES_WAITING:
            await self.draining.next()

    # -- a sink that is slower than the peer -----------------------------------------------------

    def _hold_reading(self, sink: Sink) -> None:
        """Read nothing more from the peer until ``sink`` has put away what it was given."""
        if self._holding is not None:
            return
        self._engine.protocol.pause_reading()
        self._engine.upper.hold_pdu_timer()
        self._holding = self._engine.loop.create_task(self._read_again(sink))

    async def _read_again(self, sink: Sink) -> None:
        engine = self._engine
        try:
            # An OSError is raised again by the next write: that is where it is answered.
            with contextlib.suppress(OSError):
                await sink.drained()
        finally:
            self._holding = None
            engine.upper.resume_pdu_timer(engine.loop.time())
            engine.protocol.resume_reading()

    # -- the turn of the loop, and the end -------------------------------------------------------

    def turn_done(self) -> None:
        """After each batch in or out: let handlers go on that waited for responses to be sent."""
        dimse = self._engine.dimse
        backlog = dimse.lanes.control_backlog if dimse is not None else 0
        if backlog <= RESPONSES_WAITING:
            self.draining.wake()

    def stop(self) -> None:
        """The association ended: cancel every handler, discard what was half received."""
        self.pieces, self._storing = [], None
        for task in self._tasks:
            task.cancel()
        if self._holding is not None:
            self._holding.cancel()
        self.draining.wake()
        dimse = self._engine.dimse
        for performing in dimse.performing.values() if dimse is not None else ():
            indication = performing.user
            if isinstance(indication, Indication) and indication.sink is not None:
                indication.cancel_received()
                indication.sink.discard()

    def _handlers(self, indication: Indication) -> Handlers:
        return self.handlers if indication.handlers is None else indication.handlers

    def _refusal(self, indication: Indication) -> int:
        """The status to refuse with, 0 to perform it."""
        field = indication.command.field
        if field not in _KNOWN:
            return UNRECOGNIZED_OPERATION
        if not indication.context.as_scp and field not in _WHATEVER_THE_ROLE:
            return SOP_CLASS_NOT_SUPPORTED
        if self._handlers(indication).find(field) is None:
            return SOP_CLASS_NOT_SUPPORTED
        return 0

    def _refuse(self, indication: Indication, status: int) -> None:
        indication.respond(status)
        why = (
            "no operation has that Command Field"
            if status == UNRECOGNIZED_OPERATION
            else "nothing here performs it"
            if indication.context.as_scp or indication.command.field in _WHATEVER_THE_ROLE
            else "we are not its SCP on that context"
        )
        self._engine.stream.remark(
            f"the peer asked for {indication.command.label}: answered {status:04X}H, {why}", "peer"
        )

    async def _run(self, indication: Indication, waiting: Awaitable[None]) -> None:
        try:
            await waiting
        except Exception as error:
            self._failed(indication, error)
        else:
            self._answered(indication)
        if len(self._tasks) == 1 and self._engine.dimse is not None:
            # No other handler runs: the answer need not wait for what others say in this turn.
            self._engine.protocol.pump()

    def _answered(self, indication: Indication) -> None:
        """The handler is through: the peer must have an answer."""
        if not indication.answered and not self._engine.state.is_end:
            indication.respond(PROCESSING_FAILURE, ErrorComment="no answer was made")

    def _failed(self, indication: Indication, error: Exception) -> None:
        """The handler raised: answer for it if it has not answered, and say what happened."""
        import logging

        label = indication.command.label
        logging.getLogger("assocsh").error(
            "the handler of the peer's %s with Message ID %d failed",
            label,
            indication.message_id,
            exc_info=error,
        )
        before = indication.final_status
        reason = str(error) or type(error).__name__
        status = OUT_OF_RESOURCES if isinstance(error, OSError) else PROCESSING_FAILURE
        indication.respond(status, ErrorComment=error_comment(reason))
        if before is not None:
            outcome = f" after it was answered {before:04X}H"
        elif indication.final_status is not None:
            outcome = f", answered {indication.final_status:04X}H"
        else:
            outcome = ", and the association ended without an answer to it"
        self._engine.stream.remark(
            f"performing the peer's {label} failed{outcome}: {type(error).__name__}: {reason}",
            "local",
        )

    def _ended(self, task: asyncio.Task[None], waiting: Awaitable[None]) -> None:
        self._tasks.discard(task)
        if isinstance(waiting, Coroutine):
            waiting.close()  # of a task that was cancelled before its first step
        if not task.cancelled():
            task.exception()
        self._engine.turn_done()
