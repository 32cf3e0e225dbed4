"""Looks at a line when Enter is pressed: a line that is not the language stays on the line."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError, Validator

from assocsh.datasets.visible import visible
from assocsh.errors import LanguageError, UsageError
from assocsh.shell.terminal.loading import Keywords

ANYWAY = "   (Alt-Enter submits it anyway)"


class LineValidator(Validator):
    """The parser as a validator: the caret goes to the error, the message above the toolbar.

    ``keywords`` as for the lexer: once they are there, a word that is no tag is an error too.
    """

    def __init__(self, keywords: Keywords = frozenset()) -> None:
        self._keywords = keywords

    def validate(self, document: Document) -> None:
        from assocsh.shell.language.parse import parse

        try:
            parse(document.text)
        except LanguageError as error:
            raise _refused(error, error.start) from None
        if self._keywords:
            self._check_tags(document.text)

    def _check_tags(self, text: str) -> None:
        from assocsh.datasets.dictionary import find_tag
        from assocsh.shell.terminal.highlighting import highlighted

        at = 0
        for style, piece in highlighted(text, self._keywords):
            if style == "class:token.unknown":
                try:
                    for step in piece.split("."):
                        find_tag(step.partition("[")[0])
                except UsageError as error:
                    raise _refused(error, at) from None
            at += len(piece)


def _refused(error: UsageError, at: int) -> ValidationError:
    text = visible(f"{error.message}: {error.hint}" if error.hint else error.message, None)
    if len(text) + len(ANYWAY) < get_app().output.get_size().columns:
        text += ANYWAY
    return ValidationError(cursor_position=at, message=text)
