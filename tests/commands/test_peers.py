"""peers: kept, changed, tried; open without a peer, and with another one open."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from assocsh.errors import OperationCancelled
from assocsh.session.config import Config, load_config
from assocsh.session.offers import SessionProvider
from assocsh.session.session import Session
from tests.peers.dcmtk import Storescp
from tests.peers.ours import Serve
from tests.program.certificates import Authority
from tests.session.peer import peer, shell


def config_in(folder: Path) -> Config:
    return Config(folder / "config.toml")


async def test_a_peer_is_kept_opened_by_its_name_and_changed(tmp_path: Path) -> None:
    async with peer() as scp, shell(config=config_in(tmp_path)) as (session, output):
        added = f"peers add desk {scp.address} --as DESK --window 4 --contexts +worklist"
        assert await session.run(added) == 0, output.said
        assert await session.run("open desk") == 0, output.said
        assert session.open_plan is not None
        assert (session.open_plan.calling_ae, session.open_plan.window) == ("DESK", 4)
        assert session.open_plan.contexts == "default,worklist"
        assert await session.run("release; peers edit desk --as OTHER --without window") == 0
        assert await session.run("open desk") == 0, output.said
        assert (session.open_plan.calling_ae, session.open_plan.window) == ("OTHER", None)
        assert load_config(tmp_path / "config.toml") == session.config
        output.results.clear()
        assert await session.run("peers remove desk; set format json; peers") == 0
        names = [json.loads(line)["name"] for line in output.results if "peer" in line]
        assert names == ["practice"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("peers add practice A@h:1", "there is a peer called 'practice' already"),
        ("peers add desk A@h:1; peers add desk B@h:1", "there is a peer called 'desk' already"),
        ("peers add A@h:1 desk", "its name comes first"),
        ("peers add desk other", "is not a peer"),
        ("peers edit desk --window 1", "has no peer called 'desk'"),
        ("peers add desk A@h:1; peers edit desk", "there is nothing to change"),
        ("peers add desk A@h:1; peers remove dsk", "did you mean desk"),
        ("peers add desk A@h:1 --password-file pw", "--password-file needs --user"),
        ("peers add desk A@h:1 --user-jwt eyJhbGciOiJI.eyJzdWIi.abc", "looks like the secret"),
        ("peers add 'a b' A@h:1", "letters, digits"),
    ],
)
async def test_what_is_refused(line: str, says: str, tmp_path: Path) -> None:
    async with shell(config=config_in(tmp_path)) as (session, output):
        assert await session.run(line) == 2
        assert says in output.said
    written = tmp_path / "config.toml"
    assert "secret" not in written.read_text("utf-8") if written.exists() else True


async def test_where_a_secret_is_found_is_kept_by_its_whole_path(tmp_path: Path) -> None:
    async with shell(config=config_in(tmp_path)) as (session, output):
        session.base = tmp_path / "work"
        for line in (
            "peers add one A@h:1 --user jane --password-file pw --tls-ca ca.pem --user-response",
            "peers add two A@h:1 --user-jwt @env:TOKEN",
            "peers add three A@h:1 --user-jwt -",
            "peers edit one --user-saml saml.xml",
        ):
            assert await session.run(line) == 0, output.said
        one, two, three = (session.config.peers[name].open for name in ("one", "two", "three"))
        assert one.credential is not None and one.credential.option == "--user-saml"
        assert one.credential.path == tmp_path / "work" / "saml.xml"
        assert one.tls is not None and one.tls.ca == str(tmp_path / "work" / "ca.pem")
        assert two.credential is not None and two.credential.source == "@env:TOKEN"
        assert three.credential is not None and three.credential.source == "-"
        text = (tmp_path / "config.toml").read_text("utf-8")
        assert "jane" not in text and "pw" not in text, "another identity took its place"


@pytest.mark.peer("storescp")
async def test_the_way_to_a_peer_step_by_step(tmp_path: Path) -> None:
    with Storescp(tmp_path) as scp:
        async with shell() as (session, output):
            assert await session.run(f"set format json; peers test {scp.address}") == 0
            rows = [json.loads(line) for line in output.results]
            assert [row["step"] for row in rows] == ["TCP", "association", "echo", "release"]
            assert all(row["time_ms"] >= 0 for row in rows)
            assert rows[2]["result"] == "0x0000 Success"
            assert session.association is None, "it is none of the session's"


async def test_a_step_that_fails_says_why_and_what_was_not_reached(tmp_path: Path) -> None:
    async with peer() as scp:
        closed = scp.address
        await scp.listener.close()
        async with shell() as (session, output):
            assert await session.run(f"peers test {closed}") == 3
            table = output.text
            assert [line.split()[:2] for line in table.splitlines()[2:]] == [
                ["TCP", "failed"],
                ["association", "not"],
                ["echo", "not"],
                ["release", "not"],
            ]
            assert "refused" in output.said and "hint:" in output.said
    async with peer() as scp, shell(config=config_in(tmp_path)) as (session, output):
        assert await session.run(f"peers test {scp.address} ") == 0
        assert await session.run(f"peers add plain {scp.address} --tls; peers test plain") == 3
        assert "TLS          failed" in output.text
        assert "TCP          connected" in output.text


def answering(answer: str | None, asked: list[str]) -> Callable[[str], Awaitable[str]]:
    async def ask(question: str) -> str:
        asked.append(question)
        if answer is None:
            raise OperationCancelled("no answer was given: not opened")
        return answer

    return ask


async def opened(session: Session, line: str) -> int:
    """Type a line at the prompt; the exit code of its last command."""
    jobs = session.submit(line)
    for job in jobs:
        await job.done.wait()
    return jobs[-1].exit_code


@pytest.mark.parametrize(
    ("answer", "other"), [("", True), ("Y", True), ("yes", True), ("n", False), (None, False)]
)
async def test_another_peer_is_opened_when_who_is_asked_agrees(
    answer: str | None, other: bool
) -> None:
    asked: list[str] = []
    async with peer() as one, peer() as two, shell(one) as (session, output):
        session.interactive = True
        session.ask_line = answering(answer, asked)
        code = await opened(session, f"open {two.address}")
        assert asked == [f"release {one.address} first? [Y/n] "]
        assert (code == 0) is other
        assert session.peer == (two.address if other else one.address)
        assert session.association is not None and not session.association.closed
        assert ("association released" in output.text + output.said) is other
        assert await opened(session, "open nosuchpeer") == 5
        assert len(asked) == 1, "a name that is no peer is said before anybody is asked"


async def test_in_a_script_nobody_is_asked() -> None:
    async with peer() as one, peer() as two, shell(one) as (session, output):
        assert await session.run(f"open {two.address}") == 5
        assert "--release has open do it first" in output.said
        assert await session.run(f"open {two.address} --release") == 0
        assert session.peer == two.address


async def test_open_alone_shows_who_can_be_opened(tmp_path: Path) -> None:
    async with peer() as scp, shell(config=config_in(tmp_path)) as (session, output):
        assert await session.run("open") == 2, "a script has to say whom"
        session.interactive = True
        assert await opened(session, f"peers add desk A@h:1; open {scp.address}") == 0
        assert await opened(session, "release; open") == 0
        shown = output.text
        for words in ("desk", "A@h:1", "practice", scp.address, "opened lately"):
            assert words in shown
        assert "`open NAME` or `open AET" in output.said


async def test_peers_that_were_opened_are_remembered_and_offered(tmp_path: Path) -> None:
    async with peer() as scp:
        async with shell(scp) as (session, _):
            assert session.recent_peers.addresses == [], "a script is nobody who comes back"
        async with shell() as (session, _):
            session.interactive = True
            options = "--user jane --allow-cleartext-credentials"
            assert await opened(session, f"open {scp.address} {options}") == 0
        async with shell(config=config_in(tmp_path)) as (session, _):
            offered = dict(SessionProvider(session).peers())
            assert offered[scp.address] == "opened lately"
            await session.run(f"peers add desk {scp.address}")
            offered = dict(SessionProvider(session).peers())
            assert offered["desk"] == scp.address and scp.address not in offered
        kept = Path.home() / ".local" / "state" / "assocsh" / "peers"
        assert kept.read_text("utf-8") == f"{scp.address}\n", "the address, and nothing else"
        assert kept.stat().st_mode & 0o777 == 0o600


def test_the_last_ten_and_what_is_no_address_never() -> None:
    from assocsh.session.recent_peers import RecentPeers

    recent = RecentPeers()
    for number in range(1, 13):
        recent.add(f"A@h:{number}")
    recent.add("A@h:5")
    ports = [5, 12, 11, 10, 9, 8, 7, 6, 4, 3]
    assert RecentPeers().addresses == [f"A@h:{port}" for port in ports]
    kept = Path.home() / ".local" / "state" / "assocsh" / "peers"
    kept.write_bytes(b"A@h:1\n\x1b[2J\nno address\nA@h:1\n" + b"\xff" * 9000)
    assert RecentPeers().addresses == ["A@h:1"]


async def test_a_recording_says_what_was_agreed_to(tmp_path: Path) -> None:
    asked: list[str] = []
    async with peer() as one, peer() as two:
        async with shell(one) as (session, output):
            session.base, session.interactive = tmp_path, True
            session.ask_line = answering("", asked)
            assert await opened(session, "record tour.assoc") == 0
            assert await opened(session, "open") == 0
            assert await opened(session, f"open {two.address}") == 0
            assert await opened(session, "echo") == 0
            assert await opened(session, "record --stop") == 0
        lines = (tmp_path / "tour.assoc").read_text("utf-8").splitlines()
        assert f"open {two.address} --release" in lines and "open" not in lines
        async with shell() as (session, output):
            session.base = tmp_path
            assert await session.run("run tour.assoc") == 0, output.said


async def test_tls_is_a_step_of_its_own(tmp_path: Path, authority: Authority) -> None:
    own = authority.issue("archive")
    (tmp_path / "serve").mkdir()
    options = ("--tls-cert", str(own.path), "--tls-key", str(own.key))
    with Serve(tmp_path / "serve", *options) as archive:
        async with shell(config=config_in(tmp_path)) as (session, output):
            added = f"peers add safe {archive.address} --tls-ca {authority.certificate.path}"
            assert await session.run(f"{added}; peers test safe") == 0, output.said
            steps = [line.split()[:2] for line in output.text.splitlines()[2:4]]
            assert steps == [["TCP", "connected"], ["TLS", "agreed"]]
            assert await session.run("peers edit safe --without tls-ca; peers test safe") == 3
            assert "TLS          failed" in output.text, "checked still, and nobody is trusted"
