"""The asynchronous operations window and the Message IDs (PS3.7 D.3.3.3, 9.1.x.1.1)."""

from __future__ import annotations

from collections.abc import Container


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
    """

    __slots__ = ("_last",)

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def allocate(self, in_use: Container[int]) -> int | None:
        """The next free Message ID, or None when all 65535 are outstanding."""
        for _ in range(65535):
            self._last = self._last % 65535 + 1
            if self._last not in in_use:
                return self._last
        return None
