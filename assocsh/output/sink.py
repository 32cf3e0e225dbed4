"""Where output goes: results to one place, everything else to another.

Nothing but these two methods reaches a terminal, a pipe or a file. Text given to them is safe to
print already: whatever came from a peer, a file or a script went through ``visible`` before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, TextIO, runtime_checkable

from assocsh.errors import OutputClosed
from assocsh.output.colours import AUTO, Theme, painted, theme_named, wanted_by
from assocsh.text.cells import wrapped

SOON = 0.1
"""Seconds after which a reader of stdout sees what was written."""


class Kind(StrEnum):
    """What a note is about; a terminal may colour it."""

    INFO = "info"
    EVENT = "event"
    """What was not asked for here: what the peer did by itself, a remark of the engine."""
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    WIRE = "wire"


class Output(Protocol):
    """What a session writes to. Each call takes whole lines without the last line end."""

    @property
    def width(self) -> int | None:
        """Columns that a line may use; None when nothing folds it (a pipe, a file)."""

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        """A result: stdout and nothing else. A terminal may colour it by its kind."""

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        """Anything else: progress, hints, errors, the wire."""

    def flush(self) -> None:
        """Let the reader see what was written so far."""


@runtime_checkable
class Lagging(Protocol):
    """An Output that writes later than it is written to: who has no end of text waits for it."""

    @property
    def waiting(self) -> int:
        """Characters that are not written yet."""


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False


def _columns(stream: TextIO) -> int | None:
    """The width of the terminal that ``stream`` is; None when it is none."""
    if not _is_terminal(stream):
        return None
    columns = 0
    if not os.environ.get("COLUMNS"):
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(stream.fileno()).columns
    import shutil

    return columns or shutil.get_terminal_size().columns


class StreamOutput:
    """Results on stdout, notes on stderr: for ``-c``, stdin and scripts.

    On a terminal both are shown as ``theme`` says: it is the value of the setting, asked for at
    each line. Nobody asks a terminal for its background here: what ``auto`` has can be read on any.

    Raises OutputClosed when stdout cannot be written; trouble with stderr is ignored, since there
    is nowhere left to say it.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        self.theme: Callable[[], str] = lambda: AUTO
        self._timer: asyncio.TimerHandle | None = None
        self._error: OutputClosed | None = None
        """What happened to results between two calls."""

    @property
    def width(self) -> int | None:
        return _columns(self._out)

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        if self._error is not None:
            raise self._error
        if _is_terminal(self._out):
            theme = theme_named(self.theme())
            said = theme.said(text)
            if said is None:
                return
            text = self._painted(said, kind, theme)
        try:
            self._out.write(text + "\n")
        except OSError as error:
            raise OutputClosed(error) from error
        if self._timer is None:
            with contextlib.suppress(RuntimeError):  # without a loop only flush() writes
                self._timer = asyncio.get_running_loop().call_later(SOON, self._late_flush)

    def _late_flush(self) -> None:
        self._timer = None
        try:
            self.flush()
        except OutputClosed as error:
            self._error = error

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        columns = _columns(self._err)
        if columns is not None:
            theme = theme_named(self.theme())
            said = theme.said(text)
            if said is None:
                return
            folded = (line for each in said.split("\n") for line in wrapped(each, columns))
            text = "\n".join(self._painted(line, kind, theme) for line in folded)
        try:
            self._err.write(text + "\n")
            self._err.flush()
        except (OSError, ValueError):  # ValueError: a program that embeds this has closed it
            return

    @staticmethod
    def _painted(text: str, kind: Kind, theme: Theme) -> str:
        return painted(text, kind, theme) if wanted_by() else text

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._error is not None:
            raise self._error
        try:
            self._out.flush()
        except OSError as error:
            raise OutputClosed(error) from error


class MemoryOutput:
    """Keeps what was written, for tests and for programs that embed a session."""

    def __init__(self, width: int | None = None) -> None:
        self.width = width
        self.results: list[str] = []
        self.notes: list[tuple[Kind, str]] = []

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self.results.append(text)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        self.notes.append((kind, text))

    def flush(self) -> None:
        return

    @property
    def text(self) -> str:
        """All results, as stdout would hold them."""
        return "".join(line + "\n" for line in self.results)

    @property
    def said(self) -> str:
        """All notes, as stderr would hold them."""
        return "".join(line + "\n" for _, line in self.notes)
