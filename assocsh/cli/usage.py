"""The text of ``assocsh --help``."""

from __future__ import annotations

HEAD = """\
assocsh [PEER] [options]                  the shell; PEER is AET@HOST:PORT or a name of config.toml
assocsh [PEER] -c 'echo; find study' ...  run commands and exit (-c can be repeated)
assocsh run SCRIPT.assoc... [PEER]        run session scripts, report, exit
assocsh practice [-c ...]                 the same, on a built-in practice archive
assocsh read CAPTURE [-c ...]             what went wrong in a capture (pcap, pcapng), its shell
assocsh serve [--port N] [--data DIR]     the practice archive alone, for other programs
assocsh tls HOST:PORT                     the certificate page of a peer, no association
assocsh --version | --help

Without a terminal on stdin and without -c, commands are read from stdin as a script.
Results go to stdout, everything else to stderr.
"""

CODES = """\
exit codes
  0 all went well                       4 the association was lost
  1 an expect or a DIMSE status failed  5 refused on this side before sending
  2 usage or syntax, nothing was sent   130 interrupted
  3 no association could be made        128+n other signals"""


def usage() -> str:
    """The whole text."""
    from assocsh.cli.arguments import serve_options, shell_options, tls_options
    from assocsh.cli.options import listed, open_options
    from assocsh.cli.read import read_options

    sections = (
        ("options", shell_options()),
        ("for opening the association", open_options()),
        ("for read", read_options()),
        ("for serve", serve_options()),
        ("for tls, besides those of the association", tls_options()[-2:]),
    )
    lines = [HEAD]
    for title, table in sections:
        lines += [title, *listed(table), ""]
    return "\n".join([*lines, CODES])
