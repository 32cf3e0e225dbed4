"""A passcode asked for at the terminal of a program without a prompt."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from assocsh.errors import OperationCancelled
from assocsh.terminal.echo import check_whole, no_echo
from assocsh.text.visible import visible

TERMINAL = "/dev/tty"


async def ask_at_terminal(question: str) -> str:
    """The line that is typed, without echo.

    Raises OperationCancelled without an answer, UsageError for one that was cut short.
    """
    try:
        fd = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise OperationCancelled("there is no terminal to ask for the passcode") from error
    try:
        return await _asked(fd, question)
    finally:
        os.close(fd)


async def _asked(fd: int, question: str) -> str:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    typed = bytearray()

    def readable() -> None:
        data = b""
        with suppress(OSError):
            data = os.read(fd, 4096)
        typed.extend(data)
        if not data or b"\n" in typed:
            loop.remove_reader(fd)
            if not answer.done():
                answer.set_result(bytes(typed))

    try:
        with no_echo(fd):
            os.write(fd, visible(question).encode())
            loop.add_reader(fd, readable)
            line = await answer
    finally:
        loop.remove_reader(fd)
        with suppress(OSError):
            os.write(fd, b"\n")
    if b"\n" not in line:
        raise OperationCancelled("no answer was given: not opened")
    text = line.partition(b"\n")[0].decode("utf-8", "surrogateescape")
    check_whole(text)
    return text
