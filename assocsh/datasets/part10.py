"""Files with one instance in them (PS3.10 7): what they are, and their data set as a stream.

Only headers are read. The data set of a file goes out as it is, in blocks, however large it is:
nothing here maps it into memory or holds more than a block of it.
"""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import NamedTuple

from assocsh.datasets.dictionary import (
    uid_name,
)
from assocsh.datasets.structure import (
    Fetch,
    Kind,
    StructureError,
    encoding_of,
    is_deflated,
    walk,
)
from assocsh.datasets.vrs import LONG_VRS, SHORT_VRS
from assocsh.errors import UnusableFile
from assocsh.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
BLOCK = 128 * 1024
"""Bytes per read: they are still in the processor's cache when they are written."""
MAX_META = 1024 * 1024
SMALL = 8 * 1024
"""Bytes of a file that is kept in memory rather than opened again: a thousand may be queued."""

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
_GROUP_2, _GROUP_FFFE = b"\2\0", b"\xfe\xff"
_LONG = frozenset(vr.encode("ascii") for vr in LONG_VRS)
_SHORT = frozenset(vr.encode("ascii") for vr in SHORT_VRS)
_GUESSES = ((EXPLICIT_LE, "<"), (EXPLICIT_BE, ">"))


class Instance(NamedTuple):
    """One SOP instance in a file: its identity, and where its data set is (bytes)."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    data_offset: int
    data_length: int
    complete: bool = False
    """It was looked at to its end, and is not cut off."""
    content: bytes = b""
    """Of a small file that is complete: its data set."""


class Window:
    """``fetch`` over a file: headers are near each other, so a block at a time is read."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._block = b""
        self._start = 0

    def __call__(self, offset: int, size: int) -> bytes:
        place = offset - self._start
        if place < 0 or place + size > len(self._block):
            self._block = os.pread(self._fd, max(size, 16384), offset)
            self._start, place = offset, 0
        return self._block[place : place + size]

    def block(self, offset: int, size: int) -> tuple[bytes, int]:
        """A block that has ``size`` bytes from ``offset`` on, if there are, and its own offset."""
        self(offset, size)
        return self._block, self._start


def _unusable(path: Path, what: str, hint: str = "") -> UnusableFile:
    return UnusableFile(f"{path}: {what}", path=str(path), hint=hint)


def open_instance(path: str | os.PathLike[str], *, complete: bool = False) -> Instance:
    """Read the file meta information, and what it lacks from the head of the data set.

    Accepts files without preamble or meta information. ``complete`` also looks whether values are
    missing at the end; a small file is then kept as it was looked at. Raises UnusableFile: cannot
    be read, not DICOM, a DICOMDIR, no SOP class or instance, cut off.
    """
    path = path if isinstance(path, Path) else Path(path)
    try:
        # a FIFO would block the open itself
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise UnusableFile(f"{str(path)!r}: {error}", path=str(path)) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(path, "not a regular file")
        fetch = Window(fd)
        instance = read_instance(path, fetch, status.st_size)
        if complete:
            _check(instance, fetch)
            content = b""
            if status.st_size <= SMALL:
                content = fetch(instance.data_offset, instance.data_length)
            instance = instance._replace(complete=True, content=content)
        return instance
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    finally:
        os.close(fd)


def read_instance(path: Path, fetch: Window, size: int) -> Instance:
    """``open_instance`` of an open file of ``size`` bytes; ``path`` is for the messages."""
    if size == 0:
        raise _unusable(path, "the file is empty")
    head = fetch(0, 132)
    start = 132 if head[128:132] == b"DICM" else 0
    meta: dict[int, str] = {}
    offset = start
    if start or head[:2] == b"\x02\x00":
        meta, offset = _file_meta(path, fetch, start, size)
    if meta.get(0x00020002) == MEDIA_STORAGE_DIRECTORY:
        raise _unusable(
            path,
            "a DICOMDIR: a directory of files, not an instance",
            "store the folder it is in instead",
        )
    if offset and size - offset < 8:
        raise _unusable(path, "cut off: there is no data set after the file meta information")
    syntax = meta.get(0x00020010) or _guess(path, fetch, offset, size, known=bool(start))
    sop_class, sop_instance = meta.get(0x00020002, ""), meta.get(0x00020003, "")
    if not (sop_class and sop_instance):
        found = identity(fetch, offset, size, syntax)
        sop_class = sop_class or found.get(SOP_CLASS, "")
        sop_instance = sop_instance or found.get(SOP_INSTANCE, "")
    if not sop_class or not sop_instance:
        missing = "SOP Class UID" if not sop_class else "SOP Instance UID"
        raise _unusable(path, f"no {missing}, neither in the file meta information nor after it")
    return Instance(path, sop_class, sop_instance, syntax, offset, size - offset)


def _file_meta(path: Path, fetch: Window, start: int, size: int) -> tuple[dict[int, str], int]:
    """The UIDs in group 0002 (always Explicit VR Little Endian), and where the group ends."""
    values: dict[int, str] = {}
    position = start
    block, base = fetch.block(position, 12)
    while position + 8 <= size:
        at = position - base
        if at + 12 > len(block):
            block, base = fetch.block(position, 12)
            at = position - base
        if block[at : at + 2] != _GROUP_2:
            break
        vr = block[at + 4 : at + 6]
        if vr in _SHORT:
            length, header = int.from_bytes(block[at + 6 : at + 8], "little"), 8
        elif vr.isalpha() and vr.isupper() and at + 12 <= len(block):
            length, header = int.from_bytes(block[at + 8 : at + 12], "little"), 12
        else:
            raise _unusable(path, f"the file meta information has no VR at byte {position}")
        tag = 0x00020000 | int.from_bytes(block[at + 2 : at + 4], "little")
        position += header
        if position + length > size or position + length - start > MAX_META:
            raise _unusable(path, "cut off in the file meta information")
        if vr == b"UI" and length <= 128:
            values[tag] = fetch(position, length).rstrip(b"\0 ").decode("latin-1")
        position += length
    return values, position


def _guess(path: Path, fetch: Window, offset: int, size: int, *, known: bool) -> str:
    """The transfer syntax of a data set that nothing declares; plain ones only (PS3.5 A.1-A.3)."""
    head = fetch(offset, 8)
    if len(head) == 8:
        for syntax, order in _GUESSES:
            group, _number = struct.unpack_from(order + "HH", head)
            vr = head[4:6].decode("latin-1")
            if group in (0x0008, 0x0002) and vr in SHORT_VRS:
                return syntax
        group, number, length = struct.unpack("<HHI", head)
        if group == 0x0008 and number < 0x0100 and length <= min(1024, size - offset - 8):
            return IMPLICIT_LE
    if known:
        raise _unusable(path, "no Transfer Syntax UID in the file meta information")
    raise _unusable(path, "not a DICOM file", "a Part 10 file has DICM at byte 128")


def identity(fetch: Fetch, offset: int, size: int, syntax: str) -> dict[int, str]:
    """SOP Class and Instance UID by tag, as far as the head of the data set tells them."""
    found: dict[int, str] = {}
    if is_deflated(syntax):
        return found
    try:
        for part in walk(fetch, offset, size, *encoding_of(syntax)):
            if part.tag > SOP_INSTANCE:
                break
            if part.tag in (SOP_CLASS, SOP_INSTANCE) and part.length <= 128:
                value = bytes(fetch(part.offset, part.length))
                found[part.tag] = value.decode("latin-1").rstrip("\0 ")
    except StructureError:
        pass
    return found


def check_complete(instance: Instance) -> None:
    """Walk the data set's headers. Raises UnusableFile when values are missing at the end.

    A deflated data set is not looked into. Costs reads of headers only.
    """
    if instance.complete or is_deflated(instance.transfer_syntax):
        return
    path = instance.path
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    try:
        _check(instance, Window(fd))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    finally:
        os.close(fd)


def _check(instance: Instance, fetch: Window) -> None:
    """``check_complete`` of an open file. Raises UnusableFile, OSError."""
    if is_deflated(instance.transfer_syntax):
        return
    path, end = instance.path, instance.data_offset + instance.data_length
    last = start = instance.data_offset
    try:
        implicit, little = encoding_of(instance.transfer_syntax)
        if little and not implicit:
            last = start = _skim(fetch, start, end)
            if start == end:
                return
        for part in walk(fetch, start, end, implicit, little):
            last = part.offset + (part.length if part.kind is Kind.ELEMENT else 0)
    except StructureError as error:
        # zero bytes after the last element are common and harmless
        if error.truncated and any(fetch(last, min(end - last, 64))):
            raise _unusable(path, f"cut off: {error}") from error
        if last == instance.data_offset:
            raise _unusable(
                path, f"its data set is not {uid_name(instance.transfer_syntax)}: {error}"
            ) from error


def _skim(fetch: Window, position: int, end: int) -> int:
    """Over the plain elements at the start of an Explicit VR Little Endian data set, quickly.

    Returns where the first one begins that is nested, odd or cut off: ``walk`` judges from there.
    """
    while position + 12 <= end:
        block, base = fetch.block(position, 12)
        at, last, stop = position - base, len(block) - 12, end - base
        if at > last:
            break
        while at <= last:
            vr = block[at + 4 : at + 6]
            if vr in _SHORT:
                following = at + 8 + (block[at + 6] | block[at + 7] << 8)
            elif vr in _LONG and vr != b"SQ":
                following = at + 12 + int.from_bytes(block[at + 8 : at + 12], "little")
            else:
                return base + at
            if following > stop or block[at : at + 2] == _GROUP_FFFE:
                return base + at
            at = following
        position = base + at
    return position


class FileSource:
    """The data set of a file as a source of blocks, padded to even length; see ``DataSource``.

    ``length`` is in bytes. The file is opened with the first ``read``, so that a thousand queued
    files are not a thousand open ones. ``read`` raises OSError: gone, or shorter meanwhile.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.length = instance.data_length + (instance.data_length & 1)
        self._fd = -1
        self._closed = False
        self._position = instance.data_offset
        self._left = instance.data_length
        self._pad = bool(instance.data_length & 1)

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size`` and at most a block; empty at the end."""
        if self._closed:
            raise OSError(f"{self.instance.path} is closed")
        if self._fd < 0:
            self._fd = os.open(self.instance.path, os.O_RDONLY | os.O_CLOEXEC)
        if not self._left:
            pad, self._pad = self._pad, False
            return b"\0" if pad and size else b""
        block = os.pread(self._fd, min(size, BLOCK, self._left), self._position)
        if not block:
            raise OSError(f"{self.instance.path} became shorter while it was sent")
        self._position += len(block)
        self._left -= len(block)
        if not self._left and self._pad and len(block) < size:
            self._pad = False
            block += b"\0"
        return block

    def close(self) -> None:
        """Close the file; may be called more than once."""
        self._closed = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()
