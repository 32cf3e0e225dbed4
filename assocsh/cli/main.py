"""The program: the command line is read, what it asks for is run, what went wrong is printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    from assocsh.cli.collecting import collect_again, collect_later

    if None in (sys.stdin, sys.stdout, sys.stderr):
        from assocsh.cli.streams import open_missing

        open_missing()
    collecting = collect_later()
    try:
        return _main(argv)
    finally:
        if collecting:
            collect_again()


def _main(argv: Sequence[str] | None) -> int:
    from assocsh.cli.arguments import Mode, parse_arguments
    from assocsh.errors import AssocshError, OutputClosed

    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
        if arguments.mode is Mode.HELP:
            from assocsh.cli.usage import usage

            return _say(usage())
        if arguments.mode is Mode.HELP_RUN:
            from assocsh.cli.run_arguments import usage as usage_of_run

            return _say(usage_of_run())
        if arguments.mode is Mode.VERSION:
            from assocsh.version import __version__

            return _say(f"assocsh {__version__}")
        if arguments.mode is Mode.COMPLETION:
            from assocsh.cli.completion import completion

            return _say(completion(arguments.files))
        from assocsh.cli.entry import enter

        return enter(arguments)
    except AssocshError as error:
        from assocsh.cli.streams import note
        from assocsh.output.problems import error_lines

        note("\n".join(error_lines(error)))
        return error.code
    except OutputClosed as lost:
        from assocsh.cli.streams import lost_output

        return lost_output(lost)


def _say(text: str) -> int:
    from assocsh.cli.streams import say

    say(text + "\n")
    return 0
