"""TLS (PS3.15 B.12): what must not be trusted fails closed, each with its own words, exit 3."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assocsh.association.tls import PROFILES, VERSIONS
from assocsh.commands.open_options import TLS_PROFILES, TLS_VERSIONS
from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import write_series
from tests.peers.process import PeerProcess, free_port, wait_until
from tests.peers.programs import need
from tests.peers.scripted import LOOPBACK
from tests.peers.silent import silent_peer
from tests.peers.tls_server import TlsServer
from tests.program.certificates import Authority, Certificate
from tests.program.support import ran

pytestmark = pytest.mark.peer("openssl")


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


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that the peers do not know."""
    return Authority(tmp_path_factory.mktemp("other"), "other")


class Mistake(NamedTuple):
    """What is said, and what is hinted at, of a peer that cannot be spoken to."""

    says: str
    hints: str
    options: str = "--tls-ca CA"


# Of DCMTK's storescp with TLS 1.2, of one without TLS, and of Python's ssl.
MISTAKES: dict[str, Mistake] = {
    "expired": Mistake("it expired on 2021-01-01 00:00 UTC (CN=peer)", "have it renewed"),
    "not-yet": Mistake("it is valid from 2090-01-01 00:00 UTC on (CN=peer)", "is the clock right"),
    "host": Mistake("it is not for '127.0.0.1' but for elsewhere.example", "--tls-sni elsewhere"),
    "unknown-ca": Mistake(
        "CN=peer was issued by CN=ca, which is not in", "--tls-ca names the CA; --tls-pin PIN"
    ),
    "system-ca": Mistake("not among the system's CAs", "--tls-ca names the CA", "--tls"),
    "self-signed": Mistake("CN=localhost signed it itself", "--tls-pin PIN takes this one"),
    "pin": Mistake(
        "shows another certificate than the pinned one: PIN", "--tls-pin PIN", "--tls-pin OTHER"
    ),
    "client": Mistake("the peer wants a certificate of ours (", "--tls-cert and --tls-key"),
    "wrong-client": Mistake(
        "does not accept our certificate, CN=assocsh, issued by CN=other (unknown_ca)",
        "its CA has to be known to the peer",
        "--tls-ca CA --tls-cert WRONG --tls-key WRONG_KEY",
    ),
    "from-plain": Mistake("", "--tls", ""),
    "to-plain": Mistake("", "try without --tls (our hello is to it a PDU of type 0x"),
    "weak": Mistake("its key is too weak, RSA 1024 (EE certificate key", "RSA 2048"),
    "tls-1.1": Mistake("no TLS that is safe, it refuses TLS 1.2 to 1.3", "--tls-profile aes"),
    "rsa-kx": Mistake("the two share no cipher suite", "--tls-profile aes"),
    "client-1.3": Mistake("the peer wants a certificate of ours (", "--tls-cert and --tls-key"),
    "wrong-client-1.3": Mistake(
        "does not accept our certificate, CN=assocsh, issued by CN=other (unknown_ca)",
        "its CA has to be known to the peer",
        "--tls-ca CA --tls-cert WRONG --tls-key WRONG_KEY",
    ),
    "closed": Mistake("closed the connection at our ClientHello", "try without --tls"),
}
TO_DCMTK = (*list(MISTAKES)[:9], "from-plain")
CLIENTS = ("client", "wrong-client", "client-1.3", "wrong-client-1.3")


@contextlib.contextmanager
def peer_of(
    name: str, authority: Authority, shown: Certificate, folder: Path
) -> Iterator[Storescp | TlsServer]:
    """The peer that has what is wrong."""
    ca = authority.certificate.path
    if name == "to-plain":
        peer: Storescp | TlsServer = Storescp(folder)
    elif name in TO_DCMTK:
        checking = ("-rc", "+cf", str(ca)) if name in CLIENTS else ("-ic",)
        peer = Storescp(folder, "+tls", str(shown.key), str(shown.path), *checking)
    else:
        settings: dict[str, Any] = {
            "tls-1.1": {"newest": ssl.TLSVersion.TLSv1_1},
            "rsa-kx": {"newest": ssl.TLSVersion.TLSv1_2, "ciphers": "AES128-SHA256:@SECLEVEL=0"},
            "closed": {"how": "close"},
        }.get(name, {"client_ca": ca} if name in CLIENTS else {})
        peer = TlsServer(folder, shown.path, shown.key, **settings)
    with peer:
        yield peer


def certificate_of(name: str, authority: Authority, good: Certificate) -> Certificate:
    """The certificate that the peer shows."""
    match name:
        case "expired":
            return authority.issue(name, dates=("20200101", "20210101"))
        case "not-yet":
            return authority.issue(name, dates=("20900101", "20910101"))
        case "host":
            return authority.issue(name, host="subjectAltName=DNS:elsewhere.example")
        case "self-signed":
            return authority.self_signed(name)
        case "weak" | "rsa-kx":
            return authority.issue(name, bits=1024 if name == "weak" else 2048)
    return good


@pytest.mark.peer("storescp")
@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.scenario(98)
async def test_a_mistake_is_one_sentence_and_what_to_do(
    name: str, authority: Authority, good: Certificate, other: Authority, tmp_path: Path
) -> None:
    """The words are made of what happened: the names, the dates, who wants or lacks what."""
    mistake, shown = MISTAKES[name], certificate_of(name, authority, good)
    wrong = other.issue("wrong", subject="/CN=assocsh")
    ca = other if name == "unknown-ca" else authority
    given = {
        "CA": str(ca.certificate.path),
        "WRONG": str(wrong.path),
        "WRONG_KEY": str(wrong.key),
        "OTHER": authority.certificate.pin,
    }
    options = " ".join(given.get(word, word) for word in mistake.options.split())
    with peer_of(name, authority, shown, tmp_path) as peer:
        async with asyncio.timeout(10):
            code, said = await opened(peer.address, options)
        spoken = "Association Received" in peer.output() or getattr(peer, "came", 0)
    assert code == 3, said
    assert not spoken or name == "to-plain", "the A-ASSOCIATE-RQ may carry a passcode"
    message, _, hint = said.partition("hint: ")
    assert message.startswith("error: ") and len(said.splitlines()) == 2
    assert mistake.says.replace("PIN", shown.pin) in message
    assert mistake.hints.replace("PIN", shown.pin) in hint


@pytest.mark.scenario(98)
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_the_peer_says_whose_certificates_it_takes(
    version: str, authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    """OpenSSL's s_server names its CAs in the CertificateRequest, in both versions of TLS."""
    port = free_port()
    asking = ("-Verify", "1", "-verify_return_error", "-CAfile", authority.certificate.path)
    words = ("-www", version, "-cert", good.path, "-key", good.key, *asking)
    with PeerProcess(
        [need("openssl"), "s_server", "-accept", f"{LOOPBACK}:{port}", *words],
        port=port,
        log=tmp_path / "s_server.log",
    ):
        address = f"PEER@{LOOPBACK}:{port}"
        code, said = await opened(address, f"--tls-ca {authority.certificate.path}")
    assert code == 3
    assert "the peer wants a certificate of ours" in said
    assert "it takes those issued by CN=ca" in said


@pytest.mark.peer("storescp")
@pytest.mark.scenario(98)
async def test_what_a_hint_says_works(
    authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    """The pin that is shown, the name that the certificate has, the profile for what is old."""
    elsewhere = certificate_of("host", authority, good)
    ca = f"--tls-ca {authority.certificate.path}"
    with Storescp(tmp_path, "+tls", str(elsewhere.key), str(elsewhere.path), "-ic") as peer:
        code, said = await opened(peer.address, ca)
        assert code == 3
        pin = re.search(r"--tls-pin sha256:[0-9a-f]{64}", said)
        assert pin is not None
        for options in (pin[0], f"{ca} --tls-sni elsewhere.example"):
            code, said = await opened(peer.address, options)
            assert code == 0, said
    old = authority.issue("rsa", bits=2048)
    with TlsServer(
        tmp_path, old.path, old.key, newest=ssl.TLSVersion.TLSv1, ciphers="AES128-SHA:@SECLEVEL=0"
    ) as peer:
        line = f"set acse-timeout 200ms; open {peer.address} {ca} --tls-profile aes"
        output = MemoryOutput()
        session = new_session(output)
        await session.run(line)
        await session.close()
        # the A-ASSOCIATE-RQ, over TLS 1.0
        wait_until(lambda: peer.came > 0, 10, f"something came: {output.said}")


@pytest.mark.peer("storescp")
@pytest.mark.parametrize("options", ["ca", "pin", "insecure", "client", "1.2", "mod", "nd"])
@pytest.mark.scenario(98)
async def test_trusted(
    options: str, authority: Authority, good: Certificate, start_storescp: Callable[..., Storescp]
) -> None:
    ca = authority.certificate.path
    own = authority.issue("own", subject="/CN=assocsh")
    checking = ("-rc", "+cf", str(ca)) if options == "client" else ("-ic",)
    typed = {
        "ca": f"--tls-ca {ca}",
        "pin": f"--tls-pin {good.pin}",
        "insecure": "--tls --tls-insecure",
        "client": f"--tls-ca {ca} --tls-cert {own.path} --tls-key {own.key}",
        "1.2": f"--tls-ca {ca} --tls-min 1.2",
        "mod": f"--tls-ca {ca} --tls-profile bcp195-mod",
        "nd": f"--tls-ca {ca} --tls-profile bcp195-nd",
    }[options]
    peer = start_storescp("+tls", str(good.key), str(good.path), *checking)
    code, said = await opened(peer.address, typed)
    assert code == 0, said
    assert ("who answers is not checked" in said) == (options == "insecure")
    assert peer.output().count("Association Received") == 1


@pytest.mark.peer("storescp")
@pytest.mark.scenario(98)
async def test_the_program(
    authority: Authority, good: Certificate, start_storescp: Callable[..., Storescp]
) -> None:
    peer = start_storescp("+tls", str(good.key), str(good.path), "-ic")
    done = await ran(
        *(peer.address, "--tls-ca", str(authority.certificate.path), "-c", "echo; release")
    )
    assert done.code == 0, done.err
    done = await ran(peer.address, "--tls", "-c", "echo")
    assert done.code == 3
    assert "--tls-ca" in done.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--tls-ca nowhere.pem", "nowhere.pem"),
        ("--tls-pin sha1:00", "is not a pin"),
        ("--tls-cert x", "the TLS files"),
        ("--tls-min 1.0", "--tls-profile aes"),
    ],
)
@pytest.mark.scenario(98)
async def test_options_that_cannot_be_are_refused_here(options: str, says: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as listening:
        code, said = await opened(f"PEER@{LOOPBACK}:{listening.getsockname()[1]}", options)
        assert code in (2, 5), said
        assert says in said and "Traceback" not in said


def test_the_words_for_options_are_what_there_is() -> None:
    assert tuple(PROFILES) == TLS_PROFILES and tuple(VERSIONS) == TLS_VERSIONS


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
