"""The ways in: what can stand on the command line. Help, completion and manual are made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.language.model import Slot
from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from assocsh.language.model import Option

Groups = tuple[tuple[str, "tuple[Option, ...]"], ...]
"""Options under what they are about."""

SHELLS = ("bash", "zsh", "fish")
PEERS = "peers"
"""``assocsh completion peers`` lists those that the completion of a shell offers."""


class Way(NamedTuple):
    """One of the things that the program does, by the first word of its command line."""

    name: str
    """That word; empty for the shell, which needs none."""
    words: str
    """What follows it, as the usage shows it."""
    summary: str
    takes: tuple[Slot, ...] = ()
    """What its words are, one after the other; all that follow are like the last."""
    groups: Callable[[], Groups] = tuple
    suffix: str = ""
    """How files end that are among its words."""
    choices: tuple[str, ...] = ()

    @property
    def synopsis(self) -> str:
        return " ".join(part for part in ("assocsh", self.name, self.words) if part)

    @property
    def options(self) -> tuple[Option, ...]:
        """All its options, each once."""
        return tuple({one.name: one for _, group in self.groups() for one in group}.values())


def _open_groups() -> Groups:
    from assocsh.commands.open_options import OPEN_GROUPS

    return OPEN_GROUPS


def _shell() -> Groups:
    from assocsh.cli.arguments import shell_options

    return (("the shell", shell_options()), *_open_groups())


def _run() -> Groups:
    from assocsh.cli.run_arguments import groups

    return (*groups(), *_open_groups())


def _read() -> Groups:
    from assocsh.cli.arguments import shell_options
    from assocsh.cli.read import read_options

    return (("reading a capture", read_options()), ("the shell", shell_options()))


def _probe() -> Groups:
    from assocsh.cli.arguments import shell_options
    from assocsh.cli.probe import probe_options

    return (("a probe", probe_options()), ("the shell", shell_options()))


def _serve() -> Groups:
    from assocsh.cli.arguments import serve_options

    return (("serving", serve_options()),)


def _lesson() -> Groups:
    from assocsh.cli.arguments import shell_options
    from assocsh.cli.lesson import lesson_options

    return (("lessons", lesson_options()), ("the shell", shell_options()))


def _tls() -> Groups:
    from assocsh.cli.arguments import tls_options
    from assocsh.commands.open_options import TLS

    shared = {option.name for option in TLS}
    own = tuple(option for option in tls_options() if option.name not in shared)
    return (
        ("TLS", tuple(option for option in tls_options() if option.name in shared)),
        ("the certificate page, besides TLS", own),
    )


WAYS = (
    Way(
        "",
        "[PEER] [options]",
        "the shell; PEER is AET@HOST:PORT or a name of the config file",
        (Slot.PEER, Slot.FILE),
        _shell,
    ),
    Way("practice", "[options]", "the shell, on a built-in practice archive", (), _shell),
    Way(
        "run",
        "SCRIPT.assoc... [PEER]",
        "run session scripts, report, exit; see assocsh run --help",
        (Slot.FILE,),
        _run,
        ".assoc",
    ),
    Way(
        "read",
        "CAPTURE [options]",
        "what went wrong in a capture (pcap, pcapng), in the shell",
        (Slot.FILE,),
        _read,
    ),
    Way(
        "lesson",
        "[N | test DIR | report | grade DIR]",
        "the course, in the shell; for teachers: test, report, grade",
        (Slot.DIRECTORY,),
        _lesson,
    ),
    Way(
        "probe",
        "PEER [SECTION...]",
        "what a peer can do, measured; see help probe",
        (Slot.PEER, Slot.CHOICE),
        _probe,
    ),
    Way("serve", "[options]", "the practice archive alone, for other programs", (), _serve),
    Way(
        "tls",
        "HOST:PORT [options]",
        "the certificate page of a peer, no association",
        (Slot.PEER,),
        _tls,
    ),
    Way(
        "completion",
        "bash|zsh|fish",
        "what has that shell complete this command line",
        (Slot.CHOICE,),
        choices=(*SHELLS, PEERS),
    ),
)
