"""Any job ends once and is said, whatever is submitted, cancelled and ended, at whatever moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from assocsh.errors import LocalProtocolError
from assocsh.output.sink import MemoryOutput
from assocsh.session.binding import BoundCall
from assocsh.session.job import Job
from assocsh.session.session import Session

LINES = (
    "echo",
    "find study",
    "get study --all",
    "store x.dcm",
    "open practice",
    "reopen",
    "release",
    "abort",
    "abort; reopen",
    "reopen; status",
    "abort; open practice",
    "cancel all",
    "cancel all; find study",
    "cancel #1",
    "wait",
    "wait all; echo",
    "listen",
    "listen; move study --all --to X",
    "let x = count",
    "find study PatientID=$x",
    "expect count == 1",
    "find series --of 1",
    "show",
    "status; echo; requests",
)
"""What people type, alone and together; the handlers below stand for what they do."""

Handler = Callable[[Session, BoundCall], Awaitable[None]]

ACTIONS = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from(["", "interrupt", "finish", "fail", "cancel oldest", "cancel newest"]),
)


class Handlers:
    """What performs the commands: waits until it is told to end or to fail, or is quick.

    ``abort`` and ``cancel`` are the program's own: what they cancel is the point.
    """

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def __call__(self, name: str) -> Handler:
        from assocsh.commands.registry import handler

        if name in ("abort", "cancel", "wait"):
            return handler(name)
        if name in ("status", "requests", "show", "let", "expect"):
            return self.quick
        return self.slow

    async def quick(self, session: Session, call: BoundCall) -> None:
        """Is done at once."""

    async def slow(self, session: Session, call: BoundCall) -> None:
        """Ends when it is told to."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        try:
            await future
        finally:
            self.waiting.remove(future)


async def _play(actions: list[str]) -> None:
    handlers = Handlers()
    output = MemoryOutput()
    session = Session(output, handler=handlers)
    started: list[Job] = []
    ended: Counter[Job] = Counter()
    session.on_job.started.append(started.append)
    session.on_job.ended.append(lambda job: ended.update([job]))
    for action in actions:
        match action:
            case "":
                await asyncio.sleep(0)
            case "interrupt":
                session.interrupt()
            case "finish" | "fail":
                if handlers.waiting and not handlers.waiting[0].done():
                    if action == "finish":
                        handlers.waiting[0].set_result(None)
                    else:
                        handlers.waiting[0].set_exception(LocalProtocolError("it failed"))
                    await asyncio.sleep(0)
            case "cancel oldest" | "cancel newest":
                jobs = list(session.jobs)
                if jobs:
                    jobs[0 if action == "cancel oldest" else -1].cancel()
            case line:
                session.submit(line)
    # whatever goes on can be ended
    for _ in range(len(started) + 5):
        for future in list(handlers.waiting):
            if not future.done():
                future.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)
    try:
        async with asyncio.timeout(5):
            for job in started:
                await job.done.wait()
    except TimeoutError:
        raise AssertionError(f"never ended: {[job.call.text for job in session.jobs]}") from None
    await asyncio.sleep(0)
    assert not session.jobs
    assert ended == Counter(started), "each job ends once"
    said = output.text + output.said
    for job in started:
        if job.error is not None:
            asked = job.record is not None and job.record.cancel_asked
            told = (
                f"#{job.record.number}" if asked and job.record is not None else job.error.message
            )
            assert told in said, (job.call.text, told, said)
    await session.close(abort=True)


@settings(deadline=None)
@given(st.lists(ACTIONS, max_size=14))
def test_a_job_ends_once_and_is_said(actions: list[str]) -> None:
    asyncio.run(_play(actions))


def test_the_lines_that_wedged_the_prompt() -> None:
    for line in ("abort; reopen", "abort; open practice", "cancel all; find study"):
        for before in ([], ["echo"], ["open practice"], ["open practice", ""]):
            asyncio.run(_play([*before, line, "echo", "", "finish"]))


async def test_what_comes_after_is_not_taken() -> None:
    """``cancel all`` and ``abort`` speak of what was submitted before them, not of what follows."""
    for line in ("cancel all; find study", "abort; open practice"):
        handlers = Handlers()
        session = Session(MemoryOutput(), handler=handlers)
        *_, after = session.submit(line)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not after.done.is_set(), f"{line}: the second one is at work"
        assert len(handlers.waiting) == 1
        handlers.waiting[0].set_result(None)
        await after.done.wait()
        assert after.error is None
        await session.close(abort=True)
