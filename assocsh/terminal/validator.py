"""Looks at a line when Enter is pressed: a line that is not the language stays on the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prompt_toolkit.application import get_app
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Always
from prompt_toolkit.layout import Dimension, FormattedTextControl, Layout
from prompt_toolkit.utils import get_cwidth
from prompt_toolkit.validation import ValidationError, Validator
from prompt_toolkit.widgets import ValidationToolbar

from assocsh.errors import LanguageError
from assocsh.text.cells import folded
from assocsh.text.visible import visible

ANYWAY = "   (Alt-Enter submits it anyway)"

GetAliases = Callable[[], Mapping[str, str]]

MESSAGE_ROWS = 6
"""Rows that a message may take; the line that it is about has to be seen."""


class LineValidator(Validator):
    """The parser as a validator: the caret goes to the error, the message above the toolbar.

    ``tables``: the dictionary is there, so that what is no tag or SOP class is an error too. What
    ``aliases`` stand for is looked at in their place; the caret is behind the line then.
    """

    def __init__(self, *, tables: bool = False, aliases: GetAliases = dict) -> None:
        self._tables = tables
        self._aliases = aliases

    def validate(self, document: Document) -> None:
        from assocsh.language.aliases import expanded
        from assocsh.language.parse import parse

        typed = document.text
        text = typed
        try:
            text = expanded(typed, self._aliases())
            calls = parse(text)
            if self._tables:
                from assocsh.language.check import check

                check(calls)
        except LanguageError as error:
            at = error.start if text == typed else len(typed)
            raise _refused(error, at) from None


def _refused(error: LanguageError, at: int) -> ValidationError:
    text = message(error.message, error.hint, get_app().output.get_size().columns)
    return ValidationError(cursor_position=at, message=text)


def message(text: str, hint: str, columns: int) -> str:
    """What stands above the toolbar about a line; how to submit it anyway where there is room."""
    shown = visible(f"{text}: {hint}" if hint else text, None)
    if get_cwidth(shown) + len(ANYWAY) < columns:
        return shown + ANYWAY
    return "\n".join(folded(shown, columns))


def let_messages_fold(layout: Layout) -> None:
    """Give what stands above the toolbar about a line the rows that it needs.

    prompt_toolkit has one row for it and cuts what does not fit there.
    """
    for window in layout.find_all_windows():
        content = window.content
        if isinstance(content, FormattedTextControl):
            name = getattr(content.text, "__qualname__", "")
            if name.startswith(ValidationToolbar.__name__):
                window.height = Dimension(min=1, max=MESSAGE_ROWS)
                window.wrap_lines = Always()
                window.dont_extend_height = Always()
