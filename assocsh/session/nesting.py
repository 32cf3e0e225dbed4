"""Whether a command is part of another one: the body of ``retry``, a script that ``run`` runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

_nested: ContextVar[bool] = ContextVar("assocsh_nested", default=False)
_attempt: ContextVar[tuple[int, int]] = ContextVar("assocsh_attempt", default=(0, 0))
_blocks = count(1)


def nested() -> bool:
    """Whether what is submitted now comes from a command that is recorded itself."""
    return _nested.get()


def attempt() -> tuple[int, int]:
    """Which ``retry`` this is part of, and which attempt of it, from 1; (0, 0) outside of one."""
    return _attempt.get()


def new_block() -> int:
    """A number for one execution of a ``retry``."""
    return next(_blocks)


@contextmanager
def inside(block: int = 0, number: int = 0) -> Iterator[None]:
    """Everything submitted in here is part of another command: of attempt ``number`` of a block."""
    first = _nested.set(True)
    second = _attempt.set((block, number) if block else _attempt.get())
    try:
        yield
    finally:
        _nested.reset(first)
        _attempt.reset(second)
