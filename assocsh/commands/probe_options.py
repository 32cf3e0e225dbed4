"""The options of ``probe``, which the command line takes too.

The command line is read before anything else is loaded: this imports the model and no more.
"""

from __future__ import annotations

from assocsh.commands.open_options import IDENTITY, OUR_TITLE, PRACTICE, TLS
from assocsh.language.model import Option, Slot

LEVELS = ("negotiate", "read", "time", "load")
LISTEN, HOST = "--listen", "--host"
OF_LISTENING = frozenset(
    (LISTEN, HOST, "--as", "--within", "--save", "--diff", "--policy", "--report-html")
)
"""The options that a probe of who connects takes."""

OF_OPENING = (*TLS, *IDENTITY, *PRACTICE)
"""Those of ``open`` that are as useful to a probe: what an ``open`` to type has as well."""

PROBE_OPTIONS: tuple[Option, ...] = (
    Option(
        "--level",
        Slot.CHOICE,
        "LEVEL",
        LEVELS,
        "associations only (negotiate), queries too (read, usual), waiting (time), many at once",
    ),
    OUR_TITLE,
    Option("--save", Slot.FILE, "FILE", summary="keep the report (JSON)"),
    Option("--diff", Slot.FILE, "FILE", summary="only what changed since the report in FILE"),
    Option(
        "--policy", Slot.FILE, "FILE", summary="only where it falls short of the report in FILE"
    ),
    Option("--report-html", Slot.FILE, "FILE", summary="a page with the matrix, to look at"),
    Option("--assoc", Slot.FILE, "FILE", summary="a session script that expects the same"),
    Option("--statement", summary="the tables of a conformance statement (PS3.2 N)"),
    Option("--retired", summary="retired SOP classes and transfer syntaxes too"),
    Option("--most", Slot.INTEGER, "N", summary="open no more associations than this (60)"),
    Option("--within", Slot.DURATION, "TIME", summary="take no longer than this (5min)"),
    Option("--delay", Slot.DURATION, "TIME", summary="wait before each association (0s)"),
    Option("--limit", Slot.INTEGER, "N", summary="rows taken of each query (5)"),
    Option("--max-idle", Slot.DURATION, "TIME", summary="wait for an idle end (90s)"),
    Option(LISTEN, Slot.INTEGER, "PORT", summary="probe who connects to this port instead"),
    Option(HOST, Slot.TEXT, "ADDRESS", summary="where --listen listens (127.0.0.1)"),
    *OF_OPENING,
)
