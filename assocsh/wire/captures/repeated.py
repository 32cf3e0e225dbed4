"""Packets that are in a capture twice: copies of one, and what was sent again."""

from __future__ import annotations

from collections import deque

from assocsh.records import NamedTuple
from assocsh.wire.captures.packets import Segment

_TWICE = 0.001
"""Seconds in which the same packet is a copy: a mirror port, two interfaces. Nobody sent it again.
"""
_REMEMBERED = 2
"""Packets of a side among which a copy is looked for: before one is sent again there are more."""


class Copies:
    """The last packets of one side of a connection."""

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int, int, int, int]] = deque(maxlen=_REMEMBERED)

    def has(self, segment: Segment, time: float) -> bool:
        """Whether the capture had this very packet a moment before; it is remembered."""
        numbers = segment.sequence, segment.acknowledged, segment.window, segment.length
        found = any(each[1:] == numbers and time - each[0] < _TWICE for each in self._recent)
        self._recent.append((time, *numbers))
        return found


class Again(NamedTuple):
    """The first of what was sent again: first in packet ``frame``, at ``since``, so many times."""

    sequence: int
    since: float
    frame: int
    last: float
    times: int

    @classmethod
    def of(cls, before: Again | None, sequence: int, time: float, frame: int) -> Again:
        """What it is now: once more the same segment, or one before it. One behind it is the rest
        of the same attempt."""
        if before is None or sequence < before.sequence:
            return cls(sequence, time, frame, time, 1)
        if sequence > before.sequence:
            return before
        return before._replace(last=time, times=before.times + 1)
