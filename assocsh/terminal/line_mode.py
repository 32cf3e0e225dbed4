"""The shell on a terminal that cannot move its cursor (TERM=dumb): plain lines in and out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from assocsh.errors import AssocshError
from assocsh.output.sink import Kind, StreamOutput
from assocsh.session.ports import ShellSession
from assocsh.terminal.asking import no_answer
from assocsh.terminal.bell import Bell
from assocsh.terminal.echo import check_whole, no_echo
from assocsh.terminal.leaving import PROMPT, Leaving, Step
from assocsh.terminal.signals import TERMINATING, handled
from assocsh.text.visible import visible


async def run_line_mode(
    session: ShellSession, *, first: Sequence[str] = (), greeting: str = ""
) -> int:
    """Read lines from stdin until the user leaves; the exit code. Nothing blocks here either."""
    return await _LineMode(session).run(first, greeting)


PROMPT_AFTER = 0.1
"""Seconds without output after which the prompt is written again."""


class PromptedOutput(StreamOutput):
    """Results and notes between prompts: each begins on a line of its own.

    ``between`` is called before each of them is written; it sees to it that a prompt which stands
    at the end of the line is followed by a line end, and that another prompt comes.
    """

    def __init__(self, out: TextIO, between: Callable[[], None]) -> None:
        super().__init__(out, out)
        self._between = between

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._between()
        super().result(text, kind)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._between()
        super().note(text, kind)


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
        session.ask_secret = self._ask_secret
        session.ask_line = self._ask
        session.output = PromptedOutput(sys.stdout, self._output_comes)
        self._question = ""
        """What is asked in place of the prompt."""
        self._hidden = False
        """Its answer is not shown."""
        self._shown = ""
        """The prompt or question at the end of the screen, nothing written since."""
        self._soon: asyncio.TimerHandle | None = None

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
            if self._soon is not None:
                self._soon.cancel()
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
            self._end_line()
            self._leaving.end_of_input()
            if not os.isatty(fd):  # the end of a pipe stays the end
                asyncio.get_running_loop().remove_reader(fd)
            return
        *lines, self._read = (self._read + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="surrogateescape").rstrip("\r"))

    async def _ask_secret(self, question: str) -> str:
        """Ask for a passcode, the terminal's echo off meanwhile."""
        self._hidden = True
        try:
            with no_echo(sys.stdin.fileno()):
                line = await self._ask(question)
            check_whole(line)
            return line
        finally:
            self._hidden = False

    async def _ask(self, question: str) -> str:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._question = visible(question)
            self._prompt()
            return await self._answer
        finally:
            self._answer, self._question, self._shown = None, "", ""
            if self._hidden:
                sys.stdout.write("\n")  # the one that was typed was not shown
            self._prompt()

    def _no_answer(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(no_answer())

    def _line(self, line: str) -> None:
        self._shown = ""  # the terminal has shown the line end that was typed
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_result(line)
            return
        if self._leaving.step is Step.STAYING:
            if line.strip():
                self._do(line)
            else:
                self._session.entered()
            self._prompt_soon()
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
        """Write the prompt, or the question in its place, unless it stands there already."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        wanted = self._question or self._leaving.question or PROMPT
        if wanted == self._shown:
            return
        self._end_line()
        with suppress(OSError):
            sys.stdout.write(wanted)
            sys.stdout.flush()
            self._shown = wanted

    def _prompt_soon(self) -> None:
        """Write the prompt when nothing has been written for a moment."""
        if self._soon is not None:
            self._soon.cancel()
        self._soon = asyncio.get_running_loop().call_later(PROMPT_AFTER, self._prompt)

    def _end_line(self) -> None:
        """What is written next begins a line."""
        if self._shown:
            self._shown = ""
            with suppress(OSError):
                sys.stdout.write("\n")

    def _output_comes(self) -> None:
        self._end_line()
        self._prompt_soon()

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
            await self._session.close(abort=True)
        self._leave(code)
