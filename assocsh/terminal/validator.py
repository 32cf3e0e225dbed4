"""Looks at a line when Enter is pressed: a line that is not the language stays on the line."""

from __future__ import annotations

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

MESSAGE_ROWS = 6
"""Rows that a message may take; the line that it is about has to be seen."""


class LineValidator(Validator):
    """The parser as a validator: the caret goes to the error, the message above the toolbar.

    ``tables``: the dictionary is there, so that what is no tag or SOP class is an error too.
    """

    def __init__(self, *, tables: bool = False) -> None:
        self._tables = tables

    def validate(self, document: Document) -> None:
        from assocsh.language.parse import parse

        try:
            calls = parse(document.text)
            if self._tables:
                from assocsh.language.check import check

                check(calls)
        except LanguageError as error:
            raise _refused(error) from None


def _refused(error: LanguageError) -> ValidationError:
    text = message(error.message, error.hint, get_app().output.get_size().columns)
    return ValidationError(cursor_position=error.start, message=text)


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
