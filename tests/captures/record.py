"""Records the captures of ``recorded/`` from real peers: ``python -m tests.captures.record``.

dumpcap listens on loopback, DCMTK's programs speak with each other, with the practice archive, and
with a peer that does what no real one does on demand. Not run by the tests: they read its files.
"""

from __future__ import annotations

import gzip
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers import scripted
from tests.peers.dcmtk import Dcmqrscp, Storescp, scu
from tests.peers.dicom_files import write_instances
from tests.peers.ours import Serve
from tests.peers.process import LOOPBACK, free_port

HERE = Path(__file__).resolve().parent / "recorded"


@contextmanager
def recorded(name: str, *ports: int) -> Iterator[None]:
    """What goes over these ports meanwhile, as ``recorded/NAME.pcapng.gz``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.pcapng"
        wanted = " or ".join(f"tcp port {port}" for port in ports)
        argv = ["dumpcap", "-q", "-i", "lo", "-f", wanted, "-w", str(path)]
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
        HERE.mkdir(exist_ok=True)
        (HERE / f"{name}.pcapng.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


@contextmanager
def answering(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A peer for one connection; its port."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, free_port()))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)


def receive(connection: socket.socket) -> bytes:
    """One PDU, or what came before the end."""
    data = b""
    while len(data) < 6 or len(data) < 6 + int.from_bytes(data[2:6], "big"):
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def accept(connection: socket.socket) -> None:
    """Answer the A-ASSOCIATE-RQ: every context, Implicit VR Little Endian."""
    asked = scripted.read_association(receive(connection)[6:])
    connection.sendall(scripted.associate_ac(asked))


def silent(connection: socket.socket) -> None:
    accept(connection)
    while receive(connection):
        pass


def speechless(connection: socket.socket) -> None:
    while receive(connection):
        pass


def echoed(extra: bytes = b"") -> bytes:
    """The response to a C-ECHO with Message ID 1, in one P-DATA-TF."""
    answer = scripted.command(
        affected_class=scripted.VERIFICATION,
        field=scripted.C_ECHO | scripted.RESPONSE,
        responded_id=1,
        status=0,
    )
    return scripted.pdata(scripted.pdv(1, answer + extra, is_command=True))


def too_long(connection: socket.socket) -> None:
    """Answer with a P-DATA-TF of more than DCMTK takes."""
    accept(connection)
    receive(connection)
    connection.sendall(echoed(scripted.element(0xFFF0, b"x" * 20000)))
    while receive(connection):
        pass


def closing(connection: socket.socket) -> None:
    """Answer, and close after a while without a word."""
    accept(connection)
    receive(connection)
    connection.sendall(echoed())
    time.sleep(1.5)


def wait(port: int) -> None:
    """Ask for an echo, and wait for whatever comes."""
    proposed = 1, scripted.VERIFICATION, [scripted.IMPLICIT]
    with socket.create_connection((LOOPBACK, port)) as idle:
        idle.sendall(scripted.associate_rq([proposed]))
        receive(idle)
        idle.sendall(scripted.echo_rq())
        while receive(idle):
            pass


def main() -> None:
    """Record everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        files = [each.path for each in write_instances(folder / "files")]
        small = sorted(files, key=lambda path: path.stat().st_size)[:1]
        with Storescp(folder / "a") as storescp:
            with recorded("echo", storescp.port):
                scu("echoscu", storescp.port)
            with recorded("store", storescp.port):
                scu("storescu", storescp.port, "-xi", "--", *small)
            with recorded("no-context-accepted", storescp.port):
                scu("findscu", storescp.port, "-S", "-k", "QueryRetrieveLevel=STUDY")
            with recorded("connection-refused", storescp.port):
                scu("echoscu", storescp.port)
                storescp.stop()
                scu("echoscu", storescp.port)
        with Dcmqrscp(folder / "b") as dcmqrscp:
            with recorded("rejected", dcmqrscp.port):
                scu("echoscu", dcmqrscp.port, called="NOBODY")
        with Serve(folder) as serve:
            with recorded("move-destination-unknown", serve.port):
                keys = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=PRC-1001")
                scu("movescu", serve.port, "-P", "-aem", "NOWHERE", *keys, called="PRACTICE")
            with recorded("find", serve.port):
                scu(
                    "findscu",
                    serve.port,
                    "-S",
                    "-k",
                    "QueryRetrieveLevel=STUDY",
                    "-k",
                    "PatientName",
                    "-k",
                    "StudyInstanceUID",
                    called="PRACTICE",
                )
        for option, kind in (
            ("--refuse", "refused"),
            ("--abort-after", "aborted-after"),
            ("--abort-during", "aborted-during"),
        ):
            with Storescp(folder / kind, option) as storescp, recorded(kind, storescp.port):
                scu("storescu", storescp.port, "--", *small)
        for kind, script in (
            ("no-answer", silent),
            ("no-associate-answer", speechless),
            ("pdu-too-long", too_long),
            ("closed-after-idle", closing),
        ):
            with answering(script) as port, recorded(kind, port):
                if script is closing:
                    wait(port)
                else:
                    scu("echoscu", port, "-to", "2", "-ta", "2", "-td", "2")


if __name__ == "__main__":
    main()
