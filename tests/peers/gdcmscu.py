"""GDCM's client ``gdcmscu``, from Debian's libgdcm-tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.peers.process import LOOPBACK, free_port
from tests.peers.programs import need
from tests.peers.run import run

# It ends so after the A-RELEASE-RP of every peer, DCMTK's too: all that it was to do is done then.
_ITS_OWN_END = "ProtocolStream as nullptr is invalid"
_ABORTED = -6


@dataclass(frozen=True)
class Spoken:
    """What gdcmscu traced of an association: the statuses that it got, in order."""

    statuses: list[int]
    output: str


def gdcmscu(port: int, *options: str | Path, called: str, calling: str = "GDCMSCU") -> Spoken:
    """Run it against a loopback port until it has released the association."""
    argv = [need("gdcmscu"), *options, "-D", "--aetitle", calling, "--call", called]
    done = run(*argv, LOOPBACK, port)
    assert done.code == 0 or (done.code == _ABORTED and _ITS_OWN_END in done.output), (
        f"{' '.join(done.argv)} ended with {done.code}:\n{done.output[-4000:]}"
    )
    assert "PDU code: 6" in done.output, "no A-RELEASE-RP came"
    lines = done.output.splitlines()
    # each command set is traced twice, as it is read and as it is handed on
    found = [int(line.split()[3]) for line in lines if line.startswith("(0000,0900)")]
    assert found[::2] == found[1::2], found
    return Spoken(found[::2], done.output)


def move(port: int, folder: Path, *options: str, called: str, at: int | None = None) -> Spoken:
    """C-MOVE to gdcmscu itself, which listens at the port ``at`` and writes into ``folder``."""
    listening = str(at or free_port())
    return gdcmscu(port, "--move", *options, "--port-scp", listening, "-o", folder, called=called)
