"""A laptop that slept, a shell that was stopped: the peer may have gone without our knowing.

Peers drop an association that is silent for a minute, and after a sleep no packet tells of it. So
time that passed while nothing ran here is looked for; after it the peer is asked with a C-ECHO,
before the user waits for the answer to something else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError
from assocsh.output.sink import Kind
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.session.session import Session

TICK = 1.0
"""Seconds between two looks at the clock."""

JUMP = 5.0
"""Seconds that are more than a busy machine."""

PATIENCE = 5.0
"""Seconds for the answer to the C-ECHO before the user is told that there is none."""


def clock() -> float:
    """Seconds on a clock that goes on while the machine sleeps."""
    # on macOS CLOCK_MONOTONIC is the one that goes on; Linux has another for it
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        number = getattr(time, name, None)
        if number is not None:
            return time.clock_gettime(number)
    return time.monotonic()


class SleepWatch:
    """Watches over the association of one session while it is open."""

    def __init__(self, session: Session, clock: Callable[[], float] = clock) -> None:
        self._session = session
        self._task: asyncio.Task[None] | None = None
        self.clock = clock

    def start(self, association: Association) -> None:
        self.stop()
        self._task = asyncio.create_task(self._run(association), name="assocsh sleep watch")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, association: Association) -> None:
        before = self.clock()
        while not association.closed:
            await asyncio.sleep(TICK)
            now = self.clock()
            away, before = now - before - TICK, now
            if away > JUMP and not association.closed:
                await self._ask(association, away)
                before = self.clock()

    async def _ask(self, association: Association, away: float) -> None:
        session = self._session
        session.note(
            f"nothing ran here for {show_duration(away)} (the machine slept, or the shell was "
            "stopped): the peer may have ended the association",
            Kind.WARNING,
        )
        session.changed()
        try:
            echo = association.echo()
        except AssocshError:
            return  # Verification was not accepted: there is nothing to ask with
        asked = asyncio.create_task(echo.result())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(asked)
        except TimeoutError:
            session.note(
                f"the peer has not answered for {show_duration(PATIENCE)}: the association is "
                "probably lost; abort, then reopen",
                Kind.WARNING,
            )
            asked.add_done_callback(_forget)
        except AssocshError:
            return  # how the association ended is said by others
        else:
            session.note("the peer answered: the association is alive")


def _forget(asked: asyncio.Task[object]) -> None:
    if not asked.cancelled():
        asked.exception()
