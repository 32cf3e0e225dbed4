"""When garbage is looked for: not while the program starts.

Importing makes objects and no garbage. Looking for some among them takes a tenth of the way to an
echo, and a quarter of that to the first prompt.
"""

from __future__ import annotations

import gc


def collect_later() -> bool:
    """Look for no garbage until ``collect_again``; whether it was looked for until now."""
    before = gc.isenabled()
    gc.disable()
    return before


def collect_again() -> None:
    """Look for garbage from now on, but never among what the start has made: all of it stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
