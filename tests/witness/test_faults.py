"""DCMTK's fault switches: storescp refuses, aborts after, aborts during, sleeps.

Every case: bounded time, the request ends once, the message names who and why, nothing is left.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

import pytest

from assocsh import Timeouts, connect
from assocsh.association.operation import Operation
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    ConnectionFailed,
    ConnectionLost,
    OperationTimeout,
)
from assocsh.states import OperationState
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile, same, write_series
from tests.peers.process import free_port
from tests.witness.support import contexts_for, nothing_left

StartStorescp = Callable[..., Storescp]

pytestmark = pytest.mark.peer("storescp")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[InstanceFile]:
    """Six CT images of half a megabyte."""
    return write_series(tmp_path_factory.mktemp("series"), 6, side=512)


async def test_every_file_arrives(storescp: Storescp, instances: tuple[InstanceFile, ...]) -> None:
    """No fault yet: all SOP classes and transfer syntaxes, each file as it is."""
    async with nothing_left():
        async with connect(storescp.address, contexts=contexts_for(instances)) as association:
            operations = [association.store(found.path) for found in instances]
            for operation in operations:
                assert (await operation.result()).status == 0x0000
                assert operation.bytes_sent == operation.bytes_total > 0
            await association.release()
    stored = {path.name.split(".", 1)[1]: path for path in storescp.files}
    assert set(stored) == {found.sop_instance for found in instances}
    wrong = {f.path.name: same(f.path, stored[f.sop_instance]) for f in instances}
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.scenario(6)
async def test_refuse(start_storescp: StartStorescp) -> None:
    peer = start_storescp("--refuse")
    async with nothing_left():
        with pytest.raises(AssociationRejected) as rejected:
            await connect(peer.address, contexts="verification")
    error = rejected.value
    assert (error.result, error.source) == (1, 1)
    assert error.reason in range(1, 8)
    assert error.by == "peer"
    assert error.code == 3
    assert "reject" in error.message.lower()


@pytest.mark.serial
@pytest.mark.scenario(1)
async def test_nobody_listens() -> None:
    async with nothing_left():
        started = time.monotonic()
        with pytest.raises(ConnectionFailed) as failed:
            await connect(f"NOBODY@127.0.0.1:{free_port()}", contexts="verification")
        assert time.monotonic() - started < 0.5
    assert failed.value.code == 3
    assert "refused" in failed.value.message.lower()


async def _ended_once(operations: list[Operation]) -> list[AssociationError]:
    """Each has ended with an error, and says so to every waiter, more than once if asked."""
    errors = []
    for operation in operations:
        with pytest.raises(AssociationError) as first:
            await operation.result()
        with pytest.raises(AssociationError) as again:
            await operation.result()
        assert first.value is again.value
        assert operation.state is OperationState.FAILED
        errors.append(first.value)
    return errors


@pytest.mark.parametrize("switch", ["--abort-after", "--abort-during"])
@pytest.mark.rule("E4", "A12", "R6")
@pytest.mark.scenario(58, 64)
async def test_abort(
    switch: str, start_storescp: StartStorescp, series: list[InstanceFile]
) -> None:
    """The peer aborts in the middle of six stores: each of them fails, once, and says by whom."""
    peer = start_storescp(switch)
    async with nothing_left():
        association = await connect(peer.address, contexts=contexts_for(series), window=4)
        ended: list[int] = []
        operations = [association.store(found.path) for found in series]
        for operation in operations:
            operation.add_done_callback(lambda done: ended.append(done.number))
        async with asyncio.timeout(5):
            errors = await _ended_once(operations)
            await association.wait_closed()
    assert sorted(ended) == [operation.number for operation in operations]
    assert association.closed
    assert isinstance(association.ended_by, AssociationAborted)
    assert association.ended_by.by == "peer"
    for error in errors:
        assert isinstance(error, AssociationAborted)
        assert error.by == "peer"
        assert error.code == 4


@pytest.mark.serial
async def test_sleep_after_within_the_timeout(
    start_storescp: StartStorescp, series: list[InstanceFile]
) -> None:
    """It sleeps behind each store, so the request after it is late."""
    peer = start_storescp("--sleep-after", "1")
    async with connect(
        peer.address, contexts=contexts_for(series), timeouts=Timeouts(dimse=5)
    ) as association:
        operations = [association.store(found.path) for found in series[:2]]
        for operation in operations:
            assert (await operation.result()).status == 0
        assert 0.9 <= operations[1].elapsed < 3
        await association.release()


@pytest.mark.serial
@pytest.mark.scenario(36)
async def test_sleep_after_beyond_the_timeout(
    start_storescp: StartStorescp, series: list[InstanceFile]
) -> None:
    peer = start_storescp("--sleep-after", "3")
    async with (
        nothing_left(),
        connect(
            peer.address, contexts=contexts_for(series), timeouts=Timeouts(dimse=0.5)
        ) as association,
    ):
        first, late = (association.store(found.path) for found in series[:2])
        assert (await first.result()).status == 0
        started = time.monotonic()
        with pytest.raises((OperationTimeout, ConnectionLost, AssociationAborted)) as raised:
            await late.result()
        assert 0.4 < time.monotonic() - started < 1.5
        assert "0.5 s" in raised.value.message
        await association.abort()
        assert association.closed


async def test_sleep_during(
    start_storescp: StartStorescp, instances: tuple[InstanceFile, ...]
) -> None:
    """A peer that is slow to read: the write stalls and goes on, nothing is lost."""
    peer = start_storescp("--sleep-during", "1")
    found = next(one for one in instances if one.path.stat().st_size < 12000)
    async with connect(peer.address, contexts=contexts_for([found])) as association:
        operation = association.store(found.path)
        async with asyncio.timeout(20):
            assert (await operation.result()).status == 0
        await association.release()
    assert [same(found.path, path) for path in peer.files] == [[]]


@pytest.mark.scenario(60)
async def test_a_peer_that_is_stopped_and_goes_on(
    start_storescp: StartStorescp, series: list[InstanceFile]
) -> None:
    """SIGSTOP for a second in the middle of stores (scenario 60): they all arrive."""
    peer = start_storescp()
    async with connect(peer.address, contexts=contexts_for(series)) as association:
        peer.signal(signal.SIGSTOP)
        operations = [association.store(found.path) for found in series]
        await asyncio.sleep(1)
        assert all(not operation.done for operation in operations)
        peer.signal(signal.SIGCONT)
        for operation in operations:
            assert (await operation.result()).status == 0
        await association.release()
    assert len(peer.files) == len(series)


@pytest.mark.serial
@pytest.mark.rule("A10", "A11")
@pytest.mark.scenario(59)
async def test_abort_of_ours_while_the_peer_is_stopped(
    start_storescp: StartStorescp, series: list[InstanceFile]
) -> None:
    """The send buffer is full and nobody reads: abort still closes within 1.2 s."""
    peer = start_storescp()
    async with nothing_left():
        association = await connect(peer.address, contexts=contexts_for(series))
        peer.signal(signal.SIGSTOP)
        operations = [association.store(found.path) for found in series * 4]
        # until what the kernel takes is full: the first ones stay where they are
        before = -1
        while (sent := sum(operation.bytes_sent for operation in operations)) != before:
            before = sent
            await asyncio.sleep(0.1)
        started = time.monotonic()
        await association.abort()
        assert time.monotonic() - started < 1.2
        errors = await _ended_once(operations)
        assert {error.by for error in errors} == {"local"}


@pytest.mark.rule("A13")
@pytest.mark.scenario(58)
async def test_a_peer_that_dies(start_storescp: StartStorescp, series: list[InstanceFile]) -> None:
    peer = start_storescp("--sleep-after", "5")
    async with nothing_left():
        association = await connect(peer.address, contexts=contexts_for(series))
        operations = [association.store(found.path) for found in series]
        # it sleeps behind the first store: the others wait for it
        assert (await operations[0].result()).status == 0
        peer.signal(signal.SIGKILL)
        async with asyncio.timeout(3):
            errors = await _ended_once(operations[1:])
    assert all(isinstance(error, ConnectionLost) for error in errors)
    assert {error.code for error in errors} == {4}


@pytest.mark.rule("A18")
@pytest.mark.scenario(63)
async def test_idle_drop(start_storescp: StartStorescp) -> None:
    """A peer that drops an idle association is noticed at once, with how long it was idle."""
    peer = start_storescp("--socket-timeout", "1", "-ta", "1", "-td", "1")
    async with nothing_left():
        association = await connect(peer.address, contexts="verification")
        assert (await association.echo().result()).status == 0
        async with asyncio.timeout(5):
            await association.wait_closed()
    assert isinstance(association.ended_by, AssociationError)
    assert association.ended_by.by == "peer"
    with pytest.raises(AssociationError):
        association.echo()
