"""Peers of a few lines, for what no real one does on demand: a connection in, bytes out."""

from __future__ import annotations

import socket
import time

from tests.peers import scripted
from tests.peers.process import LOOPBACK


def receive(connection: socket.socket) -> bytes:
    """One PDU, or what came before the end."""
    data = b""
    while len(data) < 6 or len(data) < 6 + int.from_bytes(data[2:6], "big"):
        wanted = (
            6 - len(data) if len(data) < 6 else 6 + int.from_bytes(data[2:6], "big") - len(data)
        )
        more = connection.recv(wanted)
        if not more:
            break
        data += more
    return data


def accept(connection: socket.socket, **options: object) -> None:
    """Answer the A-ASSOCIATE-RQ: every context, with Implicit VR Little Endian."""
    asked = scripted.read_association(receive(connection)[6:])
    results = {each.context_id: (0, scripted.IMPLICIT) for each in asked.proposed}
    connection.sendall(scripted.associate_ac(asked, results=results, **options))  # type: ignore[arg-type]


def until_the_end(connection: socket.socket) -> None:
    """Read, and answer an A-RELEASE-RQ."""
    while data := receive(connection):
        if data[0] == scripted.RELEASE_RQ:
            connection.sendall(scripted.release_rp())


def request(connection: socket.socket) -> scripted.Message:
    """A whole message."""
    command, data, said, context = b"", b"", None, 0
    while True:
        body = receive(connection)[6:]
        at = 0
        while at < len(body):
            length = int.from_bytes(body[at : at + 4], "big")
            context, control = body[at + 4], body[at + 5]
            piece = body[at + 6 : at + 4 + length]
            at += 4 + length
            if control & 1:
                command += piece
            else:
                data += piece
            if control == 3:
                said = scripted.read_command(command)
                if said["data_set_type"] == scripted.NO_DATA:
                    return scripted.Message(context, said, None)
            elif control == 2 and said is not None:
                return scripted.Message(context, said, data)


def echoed(extra: bytes = b"") -> bytes:
    """The response to a C-ECHO with Message ID 1, in one P-DATA-TF."""
    answer = scripted.command(
        affected_class=scripted.VERIFICATION,
        field=scripted.C_ECHO | scripted.RESPONSE,
        responded_id=1,
        status=0,
    )
    return scripted.pdata(scripted.pdv(1, answer + extra, is_command=True))


def dialled(
    port: int, *said: bytes, contexts: object = None, calling: str = "SCRIPTED", **options: object
) -> None:
    """Open an association, say each of ``said`` and read a PDU after it, release."""
    proposed = contexts or [(1, scripted.VERIFICATION, [scripted.IMPLICIT])]
    with socket.create_connection((LOOPBACK, port)) as connection:
        connection.settimeout(20)
        opening = scripted.associate_rq(proposed, calling=calling, **options)  # type: ignore[arg-type]
        connection.sendall(opening)
        receive(connection)
        for each in said:
            connection.sendall(each)
            answer = receive(connection)
            if not answer or answer[0] != scripted.PDATA:
                return
        connection.sendall(scripted.release_rq())
        while receive(connection)[:1] not in (b"", bytes([scripted.RELEASE_RP])):
            pass


def pause(seconds: float) -> None:
    """Time that is part of what is recorded."""
    time.sleep(seconds)
