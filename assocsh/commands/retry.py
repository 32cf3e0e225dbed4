"""``retry N every D { ... }``: a block again and again until all of it passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.failing import error_with
from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.output.sink import Kind, Output
from assocsh.records import replace
from assocsh.session.binding import parse_integer
from assocsh.text.durations import parse_duration, show_duration

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "retry",
    "run a block again until all of it passes",
    Heading.SCRIPTS,
    order=50,
    parameters=(
        Parameter("times", Slot.INTEGER, required=True, summary="at most so often"),
        Parameter("every", Slot.CHOICE, ("every",), required=True, summary="the word every"),
        Parameter("pause", Slot.DURATION, required=True, summary="pause between, 500ms, 2s"),
    ),
    examples=(
        "retry 10 every 1s { find study PatientID=PRC-1001; expect count >= 1 }",
        "retry 3 every 500ms { echo }",
        "retry 5 every 2s { reopen }",
    ),
    block=True,
)

MOST = 100_000


class HeldOutput:
    """Keeps what an attempt writes until it is known whether it was the one that counts."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._kept: list[tuple[str, Kind, bool]] = []

    @property
    def width(self) -> int | None:
        return self._output.width

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._kept.append((text, kind, True))

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        if kind is Kind.WIRE:
            self._output.note(text, kind)
        else:
            self._kept.append((text, kind, False))

    def flush(self) -> None:
        return

    def release(self) -> None:
        """Write all of it after all."""
        for text, kind, is_result in self._kept:
            if is_result:
                self._output.result(text, kind)
            else:
                self._output.note(text, kind)
        self._kept.clear()


@command(SPEC)
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
        code = 1 if ran.cut_short else ran.code
        if not code or number == times or session.stopping:
            held.release()
            break
        await asyncio.sleep(pause)
    if code:
        what = "attempt" if times == 1 else "attempts"
        raise error_with(code, f"retry: not passed in {times} {what}, {show_duration(pause)} apart")
