"""Whether a command is part of another one: the body of ``retry``, a script that ``run`` runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_nested: ContextVar[bool] = ContextVar("assocsh_nested", default=False)
_attempt: ContextVar[int] = ContextVar("assocsh_attempt", default=0)


def nested() -> bool:
    """Whether what is submitted now comes from a command that is recorded itself."""
    return _nested.get()


def attempt() -> int:
    """Which attempt of a ``retry`` this is, from 1; 0 outside of one."""
    return _attempt.get()


@contextmanager
def inside(number: int = 0) -> Iterator[None]:
    """Everything submitted in here is part of another command, of attempt ``number`` of it."""
    first = _nested.set(True)
    second = _attempt.set(number or _attempt.get())
    try:
        yield
    finally:
        _nested.reset(first)
        _attempt.reset(second)
