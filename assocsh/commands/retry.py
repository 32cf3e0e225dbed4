"""``retry N every D { ... }``: a block again and again until all of it passes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from assocsh.errors import (
    AssocshError,
    ConnectionFailed,
    ConnectionLost,
    LocalRefusal,
    OperationCancelled,
    UsageError,
)
from assocsh.output.sink import Kind, Output
from assocsh.session.binding import parse_integer
from assocsh.text.durations import parse_duration, show_duration

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

MOST = 100_000


class HeldOutput:
    """Keeps what an attempt writes until it is known whether it was the one that counts."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._kept: list[tuple[str, Kind | None]] = []

    @property
    def width(self) -> int | None:
        return self._output.width

    def result(self, text: str) -> None:
        self._kept.append((text, None))

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        if kind is Kind.WIRE:
            self._output.note(text, kind)
        else:
            self._kept.append((text, kind))

    def flush(self) -> None:
        return

    def release(self) -> None:
        """Write all of it after all."""
        for text, kind in self._kept:
            if kind is None:
                self._output.result(text)
            else:
                self._output.note(text, kind)
        self._kept.clear()


async def retry(session: Session, call: BoundCall) -> None:
    """Run the block at most N times, D apart; of the attempts only the last is shown.

    Raises an error with the exit code of the last attempt when none passed.
    """
    times = parse_integer(call.words[0], "retry", least=1, most=MOST)
    pause = parse_duration(call.words[2])
    body = call.call.body
    code = 0
    for number in range(1, times + 1):
        output = session.output
        held = HeldOutput(output)
        session.output = held
        try:
            scope = replace(call.job.scope, nested=True, attempt=(call.job.number, number))
            ran = await session.interpreter.run(body, scope=scope)
        except asyncio.CancelledError:
            for job in tuple(session.jobs):
                if job.call in body:
                    job.cancel()
            raise
        finally:
            if session.output is held:
                session.output = output
        code = ran.code
        if not code or number == times or session.stopping:
            held.release()
            break
        await asyncio.sleep(pause)
    if code:
        what = "attempt" if times == 1 else "attempts"
        raise error_with(code, f"retry: not passed in {times} {what}, {show_duration(pause)} apart")


def error_with(code: int, message: str) -> AssocshError:
    """An error that ends the program with ``code``."""
    match code:
        case 2:
            return UsageError(message)
        case 3:
            return ConnectionFailed(message, established=False)
        case 4:
            return ConnectionLost(message, established=True)
        case 5:
            return LocalRefusal(message)
        case 130:
            return OperationCancelled(message)
        case _:
            return AssocshError(message)
