"""Signals of a program without a prompt, given to one function while a block runs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def on_signals(handler: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call ``handler(signal)`` on the loop for SIGINT, SIGTERM and SIGHUP."""
    loop = asyncio.get_running_loop()
    taken: list[signal.Signals] = []
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, handler, number)
        except (NotImplementedError, RuntimeError):
            continue  # Windows, or not the main thread: the default stays
        taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
