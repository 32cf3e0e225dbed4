"""Values that came with responses, the latest first: what completion offers for UIDs and names."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator

from assocsh.records import NamedTuple

KEPT = 300
OFFERED = frozenset(
    {
        "AccessionNumber",
        "Modality",
        "PatientID",
        "PatientName",
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyDate",
        "StudyDescription",
        "StudyID",
        "StudyInstanceUID",
    }
)
"""Keywords whose values are worth keeping; anything else would only fill memory."""


class Recent(NamedTuple):
    """A value as it came (not made visible), and where it came from: ``#3, CT 20260104 DOE^J``."""

    value: str
    origin: str
    peer: str
    """Whom it came from; empty where it was made here."""


class RecentValues:
    """For each keyword the last values seen, without repetition."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._pools: defaultdict[str, OrderedDict[str, Recent]] = defaultdict(OrderedDict)
        self._keywords: OrderedDict[str, None] = OrderedDict()

    def add(self, keyword: str, value: str, origin: str, peer: str = "") -> None:
        """Remember a value as the latest of its keyword."""
        if keyword not in OFFERED or not value or len(value) > 64 or not value.isprintable():
            return
        pool = self._pools[keyword]
        pool[value] = Recent(value, origin, peer)
        pool.move_to_end(value)
        if len(pool) > self._kept:
            pool.popitem(last=False)

    def values(self, keyword: str) -> Iterator[Recent]:
        """The values of a keyword, the latest first."""
        yield from reversed(self._pools.get(keyword, OrderedDict()).values())

    def use(self, keyword: str) -> None:
        """Remember that a keyword was used on a line."""
        self._keywords[keyword] = None
        self._keywords.move_to_end(keyword)
        if len(self._keywords) > self._kept:
            self._keywords.popitem(last=False)

    def keywords(self) -> Iterator[str]:
        """The keywords used on lines, the latest first."""
        return reversed(self._keywords)
