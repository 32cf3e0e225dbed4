"""What completion is offered out of a session."""

from __future__ import annotations

from pathlib import Path

from assocsh.session.config import Config, OpenDefaults, PeerEntry
from assocsh.session.offers import SessionProvider
from tests.session.peer import match, peer, shell

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
NM = "1.2.840.10008.5.1.4.1.1.20"


async def test_before_anything_was_opened() -> None:
    config = Config(peers={"pacs": PeerEntry("pacs", "ARCHIVE@10.0.0.7:104")})
    async with shell(config=config) as (session, _):
        offers = SessionProvider(session)
        assert [name for name, _ in offers.peers()] == ["pacs", "practice"]
        assert list(offers.ae_titles()) == [("ASSOCSH", "our AE title")]
        assert list(offers.rows()) == [] and list(offers.request_numbers()) == []
        assert offers.context_status(CT) == ""
        session.variables["uid"] = "1.2.3"
        assert offers.variable_names() == ("uid",)
    async with shell(config=Config(open=OpenDefaults(ae_title="DESK"))) as (session, _):
        assert list(SessionProvider(session).ae_titles()) == [("DESK", "our AE title")]


async def test_what_is_open_and_what_the_practice_archive_can_do_wrong() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        offers = SessionProvider(session)
        assert session.association is not None
        accepted = [one for one in session.association.contexts if one.accepted]
        assert [number for number, _ in offers.contexts()] == [one.context_id for one in accepted]
        assert "Verification" in dict(offers.contexts()).values()
        assert dict(offers.faults())["silent"].startswith("never answers")
        await session.run("release")
        assert list(offers.contexts()) == []


async def test_what_a_session_has_seen(tmp_path: Path) -> None:
    async with peer() as scp, shell(scp, "--as DESK") as (session, _):
        offers = SessionProvider(session)
        scp.matches = [
            match(PatientID="P1", PatientName="DOE^JANE", StudyDate="20260101"),
            match(PatientID="P2", PatientName="ROE^RICHARD", StudyDate="20260102"),
        ]
        await session.run("echo; find study PatientID= PatientName= StudyDate=")
        assert ("the last one that was open") in [meta for _, meta in offers.peers()]
        assert list(offers.ae_titles()) == [("DESK", "our AE title")]
        assert list(offers.request_numbers()) == [(2, "C-FIND done 2"), (1, "C-ECHO done 1")]
        assert list(offers.rows()) == [(1, "20260101 DOE^JANE"), (2, "20260102 ROE^RICHARD")]
        found = dict(offers.recent_values("PatientID"))
        assert list(found) == ["P2", "P1"], "the latest first"
        assert found["P1"].startswith("from #2 row 1")
        assert next(iter(offers.recent_keywords())) == "StudyDate"
        session.base = tmp_path
        await session.run("listen --as STORE1 --to in")
        assert list(offers.ae_titles()) == [("STORE1", "our listener")]


async def test_what_became_of_a_context() -> None:
    async with peer(abstract_syntaxes=(CT,)) as scp, shell() as (session, _):
        offers = SessionProvider(session)
        await session.run(f"open {scp.address} --contexts CTImageStorage,MRImageStorage")
        assert offers.context_status(CT).startswith("accepted as ")
        assert "VRLittleEndian" in offers.context_status(CT)
        assert "not supported" in offers.context_status(MR)
        assert offers.context_status(NM) == "not proposed"
        await session.run("release")
        assert offers.context_status(CT) == ""
