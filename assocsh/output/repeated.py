"""Remarks that come again and again: the first few are said, the others are counted."""

from __future__ import annotations

import re
from collections import Counter

SAID = 3
"""How many remarks that differ in their numbers only are said."""

KINDS = 100
"""How many kinds of remarks are told apart; a peer may make up any number of them."""

_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)*")


class Repeated:
    """Counts the remarks of one association."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def worth_saying(self, text: str) -> bool:
        """False when the same, but for its numbers, was said often enough."""
        kind = _NUMBER.sub("N", text)[:200]
        if kind not in self._counts and len(self._counts) >= KINDS:
            kind = "other remarks"
        self._counts[kind] += 1
        self._last[kind] = text
        return self._counts[kind] <= SAID

    def left_out(self) -> list[str]:
        """What was only counted, in words; begins again."""
        counts, self._counts = self._counts, Counter()
        last, self._last = self._last, {}
        return [
            f"{count - SAID} more of these, the last: {last[kind]}"
            for kind, count in counts.items()
            if count > SAID
        ]
