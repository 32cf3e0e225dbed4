"""Which columns the table of a request has, and in which order its rows are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assocsh.records import dataclass, field
from assocsh.text.patterns import pattern

_NUMBER = pattern(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")

Rank = tuple[int, float, str]
"""What a value is ordered by: numbers by their size, before texts, whatever their case."""


@dataclass(slots=True)
class Columns:
    """``paths`` are those of the first columns, in their order: the keys that were asked for.

    ``alone``: an aligned table shows no others, for more is asked for than a person reads. What is
    kept, and every other format, has all that came.
    """

    paths: list[str] = field(default_factory=list)
    alone: bool = False
    only: bool = False
    """``--columns`` named them: no format shows others."""
    sort: tuple[SortKey, ...] = ()
    """What ``--sort`` named; empty: as they came."""
    order: Sequence[int] | None = None
    """The 0-based indices of the rows in the order of ``sort``, once all of them are there."""

    @property
    def closed(self) -> bool:
        """A table has these columns and no others."""
        return self.alone or self.only

    def indices(self, count: int) -> Sequence[int]:
        """Those of ``count`` rows, in the order in which they are shown."""
        return range(count) if self.order is None else self.order


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute that rows are sorted by."""

    path: str
    descending: bool = False


def value_at(values: Mapping[str, str], path: str) -> str:
    """The value at ``path`` of a row; that of the first element so called, on whatever level.

    Empty without one. Whoever names ``Modality`` need not know in which sequence it stands.
    """
    if path in values:
        return values[path]
    last = f".{path}"
    return next((text for other, text in values.items() if other.endswith(last)), "")


class Sorting:
    """Collects what the rows of one request are sorted by, and tells their order.

    A number stays with its row, so that what is shown as 2 is what ``--of 2`` takes.
    """

    def __init__(self, keys: Iterable[SortKey]) -> None:
        self._keys = tuple(keys)
        self._ranks: list[list[Rank | None]] = [[] for _ in self._keys]

    def add(self, values: Mapping[str, str]) -> None:
        """The values of the next row."""
        for key, ranks in zip(self._keys, self._ranks, strict=True):
            text = value_at(values, key.path)
            ranks.append(_rank(text) if text else None)

    def order(self, count: int) -> list[int]:
        """The indices of the rows: by the first key, then the next; empty values come last."""
        indices = list(range(count))
        for key, ranks in reversed(list(zip(self._keys, self._ranks, strict=True))):
            indices = list(_sorted(indices, ranks, descending=key.descending))
        return indices


def _rank(text: str) -> Rank:
    if _NUMBER.fullmatch(text):
        return 0, float(text), ""
    return 1, 0.0, text.casefold()


def _sorted(
    indices: Sequence[int], ranks: Sequence[Rank | None], *, descending: bool
) -> Iterator[int]:
    ranked = [(rank, index) for index in indices if (rank := ranks[index]) is not None]
    ranked.sort(key=lambda each: each[0], reverse=descending)
    yield from (index for _, index in ranked)
    yield from (index for index in indices if ranks[index] is None)
