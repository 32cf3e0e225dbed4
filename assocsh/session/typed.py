"""The lines that are typed, what became of each, and where they are kept for later sessions."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from assocsh.output.sink import Kind
from assocsh.session.history_file import Ending, Entry, HistoryFile, history_path
from assocsh.text.credentials import redacted

if TYPE_CHECKING:
    from assocsh.session.job import Job
    from assocsh.session.state import State

KEPT = 1000
"""Lines of this session that are remembered where there is no file."""

RECALLED = 5000
"""Lines of the file that the prompt recalls: each key looks through them for a suggestion."""


class TypedLines:
    """The typed lines of one session; with ``keep``, in the user's file as well.

    A line is kept when it is submitted, and what became of it when its last command has ended: a
    crash loses neither. Passcodes are replaced by ``***`` before anything is kept, a line that
    begins with a blank is not kept at all, and ``history off`` keeps none.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lines: deque[Entry] = deque(maxlen=KEPT)
        self._file: HistoryFile | None = None
        self._shell = os.urandom(4).hex()
        self._count = 0
        self.on_clear: list[Callable[[], None]] = []
        """Called when every line is to be forgotten."""

    def keep(self) -> None:
        """Keep lines in the user's file, and tell those that are in it."""
        loop = asyncio.get_running_loop()

        def note(text: str) -> None:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(self._state.note, text, Kind.WARNING)

        self._file = HistoryFile(history_path(), note=note)

    # a line

    def began(self, text: str) -> Entry:
        """A line was submitted. ``follow`` or ``ended`` tells what became of it."""
        self._count += 1
        entry = Entry(time.time(), redacted(text.rstrip("\n")), f"{self._shell}-{self._count}")
        if text[:1].isspace() or not text.strip() or self._state.settings.text("history") == "off":
            return entry._replace(id="")
        self._lines.append(entry)
        patient = self._holds_patient(entry)
        if self._file is not None and not (patient and self.days == 0):
            self._file.began(entry, patient=patient)
        return entry

    def _holds_patient(self, entry: Entry) -> bool:
        from assocsh.language.identifying import may_identify

        return may_identify(entry.line)

    def mistyped(self, text: str) -> None:
        """A line that is no command was submitted all the same."""
        self._end(self.began(text), Ending("not understood", failed=True))

    def follow(self, entry: Entry, jobs: Sequence[Job]) -> None:
        """Tell what became of a line when the last of its commands has ended."""
        if not jobs:
            return
        left = set(jobs)
        begun = self._state.now()

        def ended(job: Job) -> None:
            left.discard(job)
            if not left:
                self._state.on_job.ended.remove(ended)
                seconds = self._state.now() - begun
                self._end(entry, Ending(_status(jobs), _failed(jobs), seconds, self._peer))

        self._state.on_job.ended.append(ended)

    def ended(self, entry: Entry, *, failed: bool) -> None:
        """Several lines that were pasted have been run."""
        word = "failed" if failed else ""
        self._end(entry, Ending(word, failed, time.time() - entry.at, self._peer))

    def _end(self, entry: Entry, ending: Ending) -> None:
        if not entry.id:
            return
        for place, each in enumerate(self._lines):
            if each.id == entry.id:
                self._lines[place] = entry._replace(ending=ending)
                if self._file is not None and not (self.days == 0 and self._holds_patient(entry)):
                    self._file.ended(entry, ending)
                return

    @property
    def _peer(self) -> str:
        association = self._state.association
        return "" if association is None else str(association.peer)

    # all of them

    @property
    def days(self) -> int | None:
        """Days that lines with patient values are kept; None for always."""
        text = self._state.settings.text("history-days")
        return None if text == "always" else int(text)

    def earlier(self) -> list[Entry]:
        """The last lines of other sessions, newest first. Blocks: for a thread."""
        if self._file is None:
            return []
        found = self._file.latest(RECALLED)
        return [each for each in found if not each.id.startswith(f"{self._shell}-")]

    def all(self) -> list[Entry]:
        """Every line that is kept, oldest first. Blocks: for a thread."""
        kept = [] if self._file is None else self._file.latest()
        known = {each.id for each in kept if each.id}
        own = [each for each in self._lines if each.id not in known]
        return [*reversed(kept), *own]

    def latest(self, line: str) -> Entry | None:
        """The last time that ``line`` was typed in this session."""
        return next((each for each in reversed(self._lines) if each.line == line), None)

    def clear(self) -> None:
        """Forget every line, in the file too. Blocks."""
        self._lines.clear()
        if self._file is not None:
            self._file.clear()
        for callback in tuple(self.on_clear):
            callback()

    def tidy(self) -> None:
        """Leave out of the file what it is not to keep any longer. Blocks: for a thread."""
        if self._file is not None:
            self._file.tidy(time.time(), self.days)

    def tidy_behind(self) -> None:
        """``tidy`` in a thread of its own; leaving does not wait for it."""
        threading.Thread(target=self.tidy, name="assocsh-history", daemon=True).start()


def _failed(jobs: Sequence[Job]) -> bool:
    return any(job.exit_code for job in jobs)


def _status(jobs: Sequence[Job]) -> str:
    """What the commands of a line came to: of the first that failed, or of the last request."""
    failed = next((job for job in jobs if job.exit_code), None)
    of = failed or next((job for job in reversed(jobs) if job.record is not None), None)
    if of is None:
        return ""
    if of.record is not None and of.record.final is not None:
        from assocsh.output.objects import status_text

        return f"{status_text(of.record.final.status)} {of.record.category}"
    return str(of.record.state) if of.record is not None else str(of.state)
