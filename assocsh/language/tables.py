"""The tag, SOP class and transfer syntax tables, indexed for completion.

``load`` takes a few hundred milliseconds (pydicom): it belongs into a thread behind the first
prompt. ``loaded`` never imports anything. A search costs a millisecond or less: it stops at a cap,
because drawing a candidate costs more than finding it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from assocsh.language.fuzzy import alike
from assocsh.records import NamedTuple, dataclass

CAP = 200
"""Candidates at most."""


class TagLike(Protocol):
    """A line of the data dictionary (PS3.6)."""

    @property
    def keyword(self) -> str: ...
    @property
    def tag(self) -> int: ...
    @property
    def vr(self) -> str: ...
    @property
    def vm(self) -> str: ...
    @property
    def name(self) -> str: ...


class UidLine(NamedTuple):
    """A SOP class or transfer syntax."""

    keyword: str
    uid: str
    name: str


T = TypeVar("T")


class NameIndex(Generic[T]):
    """Things by name, found by prefix, by initials (``SIUID``) and by substring, in any case."""

    def __init__(self, named: Iterable[tuple[str, T]]) -> None:
        pairs = sorted(((name.lower(), name, item) for name, item in named), key=lambda p: p[0])
        self._lower = [lower for lower, _, _ in pairs]
        self._items = [item for _, _, item in pairs]
        self._initials_of = [_initials(name) for _, name, _ in pairs]
        initials = sorted((letters, i) for i, letters in enumerate(self._initials_of))
        self._initials = [letters for letters, _ in initials]
        self._by_initials = [i for _, i in initials]
        self._blob = "\n".join(self._lower)
        self._starts: list[int] = []
        at = 0
        for lower in self._lower:
            self._starts.append(at)
            at += len(lower) + 1

    def __len__(self) -> int:
        return len(self._items)

    def get(self, name: str) -> T | None:
        """The thing of this very name, in any case."""
        at = bisect_left(self._lower, name.lower())
        if at < len(self._lower) and self._lower[at] == name.lower():
            return self._items[at]
        return None

    def search(
        self,
        text: str,
        *,
        preferred: Sequence[str] = (),
        cap: int = CAP,
        fuzzy: bool = False,
    ) -> list[T]:
        """What matches, best first: prefix, then preferred, initials, substring; ``cap`` at most.

        ``fuzzy``: last of all what holds the letters in their order.
        ``preferred`` are names, the most wanted first; they also lead among those of the prefix.
        """
        wanted = text.lower()
        found: dict[int, None] = {}
        for index in self._ranked(wanted, preferred):
            found[index] = None
            if len(found) >= cap:
                break
        if fuzzy and len(found) < cap:
            found |= dict.fromkeys(alike(wanted, self._lower))
        return [self._items[index] for index in list(found)[:cap]]

    def _ranked(self, wanted: str, preferred: Sequence[str]) -> Iterator[int]:
        low = bisect_left(self._lower, wanted)
        high = bisect_right(self._lower, wanted + "\U0010ffff")
        favourites = [at for name in preferred if (at := self._index(name)) is not None]
        yield from (at for at in favourites if low <= at < high)
        yield from range(low, high)
        if len(wanted) < 2:
            return
        yield from (
            at
            for at in favourites
            if wanted in self._lower[at] or self._initials_of[at].startswith(wanted)
        )
        first = bisect_left(self._initials, wanted)
        last = bisect_right(self._initials, wanted + "\U0010ffff")
        yield from self._by_initials[first:last]
        at = self._blob.find(wanted)
        while at >= 0:
            index = bisect_right(self._starts, at) - 1
            yield index
            if index + 1 >= len(self._starts):
                return
            at = self._blob.find(wanted, self._starts[index + 1])

    def _index(self, name: str) -> int | None:
        lower = name.lower()
        at = bisect_left(self._lower, lower)
        return at if at < len(self._lower) and self._lower[at] == lower else None


def _initials(name: str) -> str:
    return "".join(letter for letter in name if letter.isupper() or letter.isdigit()).lower()


@dataclass(frozen=True)
class Tables:
    """Everything that completion looks names up in."""

    tags: NameIndex[TagLike]
    numbers: tuple[str, ...]  # "00100010", sorted
    by_number: tuple[TagLike, ...]
    sop_classes: NameIndex[UidLine]
    transfer_syntaxes: NameIndex[UidLine]

    @classmethod
    def build(
        cls,
        tags: Iterable[TagLike],
        sop_classes: Iterable[tuple[str, str, str]],
        transfer_syntaxes: Iterable[tuple[str, str, str]],
    ) -> Tables:
        """From data dictionary entries, and (keyword, UID, name) of the UID registry."""
        entries = sorted((entry for entry in tags if entry.keyword), key=lambda entry: entry.tag)
        return cls(
            NameIndex((entry.keyword, entry) for entry in entries),
            tuple(f"{entry.tag:08x}" for entry in entries),
            tuple(entries),
            NameIndex((line[0], UidLine(*line)) for line in sop_classes),
            NameIndex((line[0], UidLine(*line)) for line in transfer_syntaxes),
        )

    def tags_by_number(self, digits: str, *, cap: int = CAP) -> Sequence[TagLike]:
        """The tags whose eight hexadecimal digits begin with ``digits``, in order."""
        wanted = digits.lower()
        low = bisect_left(self.numbers, wanted)
        high = bisect_right(self.numbers, wanted + "g")
        return self.by_number[low : min(high, low + cap)]


_loaded: Tables | None = None


def loaded() -> Tables | None:
    """The tables, once ``load`` has been through; never imports anything."""
    return _loaded


def load() -> Tables:
    """Read and index the tables (pydicom); safe in a thread, and cheap the second time."""
    global _loaded
    if _loaded is None:
        from assocsh.datasets import dictionary

        _loaded = Tables.build(
            dictionary.entries(), dictionary.sop_classes(), dictionary.transfer_syntaxes()
        )
    return _loaded
