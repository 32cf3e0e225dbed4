"""A TLS server of Python's ``ssl`` in a process of its own: it says what came through, no more.

``tls_server.py PORT CERTIFICATE KEY NEWEST CIPHERS CLIENT_CA [HOW]``: ``NEWEST`` a name of
``ssl.TLSVersion``; an empty ``CLIENT_CA`` asks for no certificate. ``HOW`` is what it does with a
connection: ``read`` what comes, ``close`` in the middle of the handshake. Each connection is a
thread of plain sockets.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
import warnings
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port


class TlsServer(PeerProcess):
    """The server for one test; ``came`` is how many bytes came through its TLS."""

    def __init__(
        self,
        folder: Path,
        certificate: Path,
        key: Path,
        *,
        newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        ciphers: str = "ALL:@SECLEVEL=0",
        client_ca: Path | None = None,
        how: str = "read",
    ) -> None:
        port = free_port()
        words = (port, certificate, key, newest.name, ciphers, client_ca or "", how)
        super().__init__(
            [sys.executable, "-m", "tests.peers.tls_server", *map(str, words)],
            port=port,
            log=folder / "tls_server.log",
            cwd=Path(__file__).resolve().parents[2],
        )
        self.address = f"PEER@{LOOPBACK}:{port}"

    @property
    def came(self) -> int:
        return sum(int(line.split()[1]) for line in self.output().splitlines() if "came" in line)


def _serve(taken: socket.socket, context: ssl.SSLContext, how: str) -> None:
    with taken, contextlib.suppress(OSError):
        if how == "close":
            taken.recv(5)
            return
        with context.wrap_socket(taken, server_side=True) as connection:
            while data := connection.recv(65536):
                print("came", len(data), flush=True)


def main() -> None:
    port, certificate, key, newest, ciphers, client_ca, how = sys.argv[1:]
    warnings.simplefilter("ignore", DeprecationWarning)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion[newest]
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    with socket.create_server((LOOPBACK, int(port))) as listening:
        while True:
            taken, _ = listening.accept()
            threading.Thread(target=_serve, args=(taken, context, how), daemon=True).start()


if __name__ == "__main__":
    main()
