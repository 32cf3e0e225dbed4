"""Files in a transfer syntax that a peer accepted, without reading a pixel (PS3.5 Annex A).

``encoded_source`` gives the data set of a file as a stream of blocks: as it is, or by a ``plan``
carried out while it is sent, or, deflated, through a temporary file. Values are read when they are
sent.
"""

from __future__ import annotations

import itertools
import os
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from assocsh.datasets.codec import deflate, inflate
from assocsh.datasets.dictionary import UNCOMPRESSED, uid_name
from assocsh.datasets.instance import BLOCK, Instance, Window
from assocsh.datasets.part10 import FileSource
from assocsh.datasets.plan import Plan, Range, carried_out, make_plan, swapped
from assocsh.datasets.structure import StructureError, fetch_from, is_deflated
from assocsh.datasets.whole import checked
from assocsh.errors import UnusableFile

MAX_INFLATED_FILE = 1024 * 1024 * 1024
"""How large a deflated data set may become on disk on its way into another transfer syntax."""


class RangeSource:
    """A plan carried out over a file, in blocks; see ``DataSource``.

    ``fd`` is owned; without one ``path`` is opened with the first ``read``.
    """

    def __init__(self, path: Path, plan: Plan, fd: int = -1) -> None:
        self._fd = fd
        self._path = path
        self._closed = False
        self._pieces: Iterator[bytes | Range] = iter(plan)
        self._rest: bytes | Range = b""
        total = sum(len(p) if isinstance(p, bytes) else p.length for p in plan)
        self._pad = bool(total & 1)
        self.length = total + (total & 1)

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``; empty at the end. Raises OSError."""
        if self._closed:
            raise OSError(f"{self._path} is closed")
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        out = bytearray()
        size = min(size, BLOCK)
        while len(out) < size:
            rest, room = self._rest, size - len(out)
            if isinstance(rest, bytes):
                out += rest[:room]
                self._rest = rest[room:]
                if self._rest:
                    break
                following = next(self._pieces, None)
                if following is None:
                    if self._pad:
                        self._pad, self._rest = False, b"\0"
                        continue
                    break
                self._rest = following
                continue
            if not rest.length:
                self._rest = b""
                continue
            # a number that is swapped must not be cut in two
            wanted = min(rest.length, max(room - room % rest.swap, rest.swap if not out else 0))
            if not wanted:
                break
            block = os.pread(self._fd, wanted, rest.offset)
            if len(block) < wanted:
                raise OSError(f"{self._path} became shorter while it was sent")
            block = swapped(block, rest.swap)
            self._rest = Range(rest.offset + wanted, rest.length - wanted, rest.swap)
            if len(block) > room:  # a room smaller than one number
                block, tail = block[:room], block[room:]
                self._pieces = itertools.chain([self._rest], self._pieces)
                self._rest = tail
            out += block
        return bytes(out)

    def close(self) -> None:
        """Close the file; may be called more than once."""
        self._closed = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


# ---- sources --------------------------------------------------------------------------------


def encoded_data(instance: Instance, transfer_syntax: str) -> bytes | FileSource | RangeSource:
    """``encoded_source``, but the bytes themselves where they are here."""
    if instance.content and instance.transfer_syntax == transfer_syntax:
        return instance.content
    return encoded_source(instance, transfer_syntax)


def encoded_source(instance: Instance, transfer_syntax: str) -> FileSource | RangeSource:
    """The data set of ``instance`` in ``transfer_syntax``, as a source for C-STORE.

    Unchanged when the file has that transfer syntax (values of odd length apart, which are padded),
    else made into it on the way when both are uncompressed. Deflated ones pass through a temporary
    file: call it in a thread for large files. Raises UnusableFile with the reason when it cannot be
    done, or the file is no whole data set.
    """
    try:
        instance = checked(instance)
        if instance.transfer_syntax == transfer_syntax and not instance.odd:
            return FileSource(instance)
        if not can_become(instance.transfer_syntax, transfer_syntax):
            raise UnusableFile(
                f"{instance.path}: is {uid_name(instance.transfer_syntax)} and cannot be sent as "
                f"{uid_name(transfer_syntax)}: assocsh does not (de)compress pixel data",
                path=str(instance.path),
                hint="propose the file's own transfer syntax for its SOP class: --contexts",
            )
        return _transcoded(instance, transfer_syntax)
    except (OSError, StructureError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, StructureError) and error.truncated:
            reason = f"cut off: {reason}"
        raise UnusableFile(f"{instance.path}: {reason}", path=str(instance.path)) from error


def can_become(transfer_syntax: str, other: str) -> bool:
    """Whether a data set can be sent in ``other`` without touching its pixels."""
    return transfer_syntax == other or (transfer_syntax in UNCOMPRESSED and other in UNCOMPRESSED)


def _transcoded(instance: Instance, target: str) -> RangeSource:
    path, source = instance.path, instance.transfer_syntax
    fd, temporary = os.open(path, os.O_RDONLY | os.O_CLOEXEC), False
    start, end = instance.data_offset, instance.data_offset + instance.data_length
    try:
        if is_deflated(source):
            plain = _stored(_inflated(fd, start, end))
            os.close(fd)
            fd, start, end, temporary = plain, 0, os.fstat(plain).st_size, True
        plan = make_plan(Window(fd), start, end, source, target)
        if is_deflated(target):
            packed = _stored(_deflated(RangeSource(path, plan, os.dup(fd))))
            os.close(fd)
            fd, temporary = packed, True
            plan = [Range(0, os.fstat(fd).st_size, 1)]
    except BaseException:
        os.close(fd)
        raise
    if not temporary:
        os.close(fd)
        fd = -1
    return RangeSource(path, plan, fd)


def temporary_copy(source: FileSource | RangeSource) -> int:
    """A descriptor of a nameless file with all that ``source`` gives, which is closed."""
    try:
        return _stored(_blocks(source))
    finally:
        source.close()


def _stored(blocks: Iterable[bytes]) -> int:
    """A descriptor of a nameless file with ``blocks`` in it, which no other process can open."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        for block in blocks:
            file.write(block)
        file.flush()
        return os.dup(file.fileno())


def _blocks(source: FileSource | RangeSource) -> Iterator[bytes]:
    return iter(partial(source.read, BLOCK), b"")


def _inflated(fd: int, start: int, end: int) -> Iterator[bytes]:
    total = 0
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    while start < end and not unpacker.eof:
        block = os.pread(fd, min(BLOCK, end - start), start)
        if not block:
            break
        start += len(block)
        while block and not unpacker.eof:
            plain = unpacker.decompress(block, BLOCK)
            yield plain
            block = unpacker.unconsumed_tail
            total += len(plain)
            if total > MAX_INFLATED_FILE:
                raise StructureError(f"inflates to more than {MAX_INFLATED_FILE} bytes")
    if not unpacker.eof:
        raise StructureError("the deflated data end early", truncated=True)


def _deflated(source: RangeSource) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    try:
        for block in _blocks(source):
            yield packer.compress(block)
        yield packer.flush()
    finally:
        source.close()


def transcode_bytes(data: bytes, source: str, target: str) -> bytes:
    """An encoded data set in memory from one uncompressed transfer syntax into another.

    Raises StructureError; ValueError when one of the two is compressed.
    """
    if source == target:
        return data
    if not can_become(source, target):
        raise ValueError(f"{uid_name(source)} cannot become {uid_name(target)}")
    plain = inflate(data, MAX_INFLATED_FILE) if is_deflated(source) else data
    fetch = fetch_from(plain)
    out = carried_out(fetch, make_plan(fetch, 0, len(plain), source, target))
    return deflate(out) if is_deflated(target) else out
