"""Values by their rank among many, without a list of all of them in order.

Such a list has 32 bytes for each value, which is four times what is kept of it: 200,000 echoes
would end with 6 MB for four numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_FEW = 1000
"""So many are put in order."""
_BINS = 1024


def at_ranks(values: array[float], ranks: Iterable[int]) -> dict[int, float]:
    """The values that would stand at ``ranks`` (from 0) if ``values`` were in order.

    Raises IndexError for a rank that there is not.
    """
    wanted = set(ranks)
    if len(values) <= _FEW:
        ordered = sorted(values)
        return {rank: ordered[rank] for rank in wanted}
    if not all(0 <= rank < len(values) for rank in wanted):
        raise IndexError(f"ranks of {len(values)} values")
    low, high = min(values), max(values)
    scale = _BINS / (high - low) if high > low else 0.0
    if not 0.0 < scale < float("inf"):
        return dict.fromkeys(wanted, low)  # all are alike
    counts = [0] * (_BINS + 1)
    for value in values:
        counts[int((value - low) * scale)] += 1
    held: dict[int, tuple[int, set[int]]] = {}  # of a bin: values before it, ranks within it
    before = 0
    for number, count in enumerate(counts):
        inside = {rank - before for rank in wanted if before <= rank < before + count}
        if inside:
            held[number] = (before, inside)
        before += count
    parts = {number: array("d") for number in held}
    for value in values:
        part = parts.get(int((value - low) * scale))
        if part is not None:
            part.append(value)
    found: dict[int, float] = {}
    for number, (before, inside) in held.items():
        found |= {before + rank: at for rank, at in at_ranks(parts[number], inside).items()}
    return found
