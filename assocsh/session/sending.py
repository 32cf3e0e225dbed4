"""Handing requests to the association, one or many, and waiting for their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, OperationCancelled

if TYPE_CHECKING:
    from assocsh.association import Association, Operation
    from assocsh.dimse.requests import Request
    from assocsh.results.request import RequestRecord
    from assocsh.session.state import State

AHEAD = 1000
"""Operations of one command that are handed over and have not ended; more only cost memory."""

TIME_SLICE = 0.004
"""Seconds of work after which the event loop serves others."""


class TimeSlices:
    """Lets the event loop serve others whenever a time slice of work is spent."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def pause(self) -> None:
        """Yield to others, if it is time."""
        if self._loop.time() - self._since > TIME_SLICE:
            await asyncio.sleep(0)
            self._since = self._loop.time()


class Group:
    """The operations of one request: handed over with a limit, waited for together.

    ``on_end`` is called with each operation that has ended. The first error that ended one
    without being asked for is raised at the end. ``association`` is where they go if not on the
    session's own.
    """

    def __init__(
        self,
        state: State,
        record: RequestRecord,
        *,
        on_end: Callable[[Operation], None] | None = None,
        association: Association | None = None,
    ) -> None:
        self._association = association
        self._state = state
        self._record = record
        self._on_end = on_end
        self._wake = asyncio.Event()
        self._error: AssocshError | None = None

    async def send(self, request: Request) -> Operation | None:
        """Hand over a request as soon as there is room; None when no more should be sent.

        Raises as ``Association.send``.
        """
        record = self._record
        while len(record.live) >= AHEAD and not record.cancel_asked:
            self._wake.clear()
            await self._wake.wait()
        if record.cancel_asked or self._error is not None:
            return None
        operation = self._state.send(request, record, association=self._association)
        operation.add_done_callback(self._ended)
        return operation

    async def finish(self) -> None:
        """Wait until all have ended. Raises the first error."""
        record = self._record
        try:
            while record.live:
                self._wake.clear()
                await self._wake.wait()
        except asyncio.CancelledError:
            record.cancel()
            raise
        if self._error is not None:
            raise self._error

    def _ended(self, operation: Operation) -> None:
        self._wake.set()
        operation.take_buffered()
        shown = self._record.operations.representative
        if shown is None or operation.place != shown.place:
            # one of many, like the others
            self._state.observers.conversation().forget(operation.place)
        error = operation.error
        asked_for = isinstance(error, OperationCancelled) and self._record.cancel_asked
        if error is not None and self._error is None and not asked_for:
            self._error = error
        if self._on_end is not None:
            self._on_end(operation)


async def repeat(
    state: State, record: RequestRecord, requests: Iterable[Request], count: int
) -> None:
    """Send ``requests`` at once and wait for all of them."""
    record.operations.expected = count
    group = Group(state, record)
    slices = TimeSlices()
    for request in requests:
        if await group.send(request) is None:
            break
        await slices.pause()
    await group.finish()
