"""Names that hold the letters that are typed, in their order: ``ptnm`` is PatientName.

By hand, and not by a regular expression for each name: five thousand keywords are looked through
on every key, and that takes two or three milliseconds instead of twenty.
"""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST = 2
"""Letters from which it is worth looking: with one nearly every name would be found."""


def alike(typed: str, names: Sequence[str]) -> list[int]:
    """The places of the names, which are in lower case, that hold the letters of ``typed``.

    Those in which they stand closest together come first, then those that begin earliest.
    """
    wanted = typed.lower()
    if len(wanted) < SHORTEST:
        return []
    first, rest = wanted[0], wanted[1:]
    found: list[tuple[int, int, int]] = []
    for place, name in enumerate(names):
        begin = at = name.find(first)
        if begin < 0:
            continue
        for letter in rest:
            at = name.find(letter, at + 1)
            if at < 0:
                break
        else:
            found.append((at - begin, begin, place))
    found.sort()
    return [place for _, _, place in found]
