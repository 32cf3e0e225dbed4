"""Sessions in which somebody breaks the protocol."""

from __future__ import annotations

import socket

from assocsh.wire.findings.finding import Who
from tests.captures.sessions.scripts import accept, dialled, echoed, receive, request, until_the_end
from tests.captures.sessions.stage import Stage, answering, session
from tests.peers import scripted
from tests.peers.dcmtk import Dcmqrscp, Storescp, scu


@session("pdu-too-long", "pdu-too-long", Who.ACCEPTOR)
def pdu_too_long(stage: Stage) -> None:
    """A P-DATA-TF of more than echoscu takes."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        connection.sendall(echoed(scripted.element(0xFFF0, b"x" * 20000)))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("echoscu", port)


@session("pdu-length-wrong", "pdu-without-form", Who.ACCEPTOR)
def pdu_length_wrong(stage: Stage) -> None:
    """A length in a P-DATA-TF that is 4 too small."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        body = echoed()[6:]
        connection.sendall(scripted.pdu(scripted.PDATA, body, length=len(body) - 4))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("echoscu", port, "-td", "3")


@session("no-pdu", "stray-bytes", Who.REQUESTOR)
def no_pdu(stage: Stage) -> None:
    """Bytes that are no PDU, to storescp, which aborts as the provider."""
    with Storescp(stage.folder / "a") as peer, stage.recorded(peer.port):
        dialled(peer.port, b"GET / HTTP/1.1\r\n\r\n", called=peer.ae)


@session("refused-context-used", "context-not-accepted", Who.REQUESTOR)
def refused_context_used(stage: Stage) -> None:
    """A request on the context that storescp refused."""
    with Storescp(stage.folder / "a") as peer, stage.recorded(peer.port):
        asked = scripted.command(affected_class=scripted.STUDY_FIND, field=scripted.C_FIND,
                                 message_id=1, priority=0, data_set_type=1)  # fmt: skip
        contexts = [(1, scripted.VERIFICATION, [scripted.IMPLICIT]),
                    (3, scripted.STUDY_FIND, [scripted.IMPLICIT])]  # fmt: skip
        level = scripted.element(0x00080052, b"STUDY ")
        dialled(peer.port, scripted.message(3, asked, level), contexts=contexts, called=peer.ae)


@session("window-exceeded", "window-exceeded", Who.REQUESTOR)
def window_exceeded(stage: Stage) -> None:
    """Four requests at once where no window was negotiated, to dcmqrscp."""
    with Dcmqrscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        several = b"".join(scripted.echo_rq(message_id=number) for number in range(1, 5))
        dialled(peer.port, several, called=peer.ae)


@session("message-id-in-use", "message-id-in-use", Who.REQUESTOR)
def message_id_in_use(stage: Stage) -> None:
    """Two requests with one Message ID, in a window of 4."""

    def script(connection: socket.socket) -> None:
        accept(connection, window=(4, 1))
        first, second = request(connection), request(connection)
        connection.sendall(scripted.response(first) + scripted.response(second))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        dialled(port, scripted.echo_rq() + scripted.echo_rq(), b"", window=(4, 1))
