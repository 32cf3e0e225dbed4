"""The line in an editor: ``$VISUAL``, else ``$EDITOR``, else what the system has."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from assocsh.errors import UsageError
from assocsh.terminal.programs import named_program, usual_program

USUAL = ("editor", "nano", "vi")
"""Programs that are looked for where neither variable names one."""


async def edit(buffer: Buffer) -> None:
    """Let the user edit the text of ``buffer``; what was saved is on the line then, not performed.

    Nothing is changed where the editor ends with a failure. The text is in a file that only its
    owner reads, and that is gone afterwards. Raises UsageError when there is no such program.
    """
    command = _command()
    text = await run_in_terminal(lambda: _edited(command, buffer.text), in_executor=True)
    if text is not None:
        buffer.document = Document(text, len(text))


def _command() -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        words = named_program(name, hint=f"${name} names the editor to be used")
        if words:
            return words
    found = usual_program(USUAL)
    if found is None:
        raise UsageError("there is no editor", hint="$EDITOR names the one to be used")
    return [found]


def _edited(command: list[str], text: str) -> str | None:
    """The text after the editor has ended; None when it failed. Blocks."""
    descriptor, name = tempfile.mkstemp(prefix="assocsh-", suffix=".assoc")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text + "\n" if text else "")
        try:
            if subprocess.run([*command, name], check=False).returncode:
                return None
        except OSError:
            return None
        return Path(name).read_text("utf-8", "replace").rstrip("\n")
    finally:
        Path(name).unlink(missing_ok=True)
