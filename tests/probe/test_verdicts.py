"""Each answer comes out both ways: the practice archive as it is, and with a trait of another."""

from __future__ import annotations

import pytest

from assocsh import TLSConfig, UserIdentity
from assocsh.practice import PracticeSettings, start
from assocsh.practice.traits import check, traits
from assocsh.probe import sections
from assocsh.probe.model import Level, Verdict
from assocsh.probe.sections.user import KINDS
from tests.peers import scripted as wire
from tests.peers.scripted import ScriptedPeer, Wire
from tests.probe.support import probed
from tests.program.certificates import Certificate

YES, NO = Verdict.YES, Verdict.NO

GOOD = ("acse", "id", "pref", "role", "ext", "win", "pdu", "find", "set", "cancel", "user")
"""What is asked of the archive as it is."""

BENT: dict[str, dict[str, Verdict]] = {
    "check-called": {"acse.any-called": NO, "acse.any-case": NO},
    "only-caller=ASSOCSH": {"acse.own": YES, "acse.any-calling": NO},
    "no-role": {"role.storage-both": NO, "role.storage-scp": NO, "role.get": NO},
    "no-window": {"win.granted": NO, "win.unlimited": NO, "win.at-once": NO},
    "window=4": {"win.granted": YES, "win.unlimited": NO},
    "one-at-a-time": {"win.granted": YES, "win.at-once": NO},
    "reorder": {"win.in-order": NO, "win.served": YES},
    "no-extended": {"ext.relational": NO, "ext.datetime": NO, "ext.relational-get": NO},
    "extended": {"ext.fuzzy": YES, "ext.timezone": YES},
    "max-pdu=1024": {"pdu.long": NO},
    "exceed-pdu": {"pdu.obeys": NO},
    "no-queries": {"find.models": NO, "role.get": NO},
    "status=0xA700@find": {"find.answers": NO, "set.latin1": NO, "ext.relational-proved": NO},
    "ignore-keys": {
        "find.matched": NO,
        "find.star": NO,
        "find.range": NO,
        "find.range-from": NO,
        "find.range-to": NO,
        "find.question-mark": NO,
        "find.says-ignored": NO,
        "find.any-case": YES,
    },
    "no-charset": {"set.declared": NO},
    "no-storage": {"ctx.storage": NO, "ctx.services": YES},
    "syntax=ImplicitVRLittleEndian": {"pref.storage": NO, "pref.query": NO},
}
"""By trait what is answered then; what is not named here is not looked at."""


def parse_name(text: str) -> str:
    """The name of a trait or a fault that is written with a value."""
    return text.partition("=")[0].partition("@")[0]


async def test_the_archive_as_it_is() -> None:
    async with await start() as archive:
        report = await probed(str(archive.peer), *GOOD)
    assert not report.partial
    by_verdict = {each.id: each.verdict for each in report.answers}
    for answers in BENT.values():
        for name, verdict in answers.items():
            told = by_verdict.get(name, YES)
            if name not in (
                "pdu.obeys",
                "find.says-ignored",
                "ext.fuzzy",
                "ext.timezone",
                "find.any-case",
            ):
                assert told is YES, f"{name} is {verdict} where it is bent, and {told} as it is"


@pytest.mark.parametrize("trait", BENT)
async def test_bent(trait: str) -> None:
    names = {name.partition(".")[0] for name in BENT[trait]}
    if parse_name(trait) in traits():
        settings = PracticeSettings(traits=(check(trait),))
    else:
        settings = PracticeSettings(faults=(trait,))
    async with await start(settings=settings) as archive:
        report = await probed(str(archive.peer), *names)
    told = {each.id: (each.verdict, each.why) for each in report.answers}
    assert {name: told[name][0] for name in BENT[trait]} == BENT[trait], told


def test_every_trait_is_tried() -> None:
    assert set(traits()) <= {*map(parse_name, BENT), "room", "idle"}


async def test_cancel_is_obeyed_or_not() -> None:
    """With the latency of a slow archive; what comes long after the C-CANCEL is proof."""
    for settings, verdict in (
        (PracticeSettings(latency=0.4), YES),
        (PracticeSettings(latency=0.4, faults=("ignore-cancel",)), NO),
    ):
        async with await start(settings=settings) as archive:
            report = await probed(str(archive.peer), "cancel")
        assert report.verdict("cancel.at-once") is verdict
        assert report.verdict("cancel.goes-on") is YES


async def test_room_and_idle() -> None:
    bent = PracticeSettings(traits=("room=3", "idle=300"))
    for settings, verdict, room in ((PracticeSettings(), YES, 5), (bent, NO, 3)):
        async with await start(settings=settings) as archive:
            peer = str(archive.peer)
            report = await probed(peer, "limit", "idle", level=Level.LOAD, max_open=5, max_idle=0.6)
        found = report.answer("limit.room")
        assert found is not None
        assert (found.verdict, found.value) == (verdict, room)
        assert report.verdict("idle.stays-open") is verdict
        if verdict is NO:
            assert report.verdict("idle.in-order") is YES


async def test_a_user_identity_is_looked_at_or_not() -> None:
    """Who does not say who it is, is not let in by one that asks: then nothing else is known."""
    demo = UserIdentity.user("demo", "practice")
    async with await start() as archive:
        report = await probed(str(archive.peer), "user", identity=demo)
    assert report.verdict("user.anyone") is YES
    assert {report.verdict(f"user.{name}") for name in KINDS} == {NO}
    async with await start(settings=PracticeSettings(require_user=True)) as archive:
        unnamed = await probed(str(archive.peer), "user")
        report = await probed(str(archive.peer), "user", identity=demo)
    assert {each.verdict for each in unnamed.answers} == {Verdict.UNKNOWN}
    assert "rejected" in unnamed.answers[0].why
    assert report.verdict("user.anyone") is NO
    assert {report.verdict(f"user.{name}") for name in KINDS} == {YES}


async def test_tls(good: Certificate) -> None:
    config = TLSConfig(certificate=str(good.path), key=str(good.key))
    async with await start(tls=config) as archive:
        trusting = TLSConfig(insecure=True)
        report = await probed(str(archive.peer), "tls", tls=trusting)
    assert {each.id: each.verdict for each in report.answers} == {
        "tls.offered": YES,
        "tls.trusted": YES,
        "tls.current": YES,
        "tls.1.3": YES,
        "tls.anyone": YES,
    }
    async with await start() as archive:
        report = await probed(str(archive.peer), "tls", "tcp")
        assert report.verdict("tls.offered") is NO
        assert report.verdict("tcp.listens") is YES
        gone = str(archive.peer)
    assert (await probed(gone, "tcp")).verdict("tcp.listens") is NO


async def test_longer_pdus_than_we_take() -> None:
    """What no peer does on demand: an answer longer than what we announced."""

    async def answer(to: Wire) -> None:
        request = await to.accept()
        if len(request.proposed) > 1:
            await to.answer_release()
            return
        await to.read_message()
        await to.send(wire.pdata(wire.pdv(1, bytes(5000), is_command=True)))

    async with ScriptedPeer(answer) as peer:
        report = await probed(peer.address, "pdu")
    assert report.verdict("pdu.obeys") is NO


def test_a_section_describes_itself() -> None:
    for each in sections.in_order():
        assert each.name in sections.names()
        assert each.questions
        assert each.title
        names = [question.name for question in each.questions]
        assert len(set(names)) == len(names)
