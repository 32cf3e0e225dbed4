"""Where the prompt stands on the screen, followed without asking the terminal.

A prompt asks for the cursor's row when it begins and after each print, and has no toolbar until the
answer is there: it flickers. What was printed and typed can be counted instead.
"""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application

from assocsh.terminal.device import ShellOutput
from assocsh.terminal.rows import rows_of


class Placement:
    """Follows the drawings of one PromptSession on ``screen``."""

    def __init__(self, prompt: PromptSession[str], screen: ShellOutput, message: str) -> None:
        self._prompt = prompt
        self._screen = screen
        self._message = message
        self._above: int | None = None
        prompt.app.renderer.cpr_not_supported_callback = self._no_answers
        prompt.app.before_render += self._drawing
        prompt.app.after_render += self._drawn

    def _drawing(self, app: Application[str]) -> None:
        self._above = self._screen.rows_above_layout(app.renderer) if app.is_done else None

    def _drawn(self, app: Application[str]) -> None:
        # What was known was good for one drawing. After the last one of a line the next prompt
        # stands right below it.
        screen, text = self._screen, self._prompt.default_buffer.text
        screen.rows_above = None
        size = screen.drawn = screen.get_size()
        if self._above is not None and text.isprintable():
            rows = rows_of(f"{self._message}{text} ", size.columns)  # the blank is the cursor's
            screen.rows_above = min(self._above + rows, max(size.rows - 1, 0))

    def _no_answers(self) -> None:
        """The terminal does not say where its cursor is: go without, and without a word."""
        self._screen.answers = False
        self._prompt.app.invalidate()
