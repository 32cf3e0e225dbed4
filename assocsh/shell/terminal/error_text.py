"""An error as lines for the terminal."""

from __future__ import annotations

from assocsh.datasets.visible import visible
from assocsh.errors import AssocshError, LanguageError


def error_text(error: AssocshError) -> str:
    """What happened, where in the line, and the next thing to try."""
    if isinstance(error, LanguageError):
        from assocsh.shell.language.place import format_error

        return format_error(error)
    hint = f"\nhint: {visible(error.hint, None)}" if error.hint else ""
    return f"error: {visible(error.message, None)}{hint}"
