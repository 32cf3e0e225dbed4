"""What a request had come to at some moments of the last seconds: what its speed is told from."""

from __future__ import annotations

from assocsh.records import NamedTuple

SPAN = 5.0
"""Seconds that a speed is taken over: what was fast a minute ago tells nothing of now."""

APART = 0.2
"""Seconds between two samples; more would tell nothing more."""


class Sample(NamedTuple):
    """Parts that are done, and bytes of them, at a time of the loop's clock."""

    time: float
    done: int
    size: int


class Pace:
    """The samples of one request."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []  # a few dozen; an empty deque has 600 bytes

    def before(self, now: Sample) -> Sample:
        """The oldest sample that a speed may be told from; ``now`` is kept for later."""
        samples = self._samples
        if not samples or now.time - samples[-1].time >= APART:
            samples.append(now)
        while len(samples) > 1 and now.time - samples[1].time >= SPAN:
            del samples[0]
        return samples[0]
