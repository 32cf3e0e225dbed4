"""TLS on the acceptor's side, with OpenSSL's and DCMTK's clients (PS3.15 B.12)."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from assocsh import (
    Accept,
    AssociationError,
    Reject,
    TLSConfig,
    UnusableFile,
    UsageError,
    connect,
    listen,
)
from assocsh.association.association import Association
from assocsh.association.events import StateChanged
from tests.association.support import QUICK, Watch
from tests.peers.dcmtk import scu

pytestmark = pytest.mark.peer("openssl")

Pair = tuple[Path, Path]


def _make(folder: Path, name: str) -> Pair:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return _make(tmp_path_factory.mktemp("tls"), "server")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return _make(tmp_path_factory.mktemp("tls"), "client")


def config(pair: Pair, **more: str) -> TLSConfig:
    return TLSConfig(certificate=str(pair[0]), key=str(pair[1]), **more)  # type: ignore[arg-type]


def _digest(certificate: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return hashlib.sha256(der).hexdigest()


async def test_dcmtk_over_tls(ours: Pair, client: Pair, tmp_path: Path) -> None:
    async with listen(tls=config(ours)) as listener:
        done = await asyncio.to_thread(
            scu, "echoscu", listener.port, "+tls", client[1], client[0], "+cf", ours[0]
        )
    assert done.check().output.count("Received Echo Response (Success)") == 1


async def test_the_certificate_of_a_client_is_there_to_decide(ours: Pair, client: Pair) -> None:
    """Asked for by ``ca``; known to the hook before anything is accepted, and refused by it."""
    seen: list[str] = []

    def decide(association: Association) -> Accept | Reject:
        shown = association.peer_certificate
        assert shown is not None
        seen.append(hashlib.sha256(shown).hexdigest())
        return Accept()

    tls = config(ours, ca=str(client[0]))
    async with listen(tls=tls, decide=decide) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        async with connect(peer, tls=config(client, ca=str(ours[0]))) as association:
            assert (await association.echo().result()).status == 0
    assert seen == [_digest(client[0])]


@pytest.mark.parametrize("how", ["no certificate", "another", "clear"])
async def test_a_client_that_does_not_come_through(how: str, ours: Pair, client: Pair) -> None:
    """It never is an association; the observer hears how it ended, and the next one is served."""
    watch = Watch()
    tls = config(ours, ca=str(client[0]))
    wrong = {
        "no certificate": TLSConfig(ca=str(ours[0])),
        "another": config(ours, ca=str(ours[0])),
        "clear": None,
    }[how]
    async with listen(tls=tls, observer=watch, timeouts=QUICK) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        with pytest.raises(AssociationError):
            await connect(peer, tls=wrong, timeouts=QUICK)
        ended = await watch.until(lambda event: isinstance(event, StateChanged))
        assert isinstance(ended, StateChanged) and ended.state == "lost"
        assert ended.error is not None and "127.0.0.1" in ended.error.message
        assert not listener.associations
        async with connect(peer, tls=config(client, ca=str(ours[0]))) as association:
            assert (await association.echo().result()).status == 0


async def test_a_client_that_says_nothing(ours: Pair) -> None:
    """A handshake has a timer; a listener that is closed does not wait for it."""
    watch = Watch()
    timeouts = replace(QUICK, connect=0.05)
    async with listen(tls=config(ours), observer=watch, timeouts=timeouts) as listener:
        _, writer = await asyncio.open_connection(listener.host, listener.port)
        ended = await watch.until(lambda event: isinstance(event, StateChanged))
        assert isinstance(ended, StateChanged) and ended.state == "lost"
        writer.close()
    async with listen(tls=config(ours), timeouts=replace(QUICK, connect=None)) as listener:
        reader, writer = await asyncio.open_connection(listener.host, listener.port)
        assert listener._door is not None
        async with asyncio.timeout(10):
            while not listener._door._shaking:  # a connection nobody took is reset, not closed
                await asyncio.sleep(0)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_files_and_options_that_cannot_be_used(ours: Pair, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("this is no certificate")
    for tls, path in (
        (TLSConfig(certificate=str(garbage)), garbage),
        (config(ours, ca=str(garbage)), garbage),
    ):
        with pytest.raises(UnusableFile) as refused:
            await listen(tls=tls)
        assert refused.value.path == str(path)
    with pytest.raises(UsageError, match="certificate"):
        await listen(tls=TLSConfig())
