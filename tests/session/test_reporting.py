"""What is reported to a listener: by whom it comes, how it is answered, what it belongs to.

Where a peer is scripted it reports at a moment that is known, and keeps what it was answered.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydicom.uid import UID
from pynetdicom import AE, build_role

import assocsh.uids as uids
from tests.peers.orthanc import Orthanc
from tests.peers.process import free_port
from tests.peers.pynetdicom_scu import keep_responses
from tests.peers.scripted import N_EVENT_REPORT, RESPONSE, ScriptedPeer, Wire, response
from tests.program.test_peer_requests import COMMITMENT, TRANSACTION, report
from tests.session.peer import shell, until

ASK = (
    f"n-action StorageCommitmentPushModel {uids.STORAGE_COMMITMENT_INSTANCE} 1 "
    "TransactionUID=1.2.3.4 ReferencedSOPSequence[0].ReferencedSOPClassUID=1.2.840.10008.1.1 "
    "ReferencedSOPSequence[0].ReferencedSOPInstanceUID=1.2.3"
)


@pytest.mark.peer("orthanc")
async def test_orthanc_reports_on_an_association_of_its_own(tmp_path: Path) -> None:
    """It proposes the SCP role; the report is joined to its request by the Transaction UID."""
    port = free_port()
    (tmp_path / "orthanc").mkdir()
    with Orthanc(tmp_path / "orthanc") as orthanc:
        orthanc.add_modality("ASSOCSH", port)
        async with shell() as (session, output):
            session.base = tmp_path
            assert await session.run(f"open {orthanc.address}; listen --port {port}") == 0
            assert await session.run(ASK) == 0, output.said
            reports = session.observers.reports
            await until(lambda: len(reports))
            (came,) = reports
            assert (came.sender, came.event_type, came.request) == ("ORTHANC", 2, 1)
            assert came.status == 0x0000
            assert session.listener is not None and session.listener.reported == 1
            assert "* ORTHANC reports event 2: Storage Commitment" in output.said
            assert ", for #1" in output.said
            output.results.clear()
            assert await session.run("show events; show events 1") == 0
            assert "ORTHANC" in output.text
            assert "FailedSOPSequence[0].FailureReason 274" in output.text
            checks = (
                "events[*].event_type includes 2",
                "events[*].request includes 1",
                "events[*].sender includes ORTHANC",
                "events[*].sop_class includes StorageCommitmentPushModel",
                "events[*].TransactionUID includes 1.2.3.4",
                "events[*].FailedSOPSequence[0].FailureReason includes 274",
            )
            for check in checks:
                assert await session.run(f"expect {check}") == 0, output.said
            assert await session.run("expect events[*].TransactionUID includes 9.9") == 1


@pytest.mark.parametrize("early", [True, False])
async def test_a_report_on_the_live_association_is_joined_whenever_it_comes(early: bool) -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept()
        asked = await wire.read_message()
        said = report(request.context(COMMITMENT))
        if not early:
            await wire.send(response(asked))
        await wire.send(said)
        assert (await wire.read_message()).field == N_EVENT_REPORT | RESPONSE
        if early:
            await wire.send(response(asked))
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        await session.run(f"open {scp.address} --contexts {COMMITMENT}")
        assert await session.run(ASK) == 0, output.said
        await until(lambda: len(session.observers.reports))
        (came,) = session.observers.reports
        assert (came.request, came.sender) == (1, "")
        await session.close(abort=True)


@pytest.mark.parametrize(
    ("options", "status"),
    [("--status 0x0110", 0x0110), ("--silent", None)],
)
async def test_how_reports_are_answered(options: str, status: int | None) -> None:
    answers: list[int] = []
    sent = asyncio.Event()

    async def script(wire: Wire) -> None:
        request = await wire.accept()
        await wire.send(report(request.context(COMMITMENT), TRANSACTION))
        sent.set()
        if status is not None:
            answers.append((await wire.read_message()).command["status"])
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.settings.set("format", "json")
        assert await session.run(f"listen {options}") == 0
        await session.run(f"open {scp.address} --contexts {COMMITMENT}")
        await sent.wait()
        await until(lambda: len(session.observers.reports))
        (came,) = session.observers.reports
        await until(lambda: '"type":"event"' in output.text)
        event = next(json.loads(line) for line in output.results if '"type":"event"' in line)
        assert event["answered"] == (None if status is None else f"0x{status:04X}")
        assert came.status == status
        if status is not None:
            await until(lambda: answers == [status])
        await session.close(abort=True)


@pytest.mark.parametrize(
    "line", ["listen --status 110", "listen --status 0x0110 --silent", "listen --accept NoSuch"]
)
async def test_a_wrong_answer_is_refused_before_anything_listens(line: str) -> None:
    async with shell() as (session, _):
        assert await session.run(line) != 0
        assert session.listener is None


async def test_who_calls_another_title_is_named() -> None:
    from assocsh.association import connect
    from assocsh.errors import AssociationRejected

    async with shell() as (session, output):
        assert await session.run("listen --as HERE") == 0
        listener = session.listener
        assert listener is not None
        with pytest.raises(AssociationRejected):
            await connect(f"ELSEWHERE@127.0.0.1:{listener.port}", calling_ae="CALLER")
        await until(lambda: "called ELSEWHERE, and was rejected here: this is HERE" in output.said)
        (caller,) = listener.callers.since(0)
        assert caller.rejected and caller.calling == "CALLER"


@pytest.mark.parametrize("role", [True, False])
async def test_what_becomes_of_performed_steps(role: bool, tmp_path: Path) -> None:
    """pynetdicom as SCP of MPPS Notification, requestor of the association, its role said or not.

    There is no event information (PS3.4 F.9.2).
    """
    sop_class = uids.MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION

    def tell(port: int) -> list[int]:
        ae = AE("RIS")
        ae.add_requested_context(sop_class)
        roles = [build_role(sop_class, scp_role=True)] if role else []
        scp = ae.associate("127.0.0.1", port, ae_title="ASSOCSH", ext_neg=roles)
        assert scp.is_established
        keep_responses(scp)
        for context in scp.accepted_contexts:
            assert context.as_scp or not role
            context._as_scp = True
        answers = [
            scp.send_n_event_report(None, event, sop_class, UID("1.2.3"))[0].Status
            for event in (1, 3)
        ]
        scp.release()
        return answers

    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("listen --as ASSOCSH") == 0
        assert session.listener is not None
        assert await asyncio.to_thread(tell, session.listener.port) == [0, 0]
        await until(lambda: len(session.observers.reports) == 2)
        named = "Modality Performed Procedure Step Notification SOP Class"
        assert f"* RIS reports event 1: {named} (In Progress), instance 1.2.3" in output.said
        assert f"* RIS reports event 3: {named} (Discontinued), instance 1.2.3" in output.said
        assert await session.run("expect events[*].event_type includes 3") == 0


async def test_the_practice_archive_tells_who_listens(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; listen; worklist --modality CT") == 0
        assert await session.run("mpps start --of 1; mpps discontinue") == 0
        await until(lambda: len(session.observers.reports) == 2)
        assert "* PRACTICE reports event 1: Modality Performed" in output.said
        assert "(Discontinued)" in output.said
        row = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus"
        assert await session.run("worklist ScheduledProcedureStepStatus=DISCONTINUED") == 0
        assert await session.run(f"expect rsp[0].{row} == DISCONTINUED") == 0
        assert await session.run("expect count == 1") == 0
