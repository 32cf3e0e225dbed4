"""What was done of which lesson: a file that is only added to, and that survives anything.

One JSON object per line: ``at`` in seconds since 1970, ``lesson`` (its id), ``version``, ``steps``
(how many that version has), ``step`` from 1, and ``what``: ``begun``, ``done``, ``skipped``,
``hint``, ``solution``; or ``reset``, without a step. No names, no addresses, nothing typed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from assocsh.datasets.folders import cannot_write, state_folder
from assocsh.datasets.journal import append, records
from assocsh.lessons.lesson import Lesson
from assocsh.records import dataclass, field


class What(StrEnum):
    """What a record tells of a step, or of the whole lesson."""

    BEGUN = "begun"
    DONE = "done"
    SKIPPED = "skipped"
    HINT = "hint"
    SOLUTION = "solution"
    RESET = "reset"


@dataclass(slots=True)
class Done:
    """What is known of one lesson, since it was reset last."""

    version: int = 0
    """The version that was played last; 0 for one that was never begun."""
    steps: int = 0
    done: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    hints: dict[int, int] = field(default_factory=dict)
    solutions: set[int] = field(default_factory=set)
    ticked: int = 0
    """The version that was done to its end; 0 for none. A newer version does not take it away."""
    first: float = 0.0
    last: float = 0.0

    def next_step(self, lesson: Lesson) -> int:
        """The step to go on with, from 0: the first that is open, or else that was left out."""
        if self.version != lesson.version:
            return 0
        left = [n for n in range(len(lesson.steps)) if n + 1 not in self.done]
        return next((n for n in left if n + 1 not in self.skipped), (left or [0])[0])


class Progress:
    """The records of all lessons; kept in ``path``, or with None as long as the session."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._records: list[dict[str, Any]] = []

    def add(self, lesson: Lesson, what: What, step: int = 0) -> None:
        """Add a record about a step, from 1. Raises UnusableFile when it cannot be kept."""
        record = {
            "at": round(time.time(), 1),
            "lesson": lesson.id,
            "version": lesson.version,
            "steps": len(lesson.steps),
            "step": step,
            "what": str(what),
        }
        if self._path is None:
            self._records.append(record)
            return
        try:
            append(self._path, record)
        except OSError as error:
            self._records = [*self._all(), record]
            path, self._path = self._path, None
            raise cannot_write(str(path), error).with_hint(
                "what you do in lessons is remembered until you leave"
            ) from None

    def of(self, lesson: Lesson) -> Done:
        """What was done of one lesson."""
        return self.of_each([lesson])[0]

    def of_each(self, lessons: Sequence[Lesson]) -> list[Done]:
        """What was done of each of them; the file is read once."""
        found = self._all()
        return [_done_of(one for one in found if one.get("lesson") == each.id) for each in lessons]

    def _all(self) -> list[dict[str, Any]]:
        if self._path is None:
            return self._records
        try:
            return records(self._path)
        except OSError:
            return []  # said when something is to be added


def kept_progress() -> Progress:
    """That of the user."""
    return Progress(state_folder() / "lessons.jsonl")


def _done_of(found: Iterable[dict[str, Any]]) -> Done:
    """The records of one lesson, put together; those that make no sense are left out."""
    done = Done()
    for record in found:
        version, steps, step = record.get("version"), record.get("steps"), record.get("step")
        at, what = record.get("at"), record.get("what")
        if not (type(version) is type(steps) is type(step) is int and isinstance(at, int | float)):
            continue
        if what == What.RESET:
            done = Done()
            continue
        if version != done.version:
            done = Done(version, steps, ticked=done.ticked, first=at)
        done.last = at
        match what:
            case What.DONE:
                done.done.add(step)
                done.skipped.discard(step)
            case What.SKIPPED if step not in done.done:
                done.skipped.add(step)
            case What.HINT:
                done.hints[step] = done.hints.get(step, 0) + 1
            case What.SOLUTION:
                done.solutions.add(step)
        if len(done.done) >= steps:
            done.ticked = version
    return done
