"""The peers themselves: each starts, speaks DICOM with another toolkit, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import scripted
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dcmtk import Dcmqrscp, Storescp, scu
from tests.peers.dicom_files import InstanceFile, differences, same
from tests.peers.fault_proxy import Direction, FaultProxy, Faults
from tests.peers.fixtures import PynetdicomScp
from tests.peers.orthanc import Orthanc
from tests.peers.scripted import ScriptedPeer, Wire, dial


def test_the_files_are_many_and_different(instances: tuple[InstanceFile, ...]) -> None:
    assert len(instances) >= 30
    assert len({found.sop_instance for found in instances}) == len(instances)
    assert len({found.sop_class for found in instances}) >= 20
    assert len({found.transfer_syntax for found in instances}) >= 12
    assert len({found.study for found in instances}) >= 8


def test_a_difference_is_seen(instances: tuple[InstanceFile, ...]) -> None:
    first, second = (instances[0].dataset() for _ in range(2))
    assert differences(first, second) == []
    second.PatientName = "Somebody^Else"
    del second.StudyID
    second.OtherPatientIDsSequence[0].PatientID = "changed"
    assert len(differences(first, second)) == 3
    assert len(same(instances[0].path, instances[1].path)) > 3


@pytest.mark.peer("storescp", "echoscu", "storescu")
def test_storescp(storescp: Storescp, instances: tuple[InstanceFile, ...]) -> None:
    scu("echoscu", storescp.port).check()
    scu("storescu", storescp.port, "--", instances[0].path).check()
    assert [same(instances[0].path, path) for path in storescp.files] == [[]]


@pytest.mark.peer("dcmqrscp", "echoscu", "storescu", "findscu")
def test_dcmqrscp(dcmqrscp: Dcmqrscp, instances: tuple[InstanceFile, ...]) -> None:
    scu("storescu", dcmqrscp.port, "--", instances[0].path, called="QRSCP").check()
    found = scu(
        "findscu", dcmqrscp.port, "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID",
        called="QRSCP",
    ).check()  # fmt: skip
    assert "WIT-001" in found.output


@pytest.mark.peer("orthanc", "storescu")
def test_orthanc(orthanc: Orthanc, instances: tuple[InstanceFile, ...]) -> None:
    scu("storescu", orthanc.port, "--", instances[0].path, called="ORTHANC").check()
    assert orthanc.instance_count() == 1
    orthanc.clear()
    assert orthanc.instance_count() == 0


@pytest.mark.peer("storescu", "findscu")
def test_pynetdicom(pynetdicom_scp: PynetdicomScp, instances: tuple[InstanceFile, ...]) -> None:
    scu("storescu", pynetdicom_scp.port, "--", instances[0].path).check()
    keys = ["-k", "QueryRetrieveLevel=IMAGE", "-k", "PatientID", "-k", "StudyID"]
    found = scu("findscu", pynetdicom_scp.port, "-S", *keys).check()
    assert "WIT-001" in found.output


async def test_dcmjs(start_dcmjs: Callable[..., DcmjsWindow]) -> None:
    """Three echoes at once: the window is granted as asked, and all are outstanding."""
    peer = start_dcmjs(max_delay=50)
    wire = await dial(peer.port)
    answer = await wire.associate(window=(5, 1))
    assert answer.window == (5, 1)
    await wire.send(*(scripted.echo_rq(1, number) for number in (1, 2, 3)))
    answered = [await wire.read_message() for _ in range(3)]
    assert sorted(int(found.command["responded_id"]) for found in answered) == [1, 2, 3]
    await wire.release()
    (report,) = await asyncio.to_thread(peer.reports)
    assert report.window == (5, 1)
    assert (report.requests, report.answered, report.max_outstanding) == (3, 3, 3)


async def test_a_script_and_a_wire_speak_with_each_other() -> None:
    async def script(wire: Wire) -> None:
        await scripted.serve(wire, window=(2, 2), max_pdu=0)

    async with ScriptedPeer(script) as peer:
        wire = await dial(peer.port)
        answer = await wire.associate(window=(2, 2))
        assert (answer.window, answer.max_pdu) == ((2, 2), 0)
        await wire.send(scripted.echo_rq(1, 7))
        said = (await wire.read_message()).command
        assert (said["responded_id"], said["status"]) == (7, 0)
        await wire.release()
        await peer.done()


async def test_an_assertion_in_a_script_fails_the_test() -> None:
    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RELEASE_RQ)

    with pytest.raises(AssertionError, match="A-ASSOCIATE-RQ"):
        async with ScriptedPeer(script) as peer:
            wire = await dial(peer.port)
            await wire.send(scripted.associate_rq())
            await wire.closed()
            await wire.close()


@pytest.mark.parametrize(
    "faults",
    [
        Direction(),
        Direction(segment=1),
        Direction(segment=7),
        Direction(split_at=range(1, 300, 3)),
        Direction(latency=0.05),
    ],
    ids=["nothing", "one-byte", "seven-bytes", "split", "latency"],
)
async def test_faults_that_lose_nothing(faults: Direction) -> None:
    async with (
        ScriptedPeer(scripted.serve) as peer,
        FaultProxy(peer.port, Faults(faults, faults)) as proxy,
    ):
        wire = await dial(proxy.port)
        await wire.associate()
        await wire.send(scripted.echo_rq())
        assert (await wire.read_message()).command["status"] == 0
        await wire.release()
        await peer.done()


@pytest.mark.parametrize("how", ["fin", "rst", "half"])
async def test_a_cut(how: str) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.closed()

    cut = Faults(to_client=Direction(cut_after=50, how=how))  # type: ignore[arg-type]
    async with ScriptedPeer(script) as peer, FaultProxy(peer.port, cut) as proxy:
        wire = await dial(proxy.port)
        await wire.send(scripted.associate_rq())
        with pytest.raises(scripted.Closed) as closed:
            await wire.read_pdu()
        assert closed.value.reset == (how == "rst")
        if how != "rst":
            assert len(closed.value.rest) == 50 - 6
        assert proxy.connections[0].to_client == 50
        await wire.close()


async def test_changed_bytes() -> None:
    sent = bytes(range(100))

    async def script(wire: Wire) -> None:
        await wire.send(sent)
        wire.half_close()
        await wire.closed()

    changes = Direction(
        corrupt=(3,), drop=(10, 11), garbage=(50, b"###"), duplicate=None, split_at=(3, 40)
    )
    async with (
        ScriptedPeer(script) as peer,
        FaultProxy(peer.port, Faults(to_client=changes)) as proxy,
    ):
        wire = await dial(proxy.port)
        received = await wire.closed()
        await wire.close()
    wanted = bytearray(sent)
    wanted[3] ^= 0xFF
    assert received == bytes(wanted[:10] + wanted[12:50]) + b"###" + bytes(wanted[50:])


async def test_a_stall_leaves_the_connection_open() -> None:
    async with (
        ScriptedPeer(scripted.serve) as peer,
        FaultProxy(peer.port, Faults(to_client=Direction(stall_after=10))) as proxy,
    ):
        wire = await dial(proxy.port)
        wire.timeout = 0.2
        await wire.send(scripted.associate_rq())
        with pytest.raises(TimeoutError):
            await wire.read_pdu()
        await wire.close()


def test_a_peer_that_does_not_start_says_why(tmp_path: Path) -> None:
    peer = Storescp(tmp_path, "--no-such-option")
    with pytest.raises(AssertionError, match="no-such-option"):
        peer.start()
    assert not peer.running
