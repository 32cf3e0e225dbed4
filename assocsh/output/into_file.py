"""Results that go to a file: ``> file`` and ``>> file``.

As in every shell ``>`` puts what is new in the place of what was there; but not before there is
something new, so that a command that was refused leaves the file alone.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from assocsh.errors import AssocshError, UnusableFile
from assocsh.output.console import Console
from assocsh.output.sink import Kind

DICOM = "dicom"
"""The format of a file that is one row as Part 10 (PS3.10)."""

FORMATS = {".csv": "csv", ".dcm": DICOM, ".json": "json", ".jsonl": "json", ".txt": "table"}
"""The format of a file by its ending; another one has the format that is set."""

_FOR_PEOPLE = ("table", "expanded", "dump")


def format_of(path: Path, format_set: str) -> str:
    """The format of what is written to ``path`` while ``format_set`` is the one that is set."""
    by_ending = FORMATS.get(path.suffix.lower(), format_set)
    return format_set if by_ending == "table" and format_set in _FOR_PEOPLE else by_ending


class Elsewhere:
    """An Output that is not the screen: what is no result is said on the screen all the same."""

    width: int | None = None

    def __init__(self, console: Console) -> None:
        self._console = console
        self.error: AssocshError | None = None
        """Why what was written last, and all that follows, is not there."""

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._console.screen.note(text, kind)

    def flush(self) -> None:
        return

    def fail(self, error: AssocshError) -> None:
        """Write nothing more, and have ``error`` be what the command ends with."""
        self.error = self.error or error


class FileOutput(Elsewhere):
    """Writes results to ``path``. Raises UnusableFile when that is no place for them.

    ``append`` adds to what is there. A file of the format ``DICOM`` is written as bytes, once.
    """

    def __init__(self, console: Console, path: Path, format_name: str, *, append: bool) -> None:
        super().__init__(console)
        self.path = path
        self.format = format_name
        self._append = append
        self._created = False
        self._begun = False
        self._file = self._open()

    def _open(self) -> BinaryIO:
        path = self.path
        try:
            self._look_at(path.lstat())
        except FileNotFoundError:
            self._created = True
        except OSError as error:
            raise self._unusable(error) from None
        # not through a link that was put there meanwhile, and not waiting for who reads a pipe
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        flags |= os.O_APPEND if self._append else 0
        try:
            return os.fdopen(os.open(path, flags, 0o666), "wb")
        except OSError as error:
            raise self._unusable(error) from None

    def _look_at(self, found: os.stat_result) -> None:
        path, mode = self.path, found.st_mode
        if stat.S_ISREG(mode) or str(path) == os.devnull:
            return
        if stat.S_ISLNK(mode):
            what = f"a symbolic link to {path.readlink()}"
            hint = "name the file that is meant itself"
        else:
            what = "a folder" if stat.S_ISDIR(mode) else "not a file"
            hint = "name a file in it" if stat.S_ISDIR(mode) else ""
        raise UnusableFile(f"{path} is {what}: nothing is written to it", path=str(path), hint=hint)

    def _unusable(self, error: OSError) -> UnusableFile:
        path = self.path
        why = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            why = f"there is no folder {path.parent}"
        return UnusableFile(f"{path} cannot be written: {why}", path=str(path))

    @property
    def fd(self) -> int:
        """The file, for a program that writes to it: empty by then, unless it is added to."""
        self._begin()
        return self._file.fileno()

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        if self.format == DICOM:
            self.fail(self._one_row())
            return
        if self.format == "csv" and not self._begun and self._has_titles(text):
            self._begun = True
            return
        self._write(text.encode("utf-8", "replace") + b"\n")

    def data(self, data: bytes) -> None:
        """The whole of a file of the format ``DICOM``."""
        if self._begun:
            self.fail(self._one_row())
        else:
            self._write(data)

    def _one_row(self) -> AssocshError:
        return UnusableFile(
            f"{self.path} is one row of a result, as a DICOM file",
            path=str(self.path),
            hint=f"`show #1 3 > {self.path.name}`, for example; .csv, .json and .txt hold all",
        )

    def _has_titles(self, titles: str) -> bool:
        """Whether the file that is added to begins with these titles: they stand there once."""
        if not self._append or self._created:
            return False
        line = titles.encode("utf-8", "replace")
        with suppress(OSError), self.path.open("rb") as file:
            return file.readline(len(line) + 2).rstrip(b"\r\n") == line
        return False

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            if not self._append and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                self._file.truncate(0)

    def _write(self, data: bytes) -> None:
        if self.error is not None:
            return
        try:
            self._begin()
            self._file.write(data)
        except OSError as error:
            self.fail(self._unusable(error))

    def close(self, *, failed: bool) -> None:
        """End the file. After a command that ``failed`` with no result it is as it was before."""
        try:
            if not failed and self.error is None:
                self._begin()
            self._file.close()
        except OSError as error:
            self.fail(self._unusable(error))
        if self._created and not self._begun:
            with suppress(OSError):
                self.path.unlink()
