"""Signals while the shell runs: handlers of the loop, put back as they were."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

Disposition = Callable[[int, FrameType | None], object] | int | None

TERMINATING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def handled(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Let the running loop call ``handlers``. Nothing happens where loops have no signals."""
    loop = asyncio.get_running_loop()
    before: list[tuple[signal.Signals, Disposition]] = []
    for number, handler in handlers.items():
        previous = signal.getsignal(number)
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, handler)
            before.append((number, previous))
    try:
        yield
    finally:
        for number, previous in before:
            loop.remove_signal_handler(number)
            if previous is not None:
                with suppress(ValueError, OSError):
                    signal.signal(number, previous)
