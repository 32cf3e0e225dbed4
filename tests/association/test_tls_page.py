"""What a TLS server shows, looked at without an association."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from assocsh import Peer, TLSConfig
from assocsh.association.tls_page import look
from assocsh.errors import ConnectionFailed, UsageError
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need
from tests.peers.tls_server import TlsServer
from tests.program.certificates import Authority

pytestmark = pytest.mark.peer("openssl")


async def test_looked_at_first_then_judged(authority: Authority, tmp_path: Path) -> None:
    shown = authority.issue("shown")
    ca = str(authority.certificate.path)
    with TlsServer(tmp_path, shown.path, shown.key, how="read") as server:
        peer = Peer("ANY", LOOPBACK, server.port)
        unknown = await look(peer, TLSConfig(), 5)
        known = await look(peer, TLSConfig(ca=ca), 5)
        pinned = await look(peer, TLSConfig(pin="00" * 32), 5)
        unchecked = await look(peer, TLSConfig(insecure=True), 5)
        assert server.came == 0
    assert unknown.version == "TLSv1.3" and unknown.cipher.startswith("TLS_")
    assert unknown.chain[0].pin == shown.pin and not unknown.asked
    assert unknown.refusal is not None and "was issued by CN=ca" in unknown.refusal.message
    assert known.refusal is None and unchecked.refusal is None
    assert pinned.refusal is not None and "another certificate" in pinned.refusal.message


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_whose_certificates_it_wants(
    authority: Authority, tmp_path: Path, version: str
) -> None:
    """Looked at and judged without one: whether it insists shows when it is spoken to."""
    shown, ca = authority.issue("shown"), authority.certificate.path
    port = free_port()
    words = ("-www", version, "-cert", shown.path, "-key", shown.key, "-verify", "1", "-CAfile", ca)
    with PeerProcess(
        [need("openssl"), "s_server", "-accept", f"{LOOPBACK}:{port}", *words],
        port=port,
        log=tmp_path / "s_server.log",
    ):
        page = await look(Peer("ANY", LOOPBACK, port), TLSConfig(ca=str(ca)), 5)
    assert page.asked and page.authorities == ("CN=ca",)
    assert page.refusal is None


async def test_nothing_to_look_at() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        peer = Peer("ANY", LOOPBACK, silent.getsockname()[1])
        with pytest.raises(ConnectionFailed, match=r"no answer within 0\.1 s"):
            await look(peer, TLSConfig(), 0.1)
        with pytest.raises(UsageError, match="is not a pin"):
            await look(peer, TLSConfig(pin="x"), 5)
    with pytest.raises(ConnectionFailed, match="nothing listens"):
        await look(peer, TLSConfig(), 5)
    with pytest.raises(ConnectionFailed, match="is not known here"):
        await look(Peer("ANY", "nowhere.invalid", 1), TLSConfig(), 5)
