"""Files onto the medium in batches, beside what goes on (``durability`` batch).

A file that has its name is safe from the end of this process: the system holds its bytes. It is
safe from the end of the power when fsync has returned for it and for its folder, which takes longer
than an instance takes to arrive. So a thread does that for many files together, and the folder is
asked once for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Protocol

from assocsh.records import NamedTuple

LATEST = 0.5
"""Seconds after which a file's turn comes when nobody waits for it and few others follow."""
TOGETHER = 32
"""Files that are reason enough to begin at once: the last ones are soon done then."""
MOST = 256
"""Files that may be open, waiting for their turn, before whoever has more waits for room."""


class OpenFile(Protocol):
    """What waits for its turn: open descriptors of a file and of its folder."""

    @property
    def fd(self) -> int: ...

    @property
    def folder(self) -> int: ...

    def close(self) -> None:
        """Close both."""


Failed = Callable[[Path, OSError], object]
"""Told of a file that may not be on the medium, and why."""


class _Waiting(NamedTuple):
    file: OpenFile
    path: Path


class Syncer:
    """Takes files that have their names, and puts them onto the medium.

    Made on an event loop, where ``failed`` is called. ``add`` may be called in any thread. A spool
    has one; its thread starts with the first file and ends with ``close``.
    """

    def __init__(self, failed: Failed) -> None:
        self._loop = asyncio.get_running_loop()
        self._failed = failed
        self._changed = threading.Condition()
        self._files: list[_Waiting] = []
        self._since = 0.0
        self._busy = False
        self._closed = False
        self._settling: list[asyncio.Future[None]] = []
        self._thread: threading.Thread | None = None

    @property
    def full(self) -> bool:
        """There are ``MOST``: add the next one in a thread, after ``wait_for_room``."""
        return len(self._files) >= MOST

    def wait_for_room(self) -> None:
        """Block while it is full."""
        with self._changed:
            while self.full and not self._closed:
                self._changed.wait()

    def add(self, file: OpenFile, path: Path) -> None:
        """Take over a file, and close it when it is on the medium."""
        with self._changed:
            if not self._files:
                self._since = monotonic()
            self._files.append(_Waiting(file, path))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
                self._thread.start()
            if len(self._files) in (1, TOGETHER):
                self._changed.notify_all()

    async def settle(self) -> None:
        """Wait until all that was added is on the medium, or ``failed`` was told that it is not."""
        with self._changed:
            if not self._files and not self._busy:
                return
            done: asyncio.Future[None] = self._loop.create_future()
            self._settling.append(done)
            self._changed.notify_all()
        await done

    def close(self) -> None:
        """Let the thread end when it has done what was added."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                while (left := self._seconds_left()) > 0:
                    self._changed.wait(left if self._files else None)
                files, self._files = self._files, []
                settling, self._settling = self._settling, []
                self._busy = True
                self._changed.notify_all()
            for path, error in _synced(files):
                self._tell(self._failed, path, error)
            self._tell(self._settled, settling)
            if not files and self._ended():
                return

    def _ended(self) -> bool:
        """Closed, with nothing left: a file that comes all the same starts another thread."""
        with self._changed:
            if self._files or self._settling or not self._closed:
                return False
            self._thread = None
            self._busy = False
            return True

    def _seconds_left(self) -> float:
        """How long the files, if there are any, may wait; 0 when it is time."""
        if self._closed or self._settling or len(self._files) >= TOGETHER:
            return 0.0
        return max(0.0, self._since + LATEST - monotonic()) if self._files else LATEST

    def _tell(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(call, *arguments)

    @staticmethod
    def _settled(waiting: Iterable[asyncio.Future[None]]) -> None:
        for one in waiting:
            if not one.done():
                one.set_result(None)


def _synced(files: Iterable[_Waiting]) -> Iterable[tuple[Path, OSError]]:
    """Sync files, then their folders, each once, and close them: what could not be, and why."""
    failed: list[tuple[Path, OSError]] = []
    folders: dict[tuple[int, int], _Waiting] = {}
    for one in files:
        try:
            os.fsync(one.file.fd)
            status = os.fstat(one.file.folder)
        except OSError as error:
            failed.append((one.path, error))
            _close(one, failed)
            continue
        if folders.setdefault((status.st_dev, status.st_ino), one) is not one:
            _close(one, failed)
    for one in folders.values():
        try:
            os.fsync(one.file.folder)
        except OSError as error:
            failed.append((one.path.parent, error))
        _close(one, failed)
    return failed


def _close(one: _Waiting, failed: list[tuple[Path, OSError]]) -> None:
    try:
        one.file.close()
    except OSError as error:  # of a file system that writes then
        failed.append((one.path, error))
