"""``listen`` below TLS: DCMTK stores there, and who is not let in is named at the prompt."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assocsh.practice.examples import make
from tests.peers.dcmtk import scu
from tests.program.certificates import Authority
from tests.session.peer import shell, until

pytestmark = [pytest.mark.peer("openssl"), pytest.mark.peer("storescu")]


async def test_who_stores_over_tls_and_who_does_not(tmp_path: Path) -> None:
    authority = await asyncio.to_thread(Authority, tmp_path / "tls")
    own = await asyncio.to_thread(authority.issue, "own")
    theirs = await asyncio.to_thread(authority.issue, "theirs", subject="/CN=modality")
    ca = authority.certificate.path
    make(tmp_path / "images")
    image = tmp_path / "images" / "ct.dcm"
    async with shell() as (session, output):
        session.base = tmp_path
        options = f"--tls-cert {own.path} --tls-key {own.key} --tls-ca {ca}"
        assert await session.run(f"listen --to in --as HERE {options}") == 0
        assert session.listener is not None
        port = session.listener.port
        secured = ("+tls", theirs.key, theirs.path, "+cf", ca)
        done = await asyncio.to_thread(scu, "storescu", port, *secured, "--", image, called="HERE")
        assert done.code == 0, done.output
        await until(lambda: len(list((tmp_path / "in").glob("*.dcm"))) == 1)
        done = await asyncio.to_thread(scu, "storescu", port, "--", image, called="HERE")
        assert done.code != 0
        await until(lambda: "in clear text" in output.said)
        assert "spoke without TLS to a port of TLS: it began with an A-ASSOCIATE-RQ" in output.said
        assert "hint: have TLS switched on at that peer" in output.said


async def test_a_listener_without_a_certificate_is_refused(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("listen --to in --tls-ca ca.pem") == 2
        assert "an acceptor with TLS needs a certificate" in output.said
        assert session.listener is None
