"""What the terminal needs of a session: the whole of it, so that tests can stand in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from assocsh.output.sink import Output


class StatusView(Protocol):
    """The association in words and numbers, for the toolbar; empty where there is nothing."""

    @property
    def peer(self) -> str:
        """``ORTHANC@127.0.0.1:4242``."""

    @property
    def calling(self) -> str:
        """Our AE title."""

    @property
    def state(self) -> str:
        """``open``, ``released``, ..."""

    @property
    def window(self) -> str:
        """``8/1``: operations invoked and performed."""

    @property
    def pending(self) -> int: ...
    @property
    def queued(self) -> int: ...

    @property
    def held(self) -> int:
        """Lines that wait for the results of others."""

    @property
    def last(self) -> str:
        """The last final status: ``0x0000 Success``."""

    @property
    def failed(self) -> bool:
        """The last status was a failure, or the association was lost."""

    @property
    def elapsed(self) -> str:
        """How long the last request took."""

    @property
    def wire(self) -> str:
        """``off``, ``summary``, ``detail``, ``hex``."""

    @property
    def listening(self) -> str:
        """Where the storage acceptor listens."""

    @property
    def recording(self) -> str:
        """The file that is being recorded."""


class NoStatus:
    """The status while there is no session yet."""

    peer = calling = state = window = last = elapsed = listening = recording = ""
    pending = queued = held = 0
    failed = False
    wire = "off"


NOTHING: StatusView = NoStatus()


class ShellSession(Protocol):
    """The shell without a terminal."""

    output: Output
    on_change: list[Callable[[], None]]
    loaded: asyncio.Event
    """Commands that need the engine wait for it."""
    leaving: asyncio.Event
    """Set by ``quit``."""
    interactive: bool
    ask_secret: Callable[[str], Awaitable[str]] | None
    """Asks the user for something that is not shown."""

    def status(self) -> StatusView:
        """The association now. Cheap: it is read on every key."""

    def submit(self, text: str, *, foreground: bool = False) -> object:
        """Perform a line, or several, without blocking. Raises LanguageError."""

    def interrupt(self) -> bool:
        """Cancel the newest request, and say what became of it; False: there was none."""

    async def close(self, *, abort: bool = False) -> None:
        """Release the association, or abort it, and give up all else that is open."""
