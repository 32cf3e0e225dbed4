"""What is longer than the screen, in a pager: ``$PAGER``, else less."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping

from prompt_toolkit.application import run_in_terminal

from assocsh.errors import UsageError
from assocsh.terminal.printer import Safe
from assocsh.terminal.programs import named_program, usual_program
from assocsh.text.visible import visible

USUAL = ("less", "more")
"""Programs that are looked for where the variable names none."""

WITHOUT = "with the setting pager off none is needed"


async def show_in_pager(text: Safe) -> None:
    """Show ``text`` until the user leaves the pager.

    Responses that come meanwhile are shown afterwards. Raises UsageError when there is no pager.
    """
    command = _command()
    await run_in_terminal(lambda: _run(command, text), in_executor=True)


def _command() -> list[str]:
    words = named_program("PAGER", hint=WITHOUT)
    if words:
        return words
    found = usual_program(USUAL)
    if found is None:
        raise UsageError("there is no pager here", hint=WITHOUT)
    return [found]


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the pager is told: never a shell, a file to edit or to write from inside it (less).

    The options of less are the user's, where he has some; else it takes colours, ends at once where
    all fits, and leaves the text on the screen.
    """
    return {"LESS": "FRX", **environment, "LESSSECURE": "1"}


def _run(command: list[str], text: str) -> None:
    """Blocks until the pager has ended. The text is in a file that has no name."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "replace"))
        file.seek(0)
        try:
            subprocess.run(command, stdin=file, env=_environment(os.environ), check=False)
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(f"{visible(command[0])} cannot be started: {why}") from None
