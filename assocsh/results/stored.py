"""The files of a store that the peer has, for what refers to them later."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.results.kept import Budget

OVERHEAD = 60
"""Bytes that an entry takes besides the letters of its path."""


class StoredFiles:
    """Those of one request. Once the session's budget is spent further ones are only counted."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._used = 0
        self._paths: dict[str, None] = {}
        self.forgotten = 0
        """How many are counted and not kept."""

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def add(self, path: str) -> None:
        """Keep one more; a file that was sent several times is one."""
        if path in self._paths:
            return
        size = OVERHEAD + len(path)
        if self._budget.used + size > self._budget.limit:
            self.forgotten += 1
            return
        self._budget.used += size
        self._used += size
        self._paths[path] = None

    def close(self) -> None:
        """Forget everything."""
        self._budget.used -= self._used
        self._used = 0
        self._paths.clear()
