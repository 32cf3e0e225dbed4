"""That something has ended, to be asked and to be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.association.waiters import Waiters


class Ended:
    """As an ``asyncio.Event`` that is set once, in a tenth of its bytes.

    Every request and every job has one, and the requests of a session are kept.
    """

    __slots__ = ("_set", "_waiters")

    def __init__(self) -> None:
        self._set = False
        self._waiters: Waiters | None = None  # until somebody waits

    def set(self) -> None:
        """It has ended: whoever waits goes on in the next turn of the loop."""
        self._set = True
        if self._waiters is not None:
            self._waiters.wake()

    def is_set(self) -> bool:
        """Whether it has ended."""
        return self._set

    async def wait(self) -> None:
        """Wait for its end."""
        from assocsh.association.waiters import Waiters

        while not self._set:
            if self._waiters is None:
                self._waiters = Waiters()
            await self._waiters.next()
