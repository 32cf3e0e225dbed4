"""What the commands that write a file of text share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from assocsh.session.session import Session


def write_and_say(session: Session, path: Path, text: str) -> None:
    """Write a file for the user alone, and say so. Raises UnusableFile."""
    from assocsh.datasets.folders import write_private
    from assocsh.text.visible import visible

    write_private(str(path), text)
    session.note(f"wrote {visible(str(path))}")
