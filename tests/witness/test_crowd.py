"""Many associations of one host at once with ``assocsh serve``: none is reset.

Each is served, or refused with an A-ASSOCIATE-RJ, as PS3.8 7.1.1.9 has it; who connects and says
nothing does not keep others out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from assocsh import AcceptorPolicy, connect, listen
from tests.peers import scripted
from tests.peers.dcmtk import scu
from tests.peers.ours import Serve
from tests.peers.scripted import Wire, dial
from tests.witness.support import assocsh

LIMIT = 64
"""Associations that the practice archive has at once."""


async def _answer(wire: Wire) -> str:
    """What became of an A-ASSOCIATE-RQ; the association stays."""
    await wire.send(scripted.associate_rq())
    try:
        pdu_type, body = await wire.read_pdu()
    except scripted.Closed as closed:
        return f"closed without an answer{' (reset)' if closed.reset else ''}"
    if pdu_type == scripted.RJ:
        return "rejected " + "/".join(str(code) for code in body[1:])
    return "accepted" if pdu_type == scripted.AC else f"PDU type {pdu_type}"


async def _crowd(port: int, count: int) -> Counter[str]:
    """``count`` connections, all there before the first of them says a word."""
    wires = await asyncio.gather(*(dial(port) for _ in range(count)))
    try:
        return Counter(await asyncio.gather(*(_answer(wire) for wire in wires)))
    finally:
        for wire in wires:
            await wire.close()


async def test_as_many_as_the_archive_has_room_for(serve: Serve) -> None:
    assert await _crowd(serve.port, LIMIT) == {"accepted": LIMIT}


async def test_those_for_which_there_is_no_room_are_rejected(serve: Serve) -> None:
    """Transient, presentation service provider, local limit exceeded: try again later."""
    answers = await _crowd(serve.port, LIMIT + 36)
    assert answers == {"accepted": LIMIT, "rejected 2/3/2": 36}


async def test_a_listener_with_little_room() -> None:
    async with await listen(policy=AcceptorPolicy(max_associations=3)) as listener:
        assert await _crowd(listener.port, 40) == {"accepted": 3, "rejected 2/3/2": 37}


async def test_the_api_opens_sixteen_at_once(serve: Serve) -> None:
    async def one() -> int:
        async with connect(serve.address, contexts="verification") as association:
            status = (await association.echo().result()).status
            await association.release()
            return status

    assert await asyncio.gather(*(one() for _ in range(16))) == [0x0000] * 16


@pytest.mark.peer("echoscu")
async def test_echoscu_24_times_at_once(serve: Serve) -> None:
    def echo() -> int:
        return scu("echoscu", serve.port, called=serve.ae).code

    codes = await asyncio.gather(*(asyncio.to_thread(echo) for _ in range(24)))
    assert codes == [0] * 24


def test_twenty_scripts_at_a_time(serve: Serve, tmp_path: Path) -> None:
    for number in range(40):
        script = (
            f"echo\nfind patient PatientID=PRC-100{number % 8 + 1}\nexpect count == 1\nrelease\n"
        )
        (tmp_path / f"{number:02}.assoc").write_text(script)
    scripts = sorted(tmp_path.glob("*.assoc"))
    ran = assocsh("run", *scripts, serve.address, "--jobs", "20").check()
    passed = [line for line in ran.err.splitlines() if line.startswith("passed ")]
    assert len(passed) == len(scripts)


async def test_the_silent_keep_nobody_out(serve: Serve) -> None:
    """200 connections of a host that say nothing, and then one that speaks."""
    silent = [await dial(serve.port) for _ in range(200)]
    try:
        wire = await dial(serve.port)
        assert await _answer(wire) == "accepted"
        await wire.close()
    finally:
        for wire in silent:
            await wire.close()
