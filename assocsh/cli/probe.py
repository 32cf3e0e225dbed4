"""``assocsh probe PEER``: the ``probe`` command alone, as a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.cli.options import Given
    from assocsh.language.model import Option


def probe_options() -> tuple[Option, ...]:
    """The options of ``assocsh probe``, besides those of the shell."""
    from assocsh.commands.probe_options import PROBE_OPTIONS

    return PROBE_OPTIONS


def probe_text(words: Sequence[str], given: Given) -> str:
    """The ``probe`` command that the command line stands for. Raises UsageError."""
    from assocsh.commands.probe_options import LISTEN

    if not words and all(name != LISTEN for name, _ in given):
        raise UsageError("probe needs a peer", hint="assocsh probe AET@HOST:PORT")
    parts = ["probe", *map(_written, words)]
    for name, value in given:
        parts.append(name)
        if value is not None:
            parts.append(_written(value))
    return " ".join(parts)


def _written(word: str) -> str:
    from assocsh.language.quoting import quoted

    text = quoted(word)
    if text is None:
        raise UsageError(f"{word!r} cannot be written in a command")
    return text
