"""The asynchronous operations window and the Message IDs (PS3.7 D.3.3.3, 9.1.x.1.1)."""

from __future__ import annotations

from collections.abc import Collection

HIGHEST_MESSAGE_ID = 0xFFFF


class OperationsWindow:
    """How many operations may be outstanding in one direction. ``limit`` 0 is unlimited.

    Every request counts, responses and C-CANCEL never do; a place is given back when the final
    response is in *and* the request is fully sent.
    """

    __slots__ = ("limit", "outstanding")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.outstanding = 0

    @property
    def is_open(self) -> bool:
        """True when one more request may go out."""
        return not self.limit or self.outstanding < self.limit

    def take(self) -> None:
        self.outstanding += 1

    def give_back(self) -> None:
        self.outstanding -= 1


class MessageIds:
    """Message IDs 1..65535 in rotation, skipping every one that is still in use.

    Abandoned and timed-out requests keep theirs: a late response must never find a new owner.
    ``in_use`` are distinct Message IDs; ``last`` is the one that was given out last.
    """

    __slots__ = ("_last", "highest")

    def __init__(self, last: int = 0, highest: int = HIGHEST_MESSAGE_ID) -> None:
        self._last = last
        self.highest = highest
        """How many there are."""

    def allocate(self, in_use: Collection[int]) -> int | None:
        """The next free Message ID, or None when every one is in use."""
        if len(in_use) >= self.highest:
            return None
        while True:
            self._last = self._last % self.highest + 1
            if self._last not in in_use:
                return self._last
