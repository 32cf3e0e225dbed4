"""One thing is held until a second one comes, or for a moment: for what is mixed or exchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 0.3
"""Seconds that the first one waits; then it goes out as it is."""


class Holding(Generic[T]):
    """``alone`` is given the first thing when no second one came."""

    def __init__(self, alone: Callable[[T], object]) -> None:
        self._alone = alone
        self._first: T | None = None
        self._timer: asyncio.TimerHandle | None = None

    def pair(self, thing: T) -> T | None:
        """The thing that was held, and is not any more; None where this one is held now."""
        first, self._first = self._first, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if first is None:
            self._first = thing
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._give_up)
        return first

    def _give_up(self) -> None:
        first, self._first, self._timer = self._first, None, None
        if first is not None:
            self._alone(first)
