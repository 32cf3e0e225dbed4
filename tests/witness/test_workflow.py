"""Workflow services against those who insist on them: pynetdicom, strict; DCMTK's worklist.

The SCP of ``tests/peers/pynetdicom_workflow.py`` refuses what lacks a required attribute, what
names another class than UPS Push, and what comes on a context of a class that does not have it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dcmtk import Wlmscpfs
from tests.peers.dicom_files import InstanceFile
from tests.peers.programs import need
from tests.peers.workflow import Strict, WorklistOrthanc, items
from tests.session.peer import shell
from tests.witness.support import assocsh


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    with Strict(tmp_path_factory.mktemp("strict")) as peer:
        yield peer


@pytest.fixture(scope="module", params=["wlmscpfs", "orthanc"])
def ris(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wlmscpfs | WorklistOrthanc]:
    need("wlmscpfs" if request.param == "wlmscpfs" else "orthanc-worklist")
    folder = tmp_path_factory.mktemp("worklist")
    kind = Wlmscpfs if request.param == "wlmscpfs" else WorklistOrthanc
    with kind(folder, items()) as peer:
        yield peer


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("worklist", ["WL-1", "WL-2", "WL-3"]),
        ("worklist 20260105", ["WL-1", "WL-2"]),
        ("worklist 20260106..", ["WL-3"]),
        ("worklist 2026-01-01..2026-01-05 --modality MR", ["WL-2"]),
        ("worklist --station ROOM1 --modality CT", ["WL-1", "WL-3"]),
        ("worklist today", []),
        ("worklist --station ROOM2", []),
    ],
)
async def test_who_plans_matches_inside_the_sequence(
    ris: Wlmscpfs | WorklistOrthanc, asked: str, found: list[str]
) -> None:
    async with shell() as (session, output):
        assert await session.run(f"open {ris.address} --contexts worklist") == 0
        assert await session.run(asked) == 0, output.said
        record = session.requests[0]
        assert sorted(str(one.PatientID) for one in record.results.datasets()) == found


async def test_a_row_becomes_a_step_at_another_peer(
    ris: Wlmscpfs | WorklistOrthanc, strict: Strict, instances: tuple[InstanceFile, ...]
) -> None:
    """The RIS has the worklist, another peer takes the steps: the row goes from one to the other.

    Also a name that is not ASCII: N-SET has the character set of N-CREATE.
    """
    ct = instances[0].path
    async with shell() as (session, output):
        assert await session.run(f"open {ris.address} --contexts worklist; worklist 20260105") == 0
        rows = [str(one.PatientID) for one in session.requests[0].results.datasets()]
        row = rows.index("WL-2") + 1
        script = (
            f"release; open {strict.address} --contexts mpps; mpps start --of {row}; "
            f"mpps complete {ct}"
        )
        assert await session.run(script) == 0, output.said
        (step,) = session.workflow.performed.values()
        assert (step.status, step.instances, step.modality) == ("COMPLETED", 1, "MR")
        query = f"n-get ModalityPerformedProcedureStepRetrieve {step.uid}"
        assert await session.run(query) == 0, output.said
        (kept,) = session.requests[-1].results.datasets()
        assert str(kept.PatientName) == "Müller^Jörg"
        planned = session.requests[0].results.dataset(row - 1)
        assert kept.SpecificCharacterSet == planned.SpecificCharacterSet
        scheduled = kept.ScheduledStepAttributesSequence[0]
        assert scheduled.StudyInstanceUID.endswith(".2")
        assert (scheduled.AccessionNumber, scheduled.ScheduledProcedureStepID) == ("ACC2", "SPS2")
        assert kept.PerformedProcedureStepStatus == "COMPLETED"
        series = kept.PerformedSeriesSequence[0]
        named = [*series.ReferencedImageSequence]
        named += series.ReferencedNonImageCompositeSOPInstanceSequence
        assert [one.ReferencedSOPInstanceUID for one in named] == [instances[0].sop_instance]


async def test_a_step_that_was_given_up(
    strict: Strict, instances: tuple[InstanceFile, ...]
) -> None:
    async with shell() as (session, output):
        script = (
            f"open {strict.address} --contexts mpps; mpps start {instances[0].path}; "
            "mpps discontinue --reason equipment"
        )
        assert await session.run(script) == 0, output.said
        (step,) = session.workflow.performed.values()
        assert await session.run(f"n-get ModalityPerformedProcedureStep {step.uid}") == 0
        (kept,) = session.requests[-1].results.datasets()
        assert kept.PerformedProcedureStepStatus == "DISCONTINUED"
        (reason,) = kept.PerformedProcedureStepDiscontinuationReasonCodeSequence
        assert (reason.CodeValue, reason.CodingSchemeDesignator) == ("110501", "DCM")


UPS = """
open {peer} --contexts {contexts}
ups create --label 'Lung CAD' --workitem detection PatientID=PRC-1001
ups claim
ups update --progress 50
ups complete {file}
"""


async def _claimed_and_completed(peer: str, contexts: str, file: Path) -> None:
    async with shell() as (session, output):
        script = UPS.format(peer=peer, contexts=contexts, file=file)
        assert await session.run(script) == 0, output.said
        (held,) = session.workflow.claims.values()
        assert held.state == "COMPLETED"
        assert await session.run(f"ups get {held.uid}") == 0, output.said
        (kept,) = session.requests[-1].results.datasets()
        assert kept.ProcedureStepState == "COMPLETED"
        (item,) = kept.UnifiedProcedureStepPerformedProcedureSequence
        assert item.PerformedWorkitemCodeSequence[0].CodeValue == "110004"
        assert len(item.OutputInformationSequence) == 1
        assert held.transaction not in output.text + output.said


async def test_ups_from_claim_to_completed(
    strict: Strict, instances: tuple[InstanceFile, ...]
) -> None:
    """Each request names UPS Push, and goes on a context of the class that has it."""
    await _claimed_and_completed(strict.address, "ups", instances[0].path)


async def test_ups_the_rest(strict: Strict) -> None:
    script = f"""
    open {strict.address} --contexts ups
    ups create --label Print --priority high
    ups subscribe --lock
    ups unsubscribe
    ups claim
    ups cancel --reason 'no paper'
    ups get ProcedureStepState
    expect rsp[0].ProcedureStepState == CANCELED
    ups create --label 'Nobody wants it'
    ups cancel
    ups find --state canceled
    expect count >= 2
    ups subscribe all
    ups suspend
    ups subscribe all --lock ProcedureStepLabel=CAD* InputReadinessState=READY
    ups unsubscribe all
    """
    async with shell() as (session, output):
        assert await session.run(script) == 0, output.said


async def test_ups_complete_checks_before_it_sends(strict: Strict) -> None:
    """What the final state needs and nothing tells is named: the peer is asked, nothing is set."""
    script = f"open {strict.address} --contexts ups; ups create --label X; ups claim"
    async with shell() as (session, output):
        assert await session.run(script) == 0, output.said
        assert await session.run("ups complete") != 0
        assert "PerformedWorkitemCodeSequence" in output.said
        assert session.requests[-1].total == 1  # the N-GET alone
        assert await session.run("ups complete --workitem print") == 0, output.said


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("ups claim 1.2.3", 0xC307),
        ("ups cancel 1.2.3", 0xC307),
        ("ups get 1.2.3", 0xC307),
        ("ups update 1.2.3 ProcedureStepLabel=X", 0xC307),
    ],
)
async def test_what_ups_refuses_has_its_meaning(strict: Strict, line: str, status: int) -> None:
    async with shell() as (session, output):
        assert await session.run(f"open {strict.address} --contexts ups") == 0
        assert await session.run(line) == 1
        assert session.requests[-1].status == status
        assert "does not exist" in output.text


async def test_a_second_claim_is_refused_by_the_peer(strict: Strict) -> None:
    async with shell() as (first, said), shell() as (second, output):
        assert await first.run(f"open {strict.address} --contexts ups; ups create --label A") == 0
        assert await first.run("ups claim") == 0, said.said
        uid = next(iter(first.workflow.claims))
        assert await second.run(f"open {strict.address} --contexts ups; ups claim {uid}") == 1
        assert second.requests[-1].status == 0xC302
        assert not second.workflow.claims
        assert await second.run(f"ups update {uid} ProcedureStepLabel=B") == 1
        assert second.requests[-1].status == 0xC301
        assert await second.run(f"ups complete --uid {uid}") != 0
        assert "was not claimed here" in output.said


async def test_availability_is_told(strict: Strict, instances: tuple[InstanceFile, ...]) -> None:
    async with shell() as (session, output):
        script = f"open {strict.address} --contexts ian; ian {instances[0].path}"
        assert await session.run(script) == 0, output.said
        assert session.requests[-1].detail == "1 study, 1 instance"


def test_the_program_itself(strict: Strict, instances: tuple[InstanceFile, ...]) -> None:
    """As ``assocsh PEER -c``: exit codes and JSON."""
    said = (
        "ups create --label CAD --workitem detection",
        "ups claim",
        f"ups complete {instances[0].path}",
        "ups",
    )
    words = [word for line in said for word in ("-c", line)]
    ran = assocsh(strict.address, "--contexts", "ups", *words, "--format", "json").check()
    assert [final["status"] for final in ran.of("final")] == ["0x0000"] * 3
    (claim,) = ran.of("claim")
    assert claim["state"] == "COMPLETED"
    assert "transaction" not in str(claim).lower()


@pytest.mark.peer("dcmjs")
async def test_dcmjs_takes_what_steps_are_made_of(
    start_dcmjs: Callable[..., DcmjsWindow], instances: tuple[InstanceFile, ...]
) -> None:
    """A third decoder reads every request; it does not look at what they mean."""
    node = start_dcmjs(max_delay=1)
    script = f"""
    open {node.address} --contexts mpps,ups,ian
    mpps start {instances[0].path}
    mpps complete {instances[0].path}
    ups create --label CAD --workitem detection
    ups claim
    ups update --progress 50
    ups cancel --reason 'no time'
    ups subscribe all
    ian {instances[0].path}
    release
    """
    async with shell() as (session, output):
        assert await session.run(script) == 0, output.said
    (report,) = await asyncio.to_thread(node.reports)
    assert report.kinds == {"N-CREATE": 3, "N-SET": 3, "N-ACTION": 3}
    assert report.requests == report.answered == 9
