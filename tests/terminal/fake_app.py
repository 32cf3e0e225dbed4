"""The shell of assocsh over a session that does nothing by itself: ``fake_app.py CONTROL_FD``.

What is written to the control pipe, line by line, happens to the session: ``print TEXT``,
``flood N``, ``rows N PAUSE``, ``stream N``, ``pending P Q``, ``state S``, ``raw PYTHON_LITERAL``,
``attention N`` (the peer does N things that were not asked for), ``stuck`` (close never ends). What
the shell asks of the session is printed above the prompt; ``set`` sets.
"""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from assocsh.commands.registry import load
from assocsh.output.console import Page
from assocsh.output.sink import Kind, MemoryOutput, Output
from assocsh.session.ports import RecalledLine, Status
from assocsh.session.settings import Settings
from assocsh.terminal.app import run_shell
from assocsh.wire.modes import WireMode

FAKE = Status(peer="FAKE@127.0.0.1:104", calling="ASSOCSH", state="open", window="8")


class NothingEarlier:
    """A session that was never there before."""

    def __init__(self) -> None:
        self.on_clear: list[Callable[[], None]] = []

    def earlier(self) -> list[RecalledLine]:
        return []

    def latest(self, line: str) -> None:
        return None

    def tidy(self) -> None:
        return None


class FakeSession:
    """Says what it is asked; does what the control pipe says."""

    def __init__(self) -> None:
        self.output: Output = MemoryOutput()
        self.on_change: list[Callable[[], None]] = []
        self.on_attention: list[Callable[[], None]] = []
        self.settings = Settings()
        self.typed = NothingEarlier()
        self.keys: dict[str, str] = {}
        self.loaded = asyncio.Event()
        self.leaving = asyncio.Event()
        self.interactive = False
        self.page: Page | None = None
        self._status = FAKE
        self._stuck = False
        self._tasks: set[asyncio.Task[None]] = set()

    def status(self) -> Status:
        return self._status

    def submit(self, text: str, *, foreground: bool = False) -> None:
        how = "in order" if foreground else "at once"
        self.output.result(f"submitted {how}: {text!r}")
        if text.startswith("wire "):
            self.change(wire=WireMode(text.split()[1]))
        elif text.startswith("set "):
            self.settings.set(*text.split()[1:])
            self.change()
        elif text == "quit":
            self.leaving.set()

    def entered(self) -> None:
        return

    def interrupt(self) -> bool:
        self.output.note("interrupted")
        return True

    async def close(self, *, abort: bool = False) -> None:
        self.output.note("aborting" if abort else "releasing", Kind.EVENT)
        Path(os.environ["FAKE_LOG"]).write_text("abort" if abort else "release")
        if self._stuck and not abort:
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    def change(self, **values: object) -> None:
        self._status = self._status._replace(**values)  # type: ignore[arg-type]
        for listener in tuple(self.on_change):
            listener()

    def control(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if verb == "print":
            self.output.result(rest)
        elif verb == "raw":
            self.output.result(ast.literal_eval(rest))
        elif verb == "flood":
            for number in range(int(rest)):
                self.output.result(f"line {number} " + "x" * 60)
        elif verb == "rows":
            count, pause = rest.split()
            task = asyncio.ensure_future(self._rows(int(count), float(pause)))
            self._tasks.add(task)
        elif verb == "stream":
            self._tasks.add(asyncio.ensure_future(self._stream(int(rest))))
        elif verb == "pending":
            pending, queued = map(int, rest.split())
            self.change(pending=pending, queued=queued)
        elif verb == "state":
            self.change(state=rest)
        elif verb == "attention":
            for _ in range(int(rest)):
                for callback in tuple(self.on_attention):
                    callback()
        elif verb == "stuck":
            self._stuck = True
        else:
            raise ValueError(line)

    async def _rows(self, count: int, pause: float) -> None:
        for number in range(count):
            self.output.result(f"row {number}.")
            await asyncio.sleep(pause)

    async def _stream(self, count: int) -> None:
        """Rows as fast as a peer sends them: the loop serves others after each few."""
        for number in range(count):
            self.output.result(f"row {number}.")
            if not number % 50:
                await asyncio.sleep(0)
        self.output.note(f"{count} rows were written")


async def main(fd: int) -> int:
    load()
    session = FakeSession()
    received = b""

    def readable() -> None:
        nonlocal received
        data = os.read(fd, 65536)
        if not data:
            asyncio.get_running_loop().remove_reader(fd)
        *lines, received = (received + data).split(b"\n")
        for line in lines:
            session.control(line.decode())

    asyncio.get_running_loop().add_reader(fd, readable)
    first = [line for line in os.environ.get("FAKE_FIRST", "").split("|") if line]
    return await run_shell(
        lambda: (session, None),
        first=first,
        greeting="a fake shell",
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]))))
