"""TLS (PS3.15 B.12): what must not be trusted fails closed, each with its own words, exit 3."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import write_series
from tests.peers.scripted import LOOPBACK
from tests.peers.silent import silent_peer
from tests.program.certificates import Authority, Certificate, server_context
from tests.program.support import ran

pytestmark = [
    pytest.mark.peer("openssl"),
    # the server forgets the socket of a handshake that failed
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> Certificate:
    return authority.issue("good")


class Server:
    """A DICOM server in a thread; ``spoken`` counts the associations that got through to it."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.spoken = 0
        entity = AE("PEER")
        entity.add_supported_context(Verification)
        handlers = [(evt.EVT_ACCEPTED, self._accepted)]
        self._server = entity.start_server(
            (LOOPBACK, 0), block=False, ssl_context=context, evt_handlers=handlers
        )
        assert self._server is not None
        self.address = f"PEER@{LOOPBACK}:{self._server.server_address[1]}"

    def _accepted(self, event: evt.Event) -> None:
        self.spoken += 1

    def close(self) -> None:
        assert self._server is not None
        self._server.shutdown()


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[Server]:
    made = Server(context)
    try:
        yield made
    finally:
        made.close()
        gc.collect()


async def opened(address: str, options: str, commands: str = "echo") -> tuple[int, str]:
    """The exit code of opening an association, and what was said."""
    output = MemoryOutput()
    session = new_session(output)
    try:
        code = await session.run(
            f"open {address} --contexts verification,CTImageStorage {options}; {commands}; release"
        )
    finally:
        await session.close()
    return code, output.said


SAID: dict[str, str] = {
    "expired": "certificate has expired",
    "not-yet": "certificate is not yet valid",
    "host": "IP address mismatch, certificate is not valid for '127.0.0.1'",
    "unknown-ca": "unable to get local issuer certificate",
    "self-signed": "self-signed certificate",
    "weak": "EE certificate key too weak",
    "tls-1.1": "the peer speaks no TLS that is safe",
    "rsa-kx": "the two share no cipher, or it wants a certificate of ours",
    "client": "A-ASSOCIATE-RQ: the peer wants a certificate of ours",
    "client-1.2": "the two share no cipher, or it wants a certificate of ours",
    "pin": "shows another certificate than the pinned one: sha256:",
    "to-plain": "does the peer speak TLS on this port?",
    "from-plain": "try --tls",
}


def case(name: str, authority: Authority, good: Certificate, folder: Path) -> tuple[Any, str]:
    """The server's context and the options of the client."""
    trusting = f"--tls-ca {authority.certificate.path}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        match name:
            case "expired":
                bad = authority.issue(name, dates=("20200101", "20210101"))
                return server_context(bad), trusting
            case "not-yet":
                bad = authority.issue(name, dates=("20900101", "20910101"))
                return server_context(bad), trusting
            case "host":
                bad = authority.issue(name, host="subjectAltName=DNS:elsewhere.example")
                return server_context(bad), trusting
            case "unknown-ca":
                other = Authority(folder / "other", "other")
                return server_context(good), f"--tls-ca {other.certificate.path}"
            case "self-signed":
                return server_context(authority.self_signed(name)), trusting
            case "weak":
                return server_context(authority.issue(name, bits=1024)), trusting
            case "tls-1.1":
                return server_context(good, newest=ssl.TLSVersion.TLSv1_1), trusting
            case "rsa-kx":
                old = authority.issue(name, bits=2048)
                context = server_context(
                    old, newest=ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA256:@SECLEVEL=0"
                )
                return context, trusting
            case "client":
                return server_context(good, client_ca=authority.certificate.path), trusting
            case "client-1.2":
                context = server_context(
                    good, client_ca=authority.certificate.path, newest=ssl.TLSVersion.TLSv1_2
                )
                return context, trusting
            case "pin":
                return server_context(good), f"--tls-pin {authority.certificate.pin}"
            case "to-plain":
                return None, trusting
            case "from-plain":
                return server_context(good), ""
    raise AssertionError(name)


@pytest.mark.parametrize("name", SAID)
@pytest.mark.scenario(98)
async def test_not_trusted(
    name: str, authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    context, options = case(name, authority, good, tmp_path)
    with serving(context) as server:
        async with asyncio.timeout(5):
            code, said = await opened(server.address, options)
    assert code == 3, said
    assert SAID[name] in said
    assert said.startswith("error: ") and "hint: " in said
    assert not server.spoken
    others = {words for other, words in SAID.items() if other != name and words != SAID[name]}
    assert not [words for words in others if words in said]


@pytest.mark.parametrize("options", ["ca", "pin", "insecure", "client"])
@pytest.mark.scenario(98)
async def test_trusted(options: str, authority: Authority, good: Certificate) -> None:
    ca = authority.certificate.path
    context = server_context(good, client_ca=ca if options == "client" else None)
    own = authority.issue("own", subject="/CN=assocsh")
    typed = {
        "ca": f"--tls-ca {ca}",
        "pin": f"--tls-pin {good.pin}",
        "insecure": "--tls --tls-insecure",
        "client": f"--tls-ca {ca} --tls-cert {own.path} --tls-key {own.key}",
    }[options]
    with serving(context) as server:
        code, said = await opened(server.address, typed)
        assert code == 0, said
        assert ("who answers is not checked" in said) == (options == "insecure")
    assert server.spoken == 1


@pytest.mark.scenario(98)
async def test_the_program(authority: Authority, good: Certificate) -> None:
    with serving(server_context(good)) as server:
        done = await ran(
            *(server.address, "--tls-ca", str(authority.certificate.path), "-c", "echo; release")
        )
        assert done.code == 0, done.err
        done = await ran(server.address, "--tls", "-c", "echo")
        assert done.code == 3
        assert "--tls-ca" in done.err


@pytest.mark.parametrize("options", ["--tls-ca nowhere.pem", "--tls-pin sha1:00", "--tls-cert x"])
@pytest.mark.scenario(98)
async def test_options_that_cannot_be_are_refused_here(options: str, good: Certificate) -> None:
    with serving(server_context(good)) as server:
        code, said = await opened(server.address, options)
        assert code in (2, 5), said
        assert "Traceback" not in said
    assert not server.spoken


@pytest.mark.peer("storescp")
@pytest.mark.scenario(98)
async def test_images_over_tls(
    authority: Authority,
    good: Certificate,
    start_storescp: Callable[..., Storescp],
    tmp_path: Path,
) -> None:
    """More than any buffer holds, to DCMTK: each pause of writing is followed by its end."""
    files = write_series(tmp_path / "sent", 8, side=1024)
    peer = start_storescp("+tls", str(good.key), str(good.path), "-ic")
    code, said = await opened(
        peer.address,
        f"--tls-ca {authority.certificate.path}",
        f"store {tmp_path / 'sent'}; echo --repeat 20",
    )
    assert code == 0, said
    assert len(peer.files) == len(files)
    code, said = await opened(peer.address, "", "echo")
    assert code == 3
    assert "--tls" in said


@pytest.mark.scenario(98)
async def test_a_plain_port_that_says_nothing_has_a_timer_of_its_own() -> None:
    output = MemoryOutput()
    session = new_session(output)
    async with silent_peer() as silent:
        line = f"set connect-timeout 200ms; open PEER@{LOOPBACK}:{silent.port} --tls"
        assert await session.run(line) == 3
    assert "the TLS handshake" in output.said and "no answer within 0.2 s" in output.said
    assert "does the peer speak TLS on this port?" in output.said
    await session.close()
