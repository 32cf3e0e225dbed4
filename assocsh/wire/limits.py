"""How much of a conversation is kept in memory, whatever is fed to the decoder."""

from __future__ import annotations

from typing import TypeVar

from assocsh.records import dataclass, field

T = TypeVar("T")


@dataclass(slots=True)
class Budget:
    """Bytes that several associations share: what is taken by one is not there for the next."""

    left: int

    def take(self, wanted: int) -> int:
        """How many of ``wanted`` bytes may be kept; they are taken from what is left."""
        granted = min(max(wanted, 0), self.left)
        self.left -= granted
        return granted


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps for one association, and the budget that all of one source share.

    Of units, messages, exchanges and the responses of one exchange the first and the last half are
    kept and the middle is counted; of unmatched messages, gaps and notes the first ones.
    ``dataset`` is how many bytes of one data set are kept, ``raw`` how many of one P-DATA-TF;
    A-ASSOCIATE PDUs are kept whole. ``budget`` bounds data sets and raw bytes of all together.
    """

    units: int = 20_000
    messages: int = 50_000
    exchanges: int = 20_000
    responses: int = 25_000
    others: int = 1_000
    dataset: int = 1024 * 1024
    raw: int = 512
    budget: Budget = field(default_factory=lambda: Budget(64 * 1024 * 1024))


def keep_ends(kept: list[T], most: int) -> list[T]:
    """Take out of the middle of ``kept`` what is above ``most``, and return that.

    An eighth more than ``most`` is let in first, so that the work is shared by many additions.
    """
    if len(kept) <= most + most // 8:
        return []
    middle = slice(most // 2, most // 2 + len(kept) - most)
    taken = kept[middle]
    del kept[middle]
    return taken
