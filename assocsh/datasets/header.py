"""The header of an instance in a file: its data set up to the pixels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assocsh.datasets.codec import inflate, read_plain
from assocsh.datasets.instance import Instance, Window
from assocsh.datasets.plan import put_in_order
from assocsh.datasets.structure import (
    Fetch,
    Kind,
    StructureError,
    encoding_of,
    fetch_from,
    is_deflated,
    walk,
)
from assocsh.errors import UnusableFile

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_HEADER = 64 * 1024 * 1024
"""Bytes before the pixels that are taken into memory."""

_PIXELS = 0x7FE00000


def read_header(instance: Instance) -> Dataset:
    """All elements before group 7FE0, every value converted. Blocking.

    Pixels are neither read nor looked at. Raises UnusableFile: cannot be read, is no data set, or
    a header of more than 64 MiB.
    """
    implicit, little = encoding_of(instance.transfer_syntax)
    start, end = instance.data_offset, instance.data_offset + instance.data_length
    try:
        fd = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fetch: Fetch = Window(fd)
            if is_deflated(instance.transfer_syntax):
                if instance.data_length > MAX_HEADER:
                    raise StructureError("too large to inflate")
                plain = inflate(os.pread(fd, instance.data_length, start))
                fetch, start, end = fetch_from(plain), 0, len(plain)
            stop, in_order = _end_of_header(fetch, start, end, implicit, little)
            if stop - start > MAX_HEADER:
                raise StructureError(f"a header of {stop - start} bytes")
            header = bytes(fetch(start, stop - start))
            if not in_order:
                header = put_in_order(header, implicit, little)
            return read_plain(header, implicit, little)
        finally:
            os.close(fd)
    except (OSError, StructureError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableFile(f"{instance.path}: {reason}", path=str(instance.path)) from error


def read_beginning(instance: Instance, size: int) -> bytes:
    """The first ``size`` bytes of the data set, fewer where it has fewer. Blocking.

    Raises UnusableFile.
    """
    try:
        fd = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, min(size, instance.data_length), instance.data_offset)
        finally:
            os.close(fd)
    except OSError as error:
        raise UnusableFile(f"{instance.path}: {error.strerror}", path=str(instance.path)) from error


def read_uid(instance: Instance, tag: int) -> str:
    """The UID that an element outside of sequences has; empty where it has none. Blocking.

    Much quicker than a whole header: nothing behind it is read. A deflated data set has no quick
    way in: it gives none. Raises UnusableFile: cannot be read, or is no data set.
    """
    if is_deflated(instance.transfer_syntax):
        return ""
    start, end = instance.data_offset, instance.data_offset + instance.data_length
    try:
        fd = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fetch = Window(fd)
            for part in walk(fetch, start, end, *encoding_of(instance.transfer_syntax)):
                if part.depth or part.tag < tag:
                    continue
                if part.tag > tag or part.length > 128:
                    break
                return bytes(fetch(part.offset, part.length)).decode("latin-1").rstrip("\0 ")
            return ""
        finally:
            os.close(fd)
    except (OSError, StructureError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableFile(f"{instance.path}: {reason}", path=str(instance.path)) from error


def _end_of_header(
    fetch: Fetch, start: int, end: int, implicit: bool, little: bool
) -> tuple[int, bool]:
    """Where group 7FE0 begins, and whether all before it is as the standard has it."""
    position = start
    noticed: list[str] = []
    for part in walk(fetch, start, end, implicit, little, notice=noticed.append):
        if part.tag >= _PIXELS and part.depth == 0 and part.tag >> 16 != 0xFFFE:
            return position, not noticed
        position = part.offset + (part.length if part.kind is Kind.ELEMENT else 0)
    return end, not noticed
