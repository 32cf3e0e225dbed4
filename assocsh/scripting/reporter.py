"""What a run tells: a line for each script as it ends, reports and snapshots afterwards."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assocsh.datasets.folders import cannot_write, write_private
from assocsh.errors import OutputClosed
from assocsh.output.sink import Kind
from assocsh.scripting.event_log import header
from assocsh.scripting.failures import capture_line, failure_lines, problem_lines, snapshot_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, outcomes
from assocsh.scripting.reports import STDOUT, reports
from assocsh.text.plural import plural
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.scripting.event_log import EventLog


class Say(Protocol):
    """Takes a line that is safe to print; a terminal may colour it by its kind."""

    def __call__(self, text: str, kind: Kind = ..., /) -> None: ...


class Reporter:
    """Writes what becomes of a run: lines to ``say``, reports to the files of ``wanted``.

    ``wanted`` maps the option of each report that was asked for to its file, ``-`` for stdout;
    with ``quiet`` only failures are said.
    """

    def __init__(
        self, say: Say, *, wanted: Mapping[str, str], redacted: bool, quiet: bool = False
    ) -> None:
        self._say = say
        self._wanted = [
            (report, wanted[report.option]) for report in reports() if report.option in wanted
        ]
        self._redacted = redacted
        self._quiet = quiet

    def check_places(self) -> None:
        """Raise UnusableFile where a report cannot be written. Called before anything is sent."""
        for _, path in self._wanted:
            folder = Path(path).parent
            if path == STDOUT:
                continue
            if Path(path).is_dir():
                raise cannot_write(path, IsADirectoryError(errno.EISDIR, "is a folder"))
            if not folder.is_dir():
                raise cannot_write(path, FileNotFoundError(errno.ENOENT, f"no folder {folder}"))
            if not os.access(Path(path) if Path(path).exists() else folder, os.W_OK):
                raise cannot_write(path, PermissionError(errno.EACCES, "permission denied"))

    @property
    def responses(self) -> int:
        """Responses of one request that a report shows, at most."""
        return max((report.responses for report, _ in self._wanted), default=0)

    # while it runs

    def note(self, text: str) -> None:
        """Say something that is no failure."""
        if not self._quiet:
            self._say(visible(text))

    def script(self, outcome: ScriptOutcome) -> None:
        """A script has ended: one line when it passed, everything about it when it did not."""
        if outcome.code:
            self._say(f"FAILED {visible(outcome.file)}: {outcome.verdict}", Kind.ERROR)
            self._failures(outcome)
        else:
            commands = plural(len(outcome.steps), "command")
            checks = plural(outcome.checks, "expectation")
            self.note(f"passed {outcome.file}: {commands}, {checks}, {outcome.seconds:.2f} s")

    def _failures(self, outcome: ScriptOutcome) -> None:
        for step in outcome.failures:
            self._say_all(failure_lines(outcome, step))
        self.problem(outcome)
        if outcome.capture:
            self._say(capture_line(outcome))
        if outcome.skipped and outcome.problem is None:
            self._say(f"{plural(len(outcome.skipped), 'line was', 'lines were')} not run")

    def problem(self, outcome: ScriptOutcome) -> None:
        """A script could not be run at all, if that is so."""
        if outcome.problem is not None:
            self._say_all(problem_lines(outcome.problem))

    def _say_all(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._say(line)

    # afterwards

    def write_reports(self, scripts: Sequence[ScriptOutcome]) -> None:
        """Write every report that was asked for. Raises UnusableFile, OutputClosed."""
        head = header()
        run = RunOutcome(scripts, head["program"], head["started"], self._redacted)
        for report, path in self._wanted:
            _write(path, report.render(run))

    def snapshots(self, logs: Sequence[EventLog], mode: str) -> int:
        """Write, compare or accept the snapshot of each script; 1 when one differs.

        ``mode`` is ``--snapshot``, ``--check`` or ``--update``. Raises UnusableFile.
        """
        from assocsh.scripting.snapshot import SUFFIX, compare

        code = 0
        for log in logs:
            outcome = outcomes(log.events)[0]
            name = outcome.file + SUFFIX
            difference = compare(outcome, mode, redact=self._redacted)
            if mode == "--check":
                if difference:
                    log.add("snapshot", file=visible(name), difference=difference)
                    code = 1
                    outcome.difference = difference
                    self._say(
                        f"FAILED {visible(outcome.file)}: differs from its snapshot", Kind.ERROR
                    )
                    self._say_all(snapshot_lines(outcome))
                continue
            self._say_all(difference.splitlines())
            done = "written" if mode == "--snapshot" else "updated" if difference else "as it was"
            self.note(f"{name}: {done}")
        return code


def _write(path: str, text: str) -> None:
    if path != STDOUT:
        write_private(path, text)
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise OutputClosed(error) from error
