"""Through the fault proxy: segments of every shape lose nothing; what is lost ends in one error.

In each session: bounded time, every operation ends once with an error of ours or its result, at
most one A-ABORT goes out, no task or file descriptor is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from assocsh import Timeouts, connect
from assocsh.association.operation import Operation
from assocsh.errors import AssocshError
from tests.peers import scripted
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile, same
from tests.peers.fault_proxy import Direction, FaultProxy, Faults
from tests.peers.orthanc import Orthanc
from tests.peers.scripted import ScriptedPeer, Wire
from tests.witness.support import contexts_for, nothing_left

# In CI with every offset; elsewhere every seventh, so that the suite stays quick.
STEP = 1 if os.environ.get("CI") else 7

# A stall ends soon. Where nothing may be lost the usual timers hold: two busy cores are no fault.
SHORT = Timeouts(connect=10, acse=0.3, dimse=0.3, release=0.3, write_stall=1, artim=0.3)
USUAL = Timeouts()
LONGEST = 10.0
"""Seconds until a session counts as hanging: many at once share the cores."""


async def _serve(wire: Wire) -> None:
    """A peer that takes what comes: a damaged stream is not its failure."""
    with contextlib.suppress(AssertionError, Exception):
        await scripted.serve(wire, window=(4, 4))


async def _session(address: str, timeouts: Timeouts) -> tuple[str, list[str]]:
    """Associate, echo three times at once, release. What became of it, and of each echo."""
    echoes: list[str] = []
    outcome = "released"
    try:
        async with asyncio.timeout(LONGEST):
            association = await connect(
                address, contexts="verification", window=4, timeouts=timeouts
            )
            operations: list[Operation] = []
            try:
                operations += [association.echo() for _ in range(3)]
                for operation in operations:
                    try:
                        echoes.append(f"{(await operation.result()).status:04x}")
                    except AssocshError as error:
                        echoes.append(type(error).__name__)
                await association.release()
            except AssocshError as error:
                outcome = type(error).__name__
            finally:
                await association.abort()
            assert all(operation.done for operation in operations)
    except AssocshError as error:
        outcome = type(error).__name__
        assert error.message
        assert error.code in (3, 4, 5)
    return outcome, echoes


async def _through(faults: Faults, timeouts: Timeouts = SHORT) -> tuple[str, list[str], FaultProxy]:
    async with (
        ScriptedPeer(_serve, timeout=LONGEST) as peer,
        FaultProxy(peer.port, faults) as proxy,
    ):
        outcome, echoes = await _session(proxy.address, timeouts)
        aborts = sum(t == scripted.ABORT for wire in peer.wires for t, _ in wire.received)
        assert aborts <= 1
    return outcome, echoes, proxy


async def _bytes_of_a_session() -> tuple[int, int]:
    outcome, echoes, proxy = await _through(Faults(), USUAL)
    assert (outcome, echoes) == ("released", ["0000"] * 3)
    (connection,) = proxy.connections
    return connection.to_server, connection.to_client


async def _at_every_offset(
    faults_at: Callable[[int], Faults], total: int, timeouts: Timeouts = SHORT
) -> Counter[str]:
    """Run a session for each offset, several at a time; how they ended."""
    outcomes: Counter[str] = Counter()
    gate = asyncio.Semaphore(16)

    async def run(offset: int) -> None:
        async with gate:
            outcome, _, _ = await _through(faults_at(offset), timeouts)
            outcomes[outcome] += 1

    async with nothing_left(5):
        await asyncio.gather(*(run(offset) for offset in range(0, total, STEP)))
    return outcomes


def _one_way(way: str, direction: Direction) -> Faults:
    return Faults(to_server=direction) if way == "to_server" else Faults(to_client=direction)


both_ways = pytest.mark.parametrize("way", ["to_server", "to_client"])


async def _total(way: str) -> int:
    to_server, to_client = await _bytes_of_a_session()
    return to_server if way == "to_server" else to_client


@pytest.mark.peer("storescp")
@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.scenario(21)
async def test_small_segments_lose_nothing(
    size: int, storescp: Storescp, instances: tuple[InstanceFile, ...]
) -> None:
    """Scenario 21, against DCMTK: echo and store give what they give without the proxy."""
    found = min(instances, key=lambda one: one.path.stat().st_size)
    for old in storescp.files:
        old.unlink()
    faults = Faults(Direction(segment=size), Direction(segment=size))
    async with (
        nothing_left(),
        FaultProxy(storescp.port, faults, ae="STORESCP") as proxy,
        connect(proxy.address, contexts=["verification", *contexts_for([found])]) as association,
    ):
        assert (await association.echo().result()).status == 0
        assert (await association.store(found.path).result()).status == 0
        await association.release()
    assert [same(found.path, path) for path in storescp.files] == [[]]


@pytest.mark.peer("orthanc")
async def test_one_byte_segments_from_orthanc(
    orthanc: Orthanc, instances: tuple[InstanceFile, ...]
) -> None:
    found = min(instances, key=lambda one: one.path.stat().st_size)
    orthanc.clear()
    async with connect(orthanc.address, contexts=contexts_for([found])) as association:
        assert (await association.store(found.path).result()).status == 0
    faults = Faults(to_client=Direction(segment=1))
    async with (
        FaultProxy(orthanc.port, faults, ae="ORTHANC") as proxy,
        connect(proxy.address, contexts="qr") as association,
    ):
        operation = association.find("IMAGE", {"SOPInstanceUID": ""})
        matches = [one async for one in operation if one.is_pending]
        assert [str(one.dataset.SOPInstanceUID) for one in matches] == [found.sop_instance]
        await association.release()


@both_ways
@pytest.mark.scenario(22)
async def test_split_at_every_offset(way: str) -> None:
    """Scenario 22."""
    total = await _total(way)
    outcomes = await _at_every_offset(
        lambda offset: _one_way(way, Direction(split_at=(offset,))), total, USUAL
    )
    assert set(outcomes) == {"released"}


@pytest.mark.timeout(180)
@both_ways
@pytest.mark.parametrize("how", ["fin", "rst", "half"])
@pytest.mark.rule("E4", "A13")
@pytest.mark.scenario(4, 5, 57, 58)
async def test_cut_at_every_offset(way: str, how: Literal["fin", "rst", "half"]) -> None:
    """Scenarios 4, 5, 56 to 58: an error of ours, or the release when only its end was cut."""
    total = await _total(way)
    outcomes = await _at_every_offset(
        lambda offset: _one_way(way, Direction(cut_after=offset, how=how)), total
    )
    assert set(outcomes) <= {
        "ConnectionLost",
        "ConnectionFailed",
        "AssociationAborted",
        "AssociationReleased",
        "OperationTimeout",
        "ProtocolError",
        "released",
    }
    lost = sum(count for name, count in outcomes.items() if name != "released")
    assert lost > 0.8 * sum(outcomes.values()), outcomes


@pytest.mark.timeout(240)
@both_ways
@pytest.mark.rule("T2")
@pytest.mark.scenario(3, 15, 36, 67)
async def test_stall_at_every_offset(way: str) -> None:
    """Scenarios 3, 15, 36, 67: each of our timers ends it in time."""
    total = await _total(way)
    outcomes = await _at_every_offset(
        lambda offset: _one_way(way, Direction(stall_after=offset)), total
    )
    assert sum(outcomes.values()) > 0
    assert outcomes["released"] < 0.2 * sum(outcomes.values()) + 1, outcomes


@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", ["corrupt", "drop", "garbage", "duplicate"])
@pytest.mark.rule("E9")
@pytest.mark.scenario(33)
async def test_damage_at_every_offset(fault: str) -> None:
    """Scenario 33: a flipped, missing, added or repeated byte. No hang, no mis-association."""
    total = await _total("to_client")

    def faults_at(offset: int) -> Faults:
        if fault == "corrupt":
            return Faults(to_client=Direction(corrupt=(offset,)))
        if fault == "drop":
            return Faults(to_client=Direction(drop=(offset,)))
        if fault == "garbage":
            return Faults(to_client=Direction(garbage=(offset, b"\xff\x00\x08")))
        return Faults(to_client=Direction(duplicate=(offset, offset + 4)))

    outcomes = await _at_every_offset(faults_at, total)
    assert sum(outcomes.values()) > 0


@pytest.mark.parametrize("gone", ["fin", "rst"])
@pytest.mark.parametrize("end", ["abort", "release", "timeout"])
@pytest.mark.rule("E4", "A11")
async def test_the_peer_is_gone_and_we_do_not_know_yet(end: str, gone: str) -> None:
    """The FIN or RST is in the kernel when we write and shut down: each request ends all the same.

    What is written behind a FIN brings an RST, at once on loopback: before the shutdown.
    """
    asked = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept(window=(4, 4))
        await wire.read_message()
        asked.set()
        await asyncio.Event().wait()

    async with nothing_left(), ScriptedPeer(script) as peer:
        association = await connect(peer.address, contexts="verification", window=4, timeouts=SHORT)
        operations = [association.echo() for _ in range(3)]
        await asked.wait()
        if gone == "rst":
            peer.wires[0].reset()
        else:
            peer.wires[0].writer.close()
        await asyncio.sleep(0)  # it goes out; the loop has not looked at our socket since
        with contextlib.suppress(AssocshError):
            if end == "abort":
                await association.abort()
            elif end == "release":
                await association.release(now=True)
            else:
                association.timeouts = replace(SHORT, dimse=0.001)  # checked at once
        async with asyncio.timeout(3):
            for operation in operations:
                with pytest.raises(AssocshError):
                    await operation.result()
            await association.wait_closed()
        assert association.pending == association.queued == 0


@pytest.mark.serial
@pytest.mark.rule("W8")
@pytest.mark.scenario(62)
async def test_latency_and_a_window() -> None:
    """Scenario 62: with a window of 8, eight requests share one round trip."""
    late = Direction(latency=0.05)

    async def serve(wire: Wire) -> None:
        await scripted.serve(wire, window=(8, 8))

    async def seconds(window: int) -> float:
        async with (
            ScriptedPeer(serve) as peer,
            FaultProxy(peer.port, Faults(late, late)) as proxy,
            connect(proxy.address, contexts="verification", window=window) as association,
        ):
            loop = asyncio.get_running_loop()
            started = loop.time()
            await asyncio.gather(*(association.echo().result() for _ in range(16)))
            took = loop.time() - started
            await association.release()
            return took

    assert await seconds(1) / await seconds(8) >= 6
