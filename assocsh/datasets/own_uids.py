"""The UIDs that a received data set has itself, where its command set says others.

The file meta information goes to the disk before the data set is here: then it is made anew.
"""

from __future__ import annotations

import os

from assocsh.datasets.part10 import SOP_CLASS, SOP_INSTANCE, identity
from assocsh.datasets.structure import fetch_from

_FIRST = 1024
_BLOCK = 256 * 1024


def other_uids(head: bytes, syntax: str, sop_class: str, sop_instance: str) -> dict[int, str]:
    """By tag, SOP Class and Instance UID of the data set that begins with ``head``.

    Empty when they are those that are given. It is asked of each instance that comes, so the usual
    case has no walk.
    """
    if _begins(head[:_FIRST], sop_class, sop_instance):
        return {}
    found = identity(fetch_from(head), 0, len(head), syntax)
    same = (found.get(SOP_CLASS), found.get(SOP_INSTANCE)) == (sop_class, sop_instance)
    return {} if same else found


def replace_head(fd: int, length: int, head: bytes) -> None:
    """Put ``head`` in the place of the first ``length`` bytes of a file. Raises OSError.

    What follows is moved by blocks, from the end that nothing is written over.
    """
    size = os.fstat(fd).st_size
    places = range(length, size, _BLOCK)
    for place in places if len(head) < length else reversed(places):
        block = os.pread(fd, min(_BLOCK, size - place), place)
        _write_at(fd, block, place - length + len(head))
    os.ftruncate(fd, size - length + len(head))
    _write_at(fd, head, 0)


def _begins(head: bytes, sop_class: str, sop_instance: str) -> bool:
    """Whether a data set in Little Endian has these UIDs, one behind the other as they mostly are.

    What stands inside a sequence may look the same: there is none before (0008,0018) in practice.
    """
    first, second = (
        sop_class.encode("latin-1", "replace"),
        sop_instance.encode("latin-1", "replace"),
    )
    first += b"\0" * (len(first) % 2)
    second += b"\0" * (len(second) % 2)
    if not 0 < len(first) < 256 > len(second) > 0:
        return False
    both = (len(first), first, len(second), second)
    return (
        b"\x08\0\x16\0UI%c\0%s\x08\0\x18\0UI%c\0%s" % both in head
        or b"\x08\0\x16\0%c\0\0\0%s\x08\0\x18\0%c\0\0\0%s" % both in head
    )


def _write_at(fd: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(fd, data, place)
        data, place = data[written:], place + written
