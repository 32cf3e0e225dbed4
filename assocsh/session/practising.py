"""The practice archive of a session: ``open practice`` starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.practice import Practice
    from assocsh.session.state import State


class PracticeArchive:
    """Runs from when it is needed first until the session is closed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._running: Practice | None = None
        self._options: tuple[float, Path | None] = (0.0, None)

    async def address(self, latency: float, data: Path | None) -> str:
        """Where it listens; started, or started again with other options.

        ``latency`` is in seconds, ``data`` a folder to serve. Raises UnusableFile (folder).
        """
        from assocsh import practice

        options = (latency, data)
        if self._options != options:
            await self.close()
        if self._running is None:
            self._running = await practice.start(latency=latency, data=data)
            self._options = options
            self.learn_listener()
        return str(self._running.peer)

    def learn_listener(self) -> None:
        """Let it know where this session listens: C-MOVE delivers there."""
        listener = self._state.listener
        if self._running is not None and listener is not None:
            self._running.destinations[listener.ae_title] = (listener.host, listener.port)

    async def close(self) -> None:
        """Stop it; nothing happens when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            await running.close()
