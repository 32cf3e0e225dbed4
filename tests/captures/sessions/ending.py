"""Sessions of which the association did not end with a release."""

from __future__ import annotations

import socket

from assocsh.wire.findings.finding import Who
from tests.captures.sessions.going_well import STUDIES
from tests.captures.sessions.scripts import accept, echoed, pause, receive, request
from tests.captures.sessions.stage import Stage, answering, session
from tests.peers import scripted
from tests.peers.dcmtk import Storescp, scu
from tests.peers.orthanc import Orthanc
from tests.peers.process import LOOPBACK


@session("aborted-after", "aborted", Who.ACCEPTOR)
def aborted_after(stage: Stage) -> None:
    """storescp aborts after a store."""
    with Storescp(stage.folder, "--abort-after") as peer, stage.recorded(peer.port):
        scu("storescu", peer.port, "--", *stage.files())


@session("aborted-during", "aborted", Who.ACCEPTOR)
def aborted_during(stage: Stage) -> None:
    """storescp aborts in the middle of a store."""
    with Storescp(stage.folder, "--abort-during") as peer, stage.recorded(peer.port):
        scu("storescu", peer.port, "--", *stage.files())


@session("aborted-by-the-requestor", "aborted", Who.NOBODY)
def aborted_by_the_requestor(stage: Stage) -> None:
    """echoscu --abort: it wanted to."""
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("echoscu", peer.port, "--abort", called=peer.ae)


def _echo_and_wait(port: int) -> None:
    """Ask for an echo, and wait for whatever comes."""
    with socket.create_connection((LOOPBACK, port)) as idle:
        idle.sendall(scripted.associate_rq())
        receive(idle)
        idle.sendall(scripted.echo_rq())
        while receive(idle):
            pass


@session("closed", "connection-lost", Who.ACCEPTOR)
def closed(stage: Stage) -> None:
    """A peer answers, and closes soon without a word."""

    def closing(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        connection.sendall(echoed())
        pause(1.5)

    with answering(closing) as port, stage.recorded(port):
        _echo_and_wait(port)


@session("closed-after-idle", "closed-after-idle", Who.REQUESTOR)
def closed_after_idle(stage: Stage) -> None:
    """Orthanc ends what is idle for 12 s."""
    with Orthanc(stage.folder / "a", DicomScpTimeout=12) as peer, stage.recorded(peer.port):
        _echo_and_wait(peer.port)


@session("closed-after-window", "closed-after-window", Who.ACCEPTOR)
def closed_after_window(stage: Stage) -> None:
    """A peer that ends every association of which a window was proposed."""

    def closing(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)

    with answering(closing) as port, stage.recorded(port):
        stage.shell(f"ANY@{LOOPBACK}:{port}", "--window", "8", "-c", "echo")


@session("closed-after-cancel", "closed-after-cancel", Who.ACCEPTOR)
def closed_after_cancel(stage: Stage) -> None:
    """A peer that knows no C-CANCEL."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        asked = request(connection)
        match = scripted.element(0x00080052, b"STUDY ")
        for _ in range(3):
            connection.sendall(scripted.response(asked, 0xFF00, match))
        receive(connection)

    with answering(script) as port, stage.recorded(port):
        scu("findscu", port, *STUDIES, "--cancel", "2")


@session("died", "connection-lost", Who.ACCEPTOR)
def died(stage: Stage) -> None:
    """A process is killed while it stores."""
    with Storescp(stage.folder, "--sleep-during", "60") as peer, stage.recorded(peer.port):
        import threading

        asking = threading.Thread(target=scu, args=("storescu", peer.port, "--", *stage.files()))
        asking.start()
        pause(1.0)
        import signal

        peer.signal(signal.SIGKILL)
        asking.join(30)
