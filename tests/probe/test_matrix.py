"""The matrix of SOP classes and transfer syntaxes, pair for pair as pynetdicom finds it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from pynetdicom import AE

from assocsh.datasets.dictionary import uid_keyword
from assocsh.probe.model import Verdict
from assocsh.probe.sections.ctx import wanted
from tests.peers import scripted as wire
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.process import LOOPBACK, free_port
from tests.peers.scripted import ScriptedPeer, Wire
from tests.probe.support import probed, swept

PEERS = ("orthanc", "dcmqrscp", "storescp", "dcmjs", "pynetdicom_scp")


@pytest.mark.parametrize(
    ("name", "sections"), [*((name, ()) for name in PEERS), ("orthanc", ("ctx",))]
)
async def test_as_an_independent_sweep_finds_it(
    name: str,
    sections: tuple[str, ...],
    request: pytest.FixtureRequest,
    start_dcmjs: Callable[..., DcmjsWindow],
) -> None:
    """On associations of its own, and on those of other sections as well."""
    peer = start_dcmjs() if name == "dcmjs" else request.getfixturevalue(name)
    report = await probed(peer.address, *sections)
    asked = wanted(retired=False)
    found = report.answer("ctx.matrix")
    assert found is not None
    assert found.verdict is not Verdict.UNKNOWN, found.why
    assert len(report.associations) <= 60
    assert {one.section for one in report.associations} >= ({"user"} if not sections else {"ctx"})
    pairs = [(uid, syntax) for uid, syntaxes in asked.items() for syntax in syntaxes]
    accepted = await asyncio.to_thread(swept, peer.address, pairs)
    for uid, syntaxes in asked.items():
        row = found.value[uid_keyword(uid)]
        told = {"yes": set(row.get("yes", ())), "no": set(row.get("no", ()))}
        expected = {uid_keyword(each) for each in syntaxes if (uid, each) in accepted}
        assert told["yes"] == expected, uid_keyword(uid)
        assert told["no"] == {uid_keyword(each) for each in syntaxes} - expected


@contextmanager
def takes_everything() -> Iterator[str]:
    """A pynetdicom that accepts every SOP class in every transfer syntax; its address."""
    entity = AE(ae_title="EVERYTHING")
    entity.maximum_associations = 10
    for sop_class, syntaxes in wanted(retired=False).items():
        entity.add_supported_context(sop_class, list(syntaxes), scu_role=True, scp_role=True)
    port = free_port()
    server = entity.start_server((LOOPBACK, port), block=False)
    assert server is not None
    try:
        yield f"EVERYTHING@{LOOPBACK}:{port}"
    finally:
        server.shutdown()


@pytest.mark.parametrize("name", ["pynetdicom", "dcmjs"])
async def test_who_accepts_everything_is_asked_all_of_it_in_sixty_associations(
    name: str, start_dcmjs: Callable[..., DcmjsWindow]
) -> None:
    """Each pair needs a context of its own there: other sections' associations are full of them."""
    asked = wanted(retired=False)
    assert sum(map(len, asked.values())) > 50 * 128
    with ExitStack() as stack:
        if name == "dcmjs":
            address = start_dcmjs(any_syntax=True).address
        else:
            address = stack.enter_context(takes_everything())
        report = await probed(address)
    assert not report.partial
    assert len(report.associations) <= 60
    found = report.answer("ctx.matrix")
    assert found is not None
    assert found.verdict is Verdict.YES, found.why
    for uid, syntaxes in asked.items():
        assert found.value[uid_keyword(uid)] == {"yes": list(map(uid_keyword, syntaxes))}


def test_what_is_asked_depends_on_nothing_else() -> None:
    """pynetdicom puts UIDs into the tables of pydicom: a report before and after asks the same."""
    code = (
        "from assocsh.probe.sections.ctx import wanted;"
        "print(sorted((k, sorted(v)) for k, v in wanted(retired=True).items()))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", before + code], capture_output=True, text=True, check=True
        ).stdout
        for before in ("", "import pynetdicom;")
    ]
    assert told[0] == told[1]


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
