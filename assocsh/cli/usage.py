"""The text of ``assocsh --help``."""

from __future__ import annotations

from assocsh.cli.options import folded_lines, listed
from assocsh.cli.ways import WAYS

ABOUT = """\
With -c 'echo; find study' the shell runs these commands and exits; -c can be
repeated. Without a terminal on stdin, and without -c, commands are read from
stdin as a script. Results go to stdout, everything else to stderr."""

CODES = """\
exit codes
  0 all went well                       4 the association was lost
  1 an expect or a DIMSE status failed  5 refused on this side before sending
  2 usage or syntax, nothing was sent   130 interrupted
  3 no association could be made        128+n other signals"""

_ASKING = "assocsh --version | --help"
_SYNOPSIS = 34
"""Columns of a way in; what it is for stands beside it."""

_OWN = ("serve", "tls", "lesson")
"""Ways whose options mean something else than those of the shell with the same names."""


def usage() -> str:
    """The whole text: the ways in, then the options of each under what they are about."""
    lines = [f"{way.synopsis:<{_SYNOPSIS}}  {way.summary}" for way in WAYS]
    said: set[str] = set()
    lines += [_ASKING, "", *ABOUT.splitlines()]
    for way in WAYS:
        if way.name == "run":
            continue  # has a page of its own
        for title, table in way.groups():
            new = [option for option in table if option.name not in said or way.name in _OWN]
            if title in said or not new:
                continue
            said |= {title, *(option.name for option in table)}
            lines += ["", title if not way.name else f"{title}: assocsh {way.name}", *listed(new)]
    return folded_lines([*lines, "", CODES])
