"""Which theme the shell is in: the one that is set, or the one for the terminal's background.

The terminal is asked for its background (OSC 11) once the first prompt stands, and nothing waits
for the answer: until it is there, and where there is none, colours are shown that can be read on
white and on black.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.styles import BaseStyle

from assocsh.output.colours import AUTO, THEMES, UNKNOWN, Theme, luminance, said_by, wanted_by
from assocsh.terminal.device import ShellInput
from assocsh.text.patterns import pattern
from assocsh.text.plain import spoken

_QUESTION = "\x1b]11;?\x1b\\"
_COLOUR = pattern(r"rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_MUTE = ("linux", "dumb", "unknown", "vt")
"""How kinds of terminals begin that have no answer, and may show the question."""

_HALF = 0.179
"""The luminance from which black on it has more contrast than white."""


class Appearance:
    """The theme of one shell. ``changed`` is called when it is another one."""

    def __init__(self, source: Input, screen: Output, changed: Callable[[], None]) -> None:
        self._source = source
        self._screen = screen
        self._changed = changed
        self._set = AUTO
        self._found = said_by(os.environ)
        self._asked = False
        self._styles: dict[str, BaseStyle] = {}

    @property
    def theme(self) -> Theme:
        """The theme that is shown now."""
        name = self._found if self._set == AUTO else self._set
        return THEMES.get(name, UNKNOWN)

    def style(self) -> BaseStyle:
        """Its style, for prompt_toolkit."""
        theme = self.theme
        if theme.name not in self._styles:
            from assocsh.terminal.style import style_of

            self._styles[theme.name] = style_of(theme)
        return self._styles[theme.name]

    def follow(self, name: str) -> None:
        """Take the theme that the setting names; ``auto`` asks the terminal, once."""
        before, self._set = self.theme, name
        if name == AUTO and not self._asked:
            self._ask()
        if self.theme is not before:
            self._changed()

    def said(self, text: str) -> str:
        """A text as the theme shows it: with words for signs, where it is plain."""
        return self.theme.said(text) or ""

    def shown(self, fragments: StyleAndTextTuples) -> StyleAndTextTuples:
        """The same for what prompt_toolkit draws."""
        if not self.theme.words:
            return fragments
        return [(fragment[0], spoken(fragment[1])) for fragment in fragments]

    def _ask(self) -> None:
        self._asked = True
        term = os.environ.get("TERM", "")
        if not isinstance(self._source, ShellInput) or not wanted_by() or term.startswith(_MUTE):
            return
        self._source.await_background(self._answered)
        self._screen.write_raw(_QUESTION)
        self._screen.flush()

    def _answered(self, colour: str) -> None:
        found = _COLOUR.fullmatch(colour)
        if found is None:
            return
        before = self.theme
        parts = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
        self._found = "light" if luminance(*parts) > _HALF else "dark"
        if self.theme is not before:
            self._changed()
