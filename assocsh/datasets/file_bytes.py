"""The bytes of open files: written all, compared, and a digest of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

_BLOCK = 256 * 1024
_PIECES = 512


def digest_of(fd: int, position: int) -> str:
    """SHA-256 of a file from ``position`` on."""
    import hashlib  # mostly nothing has to be digested

    digest = hashlib.sha256()
    while block := os.pread(fd, _BLOCK, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()


def alike(one: int, at: int, other: int, there: int) -> bool:
    """Whether two files have the same bytes from two positions on."""
    while block := os.pread(one, _BLOCK, at):
        if os.pread(other, _BLOCK, there) != block:
            return False
        at, there = at + len(block), there + len(block)
    return not os.pread(other, 1, there)


def write_all(fd: int, pieces: Sequence[bytes | memoryview], length: int) -> None:
    """Write pieces of ``length`` bytes altogether."""
    written = 0
    if hasattr(os, "writev") and len(pieces) <= _PIECES:
        written = os.writev(fd, pieces)
        if written == length:
            return
    for piece in pieces:
        if written >= len(piece):
            written -= len(piece)
            continue
        view = memoryview(piece)[written:]
        written = 0
        while view:
            view = view[os.write(fd, view) :]
