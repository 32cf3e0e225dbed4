"""The Printer: the one path of text to the terminal while a prompt is open.

Everything that is printed above the prompt is collected and written in batches: the prompt is
hidden, one piece is written, the prompt is drawn again. A batch per line would cost milliseconds
and corrupt what is being typed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import NewType

from prompt_toolkit.application import get_app_or_none, in_terminal
from prompt_toolkit.output import Output

from assocsh.terminal.device import ShellInput, ShellOutput
from assocsh.terminal.rows import rows_of
from assocsh.text.patterns import pattern
from assocsh.text.visible import visible

Safe = NewType("Safe", str)
"""Whole lines in which nothing but printable characters, line ends and colours is left."""

INTERVAL = 0.1
"""Seconds between two batches: the first line of a burst is written at once."""

PIECE = 16384
"""Characters that are written before the prompt may be drawn, and keys read, again."""

BREATH = 0.005
"""Seconds behind a piece, for keys and for more to come. A turn of the loop (a sleep of 0) is not
enough: the keys that the loop finds in it are read behind the next piece, which takes their reader
away before that. And of rows that come one after another each few would be a piece."""

# Synchronized output: a terminal that knows it shows nothing between the two; others ignore it.
_BEGIN_UPDATE = "\x1b[?2026h"
_END_UPDATE = "\x1b[?2026l"

_DIRECT = 4096  # characters that any terminal takes at once; more is written by a thread
_COLOUR = pattern(r"(\x1b\[[0-9;]{0,40}m)")


def safe_text(text: str) -> Safe:
    """``text`` as whole lines that are safe to write to a terminal.

    The last gate, not the only one: values from outside went through ``visible`` where they were
    formatted. Here everything but line ends and colours (SGR sequences) is made visible once more.
    """
    if not text.endswith("\n"):
        text += "\n"
    if text.isascii() and text.replace("\n", "").isprintable():
        return Safe(text)
    return Safe("\n".join(_safe_line(line) for line in text.split("\n")))


def _safe_line(line: str) -> str:
    if line.isprintable():
        return line
    parts = _COLOUR.split(line)  # text, colour, text, colour, ..., text
    parts[::2] = [visible(part, None) for part in parts[::2]]
    return "".join(parts)


class Printer:
    """Collects text and writes it above the prompt, in order.

    For the thread of the event loop only. ``run`` is a task of the shell, started inside its
    application session.
    """

    def __init__(self, output: Output, *, interval: float = INTERVAL) -> None:
        self._output = output
        self._interval = interval
        self._waiting: deque[Safe] = deque()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._writer = ThreadPoolExecutor(1, "assocsh-terminal")
        self._bell = False
        self.vanished = False

    @property
    def waiting(self) -> int:
        """Characters not yet written."""
        return sum(map(len, self._waiting))

    def write(self, text: str) -> None:
        """Print ``text``, one or more lines, above the prompt soon."""
        self._waiting.append(safe_text(text))
        self._wake.set()

    def ring(self) -> None:
        """Ring the terminal's bell soon; once, however often it is asked for until then."""
        self._bell = True
        self._wake.set()

    async def run(self) -> None:
        """Write batches until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            await asyncio.sleep(self._interval)

    async def flush(self) -> None:
        """Write all that waits; between two pieces the prompt is alive."""
        while self._waiting:
            async with self._lock:
                piece = self._take()
                if piece and not self.vanished:
                    await self._print(piece)
            await asyncio.sleep(BREATH)
        if self._bell:
            self._bell = False
            async with self._lock:  # not into the middle of a piece that a thread is writing
                if not self.vanished:
                    self._output.bell()

    async def close(self) -> None:
        """Write the rest and give up the thread."""
        await self.flush()
        self._writer.shutdown(wait=False)

    def _take(self) -> str:
        taken: list[str] = []
        size = 0
        while self._waiting and size < PIECE:
            text = self._waiting.popleft()
            room = PIECE - size
            if len(text) > room and (cut := text.rfind("\n", 0, room) + 1) > 0:
                self._waiting.appendleft(Safe(text[cut:]))
                text = Safe(text[:cut])
            taken.append(text)
            size += len(text)
        return "".join(taken)

    async def _print(self, piece: str) -> None:
        output = self._output
        app = get_app_or_none()
        prompted = app is not None and app.is_running
        above: int | None = None
        keep: AbstractContextManager[None] = nullcontext()
        if isinstance(output, ShellOutput):
            # The cursor will be where the text ends: counted here, it need not be asked
            # for, and the toolbar is back in the same moment instead of a round trip later.
            above = output.rows_above
            if app is not None and prompted:
                if output.responds_to_cpr:
                    await app.renderer.wait_for_cpr_responses()
                above = output.rows_above_layout(app.renderer)
        if app is not None and isinstance(app.input, ShellInput):
            keep = app.input.kept_raw()
        try:
            if isinstance(output, ShellOutput):
                output.write_raw(_BEGIN_UPDATE)
            with keep:
                async with in_terminal():
                    output.enable_autowrap()
                    output.write_raw(piece)
                    if len(piece) > _DIRECT:
                        loop = asyncio.get_running_loop()
                        await loop.run_in_executor(self._writer, output.flush)
                    else:
                        output.flush()
                    if isinstance(output, ShellOutput) and above is not None:
                        size = output.get_size()
                        rows = above + rows_of(piece, size.columns)
                        output.rows_above = min(rows, max(size.rows - 1, 0))
            if isinstance(output, ShellOutput):
                output.write_raw(_END_UPDATE)
                output.flush()
        except OSError:
            self.vanished = True
