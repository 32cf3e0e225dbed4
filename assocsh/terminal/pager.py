"""What is longer than the screen, in a pager: ``$PAGER``, else less."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping

from prompt_toolkit.application import run_in_terminal

from assocsh.errors import UsageError
from assocsh.terminal.printer import Safe
from assocsh.text.visible import visible

USUAL = ("less", "more")
"""Programs that are looked for where the variable names none."""


async def show_in_pager(text: Safe) -> None:
    """Show ``text`` until the user leaves the pager.

    Responses that come meanwhile are shown afterwards. Raises UsageError when there is no pager.
    """
    command = _command(os.environ)
    await run_in_terminal(lambda: _run(command, text), in_executor=True)


def _command(environment: Mapping[str, str]) -> list[str]:
    said = environment.get("PAGER", "").strip()
    if said:
        try:
            words = shlex.split(said)
        except ValueError as error:
            raise UsageError(f"$PAGER cannot be read: {error}") from None
        if shutil.which(words[0]) is None:
            raise UsageError(
                f"$PAGER is {visible(words[0])}: there is no such program",
                hint="with the setting pager off none is needed",
            )
        return words
    found = next((each for each in USUAL if shutil.which(each)), None)
    if found is None:
        raise UsageError("there is no pager here", hint="with the setting pager off none is needed")
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
