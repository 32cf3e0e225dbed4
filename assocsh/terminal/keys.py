"""The keys of the shell, besides those that every line editor has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    emacs_insert_mode,
    emacs_mode,
    has_completions,
    has_focus,
    vi_insert_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from assocsh.language.keys import key_map
from assocsh.terminal.asking import Asking
from assocsh.terminal.leaving import Leaving, Step
from assocsh.terminal.tabbing import complete

_UNCHANGED: Mapping[str, str] = MappingProxyType({})


class Actions(Protocol):
    """What the keys do."""

    leaving: Leaving
    asking: Asking
    recalling: bool
    """While Up and Down look for earlier lines that begin like this one."""

    def interrupted(self) -> None: ...
    def submit_anyway(self) -> None: ...
    def explain_word(self) -> None: ...
    def next_wire_mode(self) -> None: ...
    def list_requests(self) -> None: ...
    def change_editing(self) -> None: ...
    def change_fuzzy(self) -> None: ...
    def edit_line(self) -> None: ...
    def goes_on(self) -> bool: ...
    def suspend(self) -> None: ...


def _ignored(event: KeyPressEvent) -> None:
    return


def _performing(action: Callable[[], None]) -> Callable[[KeyPressEvent], None]:
    def perform(event: KeyPressEvent) -> None:
        action()

    return perform


def _is_suggested() -> bool:
    """Something stands behind the cursor that the history suggests."""
    buffer = get_app().current_buffer
    suggestion = buffer.suggestion
    return bool(suggestion and suggestion.text) and buffer.document.is_cursor_at_the_end


def shell_keys(actions: Actions, changes: Mapping[str, str] = _UNCHANGED) -> KeyBindings:
    """The bindings, to be added to those of a PromptSession.

    ``changes`` is what the user makes of them, as ``key_map`` takes it.
    """
    keys = KeyBindings()
    on_line = has_focus(DEFAULT_BUFFER)
    leaving = Condition(lambda: actions.leaving.step is not Step.STAYING)
    asking = Condition(lambda: actions.leaving.step is Step.ASKING)
    secret = Condition(lambda: actions.asking.active) & ~leaving
    empty = Condition(lambda: not get_app().current_buffer.text)
    suggested = Condition(_is_suggested)
    goes_on = Condition(actions.goes_on)

    @keys.add("c-c", filter=on_line & ~leaving)
    def _interrupt(event: KeyPressEvent) -> None:
        actions.interrupted()

    @keys.add("c-d", filter=on_line & empty & ~leaving & ~secret)
    def _end(event: KeyPressEvent) -> None:
        actions.leaving.end_of_input()

    @keys.add("enter", filter=on_line & completion_is_selected & ~leaving)
    def _take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    # In vi mode Esc leaves insert mode, which closes the menu too.
    @keys.add("escape", filter=on_line & has_completions & emacs_mode & ~leaving)
    def _close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    @keys.add("tab", filter=on_line & (emacs_insert_mode | vi_insert_mode) & ~leaving & ~secret)
    def _complete(event: KeyPressEvent) -> None:
        complete(event.current_buffer)

    @keys.add("up", filter=on_line & ~completion_is_selected & ~leaving)
    def _earlier(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()
        actions.recalling = True
        event.current_buffer.auto_up(count=event.arg)
        actions.recalling = False

    @keys.add("down", filter=on_line & ~has_completions & ~leaving)
    def _later(event: KeyPressEvent) -> None:
        actions.recalling = True
        event.current_buffer.auto_down(count=event.arg)
        actions.recalling = False

    # prompt_toolkit has Right, Ctrl-F and Ctrl-E for this, and End for the end of what is typed.
    @keys.add("end", filter=on_line & suggested & ~leaving & ~secret)
    def _take_suggestion(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.suggestion is not None:
            buffer.insert_text(buffer.suggestion.text)

    @keys.add("escape", "enter", filter=on_line & ~leaving)
    def _anyway(event: KeyPressEvent) -> None:
        actions.submit_anyway()

    @keys.add("enter", filter=on_line & ~completion_is_selected & ~leaving & ~secret & goes_on)
    def _next_line(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()
        event.current_buffer.insert_text("\n")

    performed: dict[str, Callable[[], None]] = {
        "help": actions.explain_word,
        "fuzzy": actions.change_fuzzy,
        "editing": actions.change_editing,
        "wire": actions.next_wire_mode,
        "requests": actions.list_requests,
        "editor": actions.edit_line,
        "suspend": actions.suspend,
    }
    for pressed, name in key_map(changes).items():
        shown = on_line if name == "suspend" else on_line & ~secret & ~leaving
        keys.add(*pressed, filter=shown)(_performing(performed[name]))

    # While a passcode is typed: nothing that shows, keeps or completes it.

    @keys.add("enter", filter=secret, eager=True)
    @keys.add("c-j", filter=secret, eager=True)
    @keys.add("escape", "enter", filter=secret, eager=True)
    def _answered(event: KeyPressEvent) -> None:
        actions.asking.answered()

    @keys.add("c-d", filter=secret & empty, eager=True)
    def _no_answer(event: KeyPressEvent) -> None:
        actions.asking.given_up()

    for key in ("f1", "tab", "up", "down", "c-p", "c-n", "c-r", "c-s", "c-k", "c-w", "c-y"):
        keys.add(key, filter=secret, eager=True)(_ignored)

    # While the shell asks, or is leaving, the line takes nothing else.
    # (Any is not eager: the terminal's cursor reports arrive as keys too.)

    @keys.add(Keys.Any, filter=leaving)
    @keys.add("enter", filter=leaving, eager=True)
    @keys.add("tab", filter=leaving, eager=True)
    @keys.add(Keys.BracketedPaste, filter=leaving, eager=True)
    def _nothing(event: KeyPressEvent) -> None:
        return

    @keys.add("w", filter=asking, eager=True)
    def _wait(event: KeyPressEvent) -> None:
        actions.leaving.wait()

    @keys.add("c", filter=asking, eager=True)
    def _cancel(event: KeyPressEvent) -> None:
        actions.leaving.cancel()

    @keys.add("a", filter=asking, eager=True)
    def _abort(event: KeyPressEvent) -> None:
        actions.leaving.abort()

    @keys.add("s", filter=asking, eager=True)
    @keys.add("escape", filter=leaving, eager=True)
    @keys.add("c-c", filter=leaving, eager=True)
    def _stay(event: KeyPressEvent) -> None:
        actions.leaving.stay()

    @keys.add("c-d", filter=leaving, eager=True)
    def _end_now(event: KeyPressEvent) -> None:
        actions.leaving.end_of_input()

    return keys
