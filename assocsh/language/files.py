"""Completion of files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from assocsh.language.ranking import CompletionRequest, Suggestion

_LOOKED_AT = 5000
"""Entries of a folder looked at, at most: a folder of a million instances holds nothing up."""


def files(
    request: CompletionRequest, *, directories: bool = False, suffix: str = ""
) -> Iterator[Suggestion]:
    """What the folder of the typed path holds, folders with a ``/`` at their end.

    Files only where ``directories`` are not all that is wanted, those that end in ``suffix``.
    """
    typed = request.text
    if typed == "~":
        yield request.found("~/", more=True)
        return
    folder, slash, name = typed.rpartition("/")
    request = request.at(request.kept + len(folder) + len(slash))
    try:
        with os.scandir(Path(folder + slash).expanduser()) as listing:
            entries = sorted(
                (entry.name, _is_directory(entry))
                for entry in islice(listing, _LOOKED_AT)
                if entry.name.lower().startswith(name.lower())
                and (name or not entry.name.startswith("."))
            )
    except (OSError, ValueError, RuntimeError):
        return
    for entry, is_directory in entries:
        if is_directory:
            yield request.found(f"{entry}/", more=True)
        elif not directories and entry.endswith(suffix):
            yield request.found(entry)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
