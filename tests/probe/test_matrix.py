"""The matrix of SOP classes and transfer syntaxes, pair for pair as pynetdicom finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from assocsh.datasets.dictionary import uid_keyword
from assocsh.probe.model import Verdict
from assocsh.probe.sections.ctx import wanted
from tests.peers import scripted as wire
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.scripted import ScriptedPeer, Wire
from tests.probe.support import probed, swept


@pytest.mark.parametrize("name", ["orthanc", "dcmqrscp", "storescp", "dcmjs", "pynetdicom_scp"])
async def test_as_an_independent_sweep_finds_it(
    name: str, request: pytest.FixtureRequest, start_dcmjs: Callable[..., DcmjsWindow]
) -> None:
    peer = start_dcmjs() if name == "dcmjs" else request.getfixturevalue(name)
    report = await probed(peer.address, "ctx")
    asked = wanted(retired=False)
    found = report.answer("ctx.matrix")
    assert found is not None
    assert found.verdict is not Verdict.UNKNOWN, found.why
    assert len(report.associations) <= 60
    pairs = [(uid, syntax) for uid, syntaxes in asked.items() for syntax in syntaxes]
    accepted = await asyncio.to_thread(swept, peer.address, pairs)
    for uid, syntaxes in asked.items():
        row = found.value[uid_keyword(uid)]
        told = {"yes": set(row.get("yes", ())), "no": set(row.get("no", ()))}
        expected = {uid_keyword(each) for each in syntaxes if (uid, each) in accepted}
        assert told["yes"] == expected, uid_keyword(uid)
        assert told["no"] == {uid_keyword(each) for each in syntaxes} - expected


async def test_a_peer_that_takes_no_long_request_is_asked_in_shorter_ones() -> None:
    """A context that is refused without saying what of it is wrong is asked syntax by syntax."""

    async def answer(to: Wire) -> None:
        request = wire.read_association(await to.expect(wire.RQ))
        if len(request.proposed) > 64:
            await to.send(wire.abort(2, 0))
            return
        results = {one.context_id: (1, None) for one in request.proposed}
        await to.send(wire.associate_ac(request, results=results))
        await to.answer_release()

    async with ScriptedPeer(answer) as peer:
        report = await probed(peer.address, "ctx", most=200)
    found = report.answer("ctx.matrix")
    assert found is not None
    assert found.verdict is Verdict.NO, found.why
    assert max(one.proposed for one in report.associations if one.outcome == "accepted") == 64
