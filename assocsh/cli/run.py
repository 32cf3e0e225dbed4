"""``assocsh run``: session scripts without a prompt, with reports."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.cli.signals import on_signals
from assocsh.commands.registry import new_session
from assocsh.errors import LanguageError, UsageError
from assocsh.output.sink import Kind, Output, StreamOutput
from assocsh.scripting import runner
from assocsh.scripting.event_log import LogFile
from assocsh.scripting.outcome import outcomes
from assocsh.scripting.reach import ALLOW_SHELL
from assocsh.scripting.redact import Redactor
from assocsh.scripting.reporter import Reporter
from assocsh.scripting.script import environment_variables, parse_assignment, read_variables
from assocsh.session.binding import parse_integer
from assocsh.session.settings import Settings
from assocsh.text.durations import parse_limit

if TYPE_CHECKING:
    from assocsh.cli.run_arguments import RunArguments
    from assocsh.scripting.script import Script
    from assocsh.session.config import Config

COMPARED = 1000
"""Responses of one request that are in a snapshot, at most."""

LOGGED = 200
"""Responses of one request that are in a log, at most."""


async def run(arguments: RunArguments, config: Config) -> int:
    """Check every script, run them, write the reports; the exit code.

    Raises UsageError for options that cannot be used, UnusableFile for a log that cannot be made.
    """
    redactor = None
    if not arguments.has("--no-redact"):
        redactor = Redactor(keep_uids=arguments.has("--keep-uids"))
    screen = StreamOutput()
    theme = _theme_of(config)
    screen.theme = lambda: theme
    reporter = Reporter(
        screen.note,
        wanted=arguments.wanted,
        redacted=redactor is not None,
        quiet=arguments.has("--quiet"),
    )
    plan = _plan(arguments, config, redactor, reporter)
    scripts, problems = runner.load_all(arguments.files, plan)
    if not problems:
        _check_open_options(arguments, scripts)
    reporter.check_places()
    log = LogFile(arguments.value("--log"), redactor) if arguments.has("--log") else None
    sinks = (log,) if log is not None else ()
    try:
        if problems:
            for problem in problems:
                if redactor is not None and isinstance(problem.error, LanguageError):
                    redactor.foresee(problem.error.text, plan.variables)
            bad = runner.log_problems(problems, sinks)
            found = [outcome for each in bad for outcome in outcomes(each.events)]
            kept = [outcome for each in bad for outcome in outcomes(plan.redacted(each.events))]
            for outcome in kept if plan.redact_ended else found:
                reporter.problem(outcome)
            reporter.write_reports(kept)
            return 2
        for script in scripts:
            if script.torn:
                reporter.note(f"{script.name}: the recording was cut off, its last line is not run")
        begun = runner.Run(
            scripts,
            plan,
            make_session=new_session,
            output=_output_for(arguments, screen),
            sinks=sinks,
            ended=reporter.script,
        )
        with on_signals(_Signals(begun)):
            code = await begun.all()
        changed = 0
        if arguments.snapshot:
            changed = reporter.snapshots(begun.logs, arguments.snapshot)
        reporter.write_reports(begun.outcomes)
        return code or changed
    finally:
        if log is not None:
            log.close()


def _check_open_options(arguments: RunArguments, scripts: list[Script]) -> None:
    """Raise UsageError for options of ``open`` that no script would take."""
    if not arguments.open_options or any(not script.opens for script in scripts):
        return
    name = arguments.open_options[0][0]
    one = "the script opens" if len(scripts) == 1 else "every script opens"
    raise UsageError(
        f"{name} would change nothing: {one} the association itself",
        hint="give the option to open in the script, with a $variable for --set perhaps",
    )


class _Signals:
    """The first signal ends the run with A-ABORT; the third does not wait for anything."""

    def __init__(self, begun: runner.Run) -> None:
        self._run = begun
        self._count = 0

    def __call__(self, number: signal.Signals) -> None:
        self._count += 1
        if self._count >= 3:
            os._exit(128 + number)
        self._run.stop(128 + number)


def _plan(
    arguments: RunArguments, config: Config, redactor: Redactor | None, reporter: Reporter
) -> runner.RunPlan:
    captures = arguments.value("--capture-on-failure")
    root = Path(arguments.value("--file-root")).expanduser()
    return runner.RunPlan(
        peer=arguments.peer,
        open_text=arguments.open_text,
        variables=script_variables(arguments, os.environ),
        file_root=root if arguments.has("--file-root") else None,
        jobs=parse_integer(arguments.value("--jobs", "1"), "--jobs", least=1, most=256),
        keep_going=arguments.has("--keep-going"),
        programs=arguments.has(ALLOW_SHELL),
        on_error=arguments.value("--on-error"),
        timeout=parse_limit(arguments.value("--timeout", "never")),
        format=arguments.value("--format"),
        config=config,
        redactor=redactor,
        captures=runner.capture_folder(captures) if captures else None,
        # what CI keeps is redacted; a person at a terminal has to see what is wrong
        redact_ended=not _is_terminal(),
        responses=max(
            reporter.responses,
            COMPARED if arguments.snapshot else 0,
            LOGGED if arguments.has("--log") else 0,
        ),
    )


def script_variables(arguments: RunArguments, environment: Mapping[str, str]) -> dict[str, str]:
    """What scripts find in their variables: ``--set`` wins over the environment, that over files.

    Of several files the last wins. Raises UsageError for one that cannot be read.
    """
    variables: dict[str, str] = {}
    for path in arguments.values("--set-file"):
        variables |= read_variables(path)
    variables |= environment_variables(environment)  # a pipeline sets it, a file is checked in
    return variables | dict(parse_assignment(text) for text in arguments.values("--set"))


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _theme_of(config: Config) -> str:
    """The theme that the config file sets, for what is said before there is a session."""
    settings = Settings()
    config.apply(settings)
    return settings.text("theme")


def _output_for(arguments: RunArguments, screen: Output) -> runner.MakeOutput:
    """Where the session of a script writes: nowhere, unless its results were asked for."""

    def wire(text: str) -> None:
        screen.note(text, Kind.WIRE)

    def output() -> Output:
        return StreamOutput() if arguments.has("--format") else runner.QuietOutput(wire)

    return output


def run_to_end(arguments: RunArguments, config: Config) -> int:
    """``run`` on a loop of its own."""
    return asyncio.run(run(arguments, config))
