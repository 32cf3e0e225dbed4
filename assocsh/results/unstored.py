"""The files of a store that did not go through, each with its reason, as far as memory lets."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from assocsh.records import NamedTuple
from assocsh.results.kept import Budget
from assocsh.results.stored import StoredFiles

OVERHEAD = 200
"""Bytes that an entry takes besides the letters of its path and reason."""


class Outcome(StrEnum):
    """What became of a file; the first two are categories of its status."""

    FAILURE = "Failure"
    WARNING = "Warning"
    REFUSED = "refused here"
    UNANSWERED = "no answer"
    UNSENT = "not sent"


class Unstored(NamedTuple):
    """A file that was not stored, or stored with a warning; ``status`` where there was one."""

    path: str
    outcome: Outcome
    status: int | None
    reason: str


class UnstoredFiles:
    """Those of one request. Once the session's budget is spent further ones are only counted."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._used = 0
        self._files: list[Unstored] = []
        self._reasons: dict[str, str] = {}
        self.forgotten = 0
        """How many are counted and not kept."""
        self.lacks = ""
        """What the first one that the peer refused is without, and archives need; mostly empty."""
        self.stored = StoredFiles(budget)
        """The others: those that the peer has."""

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Unstored]:
        return iter(self._files)

    def __getitem__(self, index: int) -> Unstored:
        return self._files[index]

    def add(self, path: str, outcome: Outcome, reason: str, status: int | None = None) -> None:
        """Keep one more."""
        size = OVERHEAD + len(path) + (0 if reason in self._reasons else len(reason))
        if self._budget.used + size > self._budget.limit:
            self.forgotten += 1
            return
        self._budget.used += size
        self._used += size
        shared = self._reasons.setdefault(reason, reason)  # hundreds fail for one reason
        self._files.append(Unstored(path, outcome, status, shared))

    def to_send_again(self) -> list[str]:
        """The paths of those that the peer does not have, or may not have; each once."""
        again = (each.path for each in self._files if each.outcome is not Outcome.WARNING)
        return list(dict.fromkeys(again))

    def close(self) -> None:
        """Forget everything."""
        self._budget.used -= self._used
        self._used = 0
        self._files.clear()
        self._reasons.clear()
        self.stored.close()
