"""What stands on the command line. Only reads: no engine, no terminal, no pydicom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from assocsh.cli import options
from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.cli.run_arguments import RunArguments
    from assocsh.language.model import Option


PROGRESS = ("lines", "json", "none")


class Mode(StrEnum):
    """What was asked for."""

    SHELL = "shell"
    SERVE = "serve"
    RUN = "run"
    TLS = "tls"
    LESSON = "lesson"
    COMPLETION = "completion"
    HELP = "help"
    HELP_RUN = "help run"
    VERSION = "version"


class Arguments:
    """The command line, sorted. ``open_options`` belong to the ``open`` it stands for.

    No dataclass: making one would be a hundredth of the way to the first prompt.
    """

    def __init__(self) -> None:
        self.mode = Mode.SHELL
        self.peer = ""
        self.files: list[str] = []
        """What stands behind the peer, for ``--contexts auto``; behind ``completion``; what
        ``lesson`` does for a teacher."""
        self.reading = ""
        """The command that ``assocsh read`` or ``assocsh lesson`` stands for."""
        self.commands: list[str] = []
        """The texts of ``-c``, in order."""
        self.format = ""
        self.keep_going = False
        self.progress = "lines"
        self.allow_shell = False
        self.toolbar = True
        self.open_options: options.Given = []
        self.serve_options: options.Given = []
        self.tls_options: options.Given = []
        self.lesson_options: options.Given = []
        self.run: RunArguments | None = None
        """What follows ``run``."""

    @property
    def open_text(self) -> str:
        """The ``open`` or ``read`` command that the command line stands for; empty without."""
        return self.reading or options.open_text(self.peer, self.open_options, self.files)


def shell_options() -> tuple[Option, ...]:
    """The options of the shell itself, besides those of ``open``."""
    from assocsh.language.model import Option, Slot
    from assocsh.language.settings import FORMATS
    from assocsh.scripting.reach import ALLOW_SHELL

    return (
        Option("-c", Slot.TEXT, "COMMANDS", summary="commands, separated by ; or line ends"),
        Option("--format", Slot.CHOICE, "FORMAT", FORMATS, ", ".join(FORMATS)),
        Option("--keep-going", summary="go on with the next command after a failure (-c, stdin)"),
        Option(
            "--progress",
            Slot.CHOICE,
            "FORM",
            PROGRESS,
            summary="how far long requests are: lines on stderr every 10 s, json on stdout, none",
        ),
        Option("--quiet", summary="no lines about progress (-c, stdin)"),
        Option(ALLOW_SHELL, summary="-c and stdin may start programs, with |"),
        Option("--no-toolbar", summary="a prompt without the toolbar"),
    )


def serve_options() -> tuple[Option, ...]:
    """The options of ``assocsh serve``."""
    from assocsh.commands.acceptor_options import ACCEPTOR_TLS
    from assocsh.commands.practice_options import PRACTICE_OPTIONS
    from assocsh.language.model import Option, Slot

    return (
        Option("--port", Slot.INTEGER, "N", summary="the port (11112)"),
        Option("--host", Slot.TEXT, "ADDRESS", summary="the address to listen at (127.0.0.1)"),
        Option("--as", Slot.AE_TITLE, "AET", summary="its AE title"),
        Option(
            "--destination",
            Slot.PEER,
            "AET@HOST:PORT",
            summary="where C-MOVE may send to, and reports go (can be repeated)",
            repeated=True,
        ),
        *PRACTICE_OPTIONS,
        *ACCEPTOR_TLS,
    )


def tls_options() -> tuple[Option, ...]:
    """The options of ``assocsh tls``: those of ``open`` that are about TLS, and its own."""
    from assocsh.language.model import Option, Slot

    shared = (each for each in options.open_options() if each.name.startswith("--tls-"))
    return (
        *shared,
        Option("--format", Slot.CHOICE, "FORMAT", ("table", "json"), "table, json"),
        Option("--timeout", Slot.DURATION, "TIME", summary="wait this long for TCP and TLS (10s)"),
    )


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read a command line (without the program's name). Raises UsageError."""
    arguments = Arguments()
    words = list(argv)
    first = words[0] if words else ""
    if first == "run":
        _run(arguments, words[1:])
        return arguments
    if first == "practice":
        arguments.peer = words.pop(0)
    elif first in (Mode.SERVE, Mode.TLS):
        arguments.mode = Mode(words.pop(0))
    elif first == "read":
        _read(arguments, words[1:])
        return arguments
    elif first == Mode.LESSON:
        _lesson(arguments, words[1:])
        return arguments
    elif first == "probe":
        _probe(arguments, words[1:])
        return arguments
    elif first == Mode.COMPLETION:
        _completion(arguments, words[1:])
        return arguments
    if arguments.mode is Mode.SERVE:
        _serve(arguments, words)
    elif arguments.mode is Mode.TLS:
        _tls(arguments, words)
    else:
        _shell(arguments, words)
    return arguments


def _asked(given: options.Given) -> Mode | None:
    """Whether help or the version is asked for: then nothing else is looked at."""
    asked = options.names(given) & options.ASKING
    if not asked:
        return None
    return Mode.VERSION if "--version" in asked else Mode.HELP


def _run(arguments: Arguments, words: Sequence[str]) -> None:
    from assocsh.cli.run_arguments import parse_run

    run = parse_run(words)
    arguments.mode = Mode.HELP_RUN if run is None else Mode.RUN
    arguments.run = run


def _serve(arguments: Arguments, words: Sequence[str]) -> None:
    def known() -> Mapping[str, Option]:
        return options.by_name(serve_options())

    plain, arguments.serve_options = options.read_words(words, known, "assocsh --help")
    arguments.mode = _asked(arguments.serve_options) or arguments.mode
    if plain and arguments.mode is Mode.SERVE:
        raise UsageError(f"serve has no use for {plain[0]!r}", hint="assocsh serve --data DIR")


def _tls(arguments: Arguments, words: Sequence[str]) -> None:
    def known() -> Mapping[str, Option]:
        return options.by_name(tls_options())

    plain, arguments.tls_options = options.read_words(words, known, "assocsh --help")
    arguments.mode = _asked(arguments.tls_options) or arguments.mode
    arguments.peer = plain[0] if plain else ""
    if len(plain) > 1 and arguments.mode is Mode.TLS:
        raise UsageError(f"tls has no use for {plain[1]!r}", hint="assocsh tls HOST:PORT")


def _completion(arguments: Arguments, words: Sequence[str]) -> None:
    arguments.files, given = options.read_words(words, dict, "assocsh --help")
    arguments.mode = _asked(given) or Mode.COMPLETION


def _read(arguments: Arguments, words: Sequence[str]) -> None:
    from assocsh.cli.read import read_options, read_text

    def known() -> Mapping[str, Option]:
        return options.by_name(shell_options(), read_options())

    plain, given = options.read_words(words, known, "assocsh --help")
    arguments.mode = _asked(given) or arguments.mode
    if arguments.mode is Mode.SHELL:
        own = options.by_name(read_options())
        arguments.reading = read_text(plain, [each for each in given if each[0] in own])
        _of_shell(arguments, given)


def _lesson(arguments: Arguments, words: Sequence[str]) -> None:
    from assocsh.cli.lesson import GRADE, REPORT, TEST, lesson_options, lesson_text

    teaching = words[:1] and words[0] in (TEST, REPORT, GRADE)

    def known() -> Mapping[str, Option]:
        if teaching:
            return options.by_name(lesson_options())
        return options.by_name(lesson_options(), shell_options())

    plain, given = options.read_words(words, known, "assocsh --help")
    asked = _asked(given)
    if asked is not None:
        arguments.mode = asked
    elif teaching:
        arguments.mode, arguments.files, arguments.lesson_options = Mode.LESSON, plain, given
    else:
        arguments.reading = lesson_text(plain, given)
        _of_shell(arguments, given)


def _probe(arguments: Arguments, words: Sequence[str]) -> None:
    from assocsh.cli.probe import probe_options, probe_text

    def known() -> Mapping[str, Option]:
        return options.by_name(shell_options(), probe_options())

    plain, given = options.read_words(words, known, "assocsh --help")
    arguments.mode = _asked(given) or arguments.mode
    if arguments.mode is Mode.SHELL:
        own = options.by_name(probe_options())
        _of_shell(arguments, given)
        asked = probe_text(plain, [each for each in given if each[0] in own])
        # what -c says comes behind the probe, as it comes behind an open
        arguments.commands = [asked, *arguments.commands]


def _of_shell(arguments: Arguments, given: options.Given) -> None:
    """The options of the shell among ``given``."""
    arguments.commands = options.all_values("-c", given)
    arguments.format = options.last("--format", given)
    arguments.keep_going = "--keep-going" in options.names(given)
    quiet = "none" if "--quiet" in options.names(given) else "lines"
    arguments.progress = options.last("--progress", given) or quiet
    if arguments.progress == "json" and arguments.format != "json":
        raise UsageError("objects about progress are JSON Lines", hint="--format json too")
    arguments.allow_shell = "--allow-shell" in options.names(given)
    arguments.toolbar = "--no-toolbar" not in options.names(given)


def _shell(arguments: Arguments, words: Sequence[str]) -> None:
    def known() -> Mapping[str, Option]:
        return options.by_name(shell_options(), options.open_options())

    plain, given = options.read_words(words, known, "assocsh --help")
    asked = _asked(given)
    if asked is not None:
        arguments.mode = asked
        return
    for word in plain:
        if not word or (arguments.peer and "auto" not in options.last("--contexts", given).lower()):
            raise UsageError(
                f"there is no place for {word!r}",
                hint="one PEER, and files behind it with --contexts auto; commands go into -c "
                "'COMMANDS', or are read from stdin",
            )
        if arguments.peer:
            arguments.files.append(word)
        else:
            arguments.peer = word
    if given:
        own = options.by_name(shell_options())
        arguments.open_options = [each for each in given if each[0] not in own]
        _of_shell(arguments, given)
    options.need_peer(arguments.peer, arguments.open_options)
