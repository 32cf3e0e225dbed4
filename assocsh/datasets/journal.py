"""Files of JSON objects, one per line, that several programs add to and that survive anything.

A record is added by one write to a file opened for appending, under a lock; one without its end (a
full disk, a power cut) is dropped by the next writer and never read. The history of typed lines and
the progress of lessons are kept like this.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assocsh.datasets.folders import make_private


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record; the file is made, for its owner alone, when it is not there. Raises OSError."""
    import json

    with locked(path) as fd:
        _drop_torn_tail(fd)
        os.write(fd, json.dumps(record, ensure_ascii=True).encode() + b"\n")


def records(path: Path) -> list[dict[str, Any]]:
    """The whole records of a file, the oldest first; none where there is no file. Raises OSError.

    What is no record, or has no end, is left out.
    """
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
    except FileNotFoundError:
        return []
    return [found for raw in whole.split(b"\n") if (found := record_of(raw))]


def record_of(raw: bytes) -> dict[str, Any]:
    """A record of the file; an empty one for what is none."""
    import json

    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """The file, opened for appending and locked; made, for its owner alone, when it is not there.

    The lock is on the file that has the name now: a shortened history is a new file.
    """
    make_private(path.parent)
    fd = _open_locked(path)
    try:
        yield fd
    finally:
        os.close(fd)


def _open_locked(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    for _ in range(5):
        fd = os.open(path, flags, 0o600)
        try:
            status = os.fstat(fd)
            if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
                os.fchmod(fd, 0o600)  # made by hand, or copied
            _lock(fd)
            if path.stat().st_ino == status.st_ino:
                return fd
        except FileNotFoundError:
            pass  # replaced between the two
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    raise OSError("it is being replaced again and again")


def _lock(fd: int) -> None:
    """Wait a little for other shells, never long: the prompt waits, one write is whole anyway."""
    for _ in range(20):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.002)
        except OSError:
            return  # a file system without locks


def _drop_torn_tail(fd: int) -> None:
    end = os.lseek(fd, 0, os.SEEK_END)
    if end == 0 or os.pread(fd, 1, end - 1) == b"\n":
        return
    start = end
    while start > 0:
        step = min(4096, start)
        block = os.pread(fd, step, start - step)
        at = block.rfind(b"\n")
        if at >= 0:
            os.ftruncate(fd, start - step + at + 1)
            return
        start -= step
    os.ftruncate(fd, 0)
