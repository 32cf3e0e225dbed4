"""What the prompt does not need is loaded behind it, while the first command is being typed."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from importlib import import_module

BEHIND_THE_PROMPT = (
    "assocsh.terminal.highlighting",
    "assocsh.language.hint",
    "assocsh.language.complete",
    "pydicom",
    "pynetdicom",
    "assocsh.association",
)

Keywords = frozenset[str]
"""The keywords of the data dictionary, in lower case."""


def load_behind(loaded: Callable[[Keywords], None]) -> None:
    """Load the engine and the tables in a thread, then call ``loaded`` on the running loop.

    The thread is a daemon: leaving at once does not wait for it. A module that cannot be imported
    is said by the command that needs it.
    """
    loop = asyncio.get_running_loop()
    context = copy_context()  # a thread has none of the application session

    def load() -> None:
        for name in BEHIND_THE_PROMPT:
            with suppress(Exception):
                import_module(name)
        keywords: Keywords = frozenset()
        with suppress(Exception):
            from assocsh.language import tables

            keywords = frozenset(entry.keyword.lower() for entry in tables.load().by_number)
        if not gc.isenabled():
            # What was loaded stays: nobody need look through it for garbage ever again.
            gc.freeze()
            gc.enable()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(loaded, keywords, context=context)

    threading.Thread(target=load, name="assocsh-loading", daemon=True).start()
