"""Whether a disk is quick enough to be written to from the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable

SLOW = 0.004
"""Seconds: who waits for the loop notices more than a few milliseconds."""

REST, LONGEST_REST = 1.0, 64.0
"""Seconds for which a disk counts as slow after a slow operation: doubled each time, up to this."""


class Pace:
    """Told how long each operation ``took``. A slow one makes ``is_quick`` False for a rest.

    A page of the cache is written in microseconds, a way to a thread and back takes a hundred; but
    a disk that is full of work, or far away, would hold the event loop. So the first operation that
    takes long is the last one there for a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = REST
        self._rests_until = 0.0

    @property
    def is_quick(self) -> bool:
        """What is done now may be done on the event loop."""
        return not self._rests_until or self._clock() >= self._rests_until

    def took(self, began: float, ended: float) -> None:
        """An operation was done on the event loop, between two times of the clock."""
        if ended - began <= SLOW:
            return
        # Slow again soon after a rest: that was too short.
        again = self._rests_until and began - self._rests_until < self._rest
        self._rest = min(self._rest * 2, LONGEST_REST) if again else REST
        self._rests_until = ended + self._rest
