"""Colours of lines on a terminal, by what a line is about; a sign or a word says it as well."""

from __future__ import annotations

import os
from collections.abc import Mapping

COLOURS: Mapping[str, str] = {
    "event": "35",
    "success": "38;5;28",
    "warning": "1",
    "error": "31",
    "wire": "2",
}
"""SGR parameters by kind (``sink.Kind``, whose values are these): magenta, bold, red and dim can be
read on white and on black alike. The terminal's own green cannot on white; number 28 of the 256
colours is a green that can, and is the same in every palette."""


def painted(line: str, kind: str) -> str:
    """``line``, which is safe to print, in the colour of its kind."""
    colour = COLOURS.get(kind)
    return f"\x1b[{colour}m{line}\x1b[0m" if colour is not None and line else line


def wanted_by(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a terminal with this environment is to have colours (NO_COLOR, TERM)."""
    return not environment.get("NO_COLOR") and environment.get("TERM") not in ("", "dumb", None)
