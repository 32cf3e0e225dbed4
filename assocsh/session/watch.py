"""Seeing the jobs of a session begin and end: what the recorder and the event log listen to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.session.interpreter import Job
    from assocsh.session.session import Session

Listener = Callable[["Job"], None]


class JobWatcher:
    """Calls ``started`` when a job is submitted and ``ended`` when it has ended, in order.

    A session tells of each change at once, also of a new job before its first step: nothing is
    missed and the order is that of the session.
    """

    def __init__(self, session: Session, started: Listener, ended: Listener) -> None:
        self._session = session
        self._started = started
        self._ended = ended
        # jobs that run already were submitted before anybody watched
        self._before = set(session.interpreter.unfinished)
        self._seen: dict[Job, None] = {}
        session.on_change.append(self._changed)

    def close(self) -> None:
        """Stop watching."""
        if self._changed in self._session.on_change:
            self._session.on_change.remove(self._changed)

    @property
    def unfinished(self) -> tuple[Job, ...]:
        """The jobs that were seen to begin and not to end, the oldest first."""
        return tuple(self._seen)

    def _changed(self) -> None:
        for job in tuple(self._seen):
            if job.done.is_set():
                del self._seen[job]
                self._ended(job)
        for job in tuple(self._session.interpreter.unfinished):
            if job not in self._seen and job not in self._before and not job.done.is_set():
                self._seen[job] = None
                self._started(job)
