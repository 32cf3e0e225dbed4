"""One request on its way: a handle with a stream of responses, a state, and a way to cancel it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from assocsh.association.view import AssociationView
from assocsh.association.waiters import Waiters
from assocsh.dimse.invocation import Invocation
from assocsh.dimse.requests import Request
from assocsh.dimse.responses import Response
from assocsh.dimse.status import CANCEL
from assocsh.errors import AssocshError, OperationCancelled, Side
from assocsh.states import CancelOutcome, OperationState
from assocsh.text.plural import plural
from assocsh.upperlayer.negotiation import PresentationContext

if TYPE_CHECKING:
    from assocsh.datasets.receive import Received

CancelResult = Literal["obeyed", "too late", "ignored"]


class Canceller(Protocol):
    """What an operation asks of the engine that made it."""

    loop: asyncio.AbstractEventLoop

    @property
    def association(self) -> AssociationView:
        """The ``Association`` that the request was given to."""

    def cancel(self, invocation: Invocation) -> CancelOutcome:
        """Cancel the request on its way. Never raises."""


class Operation(AsyncIterator[Response]):
    """A request that was given to an association; see ``Association.send``.

    ``async for response in operation`` gives each response, the final one last, and raises the
    error that ended the operation if there was none. A task that is cancelled while it waits here
    cancels the operation. ``async with operation`` cancels it on an early exit.

    ``number`` counts the operations of one association from 1. Times are ``loop.time()`` seconds:
    ``queued_at`` and ``finished_at``. ``request`` is what was sent, ``context`` the presentation
    context. ``responses`` counts those that came, ``matches`` the Pending ones of them. When it has
    ended, ``final`` is the final response, or ``error`` what ended it without one. ``invocation``
    is the engine's.
    """

    received: Sequence[Received] = ()
    """What a C-GET with a folder brought so far: see ``Association.get``."""

    def __init__(
        self,
        engine: Canceller,
        request: Request,
        context: PresentationContext,
        number: int,
        invocation: Invocation,
        now: float,
        limit: int | None,
        tag: object | None,
    ) -> None:
        self._engine = engine
        self.request = request
        self.context = context
        self.number = number
        self.tag = tag
        """What ``send`` was given as ``tag``: the caller's own, never looked at here."""
        self.place: object | None = None
        """Where an observer files what was said of it: the observer's own, never looked at here."""
        self.queued_at = now
        self.finished_at: float | None = None
        self.responses = 0
        self.matches = 0
        self.dropped = 0
        """Pending responses that came after ``limit`` of them, and were not delivered."""
        self.final: Response | None = None
        self.error: AssocshError | None = None
        self.cancel_result: CancelResult | None = None
        """What the peer made of our C-CANCEL, known with the final response; None without one.

        ``obeyed``: the final response has status FE00H. ``too late``: it has another status, and no
        Pending response came after the C-CANCEL. ``ignored``: it has another status, and Pending
        responses came after the C-CANCEL; a peer that had sent them already looks the same.
        """
        self.after_cancel = 0
        """Pending responses that came after the C-CANCEL was sent."""
        self.limited = False
        """``limit`` was reached: what came of the C-CANCEL is not what a user asked about."""
        self._limit = limit
        self.invocation = invocation
        self._buffer: deque[Response] = deque()
        self._arrival = Waiters()
        self._ending = Waiters()
        self._callbacks: list[Callable[[Operation], object]] = []
        self._overtaken = False
        self._end: OperationState | None = None

    def __repr__(self) -> str:
        return f"<Operation {self.number} {self.request.name} {self.state}>"

    @property
    def association(self) -> AssociationView:
        """The ``Association`` that it was given to."""
        return self._engine.association

    @property
    def state(self) -> OperationState:
        """queued, sending, pending, cancelling, or how it ended."""
        if self._end is not None:
            return self._end
        state = self.invocation.state
        # The machine is ahead: its end counts when the final response is here.
        return OperationState.PENDING if state.is_end else state

    @property
    def sent_at(self) -> float | None:
        """When its first byte was sent; None while it is queued."""
        return self.invocation.started_at

    @property
    def message_id(self) -> int | None:
        """Message ID; None as long as nothing of it was sent."""
        return None if self.sent_at is None else self.invocation.message_id

    @property
    def cancel_sent(self) -> bool:
        """A C-CANCEL went out, or is about to."""
        return self.invocation.cancel_sent

    @property
    def done(self) -> bool:
        """It ended, one way or another."""
        return self._end is not None

    @property
    def elapsed(self) -> float:
        """Seconds from the first byte sent (or from queueing, if never sent) to the end, or now."""
        start = self.queued_at if self.sent_at is None else self.sent_at
        end = self._engine.loop.time() if self.finished_at is None else self.finished_at
        return end - start

    @property
    def bytes_total(self) -> int:
        """The size of the data set in bytes."""
        return self.invocation.data_length

    @property
    def bytes_sent(self) -> int:
        """How much of the data set was handed to the upper layer."""
        writer = self.invocation.writer
        return writer.sent if writer is not None else 0

    def cancel(self) -> CancelOutcome:
        """Cancel it. Never blocks, never raises.

        Queued: withdrawn, nothing goes on the wire. C-FIND, C-GET, C-MOVE sent: C-CANCEL goes out
        and the operation ends with its final response (PS3.7 9.3.2.3). Others: the operation ends
        now, and its place in the window stays taken until the peer answers.
        """
        return self._engine.cancel(self.invocation)

    def keep_waiting(self) -> None:
        """It goes on, though nothing of that is seen here: its timeout counts from now again.

        For one who sees its progress elsewhere: the instances of a C-MOVE arrive on another
        association, and its Pending responses are optional (PS3.7 9.1.4.1).
        """
        self.invocation.progress_at = self._engine.loop.time()

    async def all(self, *, timeout: float | None = None) -> list[Response]:
        """Every response that was not taken yet, the final one last.

        Of a C-FIND the matches are those with ``is_pending``. They are kept encoded, and decoded
        when ``dataset`` is asked for. Raises what ``result`` raises; what came before is lost then,
        where ``async for`` gives it.
        """
        if timeout is not None:
            async with asyncio.timeout(timeout):
                return await self.all()
        return [response async for response in self]

    async def result(self, *, timeout: float | None = None) -> Response:
        """The final response. Raises what ended the operation without one.

        Raises AssociationError, OperationTimeout, or OperationCancelled after a cancel that needed
        no answer. Raises TimeoutError after ``timeout`` seconds, and cancels the operation then:
        the association lives, where ``Timeouts.dimse`` ends it. Without ``timeout`` that one holds.
        """
        if timeout is not None:
            async with asyncio.timeout(timeout):
                return await self.result()
        while self._end is None:
            await self._wait(self._ending)
        if self.error is not None:
            raise self.error.with_traceback(None)
        assert self.final is not None
        return self.final

    def add_done_callback(self, callback: Callable[[Operation], object]) -> None:
        """Call ``callback(operation)`` when it ends; at once if it has."""
        if self.done:
            self._call(callback)
        else:
            self._callbacks.append(callback)

    def __aiter__(self) -> Operation:
        return self

    async def __anext__(self) -> Response:
        while not self._buffer:
            if self.done:
                if self.error is not None:
                    # One error may end many operations: without this each raise would add to it.
                    raise self.error.with_traceback(None)
                raise StopAsyncIteration
            await self._wait(self._arrival)
        return self._buffer.popleft()

    def take_buffered(self) -> list[Response]:
        """All responses that are here now, without waiting."""
        taken = list(self._buffer)
        self._buffer.clear()
        return taken

    async def __aenter__(self) -> Operation:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.done:
            self.cancel()

    async def _wait(self, waiters: Waiters) -> None:
        try:
            await waiters.next()
        except asyncio.CancelledError:
            self.cancel()
            raise

    @property
    def cancel_remark(self) -> tuple[str, Side] | None:
        """What to say of a C-CANCEL that did not end it, and who caused that; None otherwise.

        Nothing is said where no C-CANCEL was sent, and of the one that ``limit`` sent.
        """
        if self.final is None or self.limited or not self.invocation.cancel_sent:
            return None
        what = f"{self.request.name} with Message ID {self.invocation.message_id}"
        end = f"{self.final.status:04X}H"
        if self.cancel_result == "ignored":
            pending = plural(self.after_cancel, "Pending response")
            return (
                f"the peer did not cancel the {what}: after the C-CANCEL came {pending} and "
                f"{end}; it ignores C-CANCEL, or had sent them already",
                "peer",
            )
        if self.cancel_result == "too late":
            return f"the C-CANCEL of the {what} came too late: it ended with {end}", "local"
        return None

    # -- what the association calls --------------------------------------------------------------

    def deliver(self, response: Response, *, final: bool) -> None:
        """A response arrived; ``final`` when no other follows."""
        self.responses += 1
        if not final:
            if self.invocation.cancel_on_wire:
                self.after_cancel += 1
            if self._limit is not None and self.matches >= self._limit:
                self.dropped += 1
                return
            self.matches += 1
            self._buffer.append(response)
            if self._arrival:
                self._arrival.wake()
            if self.matches == self._limit:
                self.limited = True
                # its final response may have come in the same read
                self._overtaken = self.cancel() is CancelOutcome.FINISHED
        else:
            self.final = response
            self._buffer.append(response)
            if self.invocation.cancel_sent or self._overtaken:
                if response.status == CANCEL:
                    self.cancel_result = "obeyed"
                else:
                    self.cancel_result = "ignored" if self.after_cancel else "too late"

    def state_changed(self, state: OperationState, now: float) -> None:
        """Its state changed; an end wakes every coroutine that waits for it."""
        if not state.is_end:
            return
        self._end = state
        self.finished_at = now
        if self.final is None and self.error is None:
            self.error = OperationCancelled(
                f"{self.request.name} was withdrawn before it was sent"
                if state is OperationState.WITHDRAWN
                else f"nobody waits for the {self.request.name} any more; DIMSE cannot cancel it"
            )
        for waiters in (self._arrival, self._ending):
            if waiters:
                waiters.wake()
        if self._callbacks:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                self._call(callback)

    def _call(self, callback: Callable[[Operation], object]) -> None:
        """A callback that fails must not keep the engine from what it was doing."""
        try:
            callback(self)
        except Exception as error:
            self._engine.loop.call_exception_handler(
                {"message": f"a done callback of {self!r} failed", "exception": error}
            )
