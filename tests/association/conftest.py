"""Each test here is an event loop of its own: nothing of it may be left when it ends."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator

import pytest


def _open_files() -> set[str]:
    return set(os.listdir("/dev/fd"))


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task, thread or file descriptor more than before, and no exception that nobody took."""
    loop = asyncio.get_running_loop()
    unhandled: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    tasks, threads, files = asyncio.all_tasks(), set(threading.enumerate()), _open_files()
    loop.unhandled = unhandled  # type: ignore[attr-defined]
    yield

    def left() -> list[object]:
        return [
            *(asyncio.all_tasks() - tasks - {asyncio.current_task()}),
            # the loop's own pool for blocking calls stays with the loop
            *(t for t in set(threading.enumerate()) - threads if "asyncio_" not in t.name),
            *(_open_files() - files),
        ]

    end = loop.time() + 2
    while left() and loop.time() < end:
        gc.collect()
        await asyncio.sleep(0.01)
    assert not left()
    gc.collect()
    assert not unhandled, unhandled


@pytest.fixture
def unhandled(nothing_left: None) -> list[dict[str, object]]:
    """What reached the loop's exception handler; a test that expects some empties it."""
    return asyncio.get_event_loop_policy().get_event_loop().unhandled  # type: ignore[attr-defined]
