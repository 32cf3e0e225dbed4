"""The terminal as a device: input and output of prompt_toolkit, with what they lack.

Three things: a terminal that has gone away ends the prompt instead of spinning; text is printed
without leaving raw mode, so that keys typed meanwhile are never echoed into it; and the row of the
cursor, when the shell knows it, does not have to be asked for.
"""

from __future__ import annotations

import errno
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import Input
from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import HeightIsUnknownError, Renderer

from assocsh.text.plain import stand_ins


class _Reader(PosixStdinReader):
    """Reads keys; a terminal that is gone is the end of the input, not an empty read for ever."""

    def read(self, count: int = 1024) -> str:
        if not self.closed and _is_gone(self.stdin_fd):
            self.closed = True
        return super().read(count)


def _is_gone(fd: int) -> bool:
    try:
        termios.tcgetattr(fd)
    except termios.error as error:
        return error.args[0] in (errno.EIO, errno.ENXIO, errno.EBADF)
    return False


class ShellInput(Vt100Input):
    """The keyboard."""

    def __init__(self, stdin: TextIO) -> None:
        super().__init__(stdin)
        self.stdin_reader = _Reader(stdin.fileno(), encoding=stdin.encoding)
        self._keep_raw = 0

    @contextmanager
    def kept_raw(self) -> Iterator[None]:
        """While text is printed above the prompt: no cooked mode, no echo."""
        self._keep_raw += 1
        try:
            yield
        finally:
            self._keep_raw -= 1

    def cooked_mode(self) -> AbstractContextManager[None]:
        if self._keep_raw:
            return nullcontext()
        return super().cooked_mode()


class ShellOutput(Vt100_Output):
    """The screen.

    ``rows_above``: rows above the cursor, when they are known. ``answers`` is False for a terminal
    that does not say where its cursor is: then it is taken to be on the last row, so that the
    toolbar is shown there too, right below the prompt.
    """

    rows_above: int | None = None
    answers = True
    drawn: Size | None = None
    """The size when the prompt was drawn last."""
    _stand_ins: dict[int, int] | None = None

    def flush(self) -> None:
        """Write what waits. What an old terminal has no character for has one in its place.

        Vt100_Output would write ``?`` for each, and a line that a table is made of would be gone.
        """
        if self._buffer:
            if self._stand_ins is None:
                self._stand_ins = stand_ins(self.stdout.encoding or "utf-8")
            if self._stand_ins:
                self._buffer = ["".join(self._buffer).translate(self._stand_ins)]
        super().flush()

    def rows_above_layout(self, renderer: Renderer) -> int | None:
        """Rows above what ``renderer`` has drawn; None when a resize has made that uncertain."""
        if self.drawn != self.get_size():
            return None
        try:
            rows = renderer.rows_above_layout
        except HeightIsUnknownError:
            return None
        return rows if rows >= 0 else None

    def get_rows_below_cursor_position(self) -> int:
        """Rows from the cursor's to the last one, that one included.

        Raises NotImplementedError when it is not known: prompt_toolkit then asks the terminal.
        """
        if not self.answers or not self.responds_to_cpr:
            return 1
        if self.rows_above is None:
            raise NotImplementedError
        return max(1, self.get_size().rows - self.rows_above)


def open_terminal() -> tuple[Input, Output]:
    """The keyboard and the screen of this process. Raises OSError when there are none."""
    output = ShellOutput.from_pty(
        sys.stdout, term=os.environ.get("TERM"), default_color_depth=ColorDepth.from_env()
    )
    return ShellInput(sys.stdin), output
