"""A connection that breaks says nothing: what is not no without it is not no with it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from assocsh import TLSConfig
from assocsh.practice import start
from assocsh.probe import sections
from assocsh.probe.model import Level, Report, Verdict
from assocsh.text.addresses import Peer
from tests.peers.fault_proxy import Direction, FaultProxy, Faults
from tests.probe.support import probed
from tests.program.certificates import Authority, Certificate

PLACES = {"orthanc": range(20), "dcmqrscp": range(20, 25), "tls": range(20)}
"""Of each peer. A place is a seed: of which connections are cut, after how many bytes of which
side, and how."""

ONE_IN = 4
"""Connections of a probe of which one is cut."""

ASKED = tuple(each.name for each in sections.in_order() if each.level <= Level.READ)
"""All sections but those that wait for the peer to end an association, or fill it up."""

Clear = tuple[Peer, TLSConfig | None]


@asynccontextmanager
async def _peer(
    name: str, request: pytest.FixtureRequest, authority: Authority, good: Certificate
) -> AsyncIterator[Clear]:
    """A real archive in clear, or ours behind TLS, whose certificate is trusted."""
    if name != "tls":
        yield Peer.parse(request.getfixturevalue(name).address), None
        return
    own = TLSConfig(certificate=str(good.path), key=str(good.key))
    async with await start(tls=own) as archive:
        trusting = TLSConfig(ca=str(authority.certificate.path))
        yield Peer.parse(str(archive.peer)), trusting


def _faults(place: int) -> Callable[[int], Faults]:
    def faults(number: int) -> Faults:
        chance = random.Random(f"{place}/{number}")
        if chance.randrange(ONE_IN):
            return Faults()
        # in the negotiation, or in what comes after it
        after = chance.randrange(chance.choice((300, 12000)))
        cut = Direction(cut_after=after, how=chance.choice(("fin", "rst")))
        return Faults(to_server=cut) if chance.randrange(2) else Faults(to_client=cut)

    return faults


def _told(report: Report, verdict: Verdict) -> set[str]:
    return {each.id for each in report.answers if each.verdict is verdict}


@pytest.mark.parametrize("name", PLACES)
async def test_no_false_no_when_it_is_cut_anywhere(
    name: str, request: pytest.FixtureRequest, authority: Authority, good: Certificate
) -> None:
    lost: set[str] = set()
    async with _peer(name, request, authority, good) as (peer, tls):
        whole = await probed(str(peer), *ASKED, tls=tls)
        for place in PLACES[name]:
            async with FaultProxy(peer.port, _faults(place), ae=peer.ae) as proxy:
                report = await probed(proxy.address, *ASKED, tls=tls)
            for verdict in (Verdict.NO, Verdict.YES):
                more = _told(report, verdict) - _told(whole, verdict)
                said = [each for each in report.answers if each.id in more]
                assert not said, f"place {place}: {said}"
            lost |= _told(report, Verdict.UNKNOWN) - _told(whole, Verdict.UNKNOWN)
            for each in report.answers:
                assert each.verdict is not Verdict.UNKNOWN or each.why, each.id
    assert _told(whole, Verdict.NO)
    if len(PLACES[name]) < 20:
        return
    # else nothing is shown: some answer of every section that has one was lost in some place
    answered = {each.section for each in whole.answers if each.verdict is not Verdict.UNKNOWN}
    assert {each.partition(".")[0] for each in lost} >= answered - {"tcp"}
