"""The data of one session, and who wants to hear of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assocsh.errors import AssociationError, LocalProtocolError, OutputClosed, UsageError
from assocsh.output.console import AskSecret, Console, Page, Results
from assocsh.output.formats import presenter
from assocsh.output.sink import Kind, MemoryOutput, Output, StreamOutput
from assocsh.session.config import Config
from assocsh.session.job import Failures, JobCallbacks
from assocsh.session.observers import Observers
from assocsh.session.requests import Requests
from assocsh.session.settings import Settings
from assocsh.wire.modes import WireMode

if TYPE_CHECKING:
    from assocsh.association import Association, Operation
    from assocsh.dimse.requests import Request
    from assocsh.output.presenter import Presenter
    from assocsh.results.recent import RecentValues
    from assocsh.results.request import RequestRecord
    from assocsh.session.captured import Captured
    from assocsh.session.job import Job
    from assocsh.session.listener import SessionListener
    from assocsh.session.plan import OpenPlan
    from assocsh.wire.conversation import Conversation
    from assocsh.wire.steps import Told

REOPEN = "`reopen` opens the same association again"


class Recording(Protocol):
    """A recording that is going on."""

    @property
    def path(self) -> Path:
        """The file that it writes."""

    def mistyped(self, text: str) -> None:
        """A line that is no command was typed."""

    def close(self) -> None:
        """End it."""


class State:
    """What the parts of a session work on. It holds; ``Session`` acts.

    Callbacks run on the loop and must be quick: those of ``on_change`` after each change of what
    ``status`` returns; of ``on_attention`` when the peer did what was not asked for (a request of
    its own, an abort); of ``on_job.started`` when a job was submitted, before its first step; of
    ``on_job.ended`` when it has ended and its end was said; of ``on_close`` when the session is
    closed, each once.
    """

    def __init__(self, output: Output | None = None, *, config: Config | None = None) -> None:
        self.console = Console(MemoryOutput() if output is None else output)
        self.console.on_lost.append(self._output_lost)
        self.config = config or Config()
        self.settings = Settings()
        self.config.apply(self.settings)
        if isinstance(output, StreamOutput):
            output.theme = self._theme
        self.base = Path()
        """Where relative files start from."""
        self.failures = Failures()
        self.checked = False
        """Everything that is run here was read and checked as a whole: exit code 2, which says
        that nothing of it was performed, is not that of a command any more."""
        self.variables: dict[str, str] = {}
        self.requests = Requests(self.changed, self.fallback_encoding)
        self.jobs: dict[Job, None] = {}
        """Those that have not ended, in the order in which they were submitted."""
        self.observers = Observers()
        self.association: Association | None = None
        """The association that is open, or the last one that was."""
        self.open_plan: OpenPlan | None = None
        """What it was opened with."""
        self.listener: SessionListener | None = None
        self.recording: Recording | None = None
        self.loaded = asyncio.Event()
        """The libraries are there. Two threads that import one package see it half made."""
        self.loaded.set()
        self.leaving = asyncio.Event()
        """Set by ``quit``: whoever reads commands stops reading."""
        self.on_change: list[Callable[[], None]] = []
        self.on_attention: list[Callable[[], None]] = []
        self.on_job = JobCallbacks()
        self.on_close: list[Callable[[], None]] = []

    def _theme(self) -> str:
        return self.settings.text("theme")

    def changed(self) -> None:
        """Call ``on_change``: what ``status`` returns may be different now."""
        for callback in tuple(self.on_change):
            callback()

    def call_attention(self) -> None:
        """Tell whoever is at the prompt that the peer did something that was not asked for."""
        for callback in tuple(self.on_attention):
            callback()

    @staticmethod
    def now() -> float:
        """The event loop's clock, in seconds."""
        return asyncio.get_running_loop().time()

    def fallback_encoding(self) -> str | None:
        """Python's name of the encoding for text that is not what its data set declares."""
        text = self.settings.text("fallback-encoding")
        if text == "none":
            return None
        from assocsh.datasets.charset import find_encoding

        return find_encoding(text)

    # where it writes

    @property
    def output(self) -> Output:
        """Where results and notes go."""
        return self.console.output

    @output.setter
    def output(self, output: Output) -> None:
        self.console.output = output

    @property
    def interactive(self) -> bool:
        """A person types the commands, and reads along."""
        return self.console.interactive

    @interactive.setter
    def interactive(self, interactive: bool) -> None:
        self.console.interactive = interactive

    @property
    def ask_secret(self) -> AskSecret | None:
        """Asks the user for something that is not shown; None where no one is there to ask."""
        return self.console.ask_secret

    @ask_secret.setter
    def ask_secret(self, ask: AskSecret | None) -> None:
        self.console.ask_secret = ask

    @property
    def keys(self) -> Mapping[str, str]:
        """What the config file makes of the keys of the prompt."""
        return self.config.keys

    @property
    def ask_line(self) -> AskSecret | None:
        """Asks the user for something that is shown; None where no one is there to ask."""
        return self.console.ask_line

    @ask_line.setter
    def ask_line(self, ask: AskSecret | None) -> None:
        self.console.ask_line = ask

    @property
    def page(self) -> Page | None:
        """Shows lines through a pager; None where no one is there to turn pages."""
        return self.console.page

    @page.setter
    def page(self, page: Page | None) -> None:
        self.console.page = page

    @property
    def format(self) -> str:
        """The format of what is written here: that of the file it goes to, or the one set."""
        return self.console.channel.format or self.settings.format

    @property
    def presenter(self) -> Presenter:
        """Writes in the format of what is written here."""
        return presenter(self.console, self.format)

    def writing_for(self, record: RequestRecord | None) -> Results:
        """Write results in here that the peer sent for ``record``, to where those of it go.

        No command does, and so losing them is no error.
        """
        channel = None
        if record is not None:
            for job in self.jobs:
                if job.record is record:
                    channel = job.channel
                    break
        return self.console.results(channel)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        """Say something that is not a result; ``text`` is safe to print already."""
        self.console.note(text, kind)

    @property
    def lost_output(self) -> OutputClosed | None:
        """Why results cannot be written any more; None as long as they can."""
        return self.console.lost

    @property
    def stopping(self) -> bool:
        """No further command of a script is started."""
        return self.leaving.is_set() or self.console.lost is not None

    def _output_lost(self) -> None:
        self.leaving.set()
        for job in tuple(self.jobs):
            job.cancel()

    # what commands ask for

    @property
    def last_request(self) -> RequestRecord | None:
        """The last request that was submitted."""
        return self.requests.last

    @property
    def pending_requests(self) -> list[RequestRecord]:
        """Requests that have not ended, the oldest first."""
        return [job.record for job in self.jobs if job.record is not None]

    @property
    def captured(self) -> Captured | None:
        """The capture that ``#n`` and queries are about; None when those of the session are.

        One that was read, as long as the session never opened an association, or has none open
        any more since.
        """
        association = self.association
        if association is not None and not association.closed:
            return None
        return self.observers.read

    def request(self, number: int) -> RequestRecord:
        """Request ``#number``, of the capture where that is asked about. Raises UsageError."""
        captured = self.captured
        if captured is not None:
            return captured.numbered(number)
        record = self.requests.numbered(number)
        if record is None:
            last = len(self.requests)
            raise UsageError(
                f"there is no request #{number}", hint=f"the last one is #{last}" if last else ""
            )
        return record

    @property
    def recent(self) -> RecentValues:
        """Values that came with responses, for completion."""
        return self.requests.recent

    def variable(self, name: str) -> str:
        """The value of a variable. Raises UsageError."""
        if name not in self.variables:
            raise UsageError(f"${name} has no value", hint=f"`let {name} = QUERY` gives it one")
        return self.variables[name]

    def open_association(self) -> Association:
        """The association that requests go to, open or not. Raises LocalProtocolError."""
        if self.association is None:
            raise LocalProtocolError(
                "no association is open", hint="`open AET@HOST:PORT` opens one"
            )
        return self.association

    @property
    def peer(self) -> str:
        """Whom the association is, or was, with; empty without one."""
        return "" if self.association is None else str(self.association.peer)

    def send(
        self,
        request: Request,
        record: RequestRecord,
        *,
        limit: int | None = None,
        association: Association | None = None,
    ) -> Operation:
        """Hand over a request as one of ``record``'s operations; the operation's tag is the record.

        ``limit`` is how many matches of a find are enough; ``association`` is where it goes if not
        on the session's own. It goes on the presentation context that the command names, if it
        names one. Raises as ``Association.send``, and LocalProtocolError when there never was an
        association.
        """
        if association is None:
            association = self.open_association()
            ended = self.ended_by()
            if ended is not None:
                raise ended
        operation = association.send(
            request, limit=limit, tag=record, context=record.operations.context
        )
        record.peer = self.peer
        record.track(operation)
        return operation

    def ended_by(self) -> AssociationError | None:
        """What ended the association, for a command that comes later; None while it is open.

        Its hint is how to open it again: the hint of the end itself was said when it happened.
        """
        ended = None if self.association is None else self.association.ended_by
        return None if ended is None else ended.with_hint(REOPEN)

    def exchange_of(self, record: RequestRecord) -> Told | None:
        """What went back and forth for a request, where that is still known."""
        from assocsh.session.captured import CapturedRequest
        from assocsh.wire.steps import told

        if isinstance(record, CapturedRequest):
            return told(record.talk, record.exchange)
        shown = record.operations.representative
        found = None if shown is None else self.observers.conversation().at(shown.place)
        if found is None:
            return None
        return told(*found)

    @property
    def conversation(self) -> Conversation:
        """What was said on the associations of this session, as far as it is kept."""
        return self.observers.conversation().conversation

    @property
    def wire(self) -> WireMode:
        """What is shown of the wire."""
        view = self.observers.wire_view
        return WireMode.OFF if view is None else view.mode
