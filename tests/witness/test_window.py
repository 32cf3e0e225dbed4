"""The asynchronous operations window against an independent acceptor that grants it and counts.

dcmjs-dimse answers after random delays, so out of order; it counts what is outstanding when each
request arrives. PS3.7 annex D.3.3.3.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from assocsh import (
    CEcho,
    CFind,
    CGet,
    CMove,
    CStore,
    NAction,
    NCreate,
    NDelete,
    NGet,
    NSet,
    connect,
)
from assocsh.association.association import Association
from assocsh.association.operation import Operation
from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import Request
from assocsh.states import CancelOutcome, OperationState
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dicom_files import InstanceFile
from tests.witness.support import nothing_left

COUNT = 500
MPPS = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.826.0.1.3680043.8.498.99.7"
CONTEXTS = ["qr", ContextSpec(MPPS), ContextSpec(COMMITMENT)]

StartDcmjs = Callable[..., DcmjsWindow]

pytestmark = pytest.mark.peer("dcmjs")


def _mixed(count: int, image: InstanceFile) -> list[Request]:
    """Requests of ten kinds in turn; each C-FIND asks for a patient of its own."""

    def kinds(number: int) -> tuple[Request, ...]:
        keys = {"PatientID": f"P{number}"}
        study = {"StudyInstanceUID": f"{INSTANCE}.{number}"}
        return (
            CEcho(),
            CFind("STUDY", keys),
            CStore(image.path),
            CMove("STUDY", study, "ELSEWHERE"),
            CFind("PATIENT", keys, "patient"),
            CGet("STUDY", study),
            NCreate(MPPS, f"{INSTANCE}.{number}", {"PatientID": f"P{number}"}),
            NSet(MPPS, f"{INSTANCE}.{number}", {"PerformedProcedureStepStatus": "COMPLETED"}),
            NGet(MPPS, f"{INSTANCE}.{number}"),
            NAction(COMMITMENT, f"{INSTANCE}.{number}", 1, {"TransactionUID": INSTANCE}),
            NDelete(MPPS, f"{INSTANCE}.{number}"),
        )

    length = len(kinds(0))
    return [kinds(number)[number % length] for number in range(count)]


def _smallest(instances: tuple[InstanceFile, ...]) -> InstanceFile:
    """One data set that dcmjs-dimse has at once: it mixes up messages when it has to wait."""
    plain = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
    some = [found for found in instances if found.transfer_syntax in plain]
    return min(some, key=lambda found: found.path.stat().st_size)


async def _finish(operation: Operation) -> None:
    """Every response is that of this request, and there is exactly one final one."""
    responses = [response async for response in operation]
    assert [response.is_pending for response in responses[:-1]] == [True] * (len(responses) - 1)
    final = responses[-1]
    assert final is operation.final
    assert not final.is_pending
    assert final.status == 0x0000
    assert operation.state is OperationState.DONE
    assert {one.command.message_id_being_responded_to for one in responses} == {
        operation.message_id
    }
    request = operation.request
    if isinstance(request, CFind):
        assert len(responses) == 4
        asked = request.identifier["PatientID"]  # type: ignore[index, call-overload]
        assert {str(one.dataset.PatientID) for one in responses[:-1]} == {asked}
        assert [int(one.dataset.InstanceNumber) for one in responses[:-1]] == [0, 1, 2]
    elif isinstance(request, CMove | CGet):
        counts = [response.suboperations for response in responses[:-1]]
        assert [one.completed for one in counts if one] == [1, 2, 3]
    else:
        assert len(responses) == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("window", [1, 2, 8, 64, 0])
@pytest.mark.rule("W2", "W8", "W9", "M1", "E2", "E3", "A23")
@pytest.mark.scenario(40)
async def test_five_hundred_mixed_requests(
    window: int, start_dcmjs: StartDcmjs, instances: tuple[InstanceFile, ...]
) -> None:
    peer = start_dcmjs(max_delay=4 if window in (1, 2) else 20, seed=window + 1)
    image = _smallest(instances)
    contexts = [*CONTEXTS, ContextSpec(image.sop_class, (image.transfer_syntax,))]
    requests = _mixed(COUNT, image)

    async with nothing_left():
        async with connect(peer.address, contexts=contexts, window=window) as association:
            assert association.window.invoked == window
            operations = [association.send(request) for request in requests]
            assert association.pending + association.queued == COUNT
            await asyncio.sleep(0)  # one turn of the loop sends what the window admits
            if window:
                assert (association.pending, association.queued) == (window, COUNT - window)
            finished: list[int] = []
            for operation in operations:
                operation.add_done_callback(lambda done: finished.append(done.number))
            await asyncio.gather(*(_finish(operation) for operation in operations))
            assert (association.pending, association.queued) == (0, 0)
            await association.release()

    (report,) = await asyncio.to_thread(peer.reports)
    # a window of 1 is what goes without saying
    assert (report.window or (1, 1))[0] == window
    assert report.requests == report.answered == COUNT
    assert sum(report.kinds.values()) == COUNT
    assert len(report.kinds) == 10
    in_order = finished == sorted(finished)
    if window == 1:
        assert report.max_outstanding == 1
        assert report.overtaken == 0
        assert in_order
    else:
        assert report.overtaken > 0, "the peer answered out of order"
        assert not in_order
    if window:
        assert report.max_outstanding <= window, "more outstanding than negotiated"
        assert report.max_outstanding >= min(window, 8), "the window is used"
    else:
        assert report.max_outstanding > 64, "0 is unlimited"


@pytest.mark.rule("M1", "A8")
async def test_message_ids_differ_among_all_that_is_outstanding(start_dcmjs: StartDcmjs) -> None:
    peer = start_dcmjs(max_delay=200)
    async with connect(peer.address, contexts="verification", window=0) as association:
        operations = [association.echo() for _ in range(200)]
        ids = [operation.message_id for operation in operations if operation.message_id]
        assert len(set(ids)) == len(ids)
        await asyncio.gather(*(operation.result() for operation in operations))
        await association.release()
    # the peer reports an id that comes while it is outstanding as an error, which raises here
    (report,) = await asyncio.to_thread(peer.reports)
    assert report.requests == 200


@pytest.mark.rule("C1", "C4", "C5", "E5", "A3", "A4")
async def test_cancelled_and_withdrawn(start_dcmjs: StartDcmjs) -> None:
    """Of 20 finds in a window of 4: sent ones are cancelled with C-CANCEL, queued ones are not."""
    peer = start_dcmjs(max_delay=100, pending=50)
    async with connect(peer.address, contexts="qr", window=4) as association:
        operations = [
            association.find("STUDY", {"PatientID": f"P{number}"}) for number in range(20)
        ]
        first = operations[0]
        async for _ in first:  # until its first match is here
            break
        assert [operation.state for operation in operations[4:]] == [OperationState.QUEUED] * 16
        # newest first: a place that gets free must not be taken by one that is to be cancelled
        outcomes = [operation.cancel() for operation in reversed(operations)][::-1]
        assert outcomes[4:] == [CancelOutcome.WITHDRAWN] * 16
        assert outcomes[:4] == [CancelOutcome.REQUESTED] * 4
        for operation in operations[:4]:
            assert (await operation.result()).status == 0xFE00
            assert operation.state is OperationState.CANCELLED
            assert operation.cancel_result == "obeyed"
        assert (await association.echo().result()).status == 0
        await association.release()
    (report,) = await asyncio.to_thread(peer.reports)
    assert report.kinds == {"C-FIND": 4, "C-ECHO": 1}
    assert report.cancels == 4


@pytest.mark.rule("R1", "A14")
async def test_release_waits_for_what_is_pending(start_dcmjs: StartDcmjs) -> None:
    peer = start_dcmjs(max_delay=100)
    async with connect(peer.address, contexts="verification", window=8) as association:
        operations = [association.echo() for _ in range(8)]
        await association.release()
        assert all(operation.state is OperationState.DONE for operation in operations)
    (report,) = await asyncio.to_thread(peer.reports)
    assert report.answered == 8


async def test_two_associations_do_not_share_a_window(start_dcmjs: StartDcmjs) -> None:
    peer = start_dcmjs(max_delay=10)

    async def use(association: Association) -> None:
        await asyncio.gather(*(association.echo().result() for _ in range(30)))
        await association.release()

    async with (
        connect(peer.address, contexts="verification", window=2) as first,
        connect(peer.address, contexts="verification", window=5) as second,
    ):
        await asyncio.gather(use(first), use(second))
    reports = await asyncio.to_thread(peer.reports, 2)
    limits = sorted((report.window or (0, 0))[0] for report in reports)
    assert limits == [2, 5]
    assert all(report.max_outstanding <= (report.window or (0, 0))[0] for report in reports)
    assert list(itertools.chain(*(report.kinds for report in reports))) == ["C-ECHO"] * 2
