"""``assocsh run``: session scripts without a prompt, with reports."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.cli.signals import on_signals
from assocsh.errors import AssocshError, UsageError
from assocsh.output.sink import Output, StreamOutput
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.cli.run_arguments import RunArguments
    from assocsh.scripting.event_log import EventLog, LogFile, Sink
    from assocsh.scripting.outcome import ScriptOutcome
    from assocsh.scripting.redact import Redactor
    from assocsh.scripting.runner import Problem, RunPlan
    from assocsh.scripting.script import Script
    from assocsh.session.config import Config


async def run(arguments: RunArguments, config: Config) -> int:
    """Check every script, run them, write the reports; the exit code.

    Raises UsageError for options that cannot be used, UnusableFile for a log that cannot be made.
    """
    from assocsh.commands.registry import load, new_session
    from assocsh.scripting import runner
    from assocsh.scripting.outcome import outcomes

    load()
    redactor = _redactor(arguments)
    plan = _plan(arguments, config, redactor)
    scripts, problems = runner.load_all(arguments.files, plan)
    _check_open_options(arguments, scripts, problems)
    reporter = _Reporter(arguments, redactor)
    reporter.check_places()
    log = reporter.open_log()
    sinks: tuple[Sink, ...] = (log,) if log is not None else ()
    try:
        if problems:
            bad = runner.log_problems(problems, sinks)
            found = [outcome for each in bad for outcome in outcomes(each.events)]
            for outcome in found:
                reporter.problem(outcome)
            reporter.write_all(found)
            return 2
        for script in scripts:
            if script.torn:
                reporter.note(f"{script.name}: the recording was cut off, its last line is not run")
        session_run = runner.Run(
            scripts,
            plan,
            sinks=sinks,
            session=new_session,
            output=reporter.output,
            ended=reporter.script,
        )
        with on_signals(_Signals(session_run)):
            code = await session_run.all()
        changed = reporter.snapshots(session_run.logs)
        reporter.write_all(session_run.outcomes)
        return code or changed
    finally:
        if log is not None:
            log.close()


def _check_open_options(
    arguments: RunArguments, scripts: list[Script], problems: list[Problem]
) -> None:
    """Raise UsageError for options of ``open`` that no script would take."""
    if problems or not arguments.open_options or any(not script.opens for script in scripts):
        return
    name = arguments.open_options[0][0]
    one = "the script opens" if len(scripts) == 1 else "every script opens"
    raise UsageError(
        f"{name} would change nothing: {one} the association itself",
        hint="give the option to open in the script, with a $variable for --set perhaps",
    )


class _Signals:
    """The first signal ends the run with A-ABORT; the third does not wait for anything."""

    def __init__(self, session_run: object) -> None:
        self._run = session_run
        self._count = 0

    def __call__(self, number: signal.Signals) -> None:
        from assocsh.scripting.runner import Run

        self._count += 1
        if self._count >= 3:
            os._exit(128 + number)
        assert isinstance(self._run, Run)
        self._run.stop(128 + number)


def _redactor(arguments: RunArguments) -> Redactor | None:
    if "--no-redact" in arguments.flags:
        return None
    from assocsh.scripting.redact import Redactor

    return Redactor(keep_uids="--keep-uids" in arguments.flags)


def _plan(arguments: RunArguments, config: Config, redactor: Redactor | None) -> RunPlan:
    from assocsh.scripting.runner import RunPlan
    from assocsh.scripting.script import (
        environment_variables,
        parse_assignment,
        read_variables,
    )
    from assocsh.session.binding import parse_integer
    from assocsh.text.durations import parse_limit

    variables = environment_variables(os.environ)
    for path in arguments.set_files:
        variables |= read_variables(path)
    variables |= dict(parse_assignment(text) for text in arguments.assignments)
    values = arguments.values
    root = values.get("--file-root")
    limit = values.get("--timeout")
    return RunPlan(
        peer=arguments.peer,
        open_text=arguments.open_text,
        variables=variables,
        file_root=None if root is None else Path(root).expanduser(),
        jobs=parse_integer(values.get("--jobs", "1"), "--jobs", least=1, most=256),
        keep_going="--keep-going" in arguments.flags,
        timeout=None if limit is None else parse_limit(limit),
        format=values.get("--format", ""),
        config=config,
        redactor=redactor,
        # what CI keeps is redacted; a person at a terminal has to see what is wrong
        redact_ended=not _is_terminal(),
        responses=_responses(arguments),
    )


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _responses(arguments: RunArguments) -> int:
    """How many responses of a request somebody is going to look at."""
    if arguments.flags & {"--snapshot", "--check", "--update"}:
        return 1000
    return 200 if {"--log", "--report-html"} & set(arguments.values) else 0


class _Reporter:
    """What the terminal and the files get to know."""

    def __init__(self, arguments: RunArguments, redactor: Redactor | None) -> None:
        self._arguments = arguments
        self._redactor = redactor
        self._quiet = "--quiet" in arguments.flags
        self._many = arguments.values.get("--jobs", "1") != "1"

    def check_places(self) -> None:
        """Raise UnusableFile where a report cannot be written: before anything is sent."""
        from assocsh.cli.run_arguments import REPORTS
        from assocsh.scripting.event_log import cannot_write

        for path in (self._arguments.values.get(name, "-") for name in REPORTS):
            folder = Path(path).parent
            if path == "-":
                continue
            if Path(path).is_dir():
                raise cannot_write(path, IsADirectoryError(errno.EISDIR, "is a folder"))
            if not folder.is_dir():
                raise cannot_write(path, FileNotFoundError(errno.ENOENT, f"no folder {folder}"))
            if not os.access(Path(path) if Path(path).exists() else folder, os.W_OK):
                raise cannot_write(path, PermissionError(errno.EACCES, "permission denied"))

    def open_log(self) -> LogFile | None:
        from assocsh.scripting.event_log import LogFile

        path = self._arguments.values.get("--log")
        return None if path is None else LogFile(path, self._redactor)

    def output(self) -> Output:
        """Where the session of a script writes: nowhere, unless its results were asked for."""
        from assocsh.scripting.runner import QuietOutput

        if "--format" in self._arguments.values:
            return StreamOutput()
        return QuietOutput(_say)

    # while it runs

    def note(self, text: str) -> None:
        if not self._quiet:
            _say(visible(text))

    def script(self, outcome: ScriptOutcome) -> None:
        """A script has ended: one line when it passed, everything about it when it did not."""
        if outcome.code:
            _say(f"FAILED {visible(outcome.file)}: {outcome.verdict}")
            self.failures(outcome)
        elif not self._quiet:
            commands = f"{len(outcome.steps)} command{'' if len(outcome.steps) == 1 else 's'}"
            checks = f"{outcome.checks} expectation{'' if outcome.checks == 1 else 's'}"
            _say(f"passed {visible(outcome.file)}: {commands}, {checks}, {outcome.seconds:.2f} s")

    def failures(self, outcome: ScriptOutcome) -> None:
        from assocsh.scripting.failures import failure_lines, problem_lines

        for step in outcome.failures:
            for line in failure_lines(outcome, step):
                _say(line)
        if outcome.problem is not None:
            for line in problem_lines(outcome.problem):
                _say(line)
        if outcome.skipped:
            count = len(outcome.skipped)
            _say(f"{count} line{' was' if count == 1 else 's were'} not run")

    def problem(self, outcome: ScriptOutcome) -> None:
        from assocsh.scripting.failures import problem_lines

        if outcome.problem is not None:
            for line in problem_lines(outcome.problem):
                _say(line)

    # afterwards

    def write_all(self, outcomes: list[ScriptOutcome]) -> None:
        """Every report that was asked for. Raises UnusableFile."""
        from assocsh.scripting.event_log import header
        from assocsh.scripting.reports import html, jsonreport, junit, tap

        values = self._arguments.values
        head = header()
        redacted = self._redactor is not None
        if "--report-junit" in values:
            _write(values["--report-junit"], junit.junit(outcomes))
        if "--report-tap" in values:
            _write(values["--report-tap"], tap.tap(outcomes))
        if "--report-json" in values:
            text = jsonreport.json_report(outcomes, program=head["program"], redacted=redacted)
            _write(values["--report-json"], text)
        if "--report-html" in values:
            text = html.html(
                outcomes, program=head["program"], started=head["started"], redacted=redacted
            )
            _write(values["--report-html"], text)
        if "--github" in self._arguments.flags:
            from assocsh.scripting.reports.github import github

            sys.stdout.write(github(outcomes))
            sys.stdout.flush()

    def snapshots(self, logs: list[EventLog]) -> int:
        """Write or compare the snapshots that were asked for; 1 when one differs."""
        modes = self._arguments.flags & {"--snapshot", "--check", "--update"}
        if not modes:
            return 0
        from assocsh.scripting.failures import snapshot_lines
        from assocsh.scripting.outcome import outcomes
        from assocsh.scripting.snapshot import SUFFIX, compare

        code, mode = 0, next(iter(modes))
        for log in logs:
            outcome = outcomes(log.events)[0]
            name = visible(outcome.file + SUFFIX)
            difference = compare(outcome, mode, redact=self._redactor is not None)
            if mode != "--check":
                done = (
                    "written" if mode == "--snapshot" else "updated" if difference else "as it was"
                )
                for line in difference.splitlines():
                    _say(line)
                if not self._quiet:
                    _say(f"{name}: {done}")
            elif difference:
                log.add("snapshot", file=name, difference=difference)
                code = 1
                outcome.difference = difference
                _say(f"FAILED {visible(outcome.file)}: differs from its snapshot")
                for line in snapshot_lines(outcome):
                    _say(line)
        return code


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _write(path: str, text: str) -> None:
    from assocsh.scripting.event_log import cannot_write, open_private

    try:
        if path == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        with open_private(path) as file:
            file.write(text)
    except OSError as error:
        raise cannot_write(path, error) from error


def run_to_end(arguments: RunArguments, config: Config) -> int:
    """``run`` on a loop of its own."""
    return asyncio.run(run(arguments, config))


__all__ = ["AssocshError", "run", "run_to_end"]
