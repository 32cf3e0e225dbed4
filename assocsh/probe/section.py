"""What a module of ``sections`` is: its questions, what they cost, and what asks them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from assocsh.probe.matrix import Sweep
from assocsh.probe.measuring import Measuring, Settings
from assocsh.probe.model import Topic
from assocsh.records import dataclass

Measure = Callable[[Measuring], Coroutine[Any, Any, None]]
"""Answers the questions of its section. What it raises makes the rest of them not tested: an
association that is lost says nothing about what was not asked on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Topic):
    """One section. ``associations`` is the most that it opens, besides the first negotiation that
    all share, ``waits`` whether it waits for as long as ``max_idle``; ``order`` is when it is
    asked: what is quick comes first, for a probe that is cut short."""

    measure: Measure
    sweep: Callable[[Settings], Sweep] | None = None
    """Contexts that go onto associations of other sections, where these have room."""
    associations: int = 0
    waits: bool = False
    order: int = 50
