"""Where one session writes and asks, until it cannot any more, and what stands there already.

What one command writes may go elsewhere (``> file``, ``| program``) while others write to the
screen. Everything that a command does and begins runs in its own context, and so the channel that
it writes to is a variable of that context: who writes need not know which it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from assocsh.errors import OutputClosed
from assocsh.output.sink import Kind, Output
from assocsh.output.sparing import Hints

if TYPE_CHECKING:
    from assocsh.output.presenter import Presenter
    from assocsh.results.request import RequestRecord

AskSecret = Callable[[str], Awaitable[str]]
"""Shows a question and returns what is typed. Raises OperationCancelled for no answer."""

Line = tuple[str, Kind]


class Page(Protocol):
    """Shows lines through a pager when they are more than the screen has, or ``always``."""

    async def __call__(self, lines: Sequence[Line], *, always: bool) -> bool:
        """Whether they were shown; when not, they are to be written. Raises AssocshError."""


YES = ("", "y", "yes")
"""The answers to a question that Enter alone agrees to."""


class Channel:
    """A place that is written to, and what is known of it.

    ``format`` is the one it has to have; empty: the one that is set. ``titles``: a table has them
    above its columns there; a program that counts and sorts takes them for rows.
    """

    def __init__(
        self,
        output: Output,
        format_name: str = "",
        *,
        titles: bool = True,
        elsewhere: bool = True,
    ) -> None:
        self.output = output
        self.elsewhere = elsewhere
        """It is not the screen, but a file or a program."""
        self.format = format_name
        self.titles = titles
        self.closed = False
        """Nothing more can be written there; what is written all the same goes to the screen."""
        self.presenters: dict[str, Presenter] = {}
        """Those that were made, by format: ``formats.presenter`` keeps them here."""
        self.latest_table: object | None = None
        """The table that was written last: another one writes its titles again."""


class Results:
    """What ``Console.results`` gives. There is one for each instance that arrives, so it is no
    generator."""

    __slots__ = ("_channel", "_console", "_writing")

    def __init__(self, console: Console, channel: Channel | None) -> None:
        self._console = console
        self._channel = channel
        self._writing: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        if self._channel is not None:
            self._writing = self._console.writing_to(self._channel)
            self._writing.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> bool:
        if self._writing is not None:
            self._writing.__exit__(None, None, None)
        if not isinstance(error, OutputClosed):
            return False
        self._console.lose(error)
        return True


class Console:
    """The output of one session: the session and its presenters write through it.

    ``output`` may be exchanged at any time (a terminal takes over, ``retry`` holds back what an
    attempt writes), so it is asked for at each write and never kept.
    """

    def __init__(self, output: Output) -> None:
        self._own = Channel(output, elsewhere=False)
        self._elsewhere: ContextVar[Channel | None] = ContextVar("elsewhere", default=None)
        self.interactive = False
        """A person reads along: expectations that hold are said too."""
        self.ask_secret: AskSecret | None = None
        """Asks the user for something that is not shown; None where no one is there to ask."""
        self.ask_line: AskSecret | None = None
        """Asks the user for something that is shown as it is typed; None as for ``ask_secret``."""
        self.page: Page | None = None
        """Shows lines through a pager; None where no one is there to turn pages."""
        self.lost: OutputClosed | None = None
        """Why results cannot be written any more; None as long as they can."""
        self.on_lost: list[Callable[[], None]] = []
        """Called once, when ``lost`` is set."""
        self.knows_explain = False
        """Somebody has been told, after a failure, what tells more of it."""
        self._hints = Hints()
        self._hinted_on = output
        self.exchange_shown: RequestRecord | None = None
        """The request whose exchange was shown last, with an expectation that failed."""

    @property
    def channel(self) -> Channel:
        """What is written to here: in this context, or by the session."""
        channel = self._elsewhere.get()
        return self._own if channel is None or channel.closed else channel

    @property
    def elsewhere(self) -> bool:
        """What is written here goes to a file or a program, which wants results and no more."""
        return self.channel.elsewhere

    @contextmanager
    def writing_to(self, channel: Channel) -> Iterator[None]:
        """Whatever is begun in here writes to ``channel``, also when it goes on behind it."""
        token = self._elsewhere.set(channel)
        try:
            yield
        finally:
            self._elsewhere.reset(token)

    @property
    def screen(self) -> Output:
        """Where the session writes, wherever this context does."""
        return self._own.output

    @property
    def output(self) -> Output:
        """What is written to in this context."""
        return self.channel.output

    @output.setter
    def output(self, output: Output) -> None:
        self.channel.output = output

    @property
    def width(self) -> int | None:
        """Columns that a line may use; None when nothing folds it (a pipe, a file)."""
        return self.output.width

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        """Write a result; ``text`` is safe to print already. Raises OutputClosed."""
        self.output.result(text, kind)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        """Say something that is not a result; ``text`` is safe to print already."""
        if self.lost is None:
            self.output.note(text, kind)

    def hint(self, text: str, kind: Kind = Kind.INFO) -> None:
        """A note that says what to try next; each once until ``forget_hints``."""
        if self._hinted_on is not self.screen:  # what went to another may never be shown
            self._hints, self._hinted_on = Hints(), self.screen
        if self._hints.admit(text):
            self.note(text, kind)

    async def agreed(self, question: str) -> bool:
        """Whether the user answers yes to ``question``; False where no one is there to ask.

        Raises OperationCancelled for no answer.
        """
        if self.ask_line is None:
            return False
        return (await self.ask_line(question)).strip().lower() in YES

    def forget_hints(self) -> None:
        """Somebody who could read what was said so far begins something new."""
        self._hints = Hints()

    def results(self, channel: Channel | None = None) -> Results:
        """Write results in here where no command does that could fail: losing them is no error.

        To ``channel`` if that is given. A command that writes results lets OutputClosed pass: the
        interpreter loses the console.
        """
        return Results(self, channel)

    def lose(self, error: OutputClosed) -> None:
        """Results cannot be written any more: nothing that follows makes sense."""
        if self.lost is None:
            self.lost = error
            for callback in tuple(self.on_lost):
                callback()
