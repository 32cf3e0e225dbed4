"""Files on their way to a name: in the folder already, complete before they can be seen.

Where the system has nameless files (O_TMPFILE) nothing is left of one that was not finished,
whatever ended this process; elsewhere it has a hidden name meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
from pathlib import Path

from assocsh.datasets.durability import Durability
from assocsh.datasets.folders import make_private
from assocsh.datasets.syncing import Failed, Syncer
from assocsh.errors import UsageError

FREE_SPACE_FLOOR = 256 * 1024 * 1024

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_DIRECTORY", 0)
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_DESCRIPTORS = "/proc/self/fd"
_NO_LINK = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_PREFIX = secrets.token_hex(8)
_numbers = itertools.count()


class Unfinished:
    """A new file, open as ``fd``, in the folder that is open as ``folder``."""

    __slots__ = ("_hidden", "fd", "folder")

    def __init__(self, folder: int, *, nameless: bool) -> None:
        self._hidden = "" if nameless else f".{_PREFIX}-{next(_numbers)}.part"
        self.folder = os.dup(folder)
        try:
            if nameless:
                flags = os.O_RDWR | os.O_CLOEXEC | _NAMELESS
                self.fd = os.open(".", flags, 0o600, dir_fd=folder)
            else:
                self.fd = os.open(self._hidden, _NEW, 0o600, dir_fd=folder)
        except BaseException:
            os.close(self.folder)
            raise

    def link(self, name: str) -> bool:
        """Give the file its name unless that is taken; False when it is. Raises OSError."""
        folder = self.folder
        try:
            if self._hidden:
                os.link(
                    self._hidden,
                    name,
                    src_dir_fd=folder,
                    dst_dir_fd=folder,
                    follow_symlinks=False,
                )
            else:
                source = f"{_DESCRIPTORS}/{self.fd}"
                os.link(source, name, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINK or not self._hidden:
                raise
            # a file system without links: take the name first, then put the file in its place
            try:
                os.close(os.open(name, _NEW, 0o600, dir_fd=folder))
            except FileExistsError:
                return False
            os.rename(self._hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True

    def drop_hidden_name(self) -> None:
        """Leave it the name that ``link`` gave it, alone; without one it has none now."""
        if self._hidden:
            with contextlib.suppress(OSError):
                os.unlink(self._hidden, dir_fd=self.folder)
            self._hidden = ""

    def close(self) -> None:
        """Close it; without a name by then it is gone."""
        self.drop_hidden_name()
        os.close(self.fd)
        os.close(self.folder)


class Spool:
    """A folder that files are put into, with the next one made ahead.

    ``take`` gives a new file, ``make_ahead`` makes it between two instances. Raises OSError:
    no such folder, no permission, no space (``free_space_floor`` is in bytes).

    ``durability`` holds for what is written to it. One of BATCH is made on an event loop, where
    ``not_synced`` is told of files that may not be on the medium; ``settled`` waits for that.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        durability: Durability = Durability.FILE,
        not_synced: Failed = lambda path, error: None,
        free_space_floor: int = FREE_SPACE_FLOOR,
    ) -> None:
        self._fd = -1
        self._ahead: Unfinished | None = None
        self.syncer: Syncer | None = None
        self.durability = durability
        self.directory = directory if isinstance(directory, Path) else Path(directory)
        self._floor = free_space_floor
        self._identity = (0, 0)
        self._nameless = bool(_NAMELESS) and Path(_DESCRIPTORS).exists()
        self._open()
        if durability is Durability.BATCH:
            self.syncer = Syncer(not_synced)

    def take(self) -> Unfinished:
        """A new file, the caller's to close. Raises OSError."""
        status = self.directory.stat()
        if (status.st_dev, status.st_ino) != self._identity:
            # another folder has that name now
            self._let_go()
            self._open()
        ahead, self._ahead = self._ahead, None
        return ahead if ahead is not None else self._make()

    def make_ahead(self) -> None:
        """Make the next file now; an error shows when it is taken."""
        if self._ahead is None and self._fd >= 0:
            with contextlib.suppress(OSError):
                self._ahead = self._make()

    async def settled(self) -> None:
        """Wait until what has its name is on the medium, as far as ``durability`` asks for that."""
        if self.syncer is not None:
            await self.syncer.settle()

    def close(self) -> None:
        """Let go of the folder; files that were taken are not concerned."""
        self._let_go()
        if self.syncer is not None:
            self.syncer.close()

    def _let_go(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()

    def _open(self) -> None:
        self._fd = os.open(self.directory, _DIRECTORY)
        status = os.fstat(self._fd)
        self._identity = (status.st_dev, status.st_ino)

    def _make(self) -> Unfinished:
        space = os.fstatvfs(self._fd)
        if space.f_bavail * space.f_frsize < self._floor:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.directory))
        if self._nameless:
            try:
                return Unfinished(self._fd, nameless=True)
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                    raise
                # a file system without them
                self._nameless = False
        return Unfinished(self._fd, nameless=False)


def open_spool(
    folder: str | os.PathLike[str],
    *,
    durability: Durability = Durability.FILE,
    not_synced: Failed = lambda path, error: None,
) -> Spool:
    """A folder for instances, made for the owner alone if it is not there. Raises UsageError."""
    try:
        make_private(Path(folder))
        return Spool(folder, durability=durability, not_synced=not_synced)
    except OSError as error:
        raise UsageError(
            f"{str(folder)!r} cannot be a folder for instances: {error.strerror or error}"
        ) from None
