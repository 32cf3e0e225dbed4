"""Whether a disk is quick enough to be written to from the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable

SLOW = 0.004
"""Seconds. An event loop that is held longer than this is late for everything else it serves."""

VERY_SLOW = 0.03
"""Seconds that no program waits for a processor on a machine that is merely busy."""

SOON = 32
"""Operations within which a slow one after another is no accident."""

REST, LONGEST_REST = 1.0, 64.0
"""Seconds for which a disk counts as slow after a slow operation: doubled each time, up to this."""


class DiskSpeed:
    """Decides whether the next operation is done on the event loop or in a thread.

    The writer of instances calls ``record`` after each operation on the event loop and asks
    ``is_quick`` before the next one. A page of the cache is written in microseconds, a way to a
    thread and back takes a hundred; but a disk that is full of work, or far away, would hold the
    event loop. So an operation that takes very long is the last one there for a while, and so is
    the second of two that take long: one alone may have waited for a processor that other programs
    had, for a tick of their clock is as long.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = REST
        self._slow_until = 0.0
        self._suspect = 0
        """Operations that are left in which a slow one counts."""

    @property
    def is_quick(self) -> bool:
        """Whether the next operation may be done on the event loop."""
        return not self._slow_until or self._clock() >= self._slow_until

    def record(self, began: float, ended: float) -> None:
        """Note an operation on the event loop that lasted between two times of the clock.

        Longer than ``VERY_SLOW``, or longer than ``SLOW`` as one of the ``SOON`` before it was:
        ``is_quick`` is False for a rest, a doubled one if the last rest ended only a moment ago.
        """
        if ended - began <= SLOW:
            if self._suspect:
                self._suspect -= 1
            return
        if ended - began <= VERY_SLOW and not self._suspect:
            self._suspect = SOON
            return
        self._suspect = 0
        again = self._slow_until and began - self._slow_until < self._rest
        self._rest = min(self._rest * 2, LONGEST_REST) if again else REST
        self._slow_until = ended + self._rest
