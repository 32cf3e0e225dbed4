"""The shell at a terminal: a prompt that is always open, over a session that never blocks it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, ConditionalAutoSuggest
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.styles import DynamicStyle

from assocsh.errors import AssocshError
from assocsh.output.console import Line
from assocsh.output.sink import Kind
from assocsh.session.ports import ShellSession, Status
from assocsh.terminal.appearance import Appearance
from assocsh.terminal.asking import Asking, Unseen
from assocsh.terminal.bell import Bell
from assocsh.terminal.completer import LineCompleter
from assocsh.terminal.device import ShellOutput, open_terminal
from assocsh.terminal.history import ShellHistory, tell_of_found
from assocsh.terminal.keys import shell_keys
from assocsh.terminal.leaving import PROMPT, Leaving, Step
from assocsh.terminal.lexer import LineLexer
from assocsh.terminal.loading import Keywords, load_behind
from assocsh.terminal.output import TerminalOutput
from assocsh.terminal.paging import Paging
from assocsh.terminal.placement import Placement
from assocsh.terminal.printer import Printer
from assocsh.terminal.signals import TERMINATING, handled
from assocsh.terminal.toolbar import Memo, toolbar
from assocsh.terminal.validator import LineValidator, let_messages_fold

if TYPE_CHECKING:
    from assocsh.language.provider import CompletionProvider

MENU_LINES = 6
TICK = 0.5
"""Seconds between two drawings of the toolbar while something is pending."""


_FUZZY = {
    "on": "completion finds letters in their order: ptnm is PatientName",
    "off": "completion finds beginnings and parts",
}

ASKING = "Enter answers; Ctrl-C gives up"
ASKING_SECRET = "not shown, not kept; Ctrl-C gives up"
"""What stands on the toolbar while something is asked."""

ESCAPE = 0.1
"""Seconds after which the byte of Esc is the key itself and not the beginning of another key."""

ESCAPE_THEN = 0.3
"""Seconds in which the key after Esc makes an Alt key of the two."""

Begin = Callable[[], "tuple[ShellSession, CompletionProvider | None]"]
"""Makes the session, and what completion knows of it."""


async def run_shell(
    begin: Begin,
    *,
    first: Sequence[str] = (),
    greeting: str = "",
    with_toolbar: bool = True,
    modules: Sequence[str] = (),
) -> int:
    """Run the shell on this process's terminal until the user leaves; the exit code.

    ``begin`` is called once the prompt stands, so that nothing the session needs delays it; what it
    raises ends the shell and is raised here. ``first`` are lines submitted then, such as the
    ``open`` of the command line; ``modules`` are what commands need, imported behind the prompt.
    0 after leaving, 128 + n after signal n; a terminal that vanished is SIGHUP.
    """
    if is_dumb(os.environ.get("TERM", "")):
        from assocsh.terminal.line_mode import run_line_mode

        return await run_line_mode(begin()[0], first=first, greeting=greeting)
    source, screen = open_terminal()
    with create_app_session(input=source, output=screen):
        shell = Shell(
            begin,
            source=source,
            screen=screen,
            with_toolbar=with_toolbar,
            loader=lambda loaded: load_behind(loaded, modules),
        )
        return await shell.run(first, greeting)


def is_dumb(term: str) -> bool:
    """Whether a terminal of this kind can move its cursor at all."""
    return term.lower() in ("", "dumb", "unknown")


class Shell:
    """The prompt, its toolbar and its keys, over one session."""

    def __init__(
        self,
        begin: Begin,
        *,
        source: Input,
        screen: Output,
        with_toolbar: bool = True,
        loader: Callable[[Callable[[Keywords], None]], None] = load_behind,
    ) -> None:
        self._begin = begin
        self._session: ShellSession | None = None
        self._provider: CompletionProvider | None = None
        self.leaving = Leaving(lambda: self.session, leave=self._leave, changed=self._redraw)
        self.asking = Asking(lambda: self.prompt)
        self.recalling = False
        self._appearance = Appearance(source, screen, self._redraw)
        self._loader = loader
        self._printer = Printer(screen)
        self._paging = Paging(screen, self._printer)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._ticker: asyncio.Task[None] | None = None
        self._terminating: asyncio.Task[None] | None = None
        self._seen: tuple[str, str] = ("", "")
        self._hint = Memo(self._hint_at)
        self._bell = Bell(
            lambda: self.session.settings, self._printer.ring, asyncio.get_running_loop().time
        )
        self._keywords: Keywords = frozenset()
        self._history = ShellHistory()
        self.prompt: PromptSession[str] = PromptSession(
            self._message,
            history=self._history,
            completer=LineCompleter(lambda: self._provider, wanted=self._wants_completion),
            lexer=LineLexer(aliases=self._aliases),
            validator=LineValidator(aliases=self._aliases),
            validate_while_typing=False,
            auto_suggest=ConditionalAutoSuggest(
                AutoSuggestFromHistory(), Condition(lambda: not self.asking.active)
            ),
            input_processors=[Unseen(self.asking)],
            key_bindings=shell_keys(self),
            bottom_toolbar=self._toolbar if with_toolbar else None,
            style=DynamicStyle(self._appearance.style),
            include_default_pygments_style=False,
            reserve_space_for_menu=MENU_LINES,
            prompt_continuation=_continuation,
            enable_history_search=Condition(lambda: self.recalling),
            input=source,
            output=screen,
        )
        let_messages_fold(self.prompt.layout)
        tell_of_found(self.prompt.layout, self._about_line)
        if isinstance(screen, ShellOutput):
            Placement(self.prompt, screen, PROMPT)
        self.prompt.app.ttimeoutlen = ESCAPE
        self.prompt.app.timeoutlen = ESCAPE_THEN

    # -- the loop -----------------------------------------------------------------------------

    async def run(self, first: Sequence[str] = (), greeting: str = "") -> int:
        """Prompt until the user, a signal or the terminal ends it; the exit code."""
        self._when_drawn(lambda: self._start(first))
        if greeting:
            self._printer.write(greeting)
            await self._printer.flush()
        self._tasks.append(asyncio.create_task(self._printer.run()))
        on_signal: dict[signal.Signals, Callable[[], None]] = {signal.SIGINT: self.interrupted}
        for number in TERMINATING:
            on_signal[number] = lambda number=number: self.terminated(number)  # type: ignore[misc]
        try:
            # Raw from the first prompt to the last: what is typed between two prompts is read by
            # the next one. In cooked mode the terminal would echo it into whatever is drawn there.
            with self.prompt.app.input.raw_mode(), handled(on_signal):
                return await self._prompt_until_left()
        finally:
            if self._session is not None:
                self._session.on_change.remove(self._session_changed)
                self._session.on_attention.remove(self._bell.attention)
            tasks = [each for each in (*self._tasks, self._ticker, self._terminating) if each]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._printer.close()

    @property
    def session(self) -> ShellSession:
        """The session. There is none before the first prompt stands: no key can ask for it."""
        assert self._session is not None
        return self._session

    def _start(self, first: Sequence[str]) -> None:
        """The first prompt stands: begin the session, load what it needs, submit first lines."""
        if self._ended.done():
            return
        try:
            self._session, self._provider = self._begin()
        except Exception as error:
            self._ended.set_exception(error)
            return
        session = self._session
        session.interactive = True
        session.output = TerminalOutput(self._printer, self.prompt.app.output, self._appearance)
        session.ask_secret = self.asking.ask_secret
        session.ask_line = self.asking.ask
        session.page = self._page
        session.on_change.append(self._session_changed)
        session.on_attention.append(self._bell.attention)
        session.loaded.clear()
        if session.keys:
            self.prompt.key_bindings = shell_keys(self, session.keys)
        self._follow_settings()
        self._tasks.append(asyncio.create_task(self._watch_quit()))
        self._tasks.append(asyncio.create_task(self._history.recall(session.typed)))
        self._loader(self._tables_loaded)
        for line in first:
            self._do(line)
        self._redraw()

    async def _prompt_until_left(self) -> int:
        while not self._ended.done():
            asking = asyncio.create_task(
                self.prompt.prompt_async(
                    set_exception_handler=False, handle_sigint=False, pre_run=self.asking.may_ask
                )
            )
            ended = self._ended
            await asyncio.wait((asking, ended), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
            try:
                line = await asking
            except asyncio.CancelledError:
                if not self._ended.done():
                    raise
            except (EOFError, OSError):
                self._terminal_vanished()
                return await self._ended
            else:
                self._submit(line)
        return self._ended.result()

    def _submit(self, line: str) -> None:
        if line.strip():
            # Commands on several lines were pasted: each is run to its end, as in a file.
            self._do(line, foreground="\n" in line.strip() and _several(line))
        elif self._session is not None:
            self._session.entered()

    def _do(self, line: str, *, foreground: bool = False) -> None:
        try:
            self.session.submit(line, foreground=foreground)
        except AssocshError as error:
            self._complain(error)

    def _complain(self, error: AssocshError) -> None:
        from assocsh.output.problems import error_lines

        self.session.output.note("\n".join(error_lines(error)), Kind.ERROR)

    def _leave(self, code: int) -> None:
        if not self._ended.done():
            self.leaving.step = Step.STAYING
            self._ended.set_result(code)

    # -- signals and a terminal that goes away ----------------------------------------------

    def terminated(self, number: int) -> None:
        """SIGTERM, SIGHUP: abort the association, leave within a second; at once if again."""
        code = 128 + number
        if self._terminating is not None or self._session is None:
            self._leave(code)
            return
        self._terminating = asyncio.create_task(self._abort_and_leave(code))

    async def _abort_and_leave(self, code: int) -> None:
        with suppress(Exception):
            await self.session.close(abort=True)
        self._leave(code)

    def _terminal_vanished(self) -> None:
        self._printer.vanished = True
        self.terminated(getattr(signal, "SIGHUP", 1))

    # -- what the keys do ----------------------------------------------------------------------

    def interrupted(self) -> None:
        """Ctrl-C, or SIGINT from elsewhere: clear the line, or cancel the newest request."""
        if self._paging.active:
            return
        if self.leaving.step is not Step.STAYING:
            self.leaving.stay()
        elif self.asking.active:
            self.asking.given_up()
        elif self.prompt.default_buffer.text:
            self.prompt.default_buffer.reset()
            self.prompt.app.vi_state.reset()  # a new line begins in insert mode
            self._redraw()
        elif self._session is not None:
            self._session.interrupt()

    async def _watch_quit(self) -> None:
        """``quit`` is Ctrl-D by another name."""
        while True:
            await self.session.leaving.wait()
            if self.leaving.step is Step.STAYING:
                self.leaving.end_of_input()
            self.session.leaving.clear()

    def submit_anyway(self) -> None:
        """Submit what the validator would refuse."""
        buffer = self.prompt.default_buffer
        buffer.append_to_history()
        self.prompt.app.exit(result=buffer.text, style="class:accepted")

    def explain_word(self) -> None:
        """F1: help for the word under the cursor."""
        from assocsh.terminal.explain_word import help_at

        buffer = self.prompt.default_buffer
        known = {} if self._provider is None else {"context_status": self._provider.context_status}
        self.session.output.note(help_at(buffer.text, buffer.cursor_position, **known))

    def next_wire_mode(self) -> None:
        """F5: the wire view's next mode."""
        self._do(f"wire {self.session.status().wire.following}")

    def list_requests(self) -> None:
        """F6: the requests of this session."""
        self._do("requests")

    def change_editing(self) -> None:
        """F4: vi keys instead of emacs keys, or back."""
        keys = "emacs" if self.prompt.editing_mode is EditingMode.VI else "vi"
        self.session.settings.set("editing", keys)
        self._follow_settings()
        self._printer.write(f"{keys} keys{self._changed_by('editing')}")

    def _changed_by(self, action: str) -> str:
        """`` (F4 changes it)``: the key as the config file has it; nothing where none does."""
        from assocsh.language.keys import key_of

        key = key_of(action, self.session.keys)
        return f" ({key} changes it)" if key else ""

    def change_fuzzy(self) -> None:
        """F2: completion by letters in their order, or not."""
        settings = self.session.settings
        fuzzy = "off" if settings.text("fuzzy") == "on" else "on"
        settings.set("fuzzy", fuzzy)
        self._printer.write(f"{_FUZZY[fuzzy]}{self._changed_by('fuzzy')}")
        buffer = self.prompt.default_buffer
        if buffer.text:
            buffer.complete_state = None
            buffer.start_completion()

    def goes_on(self) -> bool:
        """Enter begins another line of what is typed."""
        from assocsh.language.unfinished import unfinished

        return unfinished(self.prompt.default_buffer.text, self._aliases())

    def edit_line(self) -> None:
        """Ctrl-X Ctrl-E: the line in an editor."""
        self._tasks.append(asyncio.create_task(self._edit()))

    async def _edit(self) -> None:
        from assocsh.terminal.editor import edit

        try:
            await edit(self.prompt.default_buffer)
        except AssocshError as error:
            self._complain(error)

    async def _page(self, lines: Sequence[Line], *, always: bool) -> bool:
        output = self.session.output
        if not lines or not isinstance(output, TerminalOutput):
            return False
        return await self._paging.show(output.rendered(lines), always=always)

    def _follow_settings(self) -> None:
        """Take the keys and the theme that are set; nothing when those are in use."""
        self._appearance.follow(self.session.settings.text("theme"))
        vi = self.session.settings.text("editing") == "vi"
        mode = EditingMode.VI if vi else EditingMode.EMACS
        if self.prompt.editing_mode is not mode:
            self.prompt.editing_mode = mode

    def suspend(self) -> None:
        """Ctrl-Z: not without saying what a peer may think of it."""
        self._tasks.append(asyncio.create_task(self._suspend()))

    async def _suspend(self) -> None:
        if self.session.status().state == "open":
            self._warn("suspended with an open association: the peer may end it meanwhile")
            await self._printer.flush()
        self.prompt.app.suspend_to_background()

    # -- what is seen --------------------------------------------------------------------------

    def _message(self) -> StyleAndTextTuples:
        question = self.leaving.question or self.asking.question
        return [("class:prompt.question", question)] if question else [("class:prompt", PROMPT)]

    def _toolbar(self) -> StyleAndTextTuples:
        buffer = self.prompt.default_buffer
        if self.asking.active:
            hint = ASKING_SECRET if self.asking.hidden else ASKING
        else:
            hint = self._hint(buffer.text, buffer.cursor_position)
        status = Status() if self._session is None else self._session.status()
        columns = self.prompt.app.output.get_size().columns
        return self._appearance.shown(toolbar(status, hint, columns))

    def _about_line(self, line: str) -> str:
        return self._appearance.said(self._history.about(line))

    def _hint_at(self, text: str, cursor: int) -> str:
        if not text.strip():  # the first prompt does not wait for the language
            return ""
        from assocsh.language.hint import hint

        return hint(text, cursor, aliases=self._aliases())

    def _aliases(self) -> Mapping[str, str]:
        return {} if self._provider is None else self._provider.aliases()

    def _redraw(self) -> None:
        self.prompt.app.invalidate()

    def _when_drawn(self, begin: Callable[[], None]) -> None:
        """Call ``begin`` once, when the first prompt stands."""

        def drawn(app: Application[str]) -> None:
            if drawn in waiting:
                waiting.remove(drawn)
                app.after_render -= drawn
                asyncio.get_running_loop().call_soon(begin)

        waiting = [drawn]
        self.prompt.app.after_render += drawn

    def _wants_completion(self) -> bool:
        """Not beside the message about a line that was refused."""
        return self.prompt.default_buffer.validation_error is None and not self.asking.active

    def _tables_loaded(self, keywords: Keywords) -> None:
        self.session.loaded.set()
        self._keywords = keywords
        self.prompt.lexer = LineLexer(keywords, self._aliases)
        self.prompt.validator = LineValidator(tables=bool(keywords), aliases=self._aliases)
        buffer = self.prompt.default_buffer
        chosen = buffer.complete_state is not None and buffer.complete_state.current_completion
        if buffer.text and not chosen and self.prompt.app.is_running:
            buffer.complete_state = None
            buffer.start_completion()  # typed while there was little to offer
        self._redraw()

    def _session_changed(self) -> None:
        status = self.session.status()
        self._follow_settings()
        self.leaving.session_changed()
        if self._seen != (seen := (status.peer, status.state)):
            self._seen = seen
            self.prompt.lexer = LineLexer(self._keywords, self._aliases)
        if self.leaving.unfinished and self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())
        self._redraw()

    async def _tick(self) -> None:
        while self.leaving.unfinished:
            self._redraw()
            await asyncio.sleep(TICK)
        self._ticker = None
        self._redraw()

    def _warn(self, text: str) -> None:
        self._printer.write(text)


def _several(text: str) -> bool:
    from assocsh.language.unfinished import several_lines

    return several_lines(text)


def _continuation(width: int, line: int, wrapped: int) -> str:
    """What stands before a line that goes on; nothing before the rest of one that is long."""
    return "" if wrapped else "> ".rjust(width)
