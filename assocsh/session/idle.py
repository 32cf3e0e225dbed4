"""An association that nothing goes over: keeping it alive, and noticing that it may be gone.

Stock peers drop an association after 60 s without traffic. ``set keepalive 30s`` sends a C-ECHO
now and then, where the Verification SOP class was accepted. And after a laptop slept, or the shell
was stopped, no packet tells that the peer has gone: so time that passed while nothing ran here is
looked for, and after it the peer is asked with a C-ECHO, before the user waits for the answer to
something else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError
from assocsh.output.sink import Kind
from assocsh.session.state import REOPEN
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.errors import AssociationError
    from assocsh.session.state import State

TICK = 1.0
"""Seconds between two looks at the clock."""

JUMP = 5.0
"""Seconds that are more than a busy machine."""

PATIENCE = 5.0
"""Seconds for the answer to the C-ECHO after which it is said that there is none."""


class KeepAlive:
    """Sends the C-ECHOs of one session; they are no numbered requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._task: asyncio.Task[None] | None = None
        self._suggested = False

    def start(self, unset: float | None = None) -> None:
        """Begin, with what is set now; without a setting every ``unset`` seconds, or stop."""
        self.stop()
        association = self._state.association
        every = self._state.settings.seconds("keepalive") or unset
        if every is None or association is None or association.closed:
            return
        try:
            from assocsh.dimse.requests import CEcho

            association.context_for(CEcho())
        except AssocshError:
            self._state.note(
                "keepalive needs C-ECHO, and the peer did not accept Verification", Kind.WARNING
            )
            return
        self._task = asyncio.create_task(self._run(association, every), name="assocsh keepalive")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, association: Association, every: float) -> None:
        loop = asyncio.get_running_loop()
        while not association.closed:
            left = association.last_activity + every - loop.time()
            if left > 0:
                await asyncio.sleep(left)
            elif association.pending or association.queued:
                await asyncio.sleep(every)
            else:
                try:
                    await association.echo().result()
                except AssocshError:
                    return  # how the association ended is said by others

    def suggested(self, error: AssociationError | None) -> AssociationError | None:
        """What ended an association, as it is shown: the hint speaks of idling only once."""
        if error is None or not error.idle:
            return error
        first, self._suggested = not self._suggested, True
        return error if first else error.with_hint(REOPEN)


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

    def __init__(self, state: State, clock: Callable[[], float] = clock) -> None:
        self._state = state
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
        state = self._state
        state.note(
            f"nothing ran here for {show_duration(away)} (the machine slept, or the shell was "
            "stopped): the peer may have ended the association",
            Kind.WARNING,
        )
        state.changed()
        try:
            echo = association.echo()
        except AssocshError:
            return  # Verification was not accepted: there is nothing to ask with
        asked = asyncio.create_task(echo.result())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(asked)
        except TimeoutError:
            state.note(
                f"the peer has not answered for {show_duration(PATIENCE)}: the association is "
                "probably lost; abort, then reopen",
                Kind.WARNING,
            )
            asked.add_done_callback(_forget)
        except AssocshError:
            return  # how the association ended is said by others
        else:
            state.note("the peer answered: the association is alive")


def _forget(asked: asyncio.Task[object]) -> None:
    if not asked.cancelled():
        asked.exception()
