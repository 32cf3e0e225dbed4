"""The instances that came to a listener, until somebody asks for them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from assocsh.association.waiters import Waiters
from assocsh.errors import LocalProtocolError

if TYPE_CHECKING:
    from assocsh.datasets.receive import Received

MOST_KEPT = 100_000
"""Instances of which it is remembered that they arrived, when nobody asks for them."""


class Arrivals:
    """The instances that came to a listener, in order, until somebody takes them.

    Each is taken once, however many take them. Of more than ``MOST_KEPT`` that nobody takes the
    oldest are forgotten; their files stay.
    """

    def __init__(self) -> None:
        self._kept: deque[Received] = deque(maxlen=MOST_KEPT)
        self._change = Waiters()
        self._closed = False

    def add(self, received: Received) -> None:
        """One more is there."""
        if len(self._kept) == MOST_KEPT:
            import logging

            logging.getLogger("assocsh").warning(
                "%s is no longer among what the listener tells of: %d instances wait to be taken",
                self._kept[0].path,
                MOST_KEPT,
            )
        self._kept.append(received)
        self._change.wake()

    def close(self) -> None:
        """No more will come: whoever waits hears it."""
        self._closed = True
        self._change.wake()

    async def next(self, timeout: float | None = None) -> Received:
        """Take the oldest, or the next that comes.

        Raises TimeoutError after ``timeout`` seconds, LocalProtocolError when none is left and the
        listener is closed.
        """
        async with asyncio.timeout(timeout):
            while not self._kept:
                if self._closed:
                    raise LocalProtocolError("the listener is closed: no more instances come")
                await self._change.next()
        return self._kept.popleft()
