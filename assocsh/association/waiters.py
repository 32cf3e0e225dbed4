"""Waiting until something may have changed."""

from __future__ import annotations

import asyncio


class Waiters(list[asyncio.Future[None]]):
    """What coroutines wait on for a change; they are woken all together.

    What they wait for is not kept here: each looks again when it is woken. So nothing is lost when
    two changes come in one turn of the loop, and nothing has to be undone when a waiter is
    cancelled.

    A list, because one is made for each request and asked for each message whether it is empty:
    neither is a call of a Python function this way.
    """

    __slots__ = ()

    def next(self) -> asyncio.Future[None]:
        """What to await: done with the next ``wake``. Each caller gets one of its own."""
        future = asyncio.get_running_loop().create_future()
        self.append(future)
        return future

    def wake(self) -> None:
        """Let all that waits now go on, in the next turn of the loop."""
        for future in self:
            if not future.done():  # one whose coroutine was cancelled is
                future.set_result(None)
        self.clear()
