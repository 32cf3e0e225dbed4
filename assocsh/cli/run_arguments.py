"""The command line of ``assocsh run``. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assocsh.cli import options
from assocsh.errors import UsageError
from assocsh.language.model import Option, Slot
from assocsh.language.settings import FORMATS, SETTINGS
from assocsh.records import dataclass, field
from assocsh.scripting.reach import ALLOW_SHELL
from assocsh.scripting.reports import STDOUT, reports

HEAD = """\
assocsh run SCRIPT.assoc... [PEER] [options]

Runs session scripts, an association each, and reports. PEER is opened for scripts that have no
open of their own, and is $peer in all of them. Options of open are taken too.
A failed command ends its script, unless --on-error continue; a failed script ends the run,
unless --keep-going: the exit code is that of the first failure either way."""

RUNNING = (
    Option(
        "--set",
        Slot.TEXT,
        "NAME=VALUE",
        summary="a variable for $NAME; wins over ASSOCSH_VAR_NAME in the environment",
        repeated=True,
    ),
    Option(
        "--set-file",
        Slot.FILE,
        "FILE.toml",
        summary="variables from a TOML file; the environment and --set win over it",
        repeated=True,
    ),
    Option("--jobs", Slot.INTEGER, "N", summary="N scripts at a time"),
    Option("--keep-going", summary="go on with the next script after one that failed"),
    Option(
        "--on-error",
        Slot.CHOICE,
        "stop|continue",
        SETTINGS["on-error"].choices,
        "what a failed command does to those after it, as in set on-error",
    ),
    Option("--timeout", Slot.DURATION, "TIME", summary="at most this long for each script"),
    Option("--file-root", Slot.DIRECTORY, "DIR", summary="refuse files outside of this folder"),
    Option(ALLOW_SHELL, summary="scripts may start programs, with |"),
)

SHOWING = (
    Option(
        "--format",
        Slot.CHOICE,
        "FORMAT",
        FORMATS,
        f"show results of commands: {', '.join(FORMATS)}",
    ),
    Option("--quiet", summary="failures only"),
    Option("--log", Slot.FILE, "FILE.jsonl", summary="every event as it happens"),
    Option(
        "--capture-on-failure",
        Slot.DIRECTORY,
        "DIR",
        summary="keep what was said in scripts that fail: DIR/NAME.pcapng",
    ),
    Option("--no-redact", summary="patient data as they are; else all that is kept has pseudonyms"),
    Option("--keep-uids", summary="redact, but leave UIDs as they are"),
)

SNAPSHOTS = (
    Option("--snapshot", summary="write one"),
    Option("--check", summary="compare with it"),
    Option("--update", summary="compare, and write what differs"),
)


@dataclass(slots=True)
class RunArguments:
    """The command line of ``run``, sorted. ``given`` are its options, but for those of ``open``."""

    files: list[str] = field(default_factory=list)
    peer: str = ""
    given: options.Given = field(default_factory=list)
    open_options: options.Given = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether an option was given."""
        return name in options.names(self.given)

    def value(self, name: str, default: str = "") -> str:
        """The last value of an option."""
        return options.last(name, self.given) if self.has(name) else default

    def values(self, name: str) -> list[str]:
        """Every value of an option."""
        return options.all_values(name, self.given)

    @property
    def wanted(self) -> dict[str, str]:
        """The option of each report that is asked for, and the FILE it is written to."""
        known = {report.option for report in reports()}
        return {name: value or STDOUT for name, value in self.given if name in known}

    @property
    def snapshot(self) -> str:
        """What is done with snapshots: the option that was given for it, or nothing."""
        return next((option.name for option in SNAPSHOTS if self.has(option.name)), "")

    @property
    def open_text(self) -> str:
        """The ``open`` for scripts that have none; empty without a peer."""
        return options.open_text(self.peer, self.open_options)


def report_options() -> tuple[Option, ...]:
    """The options of all reports."""
    return tuple(
        Option(
            report.option,
            Slot.FILE if report.takes_file else None,
            "FILE" if report.takes_file else "",
            summary=report.help,
        )
        for report in reports()
    )


def own_options() -> dict[str, Option]:
    """Every option of ``run``, but for those of ``open``."""
    return options.by_name(RUNNING, SHOWING, report_options(), SNAPSHOTS)


def parse_run(argv: Sequence[str]) -> RunArguments | None:
    """Read what follows ``assocsh run``; None when help is asked for. Raises UsageError."""
    own = own_options()

    def known() -> Mapping[str, Option]:
        return options.by_name(options.open_options()) | own

    words, given = options.read_words(argv, known, "assocsh run --help")
    if options.names(given) & options.ASKING:
        return None
    arguments = RunArguments(
        given=[each for each in given if each[0] in own],
        open_options=[each for each in given if each[0] not in own],
    )
    for word in words:
        _positional(arguments, word)
    if not arguments.files:
        raise UsageError("run needs a script", hint="assocsh run SCRIPT.assoc [PEER]")
    options.need_peer(arguments.peer, arguments.open_options)
    if sum(arguments.has(option.name) for option in SNAPSHOTS) > 1:
        raise UsageError("one of --snapshot, --check and --update")
    return arguments


def _positional(arguments: RunArguments, word: str) -> None:
    if word.endswith(".assoc") or not (arguments.files or arguments.peer or "@" in word):
        arguments.files.append(word)
    elif not arguments.peer:
        arguments.peer = word
    else:
        raise UsageError(f"there is no place for {word!r}", hint="scripts end in .assoc; one PEER")


def groups() -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """The options of ``run`` under what they are about, but for those of ``open``."""
    return (
        ("what is run", RUNNING),
        ("what is shown", (*SHOWING[:2], *report_options(), *SHOWING[2:])),
        ("snapshots, beside the script as SCRIPT.assoc.snap", SNAPSHOTS),
    )


def usage() -> str:
    """The text of ``assocsh run --help``."""
    lines = [HEAD]
    for title, table in groups():
        lines += ["", title, *options.listed(table)]
    return options.folded_lines(lines)
