"""Sessions in which no association came to be, or not the one that was needed."""

from __future__ import annotations

import socket
import sys

from pynetdicom import AE
from pynetdicom.sop_class import Verification

from assocsh.wire.findings.finding import Who
from tests.captures.sessions.scripts import dialled, receive
from tests.captures.sessions.stage import Stage, answering, session
from tests.peers import scripted
from tests.peers.dcmtk import Dcmqrscp, Storescp, scu
from tests.peers.orthanc import Orthanc
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.tls_server import TlsServer
from tests.program.certificates import Authority


@session("rejected", "rejected", Who.REQUESTOR)
def rejected(stage: Stage) -> None:
    """Called by a name that it does not have."""
    with Dcmqrscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("echoscu", peer.port, called="NOBODY")


@session("refused", "rejected", Who.ACCEPTOR)
def refused(stage: Stage) -> None:
    """storescp --refuse."""
    with Storescp(stage.folder, "--refuse") as peer, stage.recorded(peer.port):
        scu("storescu", peer.port, "--", *stage.files())


def _served(**settings: object) -> tuple[AE, int]:
    entity = AE(ae_title="PYNETDICOM")
    entity.add_supported_context(Verification)
    for name, value in settings.items():
        setattr(entity, name, value)
    return entity, free_port()


@session("caller-not-known", "rejected", Who.ACCEPTOR)
def caller_not_known(stage: Stage) -> None:
    """pynetdicom that takes one calling AE title."""
    entity, port = _served(require_calling_aet=["SOMEBODY"])
    server = entity.start_server((LOOPBACK, port), block=False)
    assert server is not None
    with stage.recorded(port):
        scu("echoscu", port)
    server.shutdown()


@session("busy", "rejected", Who.ACCEPTOR)
def busy(stage: Stage) -> None:
    """pynetdicom that takes one association at a time."""
    entity, port = _served(maximum_associations=1)
    server = entity.start_server((LOOPBACK, port), block=False)
    assert server is not None
    with stage.recorded(port), socket.create_connection((LOOPBACK, port)) as first:
        first.sendall(scripted.associate_rq())
        receive(first)
        scu("echoscu", port)
        first.sendall(scripted.release_rq())
        receive(first)
    server.shutdown()


@session("no-context-accepted", "no-context-accepted", Who.REQUESTOR)
def no_context_accepted(stage: Stage) -> None:
    """A query to who only stores."""
    with Storescp(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, "-S", "-k", "QueryRetrieveLevel=STUDY")


@session("no-syntax-accepted", "no-context-accepted", Who.REQUESTOR)
def no_syntax_accepted(stage: Stage) -> None:
    """Orthanc that takes Implicit VR alone, and JPEG is proposed."""
    settings = {"AcceptedTransferSyntaxes": ["1.2.840.10008.1.2"]}
    with Orthanc(stage.folder / "a", **settings) as peer, stage.recorded(peer.port):
        dialled(peer.port, contexts=[(1, scripted.CT, ["1.2.840.10008.1.2.4.50"])])


@session("class-refused", "context-needed", Who.ACCEPTOR)
def class_refused(stage: Stage) -> None:
    """pynetdicom that takes one storage class of two; storescu finds the other one refused."""
    classes = {each.sop_class: each.path for each in stage.instances(99)}
    (taken, good), (_, bad) = list(classes.items())[:2]
    entity, port = _served()
    entity.add_supported_context(taken)
    server = entity.start_server((LOOPBACK, port), block=False)
    assert server is not None
    with stage.recorded(port):
        scu("storescu", port, "-R", "-xi", "--", bad, good)
    server.shutdown()


@session("connection-refused", "connection-refused", Who.ACCEPTOR)
def connection_refused(stage: Stage) -> None:
    """Once it listens, then nobody does."""
    with Storescp(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("echoscu", peer.port)
        peer.stop()
        scu("echoscu", peer.port)


@session("closed-before-answer", "closed-before-answer")
def closed_before_answer(stage: Stage) -> None:
    """It closes on whom it does not know."""
    with answering(lambda connection: receive(connection) and None) as port, stage.recorded(port):
        scu("echoscu", port)


def speechless(connection: socket.socket) -> None:
    while receive(connection):
        pass


@session("no-associate-answer", "no-associate-answer", Who.ACCEPTOR)
def no_associate_answer(stage: Stage) -> None:
    """The connection stands, and not a word."""
    with answering(speechless) as port, stage.recorded(port):
        scu("echoscu", port, "-to", "2", "-ta", "2", "-td", "2")


@session("web-server", "other-protocol", Who.REQUESTOR)
def web_server(stage: Stage) -> None:
    """The port of Orthanc's web pages."""
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.http_port):
        scu("echoscu", peer.http_port, called=peer.ae, seconds=90)


@session("tls-where-none-is", "other-protocol", Who.REQUESTOR)
def tls_where_none_is(stage: Stage) -> None:
    """TLS to storescp: the one who asks chose the port."""
    with Storescp(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("echoscu", peer.port)
        stage.shell(peer.address, "--tls-insecure", "-c", "echo")


@session("no-tls-where-it-is", "other-protocol", Who.REQUESTOR)
def no_tls_where_it_is(stage: Stage) -> None:
    """Without TLS to a port that has it, which answers with an alert (RFC 8446 6)."""

    def alert(connection: socket.socket) -> None:
        receive(connection)
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x0a")

    with answering(alert) as port, stage.recorded(port):
        scu("echoscu", port)


@session("reset-where-tls-is", "closed-before-answer")
def reset_where_tls_is(stage: Stage) -> None:
    """The same at a server that resets the connection: the bytes do not tell whose matter it is."""
    made = Authority(stage.folder / "ca").self_signed("server")
    with TlsServer(stage.folder, made.path, made.key) as peer, stage.recorded(peer.port):
        scu("echoscu", peer.port, "-to", "3", "-ta", "3")


@session("tls", "other-protocol")
def tls(stage: Stage) -> None:
    """TLS on both sides: what they say cannot be read, and nobody has to change."""
    made = Authority(stage.folder / "ca").self_signed("server")
    port = 2762
    words = ["serve", "--port", str(port), "--tls-cert", made.path, "--tls-key", made.key]
    argv = [sys.executable, "-m", "assocsh", *words]
    with PeerProcess(argv, port=port, log=stage.folder / "serve.log"), stage.recorded(port):
        stage.shell(f"PRACTICE@{LOOPBACK}:{port}", "--tls-insecure", "-c", "echo")
