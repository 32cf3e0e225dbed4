"""The standard streams: those that the program was started without, and a stdout that is lost."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from assocsh.errors import OutputClosed

BROKEN_PIPE = 128 + 13
"""The exit code where the reader of stdout has gone: that of a program that SIGPIPE ends."""

_OPENED = (
    ("stdin", 0, "r", os.O_RDONLY),
    ("stdout", 1, "w", os.O_RDONLY),
    ("stderr", 2, "w", os.O_WRONLY),
)
"""stdout is opened so that it cannot be written: results that nobody gets are an error."""


def open_missing() -> None:
    """Open the streams that were closed when the program was started (``>&-``, some daemons).

    Called before anything else opens a file: what is opened next would take the place of one of
    them, and what is written to it, an image for one, would go there. stdin is then empty, what
    goes to stderr is lost, and writing to stdout fails as on a disk that is full.
    """
    for name, number, mode, flags in _OPENED:
        if getattr(sys, name) is not None:
            continue
        made = os.open(os.devnull, flags)
        if made != number:
            os.dup2(made, number)
            os.close(made)
        buffer = open(number, f"{mode}b", closefd=False)  # noqa: SIM115
        setattr(sys, name, TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace"))


def say(text: str) -> None:
    """Write a result. Raises OutputClosed."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise OutputClosed(error) from error


def note(text: str) -> None:
    """Write a line to stderr; where that cannot be written there is nowhere left to say it."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def lost_output(lost: OutputClosed) -> int:
    """The exit code where results could not be written; says so but of a reader that has gone."""
    # the interpreter would try to flush stdout once more, and complain
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if lost.broken_pipe:
        return BROKEN_PIPE
    note(f"error: write error: {lost.reason}")
    return 1
