"""The history of typed lines: a file that only its owner reads, and that survives anything.

One JSON object per line: ``{"at": seconds since 1970, "line": text}``. A line is added by one
write to a file opened for appending, under a lock; a line without its end (a full disk, a power
cut) is dropped by the next writer and never read. Lines that begin with a blank are not kept, and
passwords are replaced by ``***`` before anything is kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assocsh.datasets.folders import make_private

MAX_LINES = 10_000
"""Lines kept: when a file has grown past it by a fifth, the oldest go."""


def history_path() -> Path:
    """Where the history is kept: ASSOCSH_HISTORY, or the user's state folder."""
    if given := os.environ.get("ASSOCSH_HISTORY"):
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_state_dir("assocsh", appauthor=False)) / "history.jsonl"


class HistoryFile:
    """The file, as long as it can be used.

    After the first failure ``note`` is called, once, with the reason as a text; from then on
    ``load`` returns nothing and ``append`` does nothing.
    """

    def __init__(self, path: Path, *, note: Callable[[str], None], limit: int = MAX_LINES) -> None:
        self._path: Path | None = path
        self._note = note
        self._limit = limit

    def load(self) -> list[str]:
        """The lines, newest first; damaged ones are left out."""
        if self._path is None:
            return []
        try:
            lines, count = _read(self._path, self._limit)
            if count > self._limit * 6 // 5:
                _shorten(self._path, self._limit)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up("read", error)
            return []
        return [text for raw in reversed(lines) if (text := _text_of(raw)) is not None]

    def append(self, line: str) -> None:
        """Add a line, by one write."""
        if self._path is None:
            return
        entry = json.dumps({"at": int(time.time()), "line": line}, ensure_ascii=True)
        try:
            with _locked(self._path) as fd:
                _drop_torn_tail(fd)
                os.write(fd, entry.encode() + b"\n")
        except OSError as error:
            self._give_up("write", error)

    def _give_up(self, what: str, error: OSError) -> None:
        path, self._path = self._path, None
        self._note(
            f"history: cannot {what} {path}: {error.strerror or error}; "
            "what you type is remembered until you leave"
        )


def _read(path: Path, limit: int) -> tuple[deque[bytes], int]:
    """The last ``limit`` whole lines, and how many there are."""
    lines: deque[bytes] = deque(maxlen=limit)
    count = 0
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):
                count += 1
                lines.append(raw)
    return lines, count


def _shorten(path: Path, limit: int) -> None:
    """Replace the file by its newest lines; what other shells write meanwhile is not lost."""
    with _locked(path):
        lines, _ = _read(path, limit)
        new = path.with_name(path.name + ".new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def _text_of(raw: bytes) -> str | None:
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    text = entry.get("line") if isinstance(entry, dict) else None
    return text if isinstance(text, str) and text else None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
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
