"""One session: the state that the prompt, ``-c``, stdin and scripts share."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.errors import AssocshError, LocalProtocolError, UsageError
from assocsh.output.repeated import Repeated
from assocsh.output.sink import Kind, MemoryOutput, Output, OutputClosed
from assocsh.results.kept import Budget
from assocsh.results.recent import RecentValues
from assocsh.results.request import RequestRecord
from assocsh.session.config import Config
from assocsh.session.idle import REOPEN, KeepAlive
from assocsh.session.interpreter import Interpreter, Job
from assocsh.session.observer import SessionObserver
from assocsh.session.ports import Status
from assocsh.session.serving import Receiving
from assocsh.session.settings import Settings
from assocsh.session.sleepwatch import SleepWatch
from assocsh.session.status import status_of
from assocsh.text.cells import cell
from assocsh.wire.exchange import ExchangeLog
from assocsh.wire.modes import WireMode

if TYPE_CHECKING:
    from assocsh.association import Association, AssociationState, AssociationView, Operation
    from assocsh.association.events import EngineEvent
    from assocsh.errors import AssociationError
    from assocsh.language.parse import Call
    from assocsh.output.presenter import Presenter, ReceivedFile
    from assocsh.session.opening import OpenPlan
    from assocsh.session.serving import StorageListener
    from assocsh.wire.exchange import Exchange

HISTORY_KEPT = 1000


class Session:
    """Everything one shell knows; no terminal in it.

    ``on_change`` callbacks run on the loop after each change of what ``status`` returns; they
    must be quick.
    """

    def __init__(self, output: Output | None = None, *, config: Config | None = None) -> None:
        self.output: Output = MemoryOutput() if output is None else output
        self.config = config or Config()
        self.settings = Settings()
        self.config.apply(self.settings)
        self.wire = WireMode.OFF
        self.base = Path()
        self.variables: dict[str, str] = {}
        self.requests: list[RequestRecord] = []
        self.requests_by_number: dict[int, RequestRecord] = {}
        self.recent = RecentValues()
        self.history: deque[str] = deque(maxlen=HISTORY_KEPT)
        self.association: Association | None = None
        """The association that is open, or the last one that was."""
        self.open_plan: OpenPlan | None = None
        self.listener: StorageListener | None = None
        self.receiving = Receiving(self)
        self.observer = SessionObserver(self)
        self.exchanges = ExchangeLog()
        """What went back and forth for the recent requests."""
        self.exchange_shown: RequestRecord | None = None
        """The request whose exchange was shown last, with an expectation that failed."""
        self.observer.add(self.exchanges)
        self.early_remarks: list[tuple[str, str]] = []
        """Remarks about an association that is not the session's yet: (text, by)."""
        self.wire_view: Any = None
        self.practice: Any = None
        self.practice_options: tuple[float, Path | None] = (0.0, None)
        self.keepalive = KeepAlive(self)
        self.sleepwatch = SleepWatch(self)
        self.interpreter = Interpreter(self)
        self.on_change: list[Callable[[], None]] = []
        self.on_attention: list[Callable[[], None]] = []
        """Called when the peer does what was not asked for: a request of its own, an abort."""
        self.loaded = asyncio.Event()
        """The libraries are there. Two threads that import one package see it half made."""
        self.loaded.set()
        self.leaving = asyncio.Event()
        """Set by ``quit``: whoever reads commands stops reading."""
        self.interactive = False
        self.ask_secret: Callable[[str], Awaitable[str]] | None = None
        """Asks the user for something that is not shown; None where nobody can be asked."""
        self.recording = ""
        self._budget = Budget()
        self._presenters: dict[str, Presenter] = {}
        self._lost: OutputClosed | None = None
        self.last_ended: RequestRecord | None = None
        """The last request that had a final response."""
        self.connecting: AssociationView | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._remarks = Repeated()

    # what is asked of it

    def parse(self, text: str, *, source: str = "", line: int = 1) -> list[Call]:
        """The commands of a text. Raises LanguageError; nothing was performed then."""
        from assocsh.language.parse import parse

        return parse(text, line=line, source=source)

    def submit(self, text: str, *, foreground: bool = False) -> list[Job]:
        """Submit what was typed at the prompt. Raises LanguageError before anything happens.

        Every command becomes a job at once; with ``foreground`` (pasted text) they run one after
        the other in a task, and the list is empty.
        """
        calls = self.parse(text)
        self.remember(text)
        if not foreground:
            return [self.interpreter.start(call) for call in calls]
        task = asyncio.create_task(self._run_pasted(calls), name="assocsh pasted text")
        self.keep(task)
        return []

    async def run(self, text: str, *, source: str = "", keep_going: bool = False) -> int:
        """Run a text as a script does, each command to its end; the exit code.

        Raises LanguageError before anything is performed.
        """
        return await self.run_calls(self.parse(text, source=source), keep_going=keep_going)

    async def run_calls(self, calls: Sequence[Call], *, keep_going: bool = False) -> int:
        """As ``run``, for commands that were parsed before."""
        keep_going = keep_going or self.settings.text("on-error") == "continue"
        return (await self.interpreter.run(calls, keep_going=keep_going)).code

    def interrupt(self) -> bool:
        """Cancel the newest request, or what else is going on; False when there is nothing."""
        from assocsh.session.cancelling import interrupt

        return interrupt(self)

    def remember(self, text: str) -> None:
        """Keep a line for ``history``, unless it begins with a blank."""
        if text.strip() and not text.startswith((" ", "\t")):
            self.history.append(text.rstrip("\n"))

    # requests

    def new_record(self, call: Call) -> RequestRecord:
        """The next numbered request."""
        record = RequestRecord(
            len(self.requests) + 1,
            call,
            call.spec.service or call.spec.name.upper(),
            budget=self._budget,
            now=self.now(),
        )
        record.on_change = self.changed
        self.requests.append(record)
        self.requests_by_number[record.number] = record
        return record

    @property
    def last_request(self) -> RequestRecord | None:
        """The last request that was submitted."""
        return self.requests[-1] if self.requests else None

    @property
    def last_find(self) -> RequestRecord | None:
        """The last find that was submitted."""
        return next((r for r in reversed(self.requests) if r.service == "C-FIND"), None)

    @property
    def pending_requests(self) -> list[RequestRecord]:
        """Requests that have not ended, the oldest first."""
        return [job.record for job in self.interpreter.unfinished if job.record is not None]

    def request(self, number: int) -> RequestRecord:
        """Request ``#number``. Raises UsageError."""
        record = self.requests_by_number.get(number)
        if record is None:
            raise UsageError(
                f"there is no request #{number}",
                hint=f"the last one is #{len(self.requests)}" if self.requests else "",
            )
        return record

    def variable(self, name: str) -> str:
        """The value of a variable. Raises UsageError."""
        if name not in self.variables:
            raise UsageError(f"${name} has no value", hint=f"let {name} = ... gives it one")
        return self.variables[name]

    def open_association(self) -> Association:
        """The association that requests go to, open or not. Raises LocalProtocolError."""
        if self.association is None:
            raise LocalProtocolError("no association is open", hint="open AET@HOST:PORT opens one")
        ended = self.association.ended_by
        if ended is not None:  # what else there is to say of it was said when it ended
            ended.hint = REOPEN
        return self.association

    # what it tells

    def status(self) -> Status:
        """What a toolbar shows; cheap enough for every key press."""
        return status_of(self)

    def changed(self) -> None:
        """Tell everyone who shows ``status`` that it may be different now."""
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

    # what it says

    @property
    def presenter(self) -> Presenter:
        """Writes in the format that is set."""
        from assocsh.output.presenter import make_presenter

        name = self.settings.format
        if name not in self._presenters:
            self._presenters[name] = make_presenter(name, self)
        return self._presenters[name]

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        """Say something that is not a result; ``text`` is safe to print already."""
        if self._lost is None:
            self.output.note(text, kind)

    def report(self, job: Job) -> None:
        """Say how a job ended: its final response, and its error if it had one."""
        if self._lost is not None:
            return
        record = job.record
        if record is not None:
            if record.final is not None:
                self.last_ended = record
            if record.total or record.refused:
                self.presenter.final(record)
        cancelled = record is not None and record.cancel_asked
        if job.error is not None and not job.said and not cancelled:
            self.presenter.error(job.error, record)
        self.output.flush()

    def remark(self, text: str, by: str) -> None:
        """Something out of order on the association, in one line."""
        if not self._remarks.worth_saying(text):
            return
        who = "the peer: " if by == "peer" and not text.startswith("the peer ") else ""
        self.note(f"* {who}{cell(text, 1000)}", Kind.EVENT)

    def association_ended(self, state: AssociationState, error: AssociationError | None) -> None:
        """The session's association is over."""
        self.keepalive.stop()
        self.sleepwatch.stop()
        self.keepalive.suggest(error)
        for text in self._remarks.left_out():
            self.note(f"* {cell(text, 1000)}", Kind.EVENT)
        try:
            self.presenter.ended(str(state), error)
        except OutputClosed as lost:
            self.output_lost(lost)

    def instance_received(self, record: RequestRecord | None, file: ReceivedFile) -> None:
        """An instance is on disk, and its C-STORE was answered."""
        if record is not None:
            record.received += 1
        elif self.listener is not None:
            self.listener.count += 1
        try:
            self.presenter.received(record, file)
        except OutputClosed as lost:
            self.output_lost(lost)

    def internal_error(self, error: Exception) -> None:
        """A fault of ours: the traceback only where someone asked for it."""
        if os.environ.get("ASSOCSH_DEBUG"):
            import traceback

            for line in traceback.format_exception(error):
                self.note(line.rstrip(), Kind.ERROR)

    def output_lost(self, error: OutputClosed) -> None:
        """Results cannot be written any more: nothing that follows makes sense."""
        if self._lost is None:
            self._lost = error
            self.leaving.set()
            for job in tuple(self.interpreter.unfinished):
                job.cancel()

    @property
    def lost_output(self) -> OutputClosed | None:
        return self._lost

    @property
    def stopping(self) -> bool:
        """No further command of a script is started."""
        return self.leaving.is_set() or self._lost is not None

    # what others need of it

    def apply_settings(self, changed: str | None = None) -> None:
        """Give the association the timers and policies that are set.

        ``changed`` is the one setting that was typed: it wins over what the association was
        opened with, whose options were typed before.
        """
        from assocsh.session.opening import timeouts_for, without_timer

        association = self.association
        if self.open_plan is None or association is None:
            return
        if changed is not None:
            self.open_plan = without_timer(self.open_plan, changed)
        if association.closed:
            return
        association.timeouts = timeouts_for(self, self.open_plan)
        association.on_timeout = "keep" if self.settings.text("on-timeout") == "keep" else "abort"
        if changed in (None, "keepalive"):
            self.keepalive.start()
        if changed is None:
            self.sleepwatch.start(association)

    def tell_practice(self) -> None:
        """Let the practice archive know where this session listens: C-MOVE delivers there."""
        if self.practice is not None and self.listener is not None:
            address = (self.listener.host, self.listener.port)
            self.practice.destinations[self.listener.ae_title] = address

    def set_wire(self, mode: str) -> None:
        """Show the wire: off, summary, detail or hex."""
        from assocsh.wire.view import WireView

        self.wire = WireMode(mode)
        if self.wire_view is None and self.wire is not WireMode.OFF:
            self.wire_view = WireView(
                self.wire, lambda text: self.note(text, Kind.WIRE), name_of=self.name_of
            )
            self.observer.add(self.wire_view)
        elif self.wire_view is not None and self.wire is WireMode.OFF:
            self.observer.remove(self.wire_view)
            self.wire_view = None
        elif self.wire_view is not None:
            self.wire_view.mode = self.wire
        self.changed()

    def exchange_of(self, record: RequestRecord) -> Exchange | None:
        """What went back and forth for a request, where that is still known."""
        return None if record.telling is None else self.exchanges.of(record.telling)

    def name_of(self, operation: Operation) -> str:
        """``#7``: the request that an operation belongs to; empty when it is none of a command."""
        for record in reversed(self.requests):
            if operation.number in record.live:
                return f"#{record.number}"
        return ""

    def wire_observer(self, event: EngineEvent) -> None:
        """What the wire view sees of other associations than the session's own."""
        if self.wire_view is not None:
            self.wire_view(event)

    # its end

    async def close(self, *, abort: bool = False) -> None:
        """End everything that is open: jobs, listener, association, practice archive.

        An open association is released, or aborted when ``abort``. Never raises AssocshError.
        """
        for job in tuple(self.interpreter.unfinished):
            if not (abort and job.sent):  # an abort ends those, and tells them why
                job.cancel()
        self.keepalive.stop()
        self.sleepwatch.stop()
        association = self.association
        if association is not None and not association.closed:
            try:
                if abort:
                    await association.abort()
                else:
                    await association.release(now=True)
            except AssocshError as error:
                self.presenter.error(error, None)
        for job in tuple(self.interpreter.unfinished):
            job.cancel()
        if self.listener is not None:
            await self.listener.close()
            self.listener = None
        if self.practice is not None:
            await self.practice.close()
            self.practice = None
        if self.recording:
            from assocsh.commands.record import stop_recording

            stop_recording(self)
        for record in self.requests:
            record.results.close()

    # inside

    async def _run_pasted(self, calls: Sequence[Call]) -> None:
        keep_going = self.settings.text("on-error") == "continue"
        ran = await self.interpreter.run(calls, keep_going=keep_going)
        if ran.left:
            what = "command was" if ran.left == 1 else "commands were"
            self.note(f"stopped: {ran.left} pasted {what} not run", Kind.WARNING)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold on to a task until it has ended."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
