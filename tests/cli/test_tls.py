"""``assocsh tls``, ``serve`` with TLS, and TLS in the config file: the program against DCMTK."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.dcmtk import Storescp, scu
from tests.peers.process import LOOPBACK
from tests.program.certificates import Authority, Certificate
from tests.program.support import ran, started

pytestmark = [pytest.mark.peer("openssl"), pytest.mark.peer("storescp")]


@pytest.fixture
def dcmtk(good: Certificate, start_storescp: Callable[..., Storescp]) -> Storescp:
    return start_storescp("+tls", str(good.key), str(good.path), "-ic")


def with_config(folder: Path, text: str) -> dict[str, str]:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return {**os.environ, "ASSOCSH_CONFIG": str(path)}


async def test_the_page_of_a_peer(dcmtk: Storescp, authority: Authority, good: Certificate) -> None:
    address = f"{LOOPBACK}:{dcmtk.port}"
    done = await ran("tls", address)
    assert done.code == 3
    for line in ("certificate     CN=peer", "  issued by     CN=ca", "localhost, 127.0.0.1"):
        assert line in done.out
    assert f"--tls-pin {good.pin}" in done.out and "not among the system's CAs" in done.err
    ca = ("--tls-ca", str(authority.certificate.path))
    done = await ran("tls", f"STORESCP@{address}", *ca)
    assert (done.code, done.err) == (0, "") and "trusted         yes" in done.out
    done = await ran("tls", address, *ca, "--format", "json")
    page = json.loads(done.out)
    assert page["trusted"] and page["pin"] == good.pin
    assert page["chain"][0]["key"] == "EC P-256" and page["chain"][0]["issuer"] == "CN=ca"
    done = await ran("tls", address, "--tls-pin", good.pin)
    assert done.code == 0
    assert "A-ASSOCIATE" not in dcmtk.output()


async def test_no_page_to_be_had(start_storescp: Callable[..., Storescp], tmp_path: Path) -> None:
    plain = start_storescp()
    done = await ran("tls", f"{LOOPBACK}:{plain.port}")
    assert done.code == 3 and done.out == "" and "without --tls" in done.err
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        done = await ran("tls", f"{LOOPBACK}:{unused.getsockname()[1]}")
    assert done.code == 3 and "nothing listens" in done.err
    for words, says in (((), "needs a peer"), (("nobody",), "no peer called"), (("a:1", "b"), "b")):
        done = await ran("tls", *words)
        assert done.code == 2 and says in done.err


async def test_a_handshake_that_is_cut_says_nothing_of_the_certificate(
    dcmtk: Storescp, authority: Authority
) -> None:
    """The first connection shows the certificate; the second, which checks it, is closed."""
    connections = 0

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            there, back = await asyncio.open_connection(LOOPBACK, dcmtk.port)
            await asyncio.gather(_handed_on(reader, back), _handed_on(there, writer))
        else:
            await reader.read(100)
        writer.close()

    server = await asyncio.start_server(between, LOOPBACK, 0)
    async with server:
        address = f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        ca = ("--tls-ca", str(authority.certificate.path))
        done = await ran("tls", address, *ca)
        connections = 0
        page = json.loads((await ran("tls", address, *ca, "--format", "json")).out)
    assert done.code == 3 and "trusted         could not tell: " in done.out, done
    assert "trusted         no" not in done.out
    assert page["trusted"] is None and page["message"]


async def _handed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


async def test_tls_of_a_peer_in_the_config_file(
    dcmtk: Storescp, authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.certificate.path.read_bytes())
    head = f'[peers.pacs]\naddress = "{dcmtk.address}"\n'
    environment = with_config(tmp_path, head + 'tls = { ca = "ca.pem", profile = "bcp195-mod" }\n')
    done = await ran("pacs", "-c", "echo; release", env=environment)
    assert done.code == 0, done.err
    done = await ran("tls", "pacs", env=environment)
    assert done.code == 0 and "Modified BCP 195" in done.out
    # typed options stand over it
    done = await ran("pacs", "--tls-pin", "00" * 32, "-c", "echo", env=environment)
    assert done.code == 3 and "another certificate" in done.err
    environment = with_config(tmp_path, head + f'tls = {{ pin = "{good.pin}" }}\n')
    done = await ran("pacs", "-c", "echo; release", env=environment)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('"yes"', "should be a table"),
        ("{ cert = 'x' }", "is not a key"),
        ("{ profile = 'ssl3' }", "one of bcp195"),
        ("{ insecure = 'no' }", "true or false"),
        ("{ pin = 'ab' }", "is not a pin"),
        ("{ min = '1.0' }", "older than the profile"),
    ],
)
async def test_what_is_wrong_in_the_config_file_is_named(
    value: str, says: str, tmp_path: Path
) -> None:
    environment = with_config(tmp_path, f'[peers.pacs]\naddress = "A@h:1"\ntls = {value}\n')
    done = await ran("pacs", "-c", "echo", env=environment)
    assert done.code == 2 and says in done.err and "line 3" in done.err


@pytest.mark.peer("echoscu")
async def test_serve_with_tls(authority: Authority, good: Certificate) -> None:
    """DCMTK is let in with its certificate, and what is wrong with others is said on stderr."""
    ca = authority.certificate.path
    own = authority.issue("own", subject="/CN=dcmtk")
    words = ("--tls-cert", good.path, "--tls-key", good.key, "--tls-ca", ca)
    async with started("serve", "--port", "0", *map(str, words)) as process:
        assert process.stdout is not None and process.stderr is not None
        address = (await process.stdout.readline()).decode()
        port = int(address.rpartition(":")[2])
        assert b"ready" in await process.stderr.readline()
        in_ = await asyncio.to_thread(
            scu, "echoscu", port, "+tls", own.key, own.path, "+cf", ca, called="PRACTICE"
        )
        assert in_.code == 0, in_.output
        out = await asyncio.to_thread(scu, "echoscu", port, "+tla", "+cf", ca, called="PRACTICE")
        assert out.code != 0
        said = (await process.stderr.readline()).decode()
        assert re.search(r"error: 127\.0\.0\.1:\d+ showed no certificate", said)
        assert b"hint: " in await process.stderr.readline()


async def test_serve_needs_a_certificate_that_can_be_used(
    tmp_path: Path, good: Certificate
) -> None:
    done = await ran("serve", "--port", "0", "--tls-ca", str(good.path))
    assert done.code == 2 and "--tls-cert and --tls-key" in done.err
    done = await ran("serve", "--port", "0", "--tls-cert", str(tmp_path / "none.pem"))
    assert done.code == 5 and "none.pem" in done.err
