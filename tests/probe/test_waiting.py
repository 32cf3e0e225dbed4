"""Who connects to us: DCMTK's storescu and pynetdicom, as they are when they are refused."""

from __future__ import annotations

import asyncio

from pynetdicom import AE, build_role
from pynetdicom.sop_class import CTImageStorage, Verification

from assocsh.probe.model import Verdict
from assocsh.probe.waiting import Waiting
from tests.peers.dcmtk import scu
from tests.peers.dicom_files import InstanceFile


def _port(waiting: Waiting) -> int:
    return int(waiting.address.rpartition(":")[2])


async def test_storescu(instances: tuple[InstanceFile, ...]) -> None:
    """It stores nothing here, goes on where it may, and does not come again by itself."""
    waiting = Waiting("PROBER")
    await waiting.start(0)
    files = [str(each.path) for each in instances[:2]]
    try:
        for _ in range(3):
            await asyncio.to_thread(scu, "storescu", _port(waiting), "--", *files, called="PROBER")
        async with asyncio.timeout(10):
            await waiting.wait()
        report = waiting.report()
    finally:
        await waiting.close()
    assert not report.partial
    assert report.peer == "DCMTK"
    told = {each.id.partition(".")[2]: each.verdict for each in report.answers}
    assert told["contexts"] is Verdict.YES
    assert told["window"] is Verdict.NO
    assert told["asks"] is Verdict.YES
    assert told["releases"] is not Verdict.UNKNOWN
    assert [one.outcome for one in report.associations][1] == "rejected 2/3/2"


async def test_what_did_not_come_is_not_said() -> None:
    waiting = Waiting("PROBER")
    await waiting.start(0)

    def call() -> None:
        entity = AE(ae_title="MODALITY")
        entity.add_requested_context(CTImageStorage)
        entity.add_requested_context(Verification)
        role = build_role(CTImageStorage, scp_role=True, scu_role=True)
        association = entity.associate("127.0.0.1", _port(waiting), ext_neg=[role])
        assert association.is_established
        association.send_c_echo()
        association.release()

    try:
        await asyncio.to_thread(call)
        report = waiting.report()
    finally:
        await waiting.close()
    told = {each.id.partition(".")[2]: each for each in report.answers}
    assert told["roles"].value == ["CTImageStorage SCU 1 SCP 1"]
    assert told["asks"].verdict is Verdict.YES
    assert told["comes-again"].verdict is Verdict.UNKNOWN
    assert "1 of 3" in told["comes-again"].why
    assert report.partial
