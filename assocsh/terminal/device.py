"""The terminal as a device: input and output of prompt_toolkit, with what they lack.

Four things: a terminal that has gone away ends the prompt instead of spinning; text is printed
without leaving raw mode, so that keys typed meanwhile are never echoed into it; the row of the
cursor, when the shell knows it, does not have to be asked for; and what the terminal says of its
background is no key.
"""

from __future__ import annotations

import errno
import os
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import Input
from prompt_toolkit.input.posix_utils import PosixStdinReader
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import HeightIsUnknownError, Renderer

from assocsh.text.patterns import pattern
from assocsh.text.plain import stand_ins


class _Reader(PosixStdinReader):
    """Reads keys; a terminal that is gone is the end of the input, not an empty read for ever.

    With ``answers`` what the terminal says of its background is taken out of what is typed.
    """

    answers: Answers | None = None

    def read(self, count: int = 1024) -> str:
        if not self.closed and _is_gone(self.stdin_fd):
            self.closed = True
        data = super().read(count)
        return data if self.answers is None else self.answers.taken_from(data)


class Answers:
    """Takes answers to the question for the background (OSC 11) out of what is typed.

    An answer may come in pieces: what may be the beginning of one is held back, for as long as the
    Esc key takes to be one. What has begun to look like an answer, and can be no key, is waited for
    until ANSWERED_WITHIN after the question. Nothing that was typed is lost or changes its place.
    """

    def __init__(self, answered: Callable[[str], None], now: Callable[[], float]) -> None:
        self._answered = answered
        self._now = now
        self._until = now() + ANSWERED_WITHIN
        self._held = ""

    def taken_from(self, data: str) -> str:
        """What was typed of ``data``, as far as that is certain."""
        data, self._held = self._held + data, ""
        for found in _ANSWER.finditer(data):
            self._until = 0.0
            self._answered(found[1])
        data = _ANSWER.sub("", data)
        begun = _BEGUN.search(data)
        if begun is not None and self._now() < self._until:
            self._held = begun[0]
            return data[: begun.start()]
        return data

    def released(self) -> str:
        """What was held back and is none: the time in which the rest could come is over."""
        if len(self._held) > 1 and self._now() < self._until:
            return ""
        held, self._held = self._held, ""
        return held


ANSWERED_WITHIN = 1.0
"""Seconds in which a terminal answers, also at the other end of a slow line."""

_ANSWER = pattern(r"\x1b\]11;([^\x07\x1b]{0,60})(?:\x07|\x1b\\)")
_BEGUN = pattern(r"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]{0,60}\x1b?)?)?)?)?\Z")


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
        self.stdin_reader = self._reader = _Reader(stdin.fileno(), encoding=stdin.encoding)
        self._keep_raw = 0

    def await_background(self, answered: Callable[[str], None]) -> None:
        """The terminal is asked for its background: ``answered`` is called with what it says."""
        self._reader.answers = Answers(answered, time.monotonic)

    def flush_keys(self) -> list[KeyPress]:
        """The keys that are complete, though more could have followed what was read."""
        if self._reader.answers is not None:
            self.vt100_parser.feed(self._reader.answers.released())
        return super().flush_keys()

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
