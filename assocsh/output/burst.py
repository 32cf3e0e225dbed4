"""Many alike events in a short time: the first ones are shown, the others counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SHOWN = 20
PAUSE = 1.0


class Burst:
    """``one_more`` says whether to show an event; ``tell(count)`` is called with those not shown.

    A burst ends when a second has passed since the last time that was told.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._shown = 0
        self._hidden = 0
        self._timer: asyncio.TimerHandle | None = None

    def one_more(self) -> bool:
        """Count an event; True when it is to be shown."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pause)
        if self._shown < SHOWN:
            self._shown += 1
            return True
        self._hidden += 1
        return False

    def _pause(self) -> None:
        self._timer = None
        hidden, self._hidden = self._hidden, 0
        if hidden:
            self._tell(hidden)
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pause)
        else:
            self._shown = 0
