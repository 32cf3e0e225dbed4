"""A terminal that does not show what is typed."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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
