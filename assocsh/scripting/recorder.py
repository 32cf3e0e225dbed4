"""``record FILE``: what is typed, and what happened, as a script that runs again.

A command is written when it is submitted, its line ended when it is known whether another was
submitted before it had finished (then with ``&``). What became of it follows as a comment::

    find study PatientID=123 &
    echo
    #< #2 C-ECHO 0x0000 Success 2.1 ms
    #< #1 C-FIND 0x0000 Success 12 responses 38 ms

A command that failed before anything of it was sent is a comment (``# refused: get study``), else
the recording would not run again; one that failed later is followed by an ``expect`` of that. So
what is written of a command waits until it has ended or has sent something.

Each write is one system call: after a ``kill -9`` the file holds whole lines and at most one that
was not ended, which is not run.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import OperationCancelled, UsageError
from assocsh.language.expectations import Assignment, Expectation, variables_of
from assocsh.language.model import Slot
from assocsh.output.summary import ended_as
from assocsh.scripting.identifying import identifies
from assocsh.scripting.replay import open_line, replay_text
from assocsh.scripting.script import RECORDED
from assocsh.session.expansion import number_of
from assocsh.text.credentials import without_credentials
from assocsh.text.durations import show_duration
from assocsh.text.patterns import pattern
from assocsh.text.plural import plural
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.language.verdict import Check
    from assocsh.results.request import RequestRecord
    from assocsh.scripting.redact import Redactor
    from assocsh.session.job import Job
    from assocsh.session.session import Session


_SECRET = pattern(r"pass|secret|token|jwt|saml|kerberos", re.IGNORECASE)


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
        self._left_out: set[Job] = set()
        """Commands that are comments: they failed before anything was sent."""
        self._parts: set[Job] = set()
        """Jobs that are part of another command: that one is recorded, it runs them again."""
        self._failed = False
        self._queue: deque[tuple[Job | None, Callable[[], None]]] = deque()
        """What is to be written, in order; with a job, once it is known what becomes of it."""
        self._write(_head(redactor is not None))
        association = session.association
        if association is not None and not association.closed and session.open_plan is not None:
            self._line(self._redacted(open_line(session.open_plan)))
        self._unfinished: dict[Job, None] = {}
        """Jobs that were submitted since this began and have not ended, the oldest first."""
        session.on_job.started.append(self._started)
        session.on_job.ended.append(self._ended)
        session.on_change.append(self._changed)
        session.on_close.append(self.close)

    def close(self) -> None:
        """End the recording; what is pending is left as it is, in the background."""
        session = self._session
        if self._started in session.on_job.started:
            session.on_job.started.remove(self._started)
            session.on_job.ended.remove(self._ended)
            session.on_change.remove(self._changed)
        if self.close in session.on_close:
            session.on_close.remove(self.close)
        if session.recording is self:
            session.recording = None
            session.changed()
        self._write_queue(all_of_it=True)
        self._end_line(background=self._tail is not None)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    # what happens in the session

    def _started(self, job: Job) -> None:
        self._unfinished[job] = None
        if job.nested or not job.call.spec.recorded or _only_lists(job):
            self._parts.add(job)
            self._after(lambda: self._count(job))
            return
        if job.call.spec.cancels:  # by whom a request was cancelled is known
            self._cancelled.update(self._unfinished_numbers())
        values = tuple(self._values_used(job))
        self._after(lambda: self._command(job, values), fate_of=job)

    def _ended(self, job: Job) -> None:
        if job not in self._unfinished:
            return  # submitted before this began
        del self._unfinished[job]
        if job in self._parts:
            self._parts.discard(job)
            self._write_queue()
            return
        self._after(lambda: self._outcome(job))

    def _changed(self) -> None:
        """Ctrl-C is no command: it is written as the one that does the same."""
        for job in self._unfinished:
            record = job.record
            if record is None or not record.cancel_asked or record.limited:
                continue
            if record.number not in self._cancelled:
                self._cancelled.add(record.number)
                self._after(partial(self._cancel, record.number))
        self._write_queue()

    def mistyped(self, text: str) -> None:
        """A line that is no command was typed: it is kept as a comment.

        Of one that speaks of a secret only the first word: what in it is the secret is not known.
        """
        if _SECRET.search(text):
            text = f"{text.split(None, 1)[0]} …"
        self._after(lambda: self._line(self._comment("# refused: ", text)))

    # in the order in which it happened

    def _after(self, write: Callable[[], None], *, fate_of: Job | None = None) -> None:
        """Write it after what happened before, once the fate of a job is known."""
        self._queue.append((fate_of, write))
        self._write_queue()

    def _write_queue(self, *, all_of_it: bool = False) -> None:
        while self._queue and (all_of_it or _fate_known(self._queue[0][0])):
            self._queue.popleft()[1]()

    def _count(self, job: Job) -> None:
        """Give its request the number that it has when the recording runs."""
        if job.record is not None:
            self._numbers[job.record.number] = len(self._numbers) + 1

    def _cancel(self, number: int) -> None:
        if number in self._numbers:
            self._line(f"cancel #{self._numbers[number]}")

    def _command(self, job: Job, values: Iterable[tuple[str, str]]) -> None:
        """A command that was submitted: its line, or a comment when it would fail again."""
        call = job.call
        if self._would_fail(job):
            self._line(self._comment(f"# {_fate(job)}: ", call.text))
            self._left_out.add(job)
            return
        self._count(job)
        for name, value in values:
            if name not in self._variables:
                self._variables.add(name)
                self._line(self._redacted(f"let {name} = {value}"))
        if isinstance(call.parsed, Assignment):
            self._variables.add(call.parsed.name)
        of_last = any(number_of(word) is None for word in call.options.get("--of", ()))
        if of_last and not self._finds:
            written = None
        else:
            written = replay_text(call, self._numbers)
        if written is not None and job.agreed:
            written = f"{written} {job.agreed}"
        if call.spec.gives_rows:
            self._finds += 1
        if written is None:
            self._line(self._comment("# speaks of what was before this recording: ", call.text))
            return
        self._end_line(background=True)
        self._tail = job
        shown = self._redacted(written)
        if shown != written:
            self._replaced.add(job)
        self._write(shown)

    def _outcome(self, job: Job) -> None:
        """What became of a command: comments behind its line, and what is expected of it."""
        lines = [f"#< {text}" for text in self._became(job)]
        if job in self._left_out:
            self._left_out.discard(job)
        else:
            lines = [*self._failure_expected(job), *lines]
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

    def _would_fail(self, job: Job) -> bool:
        """It failed with nothing of it sent: run again it would end the script.

        Where expectations are recorded, a failure that can be expected is a line with one.
        """
        if not job.done.is_set() or not job.exit_code or _was_sent(job):
            return False
        following = self._queue[0] if self._queue else None
        at_once = following is None or following[0] is None
        expected = self._expect and at_once and job.check is None and job.error is not None
        return not expected or isinstance(job.error, UsageError | OperationCancelled)

    def _failure_expected(self, job: Job) -> Iterable[str]:
        """What lets the script go on behind a command that failed, and will again."""
        record = job.record
        if not job.exit_code:
            return
        if job.failure is not None and job is self._tail:
            yield f"expect error.kind == {job.failure.kind}"
        elif job.error is not None and record is not None:  # it went on in the background
            yield f"expect #{self._numbers[record.number]}.error.kind == {job.error.kind}"
        elif record is not None and record.final is not None and not self._expect:
            number = self._numbers[record.number]
            yield f"expect #{number}.status == 0x{record.final.status:04X}"

    # what is written

    def _became(self, job: Job) -> Iterable[str]:
        record = job.record
        if record is not None and record.final is not None:
            final = record.final
            text = f"{self._number(record)}{record.service} 0x{final.status:04X} "
            text += final.category
            if record.service == "C-FIND":
                text += f" {plural(len(record.results), 'response')}"
            elif record.total > 1 or record.suboperations is not None:
                text += f" count {record.count}"
            text += f", {record.refused} refused" if record.refused else ""
            yield f"{text} {show_duration(record.elapsed)}"
        elif record is not None:
            text = f"{self._number(record)}{record.service} {ended_as(record)}"
            yield f"{text} {show_duration(record.elapsed)}"
        if job.check is not None and not job.check.ok:
            yield f"expectation failed: actual {visible(self._actual(job, job.check))}"
        elif job.error is not None and not (record is not None and record.cancel_asked):
            text = f"{job.error.kind}: {visible(job.error.message)}"
            yield self._redactor.text(text) if self._redactor is not None else text

    def _number(self, record: RequestRecord) -> str:
        number = self._numbers.get(record.number)
        return "" if number is None else f"#{number} "

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

    def _values_used(self, job: Job) -> Iterable[tuple[str, str]]:
        """The variables that a command uses, with their values as ``let`` takes them."""
        from assocsh.language.quoting import quoted

        call = job.call
        names = [each.text for each in call.references if each.query is None]
        if call.parsed is not None:
            names += [each.name for each in variables_of(call.parsed)]
        for name in names:
            if name in self._session.variables:
                value = quoted(self._session.variables[name])
                if value is not None:
                    yield name, value if value[:1] in "'\"" else f"'{value}'"

    def _comment(self, head: str, text: str) -> str:
        return head + _one_line(self._redacted(text))

    def _unfinished_numbers(self) -> list[int]:
        return [job.record.number for job in self._unfinished if job.record is not None]

    def _redacted(self, text: str) -> str:
        text = without_credentials(text)
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


def _only_lists(job: Job) -> bool:
    """``open`` without a peer: it shows who can be opened, and a script has to say whom."""
    parameters = job.call.spec.parameters
    return bool(parameters) and parameters[0].slot is Slot.PEER and not job.call.words


def _was_sent(job: Job) -> bool:
    record = job.record
    return record is not None and bool(record.live or record.total or record.final is not None)


def _fate_known(job: Job | None) -> bool:
    """Whether a command has ended, or has sent something: its line stands whatever follows."""
    return job is None or job.done.is_set() or _was_sent(job)


def _fate(job: Job) -> str:
    if isinstance(job.error, OperationCancelled):
        return "stopped"
    refused = job.check is None and job.error is not None and job.error.code in (2, 5)
    return "refused" if refused or job.record is not None else "failed"


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
