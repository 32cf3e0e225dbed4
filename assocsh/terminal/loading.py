"""What the prompt does not need is loaded behind it, while the first command is being typed."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from importlib import import_module

BEHIND_THE_PROMPT = (
    "assocsh.terminal.highlighting",
    "assocsh.language.hint",
    "assocsh.language.complete",
)
"""What the line itself needs from the second key press on."""

Keywords = frozenset[str]
"""The keywords of the data dictionary, in lower case."""


def load_behind(loaded: Callable[[Keywords], None], modules: Sequence[str] = ()) -> None:
    """Load the tables and ``modules`` in a thread, then call ``loaded`` on the running loop.

    ``modules`` are the names of what commands need. One that cannot be imported is skipped here:
    the command that needs it says so. The thread is a daemon: leaving does not wait for it.
    """
    loop = asyncio.get_running_loop()
    context = copy_context()  # a thread has none of the application session

    def load() -> None:
        for name in (*BEHIND_THE_PROMPT, *modules):
            with suppress(Exception):
                import_module(name)
        keywords: Keywords = frozenset()
        with suppress(Exception):
            from assocsh.language import tables

            keywords = frozenset(entry.keyword.lower() for entry in tables.load().by_number)
        if not gc.isenabled():
            # The way to the prompt switched the garbage collector off. What is loaded by now stays
            # until the end: frozen, it is left out of every later collection.
            gc.freeze()
            gc.enable()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(loaded, keywords, context=context)

    threading.Thread(target=load, name="assocsh-loading", daemon=True).start()
