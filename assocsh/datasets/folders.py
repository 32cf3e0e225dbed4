"""Folders that only their owner may look into."""

from __future__ import annotations

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
