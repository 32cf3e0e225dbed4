"""The shell on a terminal that cannot move its cursor (TERM=dumb): plain lines in and out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from assocsh.errors import AssocshError, OperationCancelled
from assocsh.output.sink import StreamOutput
from assocsh.session.ports import ShellSession
from assocsh.terminal.bell import Bell
from assocsh.terminal.echo import no_echo
from assocsh.terminal.leaving import PROMPT, Leaving, Step
from assocsh.terminal.signals import ABORT_LIMIT, TERMINATING, handled
from assocsh.text.visible import visible


async def run_line_mode(
    session: ShellSession, *, first: Sequence[str] = (), greeting: str = ""
) -> int:
    """Read lines from stdin until the user leaves; the exit code. Nothing blocks here either."""
    return await _LineMode(session).run(first, greeting)


class _LineMode:
    def __init__(self, session: ShellSession) -> None:
        self._session = session
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._leaving = Leaving(lambda: session, leave=self._leave, changed=self._prompt)
        self._read = b""
        self._terminating: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[str] | None = None
        self._bell = Bell(lambda: session.settings, self._ring, asyncio.get_running_loop().time)
        session.interactive = True
        session.ask_secret = self._ask
        session.output = StreamOutput(sys.stdout, sys.stdout)

    async def run(self, first: Sequence[str], greeting: str) -> int:
        loop = asyncio.get_running_loop()
        fd = sys.stdin.fileno()
        if greeting:
            self._session.output.note(greeting)
        self._prompt()
        handlers: dict[signal.Signals, Callable[[], None]] = {signal.SIGINT: self._interrupted}
        for number in TERMINATING:
            handlers[number] = lambda number=number: self._terminated(number)  # type: ignore[misc]
        self._session.on_change.append(self._leaving.session_changed)
        self._session.on_attention.append(self._bell.attention)
        loop.add_reader(fd, self._readable, fd)
        try:
            with handled(handlers):
                for line in first:
                    self._do(line)
                return await self._ended
        finally:
            loop.remove_reader(fd)
            self._session.on_change.remove(self._leaving.session_changed)
            self._session.on_attention.remove(self._bell.attention)
            if self._terminating is not None:
                self._terminating.cancel()

    def _leave(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def _readable(self, fd: int) -> None:
        try:
            data = os.read(fd, 65536)
        except OSError:
            self._terminated(getattr(signal, "SIGHUP", 1))
            asyncio.get_running_loop().remove_reader(fd)
            return
        if not data and self._answer is not None and os.isatty(fd):
            self._no_answer()
            return
        if not data:
            sys.stdout.write("\n")
            self._leaving.end_of_input()
            if not os.isatty(fd):  # the end of a pipe stays the end
                asyncio.get_running_loop().remove_reader(fd)
            return
        *lines, self._read = (self._read + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="surrogateescape").rstrip("\r"))

    async def _ask(self, question: str) -> str:
        """Ask for a passcode, the terminal's echo off meanwhile."""
        fd = sys.stdin.fileno()
        self._answer = asyncio.get_running_loop().create_future()
        try:
            with no_echo(fd):
                sys.stdout.write(visible(question))
                sys.stdout.flush()
                return await self._answer
        finally:
            self._answer = None
            sys.stdout.write("\n")
            self._prompt()

    def _no_answer(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(OperationCancelled("no passcode was given: not opened"))

    def _line(self, line: str) -> None:
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_result(line)
            return
        if self._leaving.step is Step.STAYING:
            if line.strip():
                self._do(line)
            self._prompt()
            return
        answers = {"w": self._leaving.wait, "c": self._leaving.cancel, "a": self._leaving.abort}
        answers.get(line.strip().lower()[:1], self._leaving.stay)()

    def _do(self, line: str) -> None:
        try:
            self._session.submit(line)
        except AssocshError as error:
            from assocsh.output.problems import error_lines

            self._session.output.note("\n".join(error_lines(error)))

    def _prompt(self) -> None:
        with suppress(OSError):
            sys.stdout.write(self._leaving.question or PROMPT)
            sys.stdout.flush()

    def _ring(self) -> None:
        with suppress(OSError):
            sys.stdout.write("\a")
            sys.stdout.flush()

    def _interrupted(self) -> None:
        if self._leaving.step is not Step.STAYING:
            self._leaving.stay()
        elif self._answer is not None:
            self._no_answer()
        else:
            self._session.interrupt()

    def _terminated(self, number: int) -> None:
        if self._terminating is None:
            self._terminating = asyncio.create_task(self._abort(128 + number))
        else:
            self._leave(128 + number)

    async def _abort(self, code: int) -> None:
        with suppress(Exception):
            await asyncio.wait_for(self._session.close(abort=True), ABORT_LIMIT)
        self._leave(code)
