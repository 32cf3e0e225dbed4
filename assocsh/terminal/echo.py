"""A terminal that does not show what is typed."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from assocsh.errors import UsageError

LINE_LIMIT = 4095
"""Bytes of the longest line that a terminal gives: what is typed beyond is lost."""


@contextmanager
def no_echo(fd: int) -> Iterator[None]:
    """The terminal shows nothing of what is typed. A pipe shows nothing anyway."""
    try:
        before = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    termios.tcsetattr(fd, termios.TCSAFLUSH, [*before[:3], before[3] & ~termios.ECHO, *before[4:]])
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def check_whole(line: str) -> None:
    """Raise UsageError for a line that a terminal may have cut short: half a token is none."""
    if len(line.encode("utf-8", "surrogateescape")) >= LINE_LIMIT:
        raise UsageError(
            f"a terminal takes {LINE_LIMIT} bytes in one line, and cuts the rest off",
            hint="put it into a file and name that",
        )
