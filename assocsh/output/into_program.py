"""Results that go to programs: ``| program word ... | program ...``.

A program is started as its words say, without a shell, and in a session of its own: it has no
terminal, so it can neither draw into the prompt nor read what is typed there. What it writes is
shown above the prompt as it comes, made visible like everything from outside.

Nobody waits for anybody in a circle. What a command writes is kept in a file until the program
takes it, and what the program writes is read all the time.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from codecs import getincrementaldecoder
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile

from assocsh.errors import AssocshError, OutputClosed, UsageError
from assocsh.output.console import Console
from assocsh.output.into_file import Elsewhere, FileOutput
from assocsh.output.sink import Kind, Lagging
from assocsh.text.cells import cell
from assocsh.text.visible import visible

IN_MEMORY = 1024 * 1024
"""Bytes that wait for a program in memory; more of them wait on disk."""

PIECE = 65536
LONGEST = 1024 * 1024
"""Characters of a line that is shown as one."""

BEHIND = 512 * 1024
"""Characters that the screen may have to show when a program is to write no more."""

PAUSE = 0.05
"""Seconds after which it is looked again whether the screen has room."""

GRACE = 1.0
"""Seconds that a program has to end after SIGTERM."""


def find_program(name: str, folder: Path) -> str:
    """The file of the program called ``name``. Raises UsageError when there is none.

    A name with a / in it is a file, from ``folder`` on.
    """
    found = shutil.which(str(folder.absolute() / name) if "/" in name else name)
    if found is None:
        raise UsageError(
            f"there is no program {name}", hint=f"quote a | that is meant as it stands: '|{name}'"
        )
    return found


class ProgramOutput(Elsewhere):
    """Writes results to the first of ``programs``, each of which reads what the one before writes.

    What the last one writes goes to ``file``, or to the screen. Relative names in their words
    start from ``folder``. Raises UsageError for a program that there is not.
    """

    def __init__(
        self,
        console: Console,
        programs: Sequence[Sequence[str]],
        folder: Path,
        file: FileOutput | None = None,
    ) -> None:
        super().__init__(console)
        self._programs = [(find_program(words[0], folder), words) for words in programs]
        self._folder = folder
        self._file = file
        self._waiting = _Waiting()
        self._processes: list[Process] = []
        self._reading: int = PIPE
        """What the next program reads from."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the programs. Raises UsageError for one that cannot be started."""
        name = ""
        try:
            for path, words in self._programs:
                name = cell(words[0])
                await self._start(path, words)
        except BaseException as error:
            self._waiting.close()
            self.stop()
            if isinstance(error, OSError | ValueError):
                why = getattr(error, "strerror", None) or str(error)
                raise UsageError(f"{name} cannot be started: {why}") from None
            raise
        finally:
            _close(self._reading)
        readers = [self._say(process) for process in self._processes]
        if self._file is None:
            readers.append(self._show(self._processes[-1]))
        self._tasks = [asyncio.create_task(each) for each in (self._feed(), *readers)]

    async def _start(self, path: str, words: Sequence[str]) -> None:
        """Start the next program, which reads from the one before."""
        last = len(self._processes) == len(self._programs) - 1
        reading, following, writing = self._reading, PIPE, PIPE
        if not last:
            following, writing = os.pipe()
        elif self._file is not None:
            writing = self._file.fd
        self._reading = following
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                executable=path,
                stdin=reading,
                stdout=writing,
                stderr=PIPE,
                cwd=self._folder,
                start_new_session=True,
            )
        finally:
            _close(reading)
            if not last:
                _close(writing)
        self._processes.append(process)

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._waiting.put(text.encode("utf-8", "replace") + b"\n")

    async def finish(self) -> None:
        """Let the programs read the rest, and wait for their ends. Raises AssocshError.

        When this is cancelled they are ended.
        """
        self._waiting.end()
        try:
            await asyncio.gather(*self._tasks, *(each.wait() for each in self._processes))
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.create_task(self.end()))
            raise
        ended = [
            _end_of(words, process.returncode or 0, last=process is self._processes[-1])
            for (_, words), process in zip(self._programs, self._processes, strict=True)
        ]
        if any(ended):
            raise AssocshError("; ".join(filter(None, ended)))
        if self._waiting.refused:
            name = cell(self._programs[0][1][0])
            self.note(f"{name} has read enough: the rest was not given to it")

    def stop(self) -> None:
        """Ask every program that runs to end (SIGTERM), with all that it has started."""
        self._signal(signal.SIGTERM)

    async def end(self) -> None:
        """End the programs (SIGTERM), and those that do not within a moment (SIGKILL)."""
        self.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await asyncio.gather(*(each.wait() for each in self._processes))
        self._signal(signal.SIGKILL)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(each.wait() for each in self._processes))
        with suppress(TimeoutError):  # what is left of what they wrote; another may hold the pipe
            async with asyncio.timeout(GRACE):
                for process in self._processes:
                    for stream in (process.stdout, process.stderr):
                        while stream is not None and await stream.read(PIECE):
                            pass

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            if process.returncode is None:
                with suppress(OSError):
                    os.killpg(process.pid, number)

    async def _feed(self) -> None:
        into = self._processes[0].stdin
        assert into is not None
        try:
            while data := await self._waiting.take():
                into.write(data)
                await into.drain()
            into.close()
            await into.wait_closed()
        except OSError:  # it reads no more
            self._waiting.refused = True
        finally:
            into.close()
            self._waiting.close()

    async def _show(self, process: Process) -> None:
        tabs = self._console.screen.width is None

        def show(text: str) -> None:
            try:
                self._console.screen.result(text)
            except OutputClosed as error:
                self._console.lose(error)

        await _lines(process.stdout, show, self._room, tabs=tabs)

    async def _say(self, process: Process) -> None:
        await _lines(process.stderr, self.note, self._room, tabs=False)

    async def _room(self) -> None:
        """Wait for the screen when it has much to show yet, until it has shown all of it.

        A program that writes without an end then waits for its reader, as in every shell. Only a
        screen that has nothing to show is ready for keys, for Ctrl-C too: so to the last character.
        """
        screen = self._console.screen
        if isinstance(screen, Lagging) and screen.waiting > BEHIND:
            while screen.waiting:  # noqa: ASYNC110 - told by none
                await asyncio.sleep(PAUSE)


class _Waiting:
    """Bytes that wait to be read, in memory or on disk, so that who writes never waits."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # open as long as the programs
        self._read = self._written = 0
        self._ended = False
        self._wake = asyncio.Event()
        self.refused = False
        """Some of it was not taken."""

    def put(self, data: bytes) -> None:
        """Add ``data``; nothing when it is wanted no more."""
        if self._file.closed:
            return
        self._file.seek(self._written)
        self._written += self._file.write(data)
        self._wake.set()

    async def take(self) -> bytes:
        """The next bytes; none when that was all."""
        while self._read == self._written and not self._ended:
            self._wake.clear()
            await self._wake.wait()
        self._file.seek(self._read)
        data = self._file.read(PIECE)
        self._read += len(data)
        if self._read == self._written:
            self._file.seek(0)
            self._file.truncate()
            self._read = self._written = 0
        return data

    def end(self) -> None:
        """Nothing is added any more."""
        self._ended = True
        self._wake.set()

    def close(self) -> None:
        """Nothing is taken any more."""
        self._file.close()


async def _lines(
    stream: asyncio.StreamReader | None,
    show: Callable[[str], None],
    room: Callable[[], Awaitable[None]],
    *,
    tabs: bool,
) -> None:
    """Give what a program writes to ``show``, whole lines that are safe to print.

    ``room`` returns when there is room for more.
    """
    assert stream is not None
    decoder = getincrementaldecoder("utf-8")("replace")
    begun = ""
    while data := await stream.read(PIECE):
        begun += decoder.decode(data)
        whole, end, rest = begun.rpartition("\n")
        if not end and len(rest) > LONGEST:
            whole, end, rest = rest, "\n", ""
        begun = rest
        if end:
            show("\n".join(_shown(line, tabs=tabs) for line in whole.split("\n")))
            await asyncio.sleep(0)
            await room()
    begun += decoder.decode(b"", final=True)
    if begun:
        show(_shown(begun, tabs=tabs))


def _shown(line: str, *, tabs: bool) -> str:
    line = line.removesuffix("\r")
    if line.isprintable():
        return line
    if not tabs:
        return visible(line.expandtabs(), None)
    return "\t".join(visible(each, None) for each in line.split("\t"))


def _end_of(words: Sequence[str], code: int, *, last: bool) -> str:
    """What is to be said of a program that has ended; nothing of one that did its work.

    One that writes to another which reads no more is ended by SIGPIPE: that is how it should be.
    """
    if code == 0 or (code in (-signal.SIGPIPE, 128 + signal.SIGPIPE) and not last):
        return ""
    name = cell(words[0])
    if code > 0:
        return f"{name} ended with exit status {code}"
    try:
        return f"{name} was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"{name} was ended by signal {-code}"


def _close(fd: int) -> None:
    if fd >= 0:  # PIPE and its like are negative
        os.close(fd)
