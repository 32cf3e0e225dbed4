"""Whether what came back is what was there: data sets of files compared, bit for bit.

Two data sets are the same when their bytes are, or else when they have the same elements with the
same bytes as values. What carries no meaning does not count, since archives drop and make it
freely: group lengths (PS3.5 7.2), Data Set Trailing Padding (PS3.10 7.2), and whether a sequence
gives its length or a delimiter (PS3.5 7.5). Headers are walked and values read in blocks. Values
are never told: they may be a patient's.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from assocsh.datasets.dictionary import (
    entry_of,
    uid_name,
)
from assocsh.datasets.folders import files_below
from assocsh.datasets.instance import BLOCK, Instance, Window
from assocsh.datasets.part10 import open_instance
from assocsh.datasets.structure import Kind, StructureError, is_deflated, walk
from assocsh.datasets.transcode import encoded_source, temporary_copy
from assocsh.datasets.vrs import TEXT_VRS
from assocsh.errors import UnusableFile
from assocsh.records import NamedTuple
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

PADDING = 0xFFFCFFFC
_LONGEST_TEXT = 64 * 1024
_NOT_EXPLICIT = frozenset({IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE})


class Originals:
    """The instances in a file or a folder, by SOP Instance UID.

    Making one reads the headers of every file: it belongs into a thread. Raises UnusableFile when
    the path cannot be read or holds no instance.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_uid: dict[str, list[Instance]] = {}
        if path.is_dir():
            for file in files_below(path):
                self._try(file)
            if not self._by_uid:
                raise UnusableFile(
                    f"{path}: there is no DICOM file in it to compare with", path=str(path)
                )
        else:
            self._add(open_instance(path))

    def __len__(self) -> int:
        return sum(map(len, self._by_uid.values()))

    def _add(self, instance: Instance) -> None:
        self._by_uid.setdefault(instance.sop_instance, []).append(instance)

    def _try(self, path: Path) -> None:
        try:
            self._add(open_instance(path))
        except UnusableFile:
            return

    def difference(self, path: Path) -> str:
        """How the instance in ``path`` differs from the one of its UID; empty when it does not."""
        try:
            instance = open_instance(path)
        except UnusableFile as error:
            return f"cannot be read again: {error.message}"
        same = self._by_uid.get(instance.sop_instance)
        if same is None:
            return f"no instance of this UID is in {self.path}"
        found = ""
        for original in same:
            found = difference(instance, original)
            if not found:
                return ""
        return found


def difference(instance: Instance, original: Instance) -> str:
    """The first difference of two data sets in words, empty when there is none.

    Never raises: what cannot be read is told as a difference.
    """
    syntax, other = instance.transfer_syntax, original.transfer_syntax
    try:
        if syntax == other and _same_bytes(instance, original):
            return ""
        found = _first_element(instance, original, exact=syntax == other)
    except (OSError, UnusableFile, zlib.error) as error:
        return f"cannot be compared: {getattr(error, 'message', '') or error}"
    if found and syntax != other:
        return f"{found} ({uid_name(syntax)}, was {uid_name(other)})"
    return found


def _same_bytes(instance: Instance, original: Instance) -> bool:
    """Whether the data sets are the same bytes; a pad to even length is no difference."""
    pad = b"\0" * (original.data_length % 2)
    if instance.data_length not in (original.data_length, original.data_length + len(pad)):
        return False
    with instance.path.open("rb") as one, original.path.open("rb") as other:
        one.seek(instance.data_offset)
        other.seek(original.data_offset)
        while True:
            mine, theirs = one.read(BLOCK), other.read(BLOCK)
            if mine != theirs:
                return mine == theirs + pad and not one.read(1) + other.read(1)
            if not mine:
                return True


def _agreeing(one: bytes, other: bytes) -> int:
    """How many bytes at the start are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class _Place(NamedTuple):
    """One element, item or fragment. ``key`` are tags and item numbers from the outside in."""

    key: tuple[int, ...]
    vr: str
    offset: int
    length: int


def _first_element(instance: Instance, original: Instance, *, exact: bool) -> str:
    """The first element that is different, missing or too many; empty when none is."""
    one, other = _Readable(instance, exact), _Readable(original, exact)
    try:
        for mine, theirs in zip_longest(one.places(), other.places()):
            if mine is None or (theirs is not None and theirs.key < mine.key):
                return f"{_name(theirs.key)} is missing"
            if theirs is None or mine.key < theirs.key:
                return f"{_name(mine.key)} was not there before"
            told = _values(one, mine, other, theirs, exact=exact)
            if told:
                return f"{_name(mine.key)} differs: {told}"
    except StructureError as error:
        return f"cannot be compared element by element: {error}"
    finally:
        one.close()
        other.close()
    return ""


def _values(one: _Readable, mine: _Place, other: _Readable, theirs: _Place, *, exact: bool) -> str:
    if not exact and mine.vr in TEXT_VRS and max(mine.length, theirs.length) <= _LONGEST_TEXT:
        texts = [each.read(at.offset, at.length) for each, at in ((one, mine), (other, theirs))]
        if texts[0].rstrip(b" \0") == texts[1].rstrip(b" \0"):
            return ""  # values are padded as their VR says, or otherwise
    if mine.length != theirs.length:
        return f"{mine.length:,} bytes, were {theirs.length:,}"
    done = 0
    while done < mine.length:
        size = min(BLOCK, mine.length - done)
        first = one.read(mine.offset + done, size)
        second = other.read(theirs.offset + done, size)
        if first != second:
            done += _agreeing(first, second)
            return f"at byte {done:,} of {mine.length:,}"
        done += size
    return ""


class _Readable:
    """The data set of an instance for reading anywhere, in an explicit little endian encoding.

    As it is when ``exact`` or encoded so already; else made so in a temporary file. Raises
    UnusableFile, OSError.
    """

    def __init__(self, instance: Instance, exact: bool) -> None:
        syntax = instance.transfer_syntax
        as_it_is = syntax not in _NOT_EXPLICIT or (exact and not is_deflated(syntax))
        if as_it_is:
            self._fd = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
            self._start, self._end = instance.data_offset, instance.data_offset
            self._end += instance.data_length
            self._implicit, self._little = syntax == IMPLICIT_LE, syntax != EXPLICIT_BE
            return
        self._fd = temporary_copy(encoded_source(instance, EXPLICIT_LE))
        self._start, self._end = 0, os.fstat(self._fd).st_size
        self._implicit, self._little = False, True

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def close(self) -> None:
        os.close(self._fd)

    def places(self) -> Iterator[_Place]:
        """Elements, items and fragments in order, without those that have no meaning."""
        key: list[int] = []
        counts: list[int] = []
        fetch = Window(self._fd)
        for part in walk(fetch, self._start, self._end, self._implicit, self._little):
            if part.kind is Kind.ITEM_END:
                key.pop()
                continue
            if part.kind is Kind.SEQUENCE_END:
                key.pop()
                counts.pop()
                continue
            if part.kind is Kind.ELEMENT and (not part.tag & 0xFFFF or part.tag == PADDING):
                continue
            own = part.tag
            if part.kind in (Kind.ITEM, Kind.FRAGMENT):
                own = counts[-1]
                counts[-1] += 1
            value = part.kind in (Kind.ELEMENT, Kind.FRAGMENT)
            vr = part.vr or entry_of(part.tag).vr
            yield _Place((*key, own), vr, part.offset, part.length if value else 0)
            if part.kind in (Kind.SEQUENCE, Kind.FRAGMENTS, Kind.ITEM):
                key.append(own)
            if part.kind in (Kind.SEQUENCE, Kind.FRAGMENTS):
                counts.append(0)


def _name(key: tuple[int, ...]) -> str:
    """``ProcedureCodeSequence[0].CodeValue (0008,0100)``"""
    path = ""
    for index, number in enumerate(key):
        if index % 2:
            path += f"[{number}]"
        else:
            path += f"{'.' if path else ''}{entry_of(number).label}"
    entry = entry_of(key[-1 if len(key) % 2 else -2])
    return f"{path} {entry.number}" if entry.keyword else path
