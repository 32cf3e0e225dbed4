"""The text of ``assocsh --help``."""

from __future__ import annotations

HEAD = """\
assocsh [PEER] [options]                  the shell; PEER is AET@HOST:PORT or a name of config.toml
assocsh [PEER] -c 'echo; find study' ...  run commands and exit (-c can be repeated)
assocsh run SCRIPT.assoc... [PEER]        run session scripts, report, exit
assocsh practice [-c ...]                 the same, on a built-in practice archive
assocsh serve [--port N] [--data DIR]     the practice archive alone, for other programs
assocsh --version | --help

Without a terminal on stdin and without -c, commands are read from stdin as a script.
Results go to stdout, everything else to stderr.

options
  -c COMMANDS           commands, separated by ; or line ends
  --format FORMAT       table, expanded, json (JSON Lines), csv, dump
  --keep-going          go on after a failure (-c, stdin, run)
  --no-toolbar          a prompt without the toolbar

for opening the association"""

SERVE = """\
for serve
  --port N, --host ADDRESS, --data DIR, --latency MS, --as AET
  --destination AET@HOST:PORT   where C-MOVE may send to (can be repeated)"""

CODES = """\
exit codes
  0 all went well                       4 the association was lost
  1 an expect or a DIMSE status failed  5 refused on this side before sending
  2 usage or syntax, nothing was sent   130 interrupted
  3 no association could be made        128+n other signals"""


def usage() -> str:
    """The whole text."""
    from assocsh.commands.open_options import OPEN_OPTIONS

    lines = [HEAD]
    for option in OPEN_OPTIONS:
        name = f"{option.name} {option.metavar}".rstrip()
        lines.append(f"  {name:<21} {option.summary}")
    return "\n".join([*lines, "", SERVE, "", CODES])
