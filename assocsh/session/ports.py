"""What a prompt needs of a session, and nothing else of it: a value and a Protocol.

``assocsh.terminal`` imports this module and no other of this package; ``Session`` is what stands
behind it at work, a session of a few lines in the terminal's tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from assocsh.output.console import Page
from assocsh.output.sink import Output
from assocsh.records import NamedTuple
from assocsh.wire.modes import WireMode


class Status(NamedTuple):
    """What a toolbar shows. Texts from a peer were made visible; empty where there is nothing."""

    peer: str = ""
    """``ORTHANC@127.0.0.1:4242``; empty before the first association."""
    calling: str = ""
    """Our AE title."""
    state: str = "closed"
    """``open``, ``released``, ..."""
    window: str = ""
    """``8/1``: operations invoked and performed."""
    pending: int = 0
    queued: int = 0
    progress: str = ""
    """How far the newest request of many parts is: ``store 184/300 · 92 of 151 MB``."""
    held: int = 0
    """Lines that wait for the results of others."""
    last: str = ""
    """Status and category of the last final response: ``0x0000 Success``."""
    category: str = ""
    """``Success``, ``Warning``, ``Failure``, ``Cancel``: the kind of that status."""
    failed: bool = False
    """The last final response was a failure, or the association was lost."""
    elapsed: str = ""
    """How long the last request took."""
    wire: WireMode = WireMode.OFF
    format: str = "table"
    listening: str = ""
    """Where the storage acceptor listens."""
    recording: str = ""
    """The file that is being recorded."""
    capturing: str = ""
    """The file that what is said is written to."""
    lesson: str = ""
    """Where in which lesson: ``lesson 3 · step 2/5``."""
    identity: str = ""
    """What the peer said of the user identity: ``accepted``, ``not answered``, ..."""


class SettingTexts(Protocol):
    """The settings of a session, as they are typed."""

    def text(self, name: str) -> str:
        """The value of the setting ``name``. Raises UsageError for a name that is none."""

    def set(self, name: str, text: str) -> None:
        """Change a setting. Raises UsageError for a value that it does not take."""


class RecalledLine(Protocol):
    """A line that was typed earlier."""

    @property
    def line(self) -> str: ...
    @property
    def at(self) -> float:
        """Seconds since 1970."""

    @property
    def ending(self) -> LineEnding | None:
        """What became of it; None where that is not known."""


class LineEnding(Protocol):
    """What became of a typed line; texts are empty where there is nothing to say."""

    @property
    def status(self) -> str: ...
    @property
    def failed(self) -> bool: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def peer(self) -> str: ...


class EarlierLines(Protocol):
    """The lines of this session and of earlier ones."""

    on_clear: list[Callable[[], None]]
    """Called when every line is to be forgotten."""

    def earlier(self) -> Sequence[RecalledLine]:
        """Those of other sessions, newest first. Blocks: the prompt calls it in a thread."""

    def latest(self, line: str) -> RecalledLine | None:
        """The last time that ``line`` was typed in this session. Cheap."""

    def tidy(self) -> None:
        """Leave out what is not to be kept any longer. Blocks: for a thread."""


class ShellSession(Protocol):
    """A session as the prompt sees it. Everything is called on the thread of the event loop."""

    output: Output
    """Where results and notes go. The prompt sets its own before it submits anything."""
    on_change: list[Callable[[], None]]
    """Called after each change of what ``status`` returns; each must be quick."""
    on_attention: list[Callable[[], None]]
    """Called when the peer does what was not asked for: it sends a request, or it ends the
    association. Each must be quick."""
    loaded: asyncio.Event
    """Commands that need the engine wait for it. The prompt clears it, and sets it when what is
    loaded behind the first prompt is there."""
    leaving: asyncio.Event
    """Set by ``quit``."""
    interactive: bool
    """True while a person types: set by the prompt."""
    ask_secret: Callable[[str], Awaitable[str]] | None
    """Asks the user for something that is not shown. Raises OperationCancelled for no answer."""
    ask_line: Callable[[str], Awaitable[str]] | None
    """Asks the user for something that is shown. Raises OperationCancelled for no answer."""

    page: Page | None
    """Shows lines through a pager."""

    @property
    def typed(self) -> EarlierLines:
        """The prompt recalls lines from it, and tells what became of them while it searches."""

    @property
    def keys(self) -> Mapping[str, str]:
        """What the user makes of the keys, as ``language.keys.key_map`` takes it."""

    @property
    def settings(self) -> SettingTexts:
        """The prompt reads ``editing`` and ``theme`` after each change, ``bell`` when it rings."""

    def status(self) -> Status:
        """The session now. Cheap: it is read on every key."""

    def submit(self, text: str, *, foreground: bool = False) -> object:
        """Perform a line, or several, without blocking; ``foreground``: one after the other.

        Raises LanguageError before anything is performed.
        """

    def entered(self) -> None:
        """Enter was pressed on an empty line."""

    def interrupt(self) -> bool:
        """Cancel the newest request, and say what became of it; False: there was none."""

    async def close(self, *, abort: bool = False) -> None:
        """Release the association, or abort it, and give up all else that is open."""
