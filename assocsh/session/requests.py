"""The numbered requests of a session, and the values that came back with their responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, overload

from assocsh.results.kept import Budget
from assocsh.results.recent import RecentValues
from assocsh.results.request import RequestRecord

if TYPE_CHECKING:
    from assocsh.language.parse import Call

FIND = "C-FIND"


class Requests(Sequence[RequestRecord]):
    """Every request in the order of its number, which begins at 1.

    ``changed`` is called after each change of one of them. ``fallback`` is asked for the encoding
    of text that is not what its data set declares.
    """

    def __init__(
        self, changed: Callable[[], None], fallback: Callable[[], str | None] = lambda: None
    ) -> None:
        self._changed = changed
        self._fallback = fallback
        self._records: list[RequestRecord] = []
        self._budget = Budget()
        self.last_ended: RequestRecord | None = None
        """The last one that had a final response."""
        self.recent = RecentValues()

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | list[RequestRecord]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def new(self, call: Call, now: float) -> RequestRecord:
        """The next request; ``now`` is the time of the event loop's clock."""
        service = call.spec.service or call.spec.name.upper()
        record = RequestRecord(
            len(self) + 1,
            call,
            service,
            budget=self._budget,
            fallback=self._fallback,
            now=now,
        )
        record.on_change = self._changed
        self._records.append(record)
        return record

    def numbered(self, number: int) -> RequestRecord | None:
        """Request ``#number``, None when there is none."""
        return self._records[number - 1] if 1 <= number <= len(self) else None

    @property
    def last(self) -> RequestRecord | None:
        """The last request that was submitted."""
        return self._records[-1] if self._records else None

    @property
    def last_find(self) -> RequestRecord | None:
        """The last find that was submitted."""
        return next((record for record in reversed(self) if record.service == FIND), None)

    def came(self, _keyword: str, text: str) -> bool:
        """Whether a peer sent ``text`` with a response that is kept."""
        value = text.encode("latin-1", "replace")
        return any(record.results.has_bytes(value) for record in reversed(self._records))

    def close(self) -> None:
        """Forget the results of all of them."""
        for record in self._records:
            record.results.close()
            record.unstored.close()
