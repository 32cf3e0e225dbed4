"""One session: the state that the prompt, ``-c``, stdin and scripts share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from assocsh.errors import AssocshError, LanguageError
from assocsh.output.sink import Kind, Output
from assocsh.session.config import Config
from assocsh.session.idle import KeepAlive, SleepWatch
from assocsh.session.interpreter import Interpreter
from assocsh.session.observer import SessionObserver
from assocsh.session.plan import timeouts_for, without_timer
from assocsh.session.ports import Status
from assocsh.session.practising import PracticeArchive
from assocsh.session.recent_peers import RecentPeers
from assocsh.session.serving import Receiving
from assocsh.session.state import State
from assocsh.session.status import status_of
from assocsh.session.typed import TypedLines
from assocsh.session.workflow import Workflow
from assocsh.text.plural import plural
from assocsh.wire.modes import WireMode

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.session.binding import BoundCall
    from assocsh.session.history_file import Entry
    from assocsh.session.job import Job

    Handler = Callable[["Session", BoundCall], Awaitable[None]]

ABORT_LIMIT = 1.0
"""Seconds that a session takes to end, at most, when it is ended with an A-ABORT."""


class Lessons(Protocol):
    """A lesson is played beside all else that a session does."""

    @property
    def place(self) -> str:
        """Where in which lesson, for the toolbar; empty when none is played."""

    @property
    def done(self) -> bool:
        """The step that is played is done: Enter goes on."""

    def close(self) -> None:
        """Play no longer."""


class Session(State):
    """Everything one shell knows and does; no terminal in it, and no single command.

    ``handler`` gives what performs the command of a name; ``commands.registry.new_session`` makes a
    session with those of this program.
    """

    def __init__(
        self,
        output: Output | None = None,
        *,
        handler: Callable[[str], Handler],
        config: Config | None = None,
    ) -> None:
        super().__init__(output, config=config)
        self._handler = handler
        self.typed = TypedLines(self)
        """The lines that were typed."""
        self.keepalive = KeepAlive(self)
        self.sleepwatch = SleepWatch(self)
        self.receiving = Receiving(self)
        self.observer = SessionObserver(self, self.receiving, self.keepalive, self.sleepwatch)
        self.practice = PracticeArchive(self)
        self.interpreter = Interpreter(self, self._perform)
        self.recent_peers = RecentPeers()
        self.workflow = Workflow()
        """The procedure steps that were begun here."""
        self.lessons: Lessons | None = None
        """What plays lessons here, once one was asked for."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def _perform(self, call: BoundCall) -> None:
        if call.job.record is not None:
            call.record.operations.context = call.option("--on")
        await self._handler(call.name)(self, call)

    # what is asked of it

    def parse(self, text: str, *, source: str = "", line: int = 1) -> list[Call]:
        """The commands of a text, aliases expanded. Raises LanguageError; nothing was performed."""
        from assocsh.language.aliases import expanded
        from assocsh.language.parse import parse

        text = expanded(text, self.config.aliases, line=line, source=source)
        return parse(text, line=line, source=source)

    def submit(self, text: str, *, foreground: bool = False) -> list[Job]:
        """Submit what was typed at the prompt. Raises LanguageError before anything happens.

        Every command becomes a job at once; with ``foreground`` (pasted text) they run one after
        the other in a task, and the list is empty.
        """
        try:
            calls = self.parse(text)
        except LanguageError:
            if self.recording is not None:
                self.recording.mistyped(text)
            self.typed.mistyped(text)
            raise
        line = self.typed.began(text)
        self._say_read_otherwise(text)
        if not foreground:
            jobs = self.interpreter.submit(calls)
            self.typed.follow(line, jobs)
            return jobs
        task = asyncio.create_task(self._run_pasted(calls, line), name="assocsh pasted text")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return []

    def entered(self) -> None:
        """Enter was pressed on an empty line: in a lesson whose step is done it goes on."""
        if self.lessons is not None and self.lessons.done:
            self.submit(" lesson next")  # the blank keeps it out of the history of typed lines

    async def run(self, text: str, *, source: str = "", keep_going: bool = False) -> int:
        """Run a text as a script does, each command to its end; the exit code.

        Raises LanguageError before anything is performed.
        """
        calls = self.parse(text, source=source)
        self._say_read_otherwise(text)
        return await self.run_calls(calls, keep_going=keep_going)

    def _say_read_otherwise(self, text: str) -> None:
        """Tell of what a word processor or a web page put into the line: nobody can see it."""
        from assocsh.language.tokens import CURLY, read_otherwise

        found = read_otherwise(text)
        quotes = [one for one in found if one in CURLY]
        others = [f"U+{ord(one):04X}" for one in found if one not in CURLY]
        said = [f"{' '.join(quotes)} as straight quotes or apostrophes"] if quotes else []
        said += [f"{' '.join(others)} as a blank or nothing"] if others else []
        if said:
            self.console.hint(f"hint: read {', '.join(said)}; between '...' all is kept as it is")

    async def run_calls(self, calls: Sequence[Call], *, keep_going: bool = False) -> int:
        """As ``run``, for commands that were parsed before."""
        ran = await self.interpreter.run(calls, keep_going=keep_going or None)
        if ran.cut_short and self.lost_output is None:
            self._say_left(ran.left, "command")
        return 1 if ran.cut_short else ran.code

    async def _run_pasted(self, calls: Sequence[Call], line: Entry) -> None:
        ran = await self.interpreter.run(calls, keep_going=None)
        self.typed.ended(line, failed=ran.code != 0)
        if ran.left:
            self._say_left(ran.left, "pasted command")

    def _say_left(self, count: int, what: str) -> None:
        left = plural(count, f"{what} was", f"{what}s were")
        self.note(f"stopped: {left} not run", Kind.WARNING)

    def prepare(self, calls: Sequence[Call]) -> None:
        """Begin to remember events where one of ``calls`` will ask for them.

        Who runs a whole text calls it before the first PDU.
        """
        from assocsh.language.parse import every_call

        queries = (query for call in every_call(calls) for query in call.queries)
        if any(query.root in ("events", "pdu") for query in queries):
            self.observers.history()

    def interrupt(self) -> bool:
        """Cancel the newest request, or what else is going on; False when there is nothing."""
        from assocsh.session.cancelling import interrupt

        return interrupt(self)

    # what it tells

    def status(self) -> Status:
        """What a toolbar shows; cheap enough for every key press."""
        found = status_of(self, self.observer.connecting)
        return found if self.lessons is None else found._replace(lesson=self.lessons.place)

    # what is set

    def apply_settings(self, changed: str | None = None) -> None:
        """Give the association the timers and policies that are set.

        ``changed`` is the one setting that was typed: it wins over what the association was
        opened with, whose options were typed before.
        """
        if changed == "history-days":
            self.typed.tidy_behind()
        association = self.association
        if self.open_plan is None or association is None:
            return
        if changed is not None:
            self.open_plan = without_timer(self.open_plan, changed)
        if association.closed:
            return
        association.timeouts = timeouts_for(self.settings, self.open_plan)
        association.on_timeout = "keep" if self.settings.text("on-timeout") == "keep" else "abort"
        if changed in (None, "keepalive"):
            self.keepalive.start()
        if changed is None:
            self.sleepwatch.start(association)

    def set_wire(self, mode: str) -> None:
        """Show the wire: off, summary, detail or hex."""
        from assocsh.wire.view import WireView

        wanted, view = WireMode(mode), self.observers.wire_view
        if wanted is WireMode.OFF:
            self.observers.set_wire_view(None)
        elif view is not None:
            view.mode = wanted
        else:
            self.observers.set_wire_view(WireView(wanted, lambda text: self.note(text, Kind.WIRE)))
        self.changed()

    # its end

    async def close(self, *, abort: bool = False) -> None:
        """End everything that is open: jobs, listener, association, practice archive.

        An open association is released, and the peer has the time that is set to answer. With
        ``abort`` it is aborted, and nothing is waited for longer than ``ABORT_LIMIT``: so a signal
        ends the program within a moment, whatever the peer does. Never raises AssocshError.
        """
        try:
            async with asyncio.timeout(ABORT_LIMIT if abort else None):
                await self._end_all(abort=abort)
        except TimeoutError:
            pass
        finally:
            while self.on_close:
                self.on_close.pop()()
            self.requests.close()
            self.observers.reports.close()

    async def _end_all(self, *, abort: bool) -> None:
        for job in tuple(self.jobs):
            if not (abort and job.sent):  # an abort ends those, and tells them why
                job.cancel()
        self.keepalive.stop()
        self.sleepwatch.stop()
        await self._end_association(abort=abort)
        left = tuple(self.jobs)
        for job in left:
            job.cancel()
        for job in left:
            if job.call.redirection is not None:  # its programs are ended by the time it is
                await job.done.wait()
        if self.listener is not None:
            await self.listener.close()
            self.listener = None
        await self.practice.close()

    async def _end_association(self, *, abort: bool) -> None:
        association = self.association
        if association is None or association.closed:
            return
        try:
            if abort:
                await association.abort()
            else:
                await association.release(now=True)
        except AssocshError as error:
            self.presenter.error(error, None)
