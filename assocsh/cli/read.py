"""``assocsh read CAPTURE``: the shell over a capture in place of a peer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.cli.options import Given
    from assocsh.language.model import Option

EXTRACT, HTML, SCRIPT = "--extract", "--html", "--assoc"


def read_options() -> tuple[Option, ...]:
    """The options of ``assocsh read``, besides those of the shell."""
    from assocsh.language.model import Option, Slot

    return (
        Option(EXTRACT, Slot.DIRECTORY, "DIR", summary="write its instances as Part 10 files"),
        Option(SCRIPT, Slot.FILE, "FILE", summary="write a session script that does it again"),
        Option(HTML, Slot.FILE, "FILE", summary="write one page for whoever has to change it"),
    )


def read_text(words: Sequence[str], given: Given) -> str:
    """The ``read`` command that the command line stands for. Raises UsageError."""
    from assocsh.language.quoting import quoted

    if len(words) != 1 or not words[0]:
        raise UsageError(
            "read takes one capture" + (f", not {len(words)}" if words else ""),
            hint="assocsh read session.pcapng",
        )
    parts = ["read"]
    for text in words[0], *(part for name, value in given for part in (name, value or "")):
        part = text if text in (EXTRACT, HTML, SCRIPT) else quoted(text)
        if part is None:
            raise UsageError(f"{text!r} cannot be written in a command")
        parts.append(part)
    return " ".join(parts)
