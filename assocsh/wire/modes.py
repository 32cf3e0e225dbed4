"""How much of the wire is shown: the words of ``wire`` and of the toolbar."""

from __future__ import annotations

from enum import StrEnum


class WireMode(StrEnum):
    """How much of the wire is shown."""

    OFF = "off"
    SUMMARY = "summary"
    DETAIL = "detail"
    HEX = "hex"

    @property
    def following(self) -> WireMode:
        """The mode that shows more than this one; after the last, none of the wire."""
        modes = tuple(WireMode)
        return modes[(modes.index(self) + 1) % len(modes)]
