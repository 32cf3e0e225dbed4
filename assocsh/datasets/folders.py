"""Folders and the files in one, and how to make what only its owner may look into."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from assocsh.errors import UnusableFile
from assocsh.user_folders import user_folder

PRIVATE = 0o700


def state_folder() -> Path:
    """Where a user's programs keep what they remember; it need not be there."""
    return user_folder("state")


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for the owner alone. Raises OSError.

    What is there already keeps its mode. ``mkdir(parents=True)`` leaves the modes of those above
    to the umask.
    """
    try:
        folder.mkdir(mode=PRIVATE, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_private(folder.parent)
        folder.mkdir(mode=PRIVATE, exist_ok=True)


def files_below(folder: Path, *, recursive: bool = True) -> Iterator[Path]:
    """The files in a folder, those of each folder in the order of their names. Blocks.

    Links to folders are not followed, and what cannot be read is left out.
    """
    for place, folders, names in os.walk(folder):
        folders.sort()
        if not recursive:
            folders.clear()
        for name in sorted(names):
            yield Path(place, name)


def open_private(path: str) -> TextIO:
    """A text file for writing, made anew with mode 0600. Raises UnusableFile."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from error
    return open(descriptor, "w", encoding="utf-8", newline="\n")


def write_private(path: str, text: str) -> None:
    """A whole text into such a file. Raises UnusableFile."""
    try:
        with open_private(path) as file:
            file.write(text)
    except OSError as error:
        raise cannot_write(path, error) from error


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` in place of all that a file holds: the whole of it, or nothing. Raises OSError.

    A file that is there keeps its mode, a new one and the folders that are missing are for their
    owner alone. A link stays: what it leads to is replaced.
    """
    import tempfile

    path = path.resolve()
    make_private(path.parent)
    mode = 0o600
    if path.exists():
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        mode = stat.S_IMODE(status.st_mode)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def cannot_write(path: str, error: OSError) -> UnusableFile:
    """The error for a file that could not be written."""
    return UnusableFile(
        f"{path} cannot be written: {error.strerror or error}",
        path=path,
        hint="give another place, or make its folder first",
    )
