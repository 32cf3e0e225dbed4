"""An instance in a file and a window on its bytes: what ``part10`` opens and ``whole`` checks."""

from __future__ import annotations

import os
from pathlib import Path

from assocsh.errors import UnusableFile
from assocsh.records import NamedTuple

BLOCK = 128 * 1024
"""Bytes per read: they are still in the processor's cache when they are written."""


class Instance(NamedTuple):
    """One SOP instance in a file: its identity, and where its data set is (bytes)."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    data_offset: int
    data_length: int
    complete: bool = False
    """It was looked at to its end, and is whole."""
    content: bytes = b""
    """Of a small file that is complete and needs no padding: its data set."""
    odd: bool = False
    """Values of odd length are in it, which have to be padded on the way."""
    remarks: tuple[str, ...] = ()
    """What whoever sends it should know: what is sent is not quite what the file says."""


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


def unusable(path: Path, what: str, hint: str = "") -> UnusableFile:
    """The error for a file: its path, then what is wrong with it."""
    return UnusableFile(f"{path}: {what}", path=str(path), hint=hint)
