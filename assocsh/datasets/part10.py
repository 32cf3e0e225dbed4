"""Files with one instance in them (PS3.10 7): what they are, and their data set as a stream.

Only headers are read. The data set of a file goes out as it is, in blocks, however large it is:
nothing here maps it into memory or holds more than a block of it.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from pathlib import Path

from assocsh.datasets.instance import BLOCK, Instance, Window, unusable
from assocsh.datasets.structure import (
    Fetch,
    StructureError,
    encoding_of,
    fetch_from,
    is_deflated,
    walk,
)
from assocsh.datasets.vrs import SHORT_VRS
from assocsh.datasets.whole import check_open
from assocsh.errors import UnusableFile
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
MAX_META = 1024 * 1024
SMALL = 8 * 1024
"""Bytes of a file that is kept in memory rather than opened again: a thousand may be queued."""

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
_IDENTITY = (
    ("SOP Class UID", SOP_CLASS, 0x00020002),
    ("SOP Instance UID", SOP_INSTANCE, 0x00020003),
)
_GROUP_2 = b"\2\0"
_HEAD = 4096
_SHORT = frozenset(vr.encode("ascii") for vr in SHORT_VRS)
_WALKED = frozenset({IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE})
_GUESSES = ((EXPLICIT_LE, "<"), (EXPLICIT_BE, ">"))


def open_instance(path: str | os.PathLike[str], *, complete: bool = False) -> Instance:
    """Read the file meta information, and what it lacks from the head of the data set.

    Accepts files without preamble or meta information. ``complete`` also walks through the data
    set as ``checked`` does; a small file is then kept as it was looked at. Raises UnusableFile:
    cannot be read, not DICOM, a DICOMDIR, no SOP class or instance, no whole data set.
    """
    path = path if isinstance(path, Path) else Path(path)
    try:
        # a FIFO would block the open itself
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise UnusableFile(f"{str(path)!r}: {error}", path=str(path)) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise unusable(path, "not a regular file")
        fetch = Window(fd)
        instance = read_instance(path, fetch, status.st_size)
        if complete:
            instance = check_open(instance, fetch)
            if status.st_size <= SMALL and not instance.odd:
                content = fetch(instance.data_offset, instance.data_length)
                content += b"\0" * (len(content) & 1)
                instance = instance._replace(content=content)
        return instance
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    finally:
        os.close(fd)


def read_instance(path: Path, fetch: Window, size: int) -> Instance:
    """``open_instance`` of an open file of ``size`` bytes; ``path`` is for the messages.

    The SOP class and instance are those of the data set: they are what a C-STORE must name (PS3.4
    B.2, PS3.7 9.1.1), and tools that change them often leave the old ones in the file meta
    information. Only where the data set does not tell are they taken from there.
    """
    if size == 0:
        raise unusable(path, "the file is empty")
    head = fetch(0, 132)
    start = 132 if head[128:132] == b"DICM" else 0
    meta: dict[int, str] = {}
    offset = start
    if start or head[:2] == b"\x02\x00":
        meta, offset = _file_meta(path, fetch, start, size)
    if meta.get(0x00020002) == MEDIA_STORAGE_DIRECTORY:
        raise unusable(
            path,
            "a DICOMDIR: a directory of files, not an instance",
            "store the folder it is in instead",
        )
    if offset and size - offset < 8:
        raise unusable(path, "cut off: there is no data set after the file meta information")
    syntax = meta.get(0x00020010) or _guess(path, fetch, offset, size, known=bool(start))
    inside = _head_identity(fetch, offset, size, syntax)
    uids, remarks = [], []
    for what, tag, in_meta in _IDENTITY:
        declared = meta.get(in_meta, "")
        uid = inside.get(tag) or declared
        if not uid:
            raise unusable(path, f"no {what}, neither in the file meta information nor after it")
        uids.append(uid)
        if declared and uid != declared:
            remarks.append(
                f"the {what} of the data set is {uid}, that of the file meta information "
                f"{declared}: the former is sent"
            )
    sop_class, sop_instance = uids
    return Instance(
        path, sop_class, sop_instance, syntax, offset, size - offset, remarks=tuple(remarks)
    )


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
            raise unusable(path, f"the file meta information has no VR at byte {position}")
        tag = 0x00020000 | int.from_bytes(block[at + 2 : at + 4], "little")
        position += header
        if position + length > size or position + length - start > MAX_META:
            raise unusable(path, "cut off in the file meta information")
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
        raise unusable(path, "no Transfer Syntax UID in the file meta information")
    raise unusable(path, "not a DICOM file", "a Part 10 file has DICM at byte 128")


def _head_identity(fetch: Window, offset: int, size: int, syntax: str) -> dict[int, str]:
    """``identity``, the usual case without a walk: it is asked of each file that is opened."""
    found: dict[int, str] = {}
    if syntax in _WALKED:
        return identity(fetch, offset, size, syntax)
    block, base = fetch.block(offset, 512)
    at = offset - base
    while at + 12 <= len(block):
        number = block[at + 2] | block[at + 3] << 8
        if block[at] != 8 or block[at + 1] or number > 0x18:
            return found
        if block[at + 4 : at + 6] not in _SHORT:
            break
        value = at + 8
        at = value + (block[at + 6] | block[at + 7] << 8)
        if number in (0x16, 0x18) and at <= len(block):
            found[0x00080000 | number] = block[value:at].rstrip(b"\0 ").decode("latin-1")
    return identity(fetch, offset, size, syntax)


def identity(fetch: Fetch, offset: int, size: int, syntax: str) -> dict[int, str]:
    """SOP Class and Instance UID by tag, as far as the head of the data set tells them."""
    found: dict[int, str] = {}
    try:
        if is_deflated(syntax):
            head = _inflated_head(bytes(fetch(offset, min(size - offset, _HEAD))))
            fetch, offset, size = fetch_from(head), 0, len(head)
        for part in walk(fetch, offset, size, *encoding_of(syntax)):
            if part.tag > SOP_INSTANCE and not part.depth:
                break
            if part.depth or part.tag not in (SOP_CLASS, SOP_INSTANCE) or part.length > 128:
                continue
            value = bytes(fetch(part.offset, part.length))
            found[part.tag] = value.decode("latin-1").rstrip("\0 ")
    except StructureError:
        pass
    return found


def _inflated_head(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(data, _HEAD)
    except zlib.error:
        return b""


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
