"""Folders: the files in one, and how to make one that only its owner may look into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o700


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for the owner alone. Raises OSError.

    What is there already keeps its mode. ``mkdir(parents=True)`` leaves the modes of those above
    to the umask.
    """
    try:
        folder.mkdir(mode=PRIVATE, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_private(folder.parent)
        folder.mkdir(mode=PRIVATE, exist_ok=True)


def files_below(folder: Path, *, recursive: bool = True) -> Iterator[Path]:
    """The files in a folder, those of each folder in the order of their names. Blocks.

    Links to folders are not followed, and what cannot be read is left out.
    """
    for place, folders, names in os.walk(folder):
        folders.sort()
        if not recursive:
            folders.clear()
        for name in sorted(names):
            yield Path(place, name)
