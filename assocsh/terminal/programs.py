"""The programs that a user has for what a terminal is needed for: an editor, a pager."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterable

from assocsh.errors import UsageError
from assocsh.text.visible import visible


def named_program(variable: str, *, hint: str) -> list[str]:
    """The words of the command in an environment variable; none where it is not set.

    Raises UsageError, with ``hint`` where there is no such program.
    """
    said = os.environ.get(variable, "").strip()
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise UsageError(f"${variable} cannot be read: {error}") from None
    if words and shutil.which(words[0]) is None:
        raise UsageError(f"${variable} is {visible(words[0])}: there is no such program", hint=hint)
    return words


def usual_program(names: Iterable[str]) -> str | None:
    """The first of these programs that is here."""
    return next((each for each in names if shutil.which(each)), None)
