"""The command line of ``assocsh run``. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assocsh.errors import UsageError

USAGE = """\
assocsh run SCRIPT.assoc... [PEER] [options]

Runs session scripts, an association each, and reports. PEER is opened for scripts that have no
open of their own, and is $peer in all of them. Options of open are taken too.

what is run
  --set NAME=VALUE        a variable for $NAME; ASSOCSH_VAR_NAME in the environment does the same
  --set-file FILE.toml    variables from a TOML file
  --jobs N                N scripts at a time
  --keep-going            go on after a failure, with commands and with scripts
  --timeout TIME          at most this long for each script
  --file-root DIR         refuse files outside of this folder

what is shown
  --format FORMAT         show results of commands: table, expanded, json, csv, dump
  --quiet                 failures only
  --report-junit FILE     JUnit XML        --report-tap FILE   TAP
  --report-json FILE      one document     --report-html FILE  one page
  --github                annotations for GitHub Actions on stdout
  --log FILE.jsonl        every event as it happens
  --no-redact             patient data as they are: else reports, logs, and what is said
                          where no terminal is, have pseudonyms
  --keep-uids             redact, but leave UIDs as they are

snapshots, beside the script as SCRIPT.assoc.snap
  --snapshot              write one
  --check                 compare with it
  --update                compare, and write what differs"""

FORMATS = ("table", "expanded", "json", "csv", "dump")
REPORTS = ("--report-junit", "--report-tap", "--report-json", "--report-html")
_VALUES = (
    *REPORTS,
    "--log",
    "--set-file",
    "--jobs",
    "--timeout",
    "--file-root",
    "--format",
    "--set",
)
_FLAGS = (
    "--keep-going",
    "--quiet",
    "--github",
    "--no-redact",
    "--keep-uids",
    "--snapshot",
    "--check",
    "--update",
)


@dataclass(slots=True)
class RunArguments:
    """The command line of ``run``, sorted. ``values`` has the last value of each option."""

    files: list[str] = field(default_factory=list)
    peer: str = ""
    values: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    assignments: list[str] = field(default_factory=list)
    set_files: list[str] = field(default_factory=list)
    open_options: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def open_text(self) -> str:
        """The ``open`` for scripts that have none; empty without a peer."""
        from assocsh.cli.arguments import quoted

        if not self.peer:
            return ""
        words = ["open", quoted(self.peer)]
        for name, value in self.open_options:
            words += [name] if value is None else [name, quoted(value)]
        return " ".join(words)


def parse_run(argv: Sequence[str]) -> RunArguments:
    """Read what follows ``assocsh run``. Raises UsageError."""
    arguments = RunArguments()
    rest = iter(argv)
    for word in rest:
        if word == "--":
            for each in rest:
                _positional(arguments, each)
        elif word.startswith("-") and word != "-":
            _option(arguments, word, rest)
        else:
            _positional(arguments, word)
    if not arguments.files:
        raise UsageError("run needs a script", hint="assocsh run SCRIPT.assoc [PEER]")
    if arguments.open_options and not arguments.peer:
        raise UsageError(
            f"{arguments.open_options[0][0]} is for opening an association",
            hint="name a peer as well",
        )
    if len(arguments.flags & {"--snapshot", "--check", "--update"}) > 1:
        raise UsageError("one of --snapshot, --check and --update")
    if arguments.values.get("--format", "table") not in FORMATS:
        raise UsageError(
            f"{arguments.values['--format']!r} is no format", hint=f"one of {', '.join(FORMATS)}"
        )
    return arguments


def _positional(arguments: RunArguments, word: str) -> None:
    if word.endswith(".assoc") or not (arguments.files or arguments.peer or "@" in word):
        arguments.files.append(word)
    elif not arguments.peer:
        arguments.peer = word
    else:
        raise UsageError(f"there is no place for {word!r}", hint="scripts end in .assoc; one PEER")


def _option(arguments: RunArguments, word: str, rest: Iterator[str]) -> None:
    name, equals, inline = word.partition("=")
    if name in _FLAGS:
        if equals:
            raise UsageError(f"{name} takes no value")
        arguments.flags.add(name)
    elif name in _VALUES:
        value = _value(name, equals, inline, rest)
        if name == "--set":
            arguments.assignments.append(value)
        elif name == "--set-file":
            arguments.set_files.append(value)
        else:
            arguments.values[name] = value
    else:
        _open_option(arguments, name, equals, inline, rest)


def _open_option(
    arguments: RunArguments, name: str, equals: str, inline: str, rest: Iterator[str]
) -> None:
    from assocsh.commands.open_options import OPEN_OPTIONS

    for option in OPEN_OPTIONS:
        if option.name == name:
            if option.slot is None and equals:
                raise UsageError(f"{name} takes no value")
            value = None if option.slot is None else _value(name, equals, inline, rest)
            arguments.open_options.append((name, value))
            return
    import difflib

    known = [*_FLAGS, *_VALUES, *(option.name for option in OPEN_OPTIONS)]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "assocsh run --help lists the options"
    raise UsageError(f"there is no option {name}", hint=hint)


def _value(name: str, equals: str, inline: str, rest: Iterator[str]) -> str:
    value = inline if equals else next(rest, None)
    if value is None:
        raise UsageError(f"{name} needs a value")
    return value
