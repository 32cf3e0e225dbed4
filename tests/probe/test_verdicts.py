"""Each answer comes out both ways, and as what could not be told.

``SITUATIONS`` are peers, each with the answers that it is made for. What the sections can answer is
not written here: a question that is new has no situation for its verdicts, and a test says so.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from assocsh import TLSConfig, UserIdentity
from assocsh.practice import PracticeSettings, start
from assocsh.practice.faults import known_faults
from assocsh.practice.traits import check, traits
from assocsh.probe import sections
from assocsh.probe.keys import USUAL
from assocsh.probe.model import Level, Verdict
from assocsh.probe.sections.user import KINDS
from tests.peers import scripted as wire
from tests.peers.process import free_port
from tests.peers.scripted import ScriptedPeer, Wire
from tests.peers.tls_server import TlsServer
from tests.probe.support import probed
from tests.program.certificates import Authority, Certificate

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
DEMO = UserIdentity.user("demo", "practice")
NAMES = tuple(f"user.{name}" for name in KINDS)

LEVEL_KEYS = tuple(f"find.{name}-keys" for name in USUAL)
TLS_QUESTIONS = ("tls.trusted", "tls.current", "tls.1.3", "tls.anyone")


@dataclass(frozen=True)
class Situation:
    """A practice archive as it is made by ``switches``, traits or faults, and what is found there.

    ``peer`` is another way to come by one. ``asked`` goes to the settings of the probe.
    """

    answers: Mapping[str, Verdict]
    switches: tuple[str, ...] = ()
    peer: str = "practice"
    asked: Mapping[str, Any] = field(default_factory=dict)


def _all(verdict: Verdict, *names: str) -> dict[str, Verdict]:
    return dict.fromkeys(names, verdict)


def _every(verdict: Verdict, *without: str) -> dict[str, Verdict]:
    """All questions of all sections, but for those of some."""
    return {
        f"{each.name}.{question.name}": verdict
        for each in sections.in_order()
        if each.name not in without
        for question in each.questions
    }


SITUATIONS: dict[str, Situation] = {
    "as it is": Situation(
        {
            **_all(YES, "tcp.listens", "acse.own", "acse.any-called", "acse.any-calling"),
            **_all(YES, "acse.any-case", "id.named", "id.toolkit", "id.product"),
            **_all(YES, "pref.storage", "pref.query", "pref.verification"),
            **_all(YES, "role.storage-both", "role.storage-scp", "role.storage-scu", "role.get"),
            **_all(YES, "role.commitment-scp", "win.granted", "win.unlimited", "win.served"),
            **_all(YES, "win.in-order", "win.at-once", "user.anyone", "pdu.long"),
            **_all(NO, *NAMES),
            **_all(YES, "ext.relational", "ext.datetime", "ext.relational-get"),
            **_all(YES, "ext.relational-move", "ext.relational-proved", "ext.datetime-proved"),
            **_all(NO, "ext.fuzzy", "ext.timezone"),
            **_all(UNKNOWN, "ext.common", "pdu.obeys", "find.says-ignored"),
            **_all(UNKNOWN, "cancel.at-once", "cancel.after-a-row", *TLS_QUESTIONS),
            **_all(YES, "find.models", "find.answers", "find.levels", "find.returned"),
            **_all(
                YES, *LEVEL_KEYS, "find.matched", "find.list", "find.star", "find.question-mark"
            ),
            **_all(YES, "find.range", "find.range-from", "find.range-to", "find.sequence"),
            **_all(YES, "find.any-case", "set.latin1", "set.utf8", "set.japanese"),
            **_all(YES, "set.declared", "cancel.goes-on"),
            **_all(YES, "ctx.storage", "ctx.services", "ctx.matrix"),
            "tls.offered": NO,
        }
    ),
    "no room for now": Situation(
        _every(UNKNOWN, "tcp"),
        ("reject=2/3/2",),
        asked={"level": Level.LOAD, "max_open": 2, "max_idle": 0.2},
    ),
    "nobody there": Situation({"tcp.listens": NO, "acse.own": UNKNOWN}, peer="nobody"),
    "no such host": Situation({"tcp.listens": UNKNOWN}, peer="no host"),
    # AE titles
    "only others": Situation({"acse.own": NO, "acse.any-called": UNKNOWN}, ("only-caller=OTHER",)),
    "only us": Situation({"acse.own": YES, "acse.any-calling": NO}, ("only-caller=ASSOCSH",)),
    "called by name": Situation({"acse.any-called": NO, "acse.any-case": NO}, ("check-called",)),
    # identity
    "unknown toolkit": Situation(
        {"id.named": YES, "id.toolkit": UNKNOWN, "id.product": UNKNOWN}, ("implementation",)
    ),
    "unnamed": Situation({"id.named": NO}, ("no-user-information",)),
    # negotiation
    "one syntax": Situation(
        _all(NO, "pref.storage", "pref.query", "pref.verification"),
        ("syntax=ImplicitVRLittleEndian",),
    ),
    "no role": Situation(
        {
            **_all(NO, "role.storage-both", "role.storage-scp", "role.commitment-scp", "role.get"),
            "role.storage-scu": YES,
        },
        ("no-role",),
    ),
    "other role": Situation({"role.storage-scu": NO}, ("wrong-role=0/1",)),
    "no storage": Situation(
        {
            "ctx.storage": NO,
            "ctx.services": YES,
            **_all(UNKNOWN, "role.storage-both", "role.storage-scp", "role.storage-scu"),
            **_all(UNKNOWN, "role.get", "pref.storage"),
        },
        ("no-storage",),
    ),
    "storage alone": Situation({"ctx.storage": YES, "ctx.services": NO}, ("no-services",)),
    "nothing": Situation(
        {
            **_all(NO, "ctx.storage", "ctx.services", "ctx.matrix", "find.models"),
            **_all(UNKNOWN, "pref.query", "pref.verification", "role.commitment-scp"),
        },
        ("refuse-context=all",),
    ),
    "no window": Situation(_all(NO, "win.granted", "win.unlimited", "win.at-once"), ("no-window",)),
    "small window": Situation({"win.granted": YES, "win.unlimited": NO}, ("window=4",)),
    "one at a time": Situation(
        {"win.granted": YES, "win.at-once": NO}, ("one-at-a-time", "slow-matches=100")
    ),
    "too quick to tell": Situation(
        {"win.granted": YES, "win.at-once": UNKNOWN}, ("one-at-a-time",)
    ),
    "out of order": Situation({"win.in-order": NO, "win.served": YES}, ("reorder",)),
    "echoes fail": Situation({"win.served": NO, "cancel.goes-on": NO}, ("status=0xA700@echo",)),
    "short PDUs": Situation({"pdu.long": NO}, ("max-pdu=1024",)),
    "long answers": Situation(
        {"pdu.obeys": YES, "find.any-accent": NO, "find.any-case": YES}, peer="long"
    ),
    "too long answers": Situation({"pdu.obeys": NO}, ("exceed-pdu",)),
    "no extensions": Situation(
        {
            **_all(NO, "ext.relational", "ext.datetime", "ext.fuzzy", "ext.timezone"),
            **_all(NO, "ext.relational-get", "ext.relational-move", "ext.datetime-proved"),
        },
        ("no-extended",),
    ),
    "all extensions": Situation({"ext.fuzzy": YES, "ext.timezone": YES}, ("extended",)),
    "said to be storage": Situation({"ext.common": YES}, ("refuse-context=1.2.3.4.5.6.7.2",)),
    "not though said": Situation({"ext.common": NO}, ("no-storage",)),
    "who is it": Situation(
        {"user.anyone": NO, **_all(YES, *NAMES)}, ("user",), asked={"identity": DEMO}
    ),
    # queries
    "no queries": Situation(
        {
            **_all(NO, "find.models", "role.get"),
            **_all(UNKNOWN, "find.answers", "win.at-once", "set.latin1", "cancel.goes-on"),
        },
        ("no-queries",),
    ),
    "queries fail": Situation(
        {
            **_all(NO, "find.answers", "set.latin1", "set.utf8", "set.japanese"),
            "ext.relational-proved": NO,
        },
        ("status=0xA700@find",),
    ),
    "nothing to find": Situation(
        {
            **_all(UNKNOWN, "find.levels", "find.matched", "find.star", "find.sequence"),
            **_all(UNKNOWN, *LEVEL_KEYS),
            **_all(UNKNOWN, "ext.relational-proved", "ext.datetime-proved", "set.declared"),
        },
        peer="empty",
    ),
    "keys ignored": Situation(
        {
            **_all(NO, "find.matched", "find.star", "find.question-mark", "find.says-ignored"),
            **_all(NO, "find.range", "find.range-from", "find.range-to", "find.sequence"),
            **_all(NO, *LEVEL_KEYS),
            **_all(UNKNOWN, "find.any-case", "find.any-accent"),
        },
        ("ignore-keys",),
    ),
    "few keys": Situation(
        {"find.returned": NO, "find.matched": NO, "find.says-ignored": YES}, ("few-keys",)
    ),
    "no unique keys": Situation(
        {
            **_all(NO, "find.levels", "find.list"),
            **_all(UNKNOWN, "find.returned", "find.matched"),
        },
        ("no-unique-keys",),
    ),
    "case": Situation({"find.any-case": NO}, ("exact-case",), peer="long"),
    "accents": Situation({"find.any-accent": YES}, ("any-accent",), peer="long"),
    "one character set": Situation(
        {"set.latin1": YES, "set.utf8": NO, "set.japanese": NO}, ("only-charset=ISO_IR 100",)
    ),
    "undeclared": Situation({"set.declared": NO}, ("no-charset",)),
    # what comes long after the C-CANCEL is proof
    "cancel": Situation(_all(YES, "cancel.at-once", "cancel.after-a-row"), ("slow-matches=100",)),
    "cancel ignored": Situation(
        _all(NO, "cancel.at-once", "cancel.after-a-row"), ("slow-matches=100", "ignore-cancel")
    ),
    # time and room
    "patient": Situation(
        {"limit.room": YES, "idle.stays-open": YES, "idle.in-order": UNKNOWN},
        asked={"level": Level.LOAD, "max_open": 5, "max_idle": 0.3},
    ),
    "impatient": Situation(
        {"limit.room": NO, "idle.stays-open": NO, "idle.in-order": YES},
        ("room=3", "idle=300"),
        asked={"level": Level.LOAD, "max_open": 5, "max_idle": 5.0},
    ),
    "rude": Situation(
        {"idle.stays-open": NO, "idle.in-order": NO},
        ("close-in=300ms",),
        asked={"level": Level.TIME, "max_idle": 5.0},
    ),
    # TLS
    "TLS": Situation({"tls.offered": YES, **_all(YES, *TLS_QUESTIONS)}, peer="tls"),
    "TLS not asked for": Situation(
        {"tls.offered": YES, "tls.trusted": UNKNOWN}, peer="tls in clear"
    ),
    "clear where TLS is asked for": Situation({"tls.offered": UNKNOWN}, peer="clear"),
    "TLS of nobody": Situation({"tls.trusted": NO, "tls.current": YES}, peer="tls of another"),
    "TLS that expired": Situation({"tls.current": NO, "tls.trusted": NO}, peer="tls expired"),
    "TLS for friends": Situation({"tls.anyone": NO}, peer="tls with certificates"),
    "old TLS": Situation({"tls.1.3": NO}, peer="tls 1.2"),
}

CANNOT = {
    ("id.toolkit", NO): "a toolkit that is not known here is a toolkit all the same",
    ("id.product", NO): "and so is a product",
}
"""Verdicts that no answer has, and why."""


class Peers:
    """Where the peers of the situations come from."""

    def __init__(self, authority: Authority, good: Certificate, folder: Path) -> None:
        self._authority, self._good, self._folder = authority, good, folder

    @asynccontextmanager
    async def of(self, one: Situation) -> AsyncIterator[tuple[str, TLSConfig | None]]:
        """The address, and the TLS to ask for."""
        trusting = TLSConfig(ca=str(self._authority.certificate.path))
        if one.peer == "nobody":
            yield f"NOBODY@127.0.0.1:{free_port()}", None
        elif one.peer == "no host":
            yield "NOBODY@nosuchhost.invalid:104", None
        elif one.peer == "tls 1.2":
            files = (self._folder, self._good.path, self._good.key)
            with TlsServer(*files, newest=ssl.TLSVersion.TLSv1_2) as server:
                yield server.address, trusting
        else:
            async with await start(settings=self._settings(one), tls=self._tls(one.peer)) as found:
                asks = one.peer.startswith(("tls", "clear")) and one.peer != "tls in clear"
                if one.peer == "tls of another":
                    other = Authority(self._folder / "other")
                    trusting = TLSConfig(ca=str(other.certificate.path))
                yield str(found.peer), trusting if asks else None

    def _settings(self, one: Situation) -> PracticeSettings:
        switches = [each for each in one.switches if each != "user"]
        bent = [each for each in switches if _name(each) in traits()]
        data = None
        if one.peer in ("empty", "long"):
            data = self._folder / one.peer
            data.mkdir(exist_ok=True)
            if one.peer == "long":
                _write_long(data / "long.dcm")
        return PracticeSettings(
            data=data,
            require_user="user" in one.switches,
            traits=tuple(map(check, bent)),
            faults=tuple(each for each in switches if each not in bent),
        )

    def _tls(self, peer: str) -> TLSConfig | None:
        if not peer.startswith("tls"):
            return None
        shown = self._good
        if peer == "tls expired":
            shown = self._authority.issue("expired", dates=("20200101", "20210101"))
        own = {"certificate": str(shown.path), "key": str(shown.key)}
        if peer == "tls with certificates":
            return TLSConfig(**own, ca=str(self._authority.certificate.path))
        return TLSConfig(**own)


def _name(text: str) -> str:
    """The name of a trait or a fault that is written with a value."""
    return text.partition("=")[0].partition("@")[0]


def _write_long(path: Path) -> None:
    """A study with a name that could have accents, and an answer that does not fit into a PDU."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, "1.2.3.4.1"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.4.2", "1.2.3.4.3"
    made.PatientName, made.PatientID = "Mueller^Anna", "1"
    made.StudyDate, made.StudyTime, made.Modality = "20260101", "120000", "CT"
    made.StudyDescription = "\\".join(["a description that goes on and on"] * 300)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, made, enforce_file_format=True)


@pytest.mark.parametrize("name", SITUATIONS)
async def test_what_is_found(
    name: str, authority: Authority, good: Certificate, tmp_path: Path
) -> None:
    one = SITUATIONS[name]
    names = {each.partition(".")[0] for each in one.answers}
    async with Peers(authority, good, tmp_path).of(one) as (peer, tls):
        report = await probed(peer, *names, **{"tls": tls, **one.asked})
    told = {each.id: (each.verdict, each.why) for each in report.answers}
    assert {each: told[each][0] for each in one.answers} == dict(one.answers), told
    for verdict, why in told.values():
        assert verdict is not UNKNOWN or why


@pytest.mark.parametrize("verdict", [*Verdict])
def test_each_answer_comes_out_in_each_way(verdict: Verdict) -> None:
    """For every question that the sections have, whichever they are."""
    shown = {
        each
        for one in SITUATIONS.values()
        for each, found in one.answers.items()
        if found == verdict
    }
    missing = set(_every(verdict)) - shown
    assert missing == {each for each, of in CANNOT if of is verdict}
    assert shown <= set(_every(verdict))


def test_every_switch_is_tried() -> None:
    typed = {_name(each) for one in SITUATIONS.values() for each in one.switches} - {"user"}
    assert set(traits()) <= typed
    assert typed <= {*traits(), *known_faults()}


async def test_without_an_identity_nothing_is_known_of_who_asks_for_one() -> None:
    async with await start(settings=PracticeSettings(require_user=True)) as archive:
        unnamed = await probed(str(archive.peer), "user")
    assert {each.verdict for each in unnamed.answers} == {UNKNOWN}
    assert "rejected" in unnamed.answers[0].why


async def test_room_is_counted() -> None:
    for switches, room in (((), 5), (("room=3",), 3)):
        async with await start(settings=PracticeSettings(traits=switches)) as archive:
            report = await probed(str(archive.peer), "limit", level=Level.LOAD, max_open=5)
        found = report.answer("limit.room")
        assert found is not None
        assert found.value == room


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
