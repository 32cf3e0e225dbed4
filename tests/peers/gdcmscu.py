"""GDCM's client ``gdcmscu``, from Debian's libgdcm-tools."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.peers.process import LOOPBACK, free_port, wait_until
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
    # a command set is traced more than once: as it is read, and as it is handed on
    traced = re.split(r"^PDU code: 4$", done.output, flags=re.MULTILINE)[1:]
    found = [re.search(r"^\(0000,0900\) .* \(US\) (\d+)", pdu, re.MULTILINE) for pdu in traced]
    return Spoken([int(status[1]) for status in found if status], done.output)


def move(port: int, folder: Path, *options: str, called: str, at: int | None = None) -> Spoken:
    """C-MOVE to gdcmscu itself, which listens at the port ``at`` and writes into ``folder``.

    It sends the request first and listens then: an archive that is quick finds nothing there yet,
    and gdcmscu waits without end for an association that has been tried. ``listening_later`` is
    what an archive is to know in place of the port.
    """
    listening = str(at or free_port())
    return gdcmscu(port, "--move", *options, "--port-scp", listening, "-o", folder, called=called)


@contextmanager
def listening_later(port: int) -> Iterator[int]:
    """A port that is there at once; one connection to it goes on to ``port`` when that is there."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        relay = threading.Thread(target=_relay, args=(listener, port), daemon=True)
        relay.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends an accept that nobody called
            relay.join(10)


def _relay(listener: socket.socket, port: int) -> None:
    try:
        near, _ = listener.accept()
    except OSError:
        return
    far: list[socket.socket] = []

    def there() -> bool:
        with suppress(ConnectionRefusedError):
            far.append(socket.create_connection((LOOPBACK, port)))
        return bool(far)

    with near:
        wait_until(there, 30, f"gdcmscu listens at {port}")
        with far[0]:
            back = threading.Thread(target=_copy, args=(far[0], near), daemon=True)
            back.start()
            _copy(near, far[0])
            back.join(10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
