"""What the prompt does not need is loaded behind it, while the first command is being typed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

BEHIND_THE_PROMPT = (
    "pydicom",
    "pynetdicom",
    "assocsh.datasets.dictionary",
    "assocsh.association",
)


def load_behind(loaded: Callable[[], None], modules: tuple[str, ...] = BEHIND_THE_PROMPT) -> None:
    """Import ``modules`` in a thread, then call ``loaded`` on the running loop.

    The thread is a daemon: leaving at once does not wait for it. A module that cannot be imported
    is said by the command that needs it.
    """
    loop = asyncio.get_running_loop()

    def load() -> None:
        for name in modules:
            with suppress(Exception):
                import_module(name)
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(loaded)

    threading.Thread(target=load, name="assocsh-loading", daemon=True).start()
