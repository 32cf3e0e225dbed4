"""``record FILE``: what is typed, and what happened, as a script that runs again.

A command is written when it is submitted, its line ended when it is known whether another was
submitted before it had finished (then with ``&``). What became of it follows as a comment::

    find study PatientID=123 &
    echo
    #< #2 C-ECHO 0x0000 Success 2.1 ms
    #< #1 C-FIND 0x0000 Success 12 responses 38 ms

Each write is one system call: after a ``kill -9`` the file holds whole lines and at most one that
was not ended, which is not run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.language.expectations import Expectation
from assocsh.output.summary import ended_as
from assocsh.scripting.identifying import identifies
from assocsh.scripting.replay import open_line, replay_text
from assocsh.scripting.script import RECORDED
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.language.verdict import Check
    from assocsh.results.request import RequestRecord
    from assocsh.scripting.redact import Redactor
    from assocsh.session.job import Job
    from assocsh.session.session import Session


class Recorder:
    """Writes one session to one file, from when it is made until ``close``.

    Raises UsageError when the file is there already or cannot be made.
    """

    def __init__(
        self, session: Session, path: Path, *, expect: bool, redactor: Redactor | None
    ) -> None:
        self._session = session
        self._expect = expect
        self._redactor = redactor
        self._file = _create(path)
        self.path = path
        self._tail: Job | None = None
        """The command whose line is not ended yet."""
        self._waiting: list[str] = []
        """Lines that belong after the line that is not ended yet."""
        self._numbers: dict[int, int] = {}
        self._finds = 0
        self._variables: set[str] = set()
        self._cancelled: set[int] = set()
        self._replaced: set[Job] = set()
        """Commands that are not written with the values they had: their results will differ."""
        self._parts: set[Job] = set()
        """Jobs that are part of another command: that one is recorded, it runs them again."""
        self._failed = False
        self._write(_head(redactor is not None))
        association = session.association
        if association is not None and not association.closed and session.open_plan is not None:
            self._line(self._redacted(open_line(session.open_plan)))
        self._unfinished: dict[Job, None] = {}
        """Jobs that were submitted since this began and have not ended, the oldest first."""
        session.on_job_started.append(self._started)
        session.on_job_ended.append(self._ended)
        session.on_change.append(self._changed)
        session.on_close.append(self.close)

    def close(self) -> None:
        """End the recording; what is pending is left as it is, in the background."""
        session = self._session
        if self._started in session.on_job_started:
            session.on_job_started.remove(self._started)
            session.on_job_ended.remove(self._ended)
            session.on_change.remove(self._changed)
        if self.close in session.on_close:
            session.on_close.remove(self.close)
        if session.recording is self:
            session.recording = None
            session.changed()
        self._end_line(background=self._tail is not None)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    # what happens in the session

    def _started(self, job: Job) -> None:
        self._unfinished[job] = None
        if job.record is not None:
            self._numbers[job.record.number] = len(self._numbers) + 1
        if job.nested or not job.call.spec.recorded:
            self._parts.add(job)
            return
        call = job.call
        if call.spec.cancels:  # by whom a request was cancelled is known
            self._cancelled.update(self._unfinished_numbers())
        for name, value in self._missing_variables(job):
            self._line(self._redacted(f"let {name} = {value}"))
        if "--of" in call.options and not self._finds:
            written = None
        else:
            written = replay_text(call, self._numbers)
        if call.spec.gives_rows:
            self._finds += 1
        if written is None:
            self._line(f"# speaks of what was before this recording: {_one_line(call.text)}")
            return
        self._end_line(background=True)
        self._tail = job
        shown = self._redacted(written)
        if shown != written:
            self._replaced.add(job)
        self._write(shown)

    def _ended(self, job: Job) -> None:
        if job not in self._unfinished:
            return  # submitted before this began
        del self._unfinished[job]
        if job in self._parts:
            self._parts.discard(job)
            return
        lines = [f"#< {text}" for text in self._became(job)]
        if self._expect and job.record is not None:
            lines += self._expectations(job.record, replaced=job in self._replaced)
        self._replaced.discard(job)
        if job is self._tail:
            self._tail = None
            self._write("\n")
            lines += self._waiting
            self._waiting = []
        elif self._tail is not None:
            self._waiting += lines
            return
        for line in lines:
            self._write(line + "\n")

    def _changed(self) -> None:
        """Ctrl-C is no command: it is written as the one that does the same."""
        for job in self._unfinished:
            record = job.record
            if record is None or not record.cancel_asked or record.limited:
                continue
            if record.number not in self._cancelled and record.number in self._numbers:
                self._cancelled.add(record.number)
                self._line(f"cancel #{self._numbers[record.number]}")

    # what is written

    def _became(self, job: Job) -> Iterable[str]:
        record = job.record
        if record is not None and record.final is not None:
            final = record.final
            text = f"#{self._numbers[record.number]} {record.service} 0x{final.status:04X} "
            text += final.category
            if record.service == "C-FIND":
                text += f" {plural(len(record.results), 'response')}"
            elif record.total > 1 or record.suboperations is not None:
                text += f" count {record.count}"
            text += f", {record.refused} refused" if record.refused else ""
            yield f"{text} {show_duration(record.elapsed)}"
        elif record is not None:
            text = f"#{self._numbers[record.number]} {record.service} {ended_as(record)}"
            yield f"{text} {show_duration(record.elapsed)}"
        if job.check is not None and not job.check.ok:
            yield f"expectation failed: actual {visible(self._actual(job, job.check))}"
        elif job.error is not None and not (record is not None and record.cancel_asked):
            text = f"{job.error.kind}: {visible(job.error.message)}"
            yield self._redactor.text(text) if self._redactor is not None else text

    def _actual(self, job: Job, check: Check) -> str:
        """What an expectation found, the values of what identifies a patient replaced."""
        if self._redactor is None:
            return check.actual
        parsed = job.call.parsed
        pseudonym = identifies(parsed.query) if isinstance(parsed, Expectation) else None
        if pseudonym is None:
            return self._redactor.text(check.actual)
        return self._redactor.found(pseudonym, check.actual, check.spans)

    def _expectations(self, record: RequestRecord, *, replaced: bool) -> list[str]:
        """What must be true again; of a request that was cancelled nothing is known beforehand.

        Nor is it of one whose values were ``replaced``: other keys match something else.
        """
        if record.final is None or record.cancel_asked or record.error is not None:
            return []
        number = self._numbers[record.number]
        if replaced:
            return ["# nothing is expected of it: values of it were replaced"]
        return [
            f"expect #{number}.status == 0x{record.final.status:04X}",
            f"expect #{number}.count == {record.count}",
        ]

    def _missing_variables(self, job: Job) -> Iterable[tuple[str, str]]:
        """Variables that were given their value before this recording."""
        from assocsh.language.expectations import Assignment, variables_of
        from assocsh.language.quoting import quoted

        call = job.call
        names = [each.text for each in call.references if each.query is None]
        if call.parsed is not None:
            names += [each.name for each in variables_of(call.parsed)]
        for name in names:
            if name not in self._variables and name in self._session.variables:
                self._variables.add(name)
                value = quoted(self._session.variables[name])
                if value is not None:
                    yield name, value if value[:1] in "'\"" else f"'{value}'"
        if isinstance(call.parsed, Assignment):
            self._variables.add(call.parsed.name)

    def _unfinished_numbers(self) -> list[int]:
        return [job.record.number for job in self._unfinished if job.record is not None]

    def _redacted(self, text: str) -> str:
        return self._redactor.command(text) if self._redactor is not None else text

    def _line(self, text: str) -> None:
        """A line of its own, before what comes next."""
        self._end_line(background=True)
        self._write(text + "\n")

    def _end_line(self, *, background: bool) -> None:
        if self._tail is not None:
            self._tail = None
            self._write(" &\n" if background else "\n")
        waiting, self._waiting = self._waiting, []
        for line in waiting:
            self._write(line + "\n")

    def _write(self, text: str) -> None:
        if self._file < 0 or self._failed:
            return
        data = text.encode("utf-8", "backslashreplace")
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError("the disk is full")
        except OSError as error:
            from assocsh.output.sink import Kind

            self._failed = True
            self._session.recording = None
            reason = error.strerror or str(error)
            self._session.note(f"recording stopped: {self.path}: {reason}", Kind.WARNING)


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError:
        raise UsageError(
            f"{visible(str(path))} is there already", hint="a recording never replaces a file"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{visible(str(path))} cannot be made: {error.strerror or error}"
        ) from None


def _head(redacted: bool) -> str:
    import datetime

    from assocsh.version import __version__

    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    words = f"{RECORDED} {__version__}, {now}"
    if redacted:
        words += "; patient identifiers replaced"
    return words + "\n"


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()), 500)
