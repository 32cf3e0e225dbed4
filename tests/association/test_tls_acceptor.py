"""TLS of an acceptor: who is let in, and what is said of whoever is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from assocsh import AcceptorPolicy, Listener, TLSConfig, UnusableFile, UsageError, listen
from assocsh.association.events import EngineEvent, StateChanged
from assocsh.errors import AssociationError
from tests.association.support import QUICK
from tests.peers.programs import need
from tests.program.certificates import Authority, Certificate

pytestmark = [pytest.mark.peer("openssl"), pytest.mark.peer("echoscu")]


class Watching:
    """Keeps the errors of associations that came to nothing; ``one`` waits for the first."""

    def __init__(self) -> None:
        self.one: asyncio.Future[AssociationError] = asyncio.get_running_loop().create_future()

    def __call__(self, event: EngineEvent) -> None:
        if isinstance(event, StateChanged) and event.error and not self.one.done():
            self.one.set_result(event.error)


@contextlib.asynccontextmanager
async def listening(tls: TLSConfig | None) -> AsyncIterator[tuple[Listener, Watching]]:
    watching = Watching()
    policy = AcceptorPolicy(("1.2.840.10008.1.1",))
    async with await listen(tls=tls, policy=policy, observer=watching, timeouts=QUICK) as listener:
        yield listener, watching


async def run(*words: str | Path | int) -> tuple[int, str]:
    """A client to its end; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return process.returncode, said.decode("utf-8", "replace")


async def echoscu(listener: Listener, *options: str | Path) -> tuple[int, str]:
    """DCMTK's client, with the ``options`` of its TLS."""
    title = ("-aec", listener.ae_title)
    return await run(need("echoscu"), "-v", *title, *options, listener.host, listener.port)


async def s_client(listener: Listener, *options: str | Path) -> tuple[int, str]:
    """OpenSSL's client."""
    address = f"{listener.host}:{listener.port}"
    return await run(need("openssl"), "s_client", "-connect", address, *options)


def config(shown: Certificate, ca: Path | None = None, profile: str = "bcp195") -> TLSConfig:
    return TLSConfig(
        certificate=str(shown.path),
        key=str(shown.key),
        ca=None if ca is None else str(ca),
        profile=profile,
    )


async def test_dcmtk_is_let_in(authority: Authority, good: Certificate) -> None:
    ca = authority.certificate.path
    own = authority.issue("own", subject="/CN=dcmtk")
    async with listening(config(good)) as (listener, _):
        code, said = await echoscu(listener, "+tla", "+cf", ca)
        assert code == 0, said
    async with listening(config(good, ca)) as (listener, _):
        code, said = await echoscu(listener, "+tls", own.key, own.path, "+cf", ca)
        assert code == 0, said


# what is wrong: what the listener is told of it, and what it is advised
WRONG = {
    "clear text": ("began with an A-ASSOCIATE-RQ PDU in clear text", "TLS switched on"),
    "no certificate": ("showed no certificate, and this side asks for one", "--tls-ca"),
    "another CA": ("CN=dcmtk, issued by CN=other", "--tls-ca"),
    "expired": ("it expired on 2021-01-01 00:00 UTC (CN=old)", "have it renewed"),
    "not yet valid": ("it is valid from 2090-01-01 00:00 UTC on (CN=new)", "clock"),
    "our CA unknown": ("does not accept our certificate, CN=peer, issued by CN=ca (", "its CA"),
    "no suite": ("it offers AES128-SHA256; taken here are TLS_AES_256", "--tls-profile aes"),
    "old version": ("no TLS that is safe: TLS 1.1 is the newest it offers", "TLS 1.2 is the least"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_who_is_not_let_in_is_named_with_the_reason(
    name: str, authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    ca = authority.certificate.path
    clients: dict[str, Sequence[str | Path]] = {
        "clear text": (),
        "no certificate": ("+tla", "+cf", ca),
        "our CA unknown": ("+tla", "-rc"),
        "no suite": ("-tls1_2", "-cipher", "AES128-SHA256"),
        "old version": ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
    }
    options = clients.get(name)
    if options is None:
        own = {
            "another CA": lambda: Authority(tmp_path, "other").issue("own", subject="/CN=dcmtk"),
            "expired": lambda: authority.issue(
                "old", subject="/CN=old", dates=("20200101", "20210101")
            ),
            "not yet valid": lambda: authority.issue(
                "new", subject="/CN=new", dates=("20900101", "20910101")
            ),
        }[name]()
        options = ("+tls", own.key, own.path, "+cf", ca)
    program = s_client if options and str(options[0]).startswith("-tls1") else echoscu
    async with listening(config(good, None if name == "clear text" else ca)) as (listener, seen):
        code, said = await program(listener, *options)
        assert code != 0, said
        error = await asyncio.wait_for(seen.one, 10)
        assert not listener.associations
    message, hint = WRONG[name]
    assert message in error.message and error.message.count("127.0.0.1:") == 1
    assert hint in error.hint and error.by == "peer"


async def test_tls_to_a_port_in_clear_text_is_named(good: Certificate) -> None:
    """With the advice for whoever listens: the other side has TLS switched on already."""
    async with listening(None) as (listener, seen):
        code, _ = await echoscu(listener, "+tla", "-ic")
        assert code != 0
        error = await asyncio.wait_for(seen.one, 10)
    assert "looks like a TLS handshake" in error.message
    assert "listen with a certificate" in error.hint and "try --tls" not in error.hint


async def test_who_says_nothing_has_a_timer(good: Certificate) -> None:
    async with listening(config(good)) as (listener, seen):
        _, writer = await asyncio.open_connection(listener.host, listener.port)
        error = await asyncio.wait_for(seen.one, 10)
        writer.close()
        await writer.wait_closed()
    assert "did not finish the TLS handshake within" in error.message


async def test_closing_gives_up_handshakes(good: Certificate) -> None:
    async with listening(config(good)) as (listener, seen):
        reader, writer = await asyncio.open_connection(listener.host, listener.port)
        assert listener._door is not None
        async with asyncio.timeout(10):
            while not listener._door._shaking:
                await asyncio.sleep(0.001)
        await listener.close()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert "stopped listening" in (await seen.one).message


async def test_a_certificate_that_cannot_be_used(good: Certificate, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a certificate"):
        await listen(tls=TLSConfig(ca=str(good.path)))
    missing = tmp_path / "missing.pem"
    with pytest.raises(UnusableFile, match=r"missing\.pem"):
        await listen(tls=config(Certificate(missing, missing)))
