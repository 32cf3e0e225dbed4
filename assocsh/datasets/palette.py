"""Palette colour lookup tables: from the value of a pixel to red, green and blue.

PS3.3 C.7.6.3.1.5, C.7.6.3.1.6; segmented ones C.7.9.2. Levels have eight bits, as a printer takes
them (PS3.3 C.13.5): of sixteen the upper ones.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from pydicom import Dataset

COLOURS = ("Red", "Green", "Blue")

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


class Table(NamedTuple):
    """The levels of one colour, that of the pixel value ``first`` first."""

    first: int
    levels: bytes

    def level(self, value: int) -> int:
        """The level for a value; what is below or above the table has its first or last one."""
        return self.levels[max(0, min(len(self.levels) - 1, value - self.first))]


def tables(dataset: Dataset, *, big_endian: bool) -> tuple[Table, ...]:
    """One for red, green and blue each. Raises ValueError, saying which one is wrong."""
    return tuple(_table(dataset, colour, big_endian) for colour in COLOURS)


def _table(dataset: Dataset, colour: str, big_endian: bool) -> Table:
    descriptor = dataset.get(f"{colour}PaletteColorLookupTableDescriptor")
    if descriptor is None or len(descriptor) != 3:
        raise ValueError(f"its {colour.lower()} palette has no descriptor")
    count, first, bits = (int(value) for value in descriptor)
    count = count or 0x10000
    if bits not in (8, 16):
        raise ValueError(f"its {colour.lower()} palette has entries of {bits} bits")
    data = dataset.get(f"{colour}PaletteColorLookupTableData")
    if data is not None:
        entries = _entries(data, 16 if bits == 8 and len(data) >= 2 * count else bits, big_endian)
    else:
        segments = dataset.get(f"Segmented{colour}PaletteColorLookupTableData")
        if segments is None:
            raise ValueError(f"its {colour.lower()} palette has no table")
        entries = _expanded(_entries(segments, bits, big_endian), bits)
    if len(entries) < count:
        raise ValueError(f"its {colour.lower()} palette has {len(entries)} of {count} entries")
    shift = bits - 8
    return Table(first, bytes(entry >> shift & 0xFF for entry in entries[:count]))


def _entries(data: Any, bits: int, big_endian: bool) -> Sequence[int]:
    """Words or bytes as numbers. A table is as it stands in the file, in its byte order."""
    raw = bytes(data) if isinstance(data, bytes | bytearray) else array("H", data).tobytes()
    if bits == 8:
        return raw
    words = array("H", raw[: len(raw) // 2 * 2])
    if big_endian != (sys.byteorder == "big"):
        words.byteswap()
    return words


def _expanded(words: Sequence[int], bits: int) -> list[int]:
    """A segmented table as a plain one (PS3.3 C.7.9.2). Raises ValueError."""
    made: list[int] = []
    for _ in _segments(words, 0, len(words), made, bits, nested=False):
        if len(made) > 0x10000:
            raise ValueError("a segmented palette has more than 65,536 entries")
    return made


def _segments(
    words: Sequence[int], at: int, most: int, made: list[int], bits: int, *, nested: bool
) -> Iterator[None]:
    """Append up to ``most`` segments from ``at`` on, and stop after each."""
    done = 0
    while at + 1 < len(words) and done < most:
        kind, length = words[at], words[at + 1]
        done += 1
        if kind == _DISCRETE:
            made += words[at + 2 : at + 2 + length]
            at += 2 + length
        elif kind == _LINEAR and made and at + 2 < len(words):
            last, end = made[-1], words[at + 2]
            made += [last + (end - last) * step // length for step in range(1, length + 1)]
            at += 3
        elif kind == _INDIRECT and not nested:
            # the offset is in bytes: two words of sixteen bits, four of eight, the low ones first
            size = 2 if bits == 16 else 4
            parts = words[at + 2 : at + 2 + size]
            offset = sum(part << bits * place for place, part in enumerate(parts))
            start = offset // (bits // 8)
            yield from _segments(words, start, length, made, bits, nested=True)
            at += 2 + size
        else:
            raise ValueError("a segmented palette has a segment that means nothing")
        yield
