"""Looks at a line when Enter is pressed: a line that is not the language stays on the line."""

from __future__ import annotations

from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError, Validator

from assocsh.datasets.visible import visible
from assocsh.errors import LanguageError


class LineValidator(Validator):
    """The parser as a validator: the caret goes to the error, the message above the toolbar."""

    def validate(self, document: Document) -> None:
        from assocsh.shell.language.parse import parse

        try:
            parse(document.text)
        except LanguageError as error:
            text = error.message if not error.hint else f"{error.message}: {error.hint}"
            raise ValidationError(
                cursor_position=error.start,
                message=visible(f"{text}   (Alt-Enter submits it anyway)", None),
            ) from None
