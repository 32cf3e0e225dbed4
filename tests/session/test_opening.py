"""What an association is opened with, and what is refused or said before it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from assocsh.association import TLSConfig
from assocsh.session.config import Config, OpenDefaults, PeerEntry
from assocsh.session.identity import PASSCODE
from assocsh.session.plan import OpenPlan
from tests.session.peer import Peer, peer, shell


async def planned(made: Peer, options: str, folder: Path) -> OpenPlan:
    """The plan of an ``open``, whether it came to be or not."""
    async with shell() as (session, output):
        session.base = folder
        await session.run(f"open {made.address} {options}")
        assert session.open_plan is not None, output.said
        return session.open_plan


async def test_options_over_the_peers_table_over_the_file(tmp_path: Path) -> None:
    async with peer() as scp:
        top = OpenDefaults("TOP", 2, "verification", 30000, {"dimse": 7.0, "connect": 8.0})
        entry = PeerEntry("pacs", scp.address, OpenDefaults("DESK", timeouts={"dimse": 9.0}))
        async with shell(config=Config(peers={"pacs": entry}, open=top)) as (session, _):
            assert await session.run("open pacs --window 4") == 0
            plan = session.open_plan
            assert plan is not None and plan.peer == scp.address
            assert (plan.calling_ae, plan.window, plan.max_pdu) == ("DESK", 4, 30000)
            assert plan.timeouts == {"dimse": 9.0, "connect": 8.0}
            assert session.association is not None
            assert session.association.timeouts.dimse == 9.0
            assert session.association.max_pdu == 30000
            await session.run("set timeout 3s")
            assert session.association.timeouts.dimse == 3.0, "what is typed last wins"
            assert session.association.timeouts.connect == 8.0
            await session.run("release; set timeout 4s; reopen --contexts +CTImageStorage")
            assert session.association.timeouts.dimse == 4.0
            assert session.open_plan is not None
            assert session.open_plan.contexts == "verification,CTImageStorage"


async def test_what_is_negotiated_of_classes_goes_with_their_contexts() -> None:
    """From the file, kept by a reopen that adds contexts, and left by one that has others."""
    find = "StudyRootQueryRetrieveInformationModelFind"
    answers = {"1.2.840.10008.5.1.4.1.2.2.1": b"\x01"}
    async with peer(extended=lambda uid, asked: answers.get(uid)) as scp:
        top = OpenDefaults(contexts="verification", common=("1.2.840.10008.1.1",))
        desk = OpenDefaults(
            contexts=f"{find},CTImageStorage",
            extended=("find:relational",),
            roles=("CTImageStorage:both",),
        )
        peers = {"pacs": PeerEntry("pacs", scp.address, desk)}
        relational = f"expect assoc.contexts[{find}].extended.relational"
        role = "expect assoc.contexts[CTImageStorage].role_asked"
        async with shell(config=Config(peers=peers, open=top)) as (session, output):
            for line in (
                f"open pacs; {relational} == yes; {role} == SCU/SCP",
                f"reopen --contexts +worklist; {relational} == yes",
                f"reopen --role CTImageStorage:none; {role} not exists; {relational} == yes",
                f"reopen --contexts {find}; {relational} not exists",
                f"reopen; {relational} not exists",
                f"release; open pacs --contexts CTImageStorage; {role} not exists",
                f"release; open pacs --extended find:01; {relational} == yes; {role} == SCU/SCP",
            ):
                assert await session.run(line) == 0, (line, output.said)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--contexts CTImageStorage --extended find:relational", "negotiated for find"),
        ("--role PrinterInstance:both", "PrinterInstance"),
        ("--latency 5", "--latency is for the practice archive"),
        ("--data .", "--data is for the practice archive"),
        ("--password-file secret", "--password-file needs --user"),
        ("--user jane --password-file none", "--password-file none: No such file"),
        ("--user jane --password-file empty", "its first line is empty"),
        ("--user jane --password-file secret", "would go over the network in clear text"),
        ("--user jane --password-file secret --tls --tls-insecure", "was not checked"),
    ],
)
async def test_refused_before_anything_is_sent(options: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\nsecond\n", "utf-8")
    (tmp_path / "secret").write_text("pass phrase\nsecond\n", "utf-8")
    async with peer() as scp, shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open {scp.address} {options}") in (2, 5)
        assert says in output.said
        assert session.association is None


async def test_a_name_that_is_no_peer_has_near_ones() -> None:
    config = Config(peers={"archive": PeerEntry("archive", "A@10.0.0.7:104")})
    async with shell(config=config) as (session, output):
        assert await session.run("open archiv") == 2
        assert "there is no peer called 'archiv'" in output.said
        assert "archive" in output.said.partition("hint:")[2]


async def test_options_of_tls_are_files_of_the_folder(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, _):
        session.base = tmp_path
        options = "--tls-ca ca.pem --tls-cert own.pem --tls-key own.key --tls-pin aabb"
        assert await session.run(f"open {scp.address} {options}") != 0
    files = {name: str(tmp_path / name) for name in ("ca.pem", "own.pem", "own.key")}
    assert session.open_plan is not None
    assert session.open_plan.tls == TLSConfig(
        ca=files["ca.pem"],
        certificate=files["own.pem"],
        key=files["own.key"],
        pin="aabb",
        insecure=False,
    )


async def test_a_user_and_a_passcode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("pass phrase\nsecond\n", "utf-8")
    async with peer() as scp:
        allowed = "--user jane --allow-cleartext-credentials"
        plan = await planned(scp, allowed, tmp_path)
        assert plan.identity is not None
        assert (plan.identity.kind, plan.identity.primary) == (1, b"jane")
        plan = await planned(scp, f"{allowed} --password-file secret", tmp_path)
        assert plan.identity is not None
        assert (plan.identity.kind, plan.identity.secondary) == (2, b"pass phrase")
        assert "pass phrase" not in repr(plan)
        monkeypatch.setenv(PASSCODE, "from outside")
        plan = await planned(scp, allowed, tmp_path)
        assert plan.identity is not None and plan.identity.secondary == b"from outside"


@pytest.mark.parametrize(("typed", "kind"), [("s3cret", 2), ("", 1)])
async def test_a_passcode_that_is_asked_for(typed: str, kind: int) -> None:
    asked: list[str] = []

    async def ask(question: str) -> str:
        asked.append(question)
        return typed

    async with peer() as scp, shell() as (session, output):
        session.interactive = True
        session.ask_secret = ask
        assert await session.run(f"open {scp.address} --user jane") == 0
        assert asked == ["passcode of jane (Enter for none): "]
        assert session.open_plan is not None and session.open_plan.identity is not None
        assert session.open_plan.identity.kind == kind
        assert "in clear text: --tls encrypts it" in output.said
        assert "s3cret" not in output.said


async def test_who_answers_is_not_checked_is_said(tmp_path: Path) -> None:
    async with peer() as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address} --tls --tls-insecure") == 3
        assert "TLS, but who answers is not checked" in output.said


async def test_an_association_on_which_nothing_was_accepted() -> None:
    async with peer(abstract_syntaxes=()) as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address} --contexts CTImageStorage") == 5
        assert "accepted none of the presentation contexts" in output.said
        assert "the peer knows none of these SOP classes" in output.said
        assert session.association is not None and session.association.closed


async def test_one_association_at_a_time() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run(f"open {scp.address}") == 5
        assert f"an association with {scp.address} is open (open)" in output.said
        assert await session.run("echo") == 0
