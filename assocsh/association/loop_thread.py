"""An event loop in a thread of its own, for programs that have none."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from assocsh.errors import LocalProtocolError

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread of its own, until it is closed.

    For those who are not asynchronous: ``assocsh.sync``, the fixture for pytest. Any thread but its
    own may wait for what it does.
    """

    def __init__(self, name: str = "assocsh") -> None:
        ready: concurrent.futures.Future[asyncio.Event] = concurrent.futures.Future()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._main(ready),), name=name, daemon=True
        )
        self._thread.start()
        self._stop = ready.result()

    async def _main(self, ready: concurrent.futures.Future[asyncio.Event]) -> None:
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        ready.set_result(stop)
        await stop.wait()

    @property
    def alive(self) -> bool:
        """It was not closed."""
        return not self._closed

    @property
    def is_here(self) -> bool:
        """Whoever asks runs on it."""
        return threading.current_thread() is self._thread

    def wait(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """What ``work`` returns or raises, from the loop. Cancels it when this is interrupted.

        Raises TimeoutError after ``timeout`` seconds, LocalProtocolError on the loop's own thread.
        """
        if self.is_here:
            work.close()
            raise LocalProtocolError(
                "this would wait on the event loop's own thread, for ever",
                hint="handlers, observers and decide run there: they have the asynchronous objects",
            )
        with self._lock:
            # So that what is given to the loop is there before the loop is told to end.
            future = None if self._closed else asyncio.run_coroutine_threadsafe(work, self._loop)
        if future is None:
            # All has ended: whatever is asked for is there, and waits for nothing of the old loop.
            other = LoopThread()
            try:
                return other.wait(work, timeout)
            finally:
                other.close()
        try:
            return future.result(timeout)
        except concurrent.futures.CancelledError:
            raise LocalProtocolError("another thread ended what this one waited for") from None
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises when it is called on the loop."""
        if self.is_here or not self.alive:
            return function()

        async def call() -> T:
            return function()

        return self.wait(call())

    def close(self) -> None:
        """End the thread, and what it still does. May be called more than once."""
        with self._lock:
            first, self._closed = not self._closed, True
            if first:
                self._loop.call_soon_threadsafe(self._stop.set)
        if not self.is_here:
            self._thread.join()
