"""A terminal for tests: a pty, and a pyte screen behind it that answers as a terminal does.

pyte answers cursor-position requests, which prompt_toolkit waits for before it shows a toolbar; the
answers go back into the pty. A thread reads all the time, so that the program never waits for the
test. Tests wait for what the screen shows, never for time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).resolve().parents[2]

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "c-a": "\x01",
    "c-c": "\x03",
    "c-d": "\x04",
    "c-e": "\x05",
    "c-r": "\x12",
    "c-t": "\x14",
    "c-x": "\x18",
    "c-z": "\x1a",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "s-tab": "\x1b[Z",
    "alt-enter": "\x1b\r",
}

Wanted = str | Callable[["PtyTerminal"], object]


class _Screen(pyte.HistoryScreen):
    """Routes what the terminal itself says (cursor reports) to the program's input."""

    answer: Callable[[bytes], None]

    def write_process_input(self, data: str) -> None:
        self.answer(data.encode())


_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()=>][0-9A-B]?")
_ASKED = b"\x1b[6n"
"""Where is the cursor?"""


class PtyTerminal:
    """``command`` running in a terminal of ``columns`` x ``rows``. A context manager."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 100,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        term: str = "xterm-256color",
        answers: bool = True,
        cwd: Path | None = None,
        timeout: float = 15.0,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.timeout = timeout
        self.received = bytearray()
        self.drawing = True
        """Whether the screen is kept: that takes longer than a terminal does for it. Without it
        the cursor is said to be on the last line."""
        self.closed = False
        self._master, slave = os.openpty()
        self._changed = threading.Condition()
        self._screen = _Screen(columns, rows, history=5000, ratio=0.5)
        self._screen.answer = self.write if answers else lambda data: None
        self._stream = pyte.ByteStream(self._screen)
        self._set_size(columns, rows)
        self.attributes = termios.tcgetattr(slave)
        self._slave = slave
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        environment.update({"TERM": term, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)})
        environment.update(env or {})
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd or ROOT,
            env=environment,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # -- the program's side -------------------------------------------------------------------

    def _read(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self._master], [], [], 0.2)
                if not ready:
                    if self.process.poll() is not None or self.closed:
                        break
                    continue
                data = os.read(self._master, 65536)
            except (OSError, ValueError):
                break
            if not data:
                break
            with self._changed:
                before = max(0, len(self.received) - len(_ASKED) + 1)
                self.received += data
                if self.drawing:
                    self._stream.feed(data)
                else:
                    asked = self.received.count(_ASKED, before)
                    self.write(b"\x1b[%d;1R" % self._screen.lines * asked)
                self._changed.notify_all()
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- what a person does -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def send(self, *keys: str) -> None:
        """Type: a name of ``KEYS``, or text as it is."""
        for key in keys:
            self.write(KEYS.get(key, key).encode())

    def echoed(self, key: str) -> None:
        """Send a key, and wait until it stands in what comes; for one that nothing else writes."""
        before = len(self.received)
        self.send(key)
        self.wait_for(lambda t: key.encode() in _CONTROLS.sub(b"", bytes(t.received[before:])))

    def paste(self, text: str) -> None:
        """A bracketed paste."""
        self.write(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        self.send(line, "enter")

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def vanish(self) -> None:
        """The terminal is closed under the program."""
        self.closed = True
        self._reader.join(2)
        for fd in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(fd)

    # -- what a person sees -------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without blanks at their ends."""
        with self._changed:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()

    @property
    def scrolled(self) -> list[str]:
        """What has left the screen at its top, oldest first."""
        with self._changed:
            return [
                "".join(row[x].data for x in range(self._screen.columns)).rstrip()
                for row in self._screen.history.top
            ]

    @property
    def everything(self) -> str:
        """What has left the screen, and the screen, both of one moment."""
        with self._changed:
            return "\n".join([*self.scrolled, self.text])

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        with self._changed:
            return self._screen.cursor.x, self._screen.cursor.y

    def colours(self, text: str) -> set[str]:
        """The foreground colours of the first place on the screen that shows ``text``."""
        with self._changed:
            for y, line in enumerate(self._screen.display):
                x = line.find(text)
                if x >= 0:
                    return {self._screen.buffer[y][x + i].fg for i in range(len(text))}
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")

    def cells(self) -> list[list[pyte.screens.Char]]:
        """The cells of each row of the screen, all of one moment."""
        with self._changed:
            buffer, columns = self._screen.buffer, range(self._screen.columns)
            return [[buffer[y][x] for x in columns] for y in range(self._screen.lines)]

    def wait_for(self, wanted: Wanted, timeout: float | None = None) -> str:
        """Wait until the screen shows ``wanted``, or the function says so; the screen's text.

        Raises AssertionError with the screen when it does not come.
        """
        limit = time.monotonic() + (self.timeout if timeout is None else timeout)
        with self._changed:
            while True:
                shown = self.text
                if (wanted in shown) if isinstance(wanted, str) else wanted(self):
                    return shown
                left = limit - time.monotonic()
                if left <= 0 or self.closed:
                    why = "the program has ended" if self.closed else "not in time"
                    raise AssertionError(f"waited for {wanted!r}: {why}\n{self.framed()}")
                self._changed.wait(min(left, 0.25))

    def wait_until_gone(self, text: str, timeout: float | None = None) -> str:
        return self.wait_for(lambda terminal: text not in terminal.text, timeout)

    def wait_exit(self, timeout: float | None = None) -> int:
        """The exit status of the program; negative for a signal."""
        try:
            code = self.process.wait(self.timeout if timeout is None else timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program goes on\n{self.framed()}") from None
        if not self.closed:
            self._reader.join(2)
        return code

    def framed(self) -> str:
        width = self._screen.columns
        body = "\n".join(f"|{line:<{width}}|" for line in self.lines)
        return f"+{'-' * width}+\n{body}\n+{'-' * width}+"

    @property
    def tty_restored(self) -> bool:
        """True when the terminal's modes are those from before the program."""
        return termios.tcgetattr(self._slave)[:4] == self.attributes[:4]

    # -- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.closed = True
        self._reader.join(2)
        for fd in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(fd)

    def __enter__(self) -> PtyTerminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.framed())
        self.close()


def python(*arguments: str) -> list[str]:
    """A command line for this Python."""
    return [sys.executable, *arguments]
