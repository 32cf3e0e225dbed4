"""Where sessions are recorded, and the register of those that are: ``@session`` makes a capture.

dumpcap listens on loopback meanwhile. What is found first in a capture, and who has to change, is
part of its session: it was made so that this is true.
"""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from assocsh.wire.findings.finding import Who
from tests.captures import building
from tests.peers import scripted
from tests.peers.dicom_files import InstanceFile, write_instances
from tests.peers.process import LOOPBACK, free_port
from tests.peers.run import Finished, run

RECORDED = Path(__file__).resolve().parents[1] / "recorded"

NOTHING = ""
"""Nothing is wrong in it, so nothing is found."""


class Session(NamedTuple):
    """A capture: its name, the finding that comes first, who must change, and how it is made."""

    name: str
    cause: str
    change: Who
    make: Callable[[Stage], None]


SESSIONS: dict[str, Session] = {}


def session(
    name: str, cause: str = NOTHING, change: Who = Who.NOBODY
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Register what makes ``recorded/NAME``."""

    def register(make: Callable[[Stage], None]) -> Callable[[Stage], None]:
        assert name not in SESSIONS, name
        SESSIONS[name] = Session(name, cause, change, make)
        return make

    return register


def path_of(name: str) -> Path:
    """The capture of a session."""
    (found,) = RECORDED.glob(f"{name}.pcap*.gz")
    return found


class Stage:
    """What a session is made with: a folder of its own, and some files to send."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def instances(self, count: int = 1) -> list[InstanceFile]:
        """The smallest ones that are not compressed."""
        plain = (scripted.IMPLICIT, scripted.EXPLICIT)
        found = write_instances(self.folder / "files")
        found = [each for each in found if each.transfer_syntax in plain]
        return sorted(found, key=lambda each: each.path.stat().st_size)[:count]

    def files(self, count: int = 1) -> list[Path]:
        """They as files."""
        return [each.path for each in self.instances(count)]

    def keep(self, data: bytes, suffix: str) -> None:
        """This is the capture."""
        RECORDED.mkdir(exist_ok=True)
        for old in RECORDED.glob(f"{self.name}.pcap*.gz"):
            old.unlink()
        (RECORDED / f"{self.name}{suffix}.gz").write_bytes(gzip.compress(data, 9, mtime=0))

    def keep_frames(self, link: int, frames: list[building.Frame]) -> None:
        """So are these packets."""
        self.keep(building.pcap(link, frames, nano=True), ".pcap")

    @contextmanager
    def recorded(self, *ports: int, interface: str = "lo", link: str = "") -> Iterator[None]:
        """What goes over these ports meanwhile is the capture."""
        path = self.folder / "raw.pcapng"
        wanted = " or ".join(f"tcp port {port}" for port in ports)
        argv = ["dumpcap", "-q", "-i", interface, "-f", wanted, "-w", str(path)]
        argv += ["-y", link] if link else []
        with subprocess.Popen(argv, stderr=subprocess.PIPE) as dumpcap:
            assert dumpcap.stderr is not None
            while b"File:" not in dumpcap.stderr.readline():
                pass
            time.sleep(0.3)
            try:
                yield
            finally:
                time.sleep(0.5)
                dumpcap.send_signal(signal.SIGINT)
        self.keep(path.read_bytes(), ".pcapng")

    def shell(self, *words: str | Path) -> Finished:
        """Run assocsh in the folder."""
        return run(sys.executable, "-m", "assocsh", *words, cwd=self.folder)

    def slowly(self, *words: str | Path | int) -> None:
        """Run a program of DCMTK with Nagle's algorithm on, as it is by default."""
        environment = {key: value for key, value in os.environ.items() if key != "TCP_NODELAY"}
        subprocess.run(
            [str(word) for word in words],
            env={**environment, "TCP_NODELAY": "0"},
            capture_output=True,
            timeout=60,
            check=False,
        )


def of_patient(instance: InstanceFile) -> tuple[str, ...]:
    """What DCMTK's programs take to retrieve all of its patient."""
    patient = f"PatientID={instance.patient_id}"
    return "-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", patient


@contextmanager
def answering(script: Callable[[socket.socket], None], receive: int = 0) -> Iterator[int]:
    """A peer for one connection; its port. ``receive``: the size of its receive buffer."""
    with socket.socket() as listener:
        if receive:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        listener.bind((LOOPBACK, free_port()))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)
