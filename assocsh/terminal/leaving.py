"""Leaving the shell: what Ctrl-D begins, step by step.

Without pending requests it releases the association and leaves. With some it asks first; a second
Ctrl-D aborts and leaves, at any step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum

from assocsh.session.ports import ShellSession

PROMPT = "assocsh> "
"""What stands before the line, unless a question does."""


class Step(Enum):
    """How far leaving has come."""

    STAYING = "staying"
    ASKING = "asking"
    DRAINING = "draining"
    """Nothing new is taken; what is pending runs to its end."""
    CLOSING = "closing"


class Leaving:
    """Ctrl-D and the question it asks. ``leave`` ends the shell with an exit code."""

    def __init__(
        self,
        session: Callable[[], ShellSession],
        *,
        leave: Callable[[int], None],
        changed: Callable[[], None],
    ) -> None:
        self._session = session
        self._leave = leave
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self.step = Step.STAYING

    @property
    def unfinished(self) -> int:
        """What would be lost by leaving now: requests, and lines held for their results."""
        status = self._session().status()
        return status.pending + status.queued + status.held

    @property
    def question(self) -> str:
        """What stands in place of the prompt; empty unless the user is leaving."""
        if self.step is Step.ASKING:
            return f"{self.unfinished} pending: w)ait, c)ancel, a)bort, s)tay "
        if self.step is Step.DRAINING:
            return f"leaving after {self.unfinished} pending (Ctrl-C stays, Ctrl-D aborts) "
        if self.step is Step.CLOSING:
            return "releasing (Ctrl-D aborts) "
        return ""

    def end_of_input(self) -> None:
        """Ctrl-D on an empty line."""
        if self.step is not Step.STAYING:
            self.abort()
        elif self.unfinished:
            self._go(Step.ASKING)
        else:
            self.close()

    def wait(self) -> None:
        """Let what is pending run to its end, release, leave."""
        if self.step is Step.ASKING:
            self._begin(Step.DRAINING, self._drain())

    def cancel(self) -> None:
        """Cancel what is pending, wait for its end, release, leave."""
        if self.step is Step.ASKING:
            self._session().submit("cancel all")
            self.wait()

    def abort(self, code: int = 0) -> None:
        """Abort the association and leave."""
        self._begin(Step.CLOSING, self._close(abort=True, code=code))

    def close(self) -> None:
        """Release the association and leave."""
        self._begin(Step.CLOSING, self._close(abort=False, code=0))

    def stay(self) -> None:
        """Do not leave: possible until the release is on its way."""
        if self.step in (Step.ASKING, Step.DRAINING):
            self._stop()
            self._session().leaving.clear()
            self._go(Step.STAYING)

    def session_changed(self) -> None:
        """To be called when anything about the session changes."""
        if not self.unfinished:
            self._idle.set()

    def _begin(self, step: Step, work: Coroutine[object, object, None]) -> None:
        self._stop()
        self._go(step)
        self._task = asyncio.ensure_future(work)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _go(self, step: Step) -> None:
        self.step = step
        self._changed()

    async def _drain(self) -> None:
        while self.unfinished:
            self._idle.clear()
            await self._idle.wait()
        self._go(Step.CLOSING)
        await self._close(abort=False, code=0)

    async def _close(self, *, abort: bool, code: int) -> None:
        try:
            await self._session().close(abort=abort)
        finally:
            current = asyncio.current_task()
            if current is None or not current.cancelling():  # a second Ctrl-D has taken over
                self._leave(code)
