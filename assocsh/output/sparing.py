"""Saying the first few of many alike things, and only how many the others were."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from assocsh.text.patterns import pattern

SHOWN = 20
"""How many alike lines about one thing are shown."""

ALIKE_SHOWN = 10
"""How many files of one store are shown that were not stored; the others are listed on request."""

PAUSE = 1.0
"""Seconds between two lines that say how many events were not shown."""

REMARKS_SHOWN = 3
"""How many remarks that differ in their numbers only are shown."""

KINDS = 100
"""How many kinds of remarks are told apart; a peer may make up any number of them."""

_REQUEST = pattern(r"#[0-9]+")
_NUMBER = pattern(r"0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)*")


class FirstFew:
    """Admits the first ``most`` and counts the others."""

    def __init__(self, most: int = SHOWN) -> None:
        self._most = most
        self._count = 0

    def admit(self) -> bool:
        """Count one more; True when it is among those to show."""
        self._count += 1
        return self._count <= self._most

    @property
    def left_out(self) -> int:
        """How many were not admitted."""
        return max(self._count - self._most, 0)


class RateLimit:
    """Admits the first few events of a flood; ``tell(count)`` says every second what was left out.

    A flood is over when a second has passed in which nothing was left out. Needs a running event
    loop.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._few = FirstFew()
        self._said = 0
        self._timer: asyncio.TimerHandle | None = None

    def admit(self) -> bool:
        """Count an event; True when it is to be shown."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pause)
        return self._few.admit()

    def _pause(self) -> None:
        self._timer = None
        more = self._few.left_out - self._said
        if not more:
            self._few, self._said = FirstFew(), 0
            return
        self._said += more
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pause)
        self._tell(more)


class Hints:
    """Admits each hint once.

    Twenty lines that were pasted fail for one reason: what to do about it is said below the first.
    Hints that differ in the number of a request only (``show #3``) are the same.
    """

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def admit(self, text: str) -> bool:
        """True when it is to be said."""
        key = _REQUEST.sub("#", text)
        if key in self._said:
            return False
        if len(self._said) >= KINDS:
            del self._said[next(iter(self._said))]
        self._said[key] = None
        return True


class _Kind:
    """The remarks of one kind: the few that were said, and how many were not."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self.left_out = 0

    def admit(self, text: str) -> bool:
        exact = _REQUEST.sub("#", text)
        if exact in self._said or len(self._said) >= REMARKS_SHOWN:
            self.left_out += 1
            return False
        self._said.add(exact)
        return True


class AlikeRemarks:
    """Admits the first few remarks of each kind. Those that differ in numbers only are alike.

    The very same remark, but for the number of the request that it is about, is admitted once.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._last: dict[str, str] = {}

    def admit(self, text: str) -> bool:
        """Count a remark; True when it is to be shown."""
        kind = _NUMBER.sub("N", text)[:200]
        if kind not in self._kinds and len(self._kinds) >= KINDS:
            kind = "other remarks"
        self._last[kind] = text
        return self._kinds.setdefault(kind, _Kind()).admit(text)

    def left_out(self) -> list[str]:
        """What was only counted, in words; begins again."""
        kinds, self._kinds = self._kinds, {}
        last, self._last = self._last, {}
        return [
            f"{of_kind.left_out} more of these, the last: {last[kind]}"
            for kind, of_kind in kinds.items()
            if of_kind.left_out
        ]
