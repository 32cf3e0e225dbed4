"""Commands without a prompt: ``-c``, or stdin. All of it is parsed before anything is sent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from assocsh.cli.collecting import collect_again
from assocsh.cli.signals import on_signals
from assocsh.commands.registry import new_session
from assocsh.errors import LanguageError, OutputClosed, UsageError
from assocsh.output.problems import error_lines
from assocsh.output.sink import Kind, StreamOutput

if TYPE_CHECKING:
    from assocsh.cli.arguments import Arguments
    from assocsh.language.parse import Call
    from assocsh.session.config import Config
    from assocsh.session.session import Session

Texts = list[tuple[str, str]]

CANCEL_WAIT = 2.0
"""Seconds for a cancelled request to end before SIGINT becomes an A-ABORT."""

STARTED = 0.5
"""Seconds after which a run is no start any more, and garbage is looked for."""


def read_texts(arguments: Arguments) -> Texts:
    """The texts to run as (source, text): the ``open`` of the command line, then -c or stdin.

    Raises UsageError when stdin is not UTF-8.
    """
    texts: Texts = []
    if arguments.open_text:
        texts.append(("command line", arguments.open_text))
    if arguments.commands:
        many = len(arguments.commands) > 1
        for number, text in enumerate(arguments.commands, 1):
            texts.append((f"-c {number}" if many else "-c", text))
        return texts
    if arguments.reading and sys.stdin.isatty():
        return texts  # whoever looks at a capture through a pager has nothing to type
    raw = sys.stdin.buffer.read()
    try:
        texts.append(("stdin", raw.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"stdin, line {line}: not UTF-8") from None
    return texts


async def batch(arguments: Arguments, config: Config, texts: Texts) -> int:
    """Parse, run, release; the exit code."""
    output = StreamOutput()
    session = new_session(output, config=config)
    if arguments.format:
        session.settings.set("format", arguments.format)
    calls = parse_texts(session, texts, allow_shell=arguments.allow_shell)
    if calls is None:
        return 2
    session.prepare(calls)
    if arguments.commands and sys.stdin.isatty() and sys.stderr.isatty():
        from assocsh.cli.passcode import ask_at_terminal

        session.ask_secret = ask_at_terminal
    # what a connection needs is loaded when it is opened
    asyncio.get_running_loop().call_later(STARTED, collect_again)
    runner = _Runner(session)
    with on_signals(runner.signalled):
        async with _progress(session, arguments.progress):
            code = await runner.run(calls, keep_going=arguments.keep_going)
    return _finish(session, code)


def parse_texts(session: Session, texts: Texts, *, allow_shell: bool) -> list[Call] | None:
    """The commands of all texts; None when there was a mistake, which was said then."""
    from assocsh.language.aliases import expanded
    from assocsh.language.check import problems
    from assocsh.language.parse import parse_all
    from assocsh.scripting.reach import beyond_reach

    calls: list[Call] = []
    errors: list[LanguageError] = []
    for source, typed in texts:
        try:
            text = expanded(typed, session.config.aliases, source=source)
        except LanguageError as wrong:
            errors.append(wrong)
            continue
        parsed = parse_all(text, source=source)
        calls += parsed.calls
        errors += parsed.errors
    if not errors:
        errors += problems(calls)
        errors += beyond_reach(calls, session.base, programs=allow_shell)
    for error in errors:
        for line in error_lines(error):
            session.note(line, Kind.ERROR)
    return None if errors else calls


@asynccontextmanager
async def _progress(session: Session, form: str) -> AsyncIterator[None]:
    """How far long requests are is said meanwhile, in this form."""
    if form == "none":
        yield
        return
    from assocsh.session.progressing import say_progress

    saying = asyncio.create_task(say_progress(session, json=form == "json"))
    try:
        yield
    finally:
        saying.cancel()


class _Runner:
    """Runs the commands in a task that signals can end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._task: asyncio.Task[int] | None = None
        self._signals = 0
        self._code = 0
        self._abort = asyncio.Event()

    async def run(self, calls: list[Call], *, keep_going: bool) -> int:
        session = self._session
        self._task = asyncio.create_task(session.run_calls(calls, keep_going=keep_going))
        abort = asyncio.create_task(self._abort.wait())
        await asyncio.wait((self._task, abort), return_when=asyncio.FIRST_COMPLETED)
        abort.cancel()
        if self._task.done():
            code = self._task.result()
        else:
            self._task.cancel()
            code = self._code
        if not self._code and session.lost_output is None:
            await self._release()
        if self._code or session.lost_output is not None:
            await session.close(abort=True)
        return self._code or code

    async def _release(self) -> None:
        """Release and close; given up as soon as a signal comes."""
        closing = asyncio.create_task(self._session.close())
        abort = asyncio.create_task(self._abort.wait())
        await asyncio.wait((closing, abort), return_when=asyncio.FIRST_COMPLETED)
        abort.cancel()
        if not closing.done():
            closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)

    def signalled(self, number: signal.Signals) -> None:
        """SIGINT cancels what can be cancelled first; again, or another signal: A-ABORT."""
        self._signals += 1
        self._code = self._code or 128 + number
        if self._signals >= 3:
            os._exit(self._code)
        if number == signal.SIGINT and self._signals == 1 and self._cancel():
            asyncio.get_running_loop().call_later(CANCEL_WAIT, self._abort.set)
            self._session.leaving.set()
            return
        self._abort.set()

    def _cancel(self) -> bool:
        """C-CANCEL for everything pending; False when nothing that is pending has a cancel.

        A command that has something to show when it is stopped is stopped, and waited for.
        """
        partial = [job for job in self._session.jobs if job.partial]
        for job in partial:
            job.cancel()
        if partial:
            return True
        live = [
            operation
            for record in self._session.pending_requests
            for operation in record.live.values()
        ]
        if not live or not all(operation.request.cancellable for operation in live):
            return False
        for record in self._session.pending_requests:
            record.cancel()
        return True


def _finish(session: Session, code: int) -> int:
    """Flush stdout and return the exit code: ``code``, or that of output that was lost.

    A pipe whose reader has gone ends the program without a word, a full disk with one line.
    """
    lost = session.lost_output
    if lost is None:
        try:
            session.output.flush()
        except OutputClosed as error:
            lost = error
    if lost is None:
        return code
    from assocsh.cli.streams import lost_output

    return lost_output(lost)
