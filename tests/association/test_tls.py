"""TLS below an association: pinned, refused, spoken to the wrong port (PS3.15 B.12)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assocsh import TLSConfig, connect
from assocsh.association.events import PduTransferred
from assocsh.association.tls import client_context
from assocsh.errors import (
    AssociationError,
    ConnectionFailed,
    OperationTimeout,
    UnusableFile,
    UsageError,
)
from assocsh.upperlayer.negotiation import UserIdentity
from tests.association.support import QUICK, SPECS, Watch, error_of
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire, serve

pytestmark = pytest.mark.peer("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


class TlsPeer:
    """A scripted peer behind TLS; ``seen`` is every byte that came through it."""

    def __init__(
        self, certificate: tuple[Path, Path], script: Callable[[Wire], Awaitable[None]]
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._script = script
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> TlsPeer:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, ssl=self._context
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"SECRET@127.0.0.1:{self.port}"
        return self

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.ensure_future(self._run(Wire(reader, writer, 3))))

    async def _run(self, wire: Wire) -> None:
        try:
            await self._script(wire)
        finally:
            await wire.close()

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()


def pin_of(certificate: tuple[Path, Path]) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    return "sha256:" + hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("how", ["pin", "ca", "insecure"])
async def test_an_association_over_tls(certificate: tuple[Path, Path], how: str) -> None:
    tls = {
        "pin": TLSConfig(pin=pin_of(certificate)),
        "ca": TLSConfig(ca=str(certificate[0])),
        "insecure": TLSConfig(insecure=True),
    }[how]
    watch = Watch()
    async with TlsPeer(certificate, serve) as peer:
        async with connect(
            peer.address, contexts=SPECS, timeouts=QUICK, tls=tls, observer=watch
        ) as association:
            assert (await association.echo().result()).status == 0
    whats = [getattr(event, "what", None) for event in watch.events]
    assert [one for one in whats if one] == ["connected", "tls", "closed"]
    assert watch.states[-1] == "released"


async def test_another_certificate_than_the_pinned_one_is_not_spoken_to(
    certificate: tuple[Path, Path],
) -> None:
    """Not a byte of the A-ASSOCIATE-RQ, which carries the password, reaches it."""
    came: list[bytes] = []

    async def script(wire: Wire) -> None:
        came.append(await wire.closed())

    class Wanting:
        wants_pdus = True

        def __init__(self) -> None:
            self.events: list[object] = []

        def __call__(self, event: object) -> None:
            self.events.append(event)

    observer = Wanting()
    identity = UserIdentity(2, b"me", b"secret")
    async with TlsPeer(certificate, script) as peer:
        with pytest.raises(ConnectionFailed, match="another certificate") as failed:
            await connect(
                peer.address,
                contexts=SPECS,
                timeouts=QUICK,
                tls=TLSConfig(pin="sha256:" + "00" * 32),
                user_identity=identity,
                observer=observer,
            )
    assert came in ([], [b""])
    assert not [one for one in observer.events if isinstance(one, PduTransferred)]
    assert pin_of(certificate) in failed.value.message and failed.value.code == 3


async def test_a_pin_that_is_none(certificate: tuple[Path, Path]) -> None:
    async with TlsPeer(certificate, lambda wire: wire.closed()) as peer:  # type: ignore[arg-type,return-value]
        with pytest.raises(UsageError, match="not a pin"):
            await connect(peer.address, contexts=SPECS, timeouts=QUICK, tls=TLSConfig(pin="md5:00"))


async def test_a_certificate_that_nobody_vouches_for(certificate: tuple[Path, Path]) -> None:
    async with TlsPeer(certificate, lambda wire: wire.closed()) as peer:  # type: ignore[arg-type,return-value]
        with pytest.raises(ConnectionFailed, match=r"certificate.*not accepted") as failed:
            await connect(peer.address, contexts=SPECS, timeouts=QUICK, tls=TLSConfig())
        assert "--tls-ca" in failed.value.hint and "--tls-pin" in failed.value.hint


@pytest.mark.scenario(18)
async def test_tls_to_a_plain_port() -> None:
    async def script(wire: Wire) -> None:
        first = await wire.read(1)
        assert first == b"\x16"  # a TLS handshake, no PDU
        await wire.send(scripted.abort(2, 1))

    async with ScriptedPeer(script) as peer:
        with pytest.raises(ConnectionFailed, match="TLS") as failed:
            await connect(
                peer.address, contexts=SPECS, timeouts=QUICK, tls=TLSConfig(insecure=True)
            )
        assert "an A-ABORT PDU in clear text" in failed.value.message
        assert "without --tls (our hello is to it a PDU of type 0x16" in failed.value.hint


@pytest.mark.scenario(18)
async def test_plain_to_a_tls_port(certificate: tuple[Path, Path]) -> None:
    """It answers with an alert or closes; in either case the hint is --tls."""
    async with TlsPeer(certificate, serve) as peer:
        with pytest.raises(AssociationError) as failed:
            await connect(peer.address, contexts=SPECS, timeouts=QUICK)
        assert "--tls" in failed.value.hint and failed.value.code == 3


@pytest.mark.rule("A11")
async def test_abort_over_tls_is_bounded(certificate: tuple[Path, Path]) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.closed()

    async with TlsPeer(certificate, script) as peer:
        association = await connect(
            peer.address, contexts=SPECS, timeouts=QUICK, tls=TLSConfig(insecure=True)
        )
        echo = association.echo()
        started = asyncio.get_running_loop().time()
        await association.abort()
        assert asyncio.get_running_loop().time() - started < 1.2
        assert not isinstance(await error_of(echo), OperationTimeout)


@pytest.mark.parametrize("end", ["cancelled", "timeout", "closed"])
async def test_a_handshake_that_comes_to_nothing(end: str) -> None:
    """A peer that takes the connection and says nothing, or closes it: nothing is left open."""
    shaking = asyncio.Event()

    async def script(wire: Wire) -> None:
        assert await wire.read(1) == b"\x16"
        shaking.set()
        if end == "closed":
            await wire.close()
        else:
            await wire.closed()

    timeouts = replace(QUICK, connect=0.2 if end == "timeout" else 2)
    async with ScriptedPeer(script) as peer:
        opening = connect(
            peer.address, contexts=SPECS, timeouts=timeouts, tls=TLSConfig(insecure=True)
        )
        task = asyncio.ensure_future(asyncio.wait_for(opening, 5))
        await shaking.wait()
        if end == "cancelled":
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        with pytest.raises(ConnectionFailed) as failed:
            await task
        words = {"timeout": "no answer within 0.2 s", "closed": "closed the connection"}[end]
        assert words in failed.value.message
        assert (failed.value.by, failed.value.code) == ("peer", 3)


@pytest.mark.parametrize("option", ["ca", "certificate"])
async def test_files_that_are_none_of_tls(option: str, tmp_path: Path) -> None:
    """Refused before anything is sent; the error names the file."""
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("this is no certificate")
    for path in (garbage, tmp_path / "missing.pem"):
        async with ScriptedPeer(serve) as peer:
            with pytest.raises(UnusableFile, match="TLS files") as refused:
                await connect(peer.address, contexts=SPECS, tls=TLSConfig(**{option: str(path)}))
            assert refused.value.path == str(path) and "PEM" in refused.value.hint
            assert peer.connections == 0


@pytest.mark.parametrize("how", ["cut", "ended"])
async def test_tls_that_is_cut_off_is_told_from_tls_that_was_ended(
    certificate: tuple[Path, Path], how: str
) -> None:
    """Without the close_notify somebody may have cut the answer short (RFC 8446 6.1)."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        if how == "cut":
            sock = wire.writer.get_extra_info("socket")
            with socket.socket(fileno=os.dup(sock.fileno())) as below:
                below.shutdown(socket.SHUT_RDWR)
        else:
            await wire.close()

    async with TlsPeer(certificate, script) as peer:
        association = await connect(
            peer.address, contexts=SPECS, timeouts=QUICK, tls=TLSConfig(insecure=True)
        )
        with pytest.raises(AssociationError) as lost:
            await association.echo().result()
    assert ("without its close_notify" in lost.value.message) == (how == "cut")
    assert (lost.value.by, lost.value.code) == ("peer", 4)


def test_what_is_wrong_with_a_file_is_said_of_that_file(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    own, key = certificate
    locked, another = tmp_path / "locked.pem", tmp_path / "another.pem"
    words = ("-aes256", "-passout", "pass:secret", "-in", key, "-out", locked)
    subprocess.run(["openssl", "pkey", *words], check=True, capture_output=True)
    make = ("genpkey", "-algorithm", "ed25519", "-out", another)
    subprocess.run(["openssl", *make], check=True, capture_output=True)
    missing = tmp_path / "missing.pem"
    for config, path, says in (
        (TLSConfig(certificate=str(own), key=str(missing)), missing, "No such file"),
        (TLSConfig(certificate=str(own), key=str(another)), another, "is not the key of"),
        (TLSConfig(certificate=str(own), key=str(locked)), locked, "no password was given"),
        (TLSConfig(certificate=str(own), key=str(locked), password="x"), locked, "is locked"),
        (TLSConfig(ca=str(key)), key, "there is no certificate in it"),
    ):
        with pytest.raises(UnusableFile, match=says) as refused:
            client_context(config)
        assert refused.value.path == str(path) and str(path) in refused.value.message
    client_context(TLSConfig(certificate=str(own), key=str(locked), password="secret"))
