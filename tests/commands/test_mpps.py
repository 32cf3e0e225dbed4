"""mpps: what a step is made of, what is said before anything is sent, and its states."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.commands.test_worklist import scheduled
from tests.session.peer import peer, shell, until

Shell = tuple[Session, MemoryOutput]


@pytest.fixture
async def practising(tmp_path: Path) -> AsyncIterator[Shell]:
    """A session with the practice archive, its worklist in request #1."""
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run("open practice; worklist --modality CT") == 0, output.said
        output.results.clear()
        output.notes.clear()
        yield session, output


async def kept(session: Session, uid: str) -> Dataset:
    """The step as the archive has it."""
    assert await session.run(f"n-get ModalityPerformedProcedureStep {uid}") == 0
    return session.requests[-1].results.dataset(0)


async def test_from_a_row_to_its_end(practising: Shell) -> None:
    session, output = practising
    assert await session.run("mpps start --of 1; store examples/ct.dcm; mpps complete") == 0
    (step,) = session.workflow.performed.values()
    assert (step.status, step.series, step.instances) == ("COMPLETED", 1, 1)
    found = await kept(session, step.uid)
    row = session.requests[0].results.dataset(0)
    (item,) = found.ScheduledStepAttributesSequence
    assert item.StudyInstanceUID == row.StudyInstanceUID
    assert item.RequestedProcedureID == row.RequestedProcedureID
    assert str(found.PatientName) == str(row.PatientName)
    assert found.PerformedStationAETitle == "ASSOCSH"
    (series,) = found.PerformedSeriesSequence
    file = dcmread(session.base / "examples" / "ct.dcm", stop_before_pixels=True)
    assert series.SeriesInstanceUID == file.SeriesInstanceUID
    assert series.RetrieveAETitle == "PRACTICE"
    assert series.ProtocolName == file.SeriesDescription
    (reference,) = series.ReferencedImageSequence
    assert reference.ReferencedSOPInstanceUID == file.SOPInstanceUID
    assert found.PerformedProcedureStepEndDate
    assert "an archive will not join the two" in output.said  # the file is of another study


async def test_at_the_prompt_each_waits_for_the_one_before(practising: Shell) -> None:
    """Typed at once: the end waits for the step to be there, and for what is still stored."""
    session, output = practising
    jobs = session.submit("mpps start --of 1; store examples; mpps complete")
    for job in jobs:
        await job.done.wait()
    (step,) = session.workflow.performed.values()
    assert (step.status, step.instances) == ("COMPLETED", 5), output.said
    found = await kept(session, step.uid)
    others = [
        one
        for series in found.PerformedSeriesSequence
        for one in series.ReferencedNonImageCompositeSOPInstanceSequence
    ]
    assert len(others) == 1  # the report


async def test_a_second_start_of_the_same_is_refused_here(practising: Shell) -> None:
    session, output = practising
    assert await session.run("mpps start --of 1") == 0
    assert await session.run("mpps start --of 1") != 0
    assert "#2 began this step already" in output.said and "IN PROGRESS" in output.said
    assert session.requests[-1].total == 0
    assert await session.run("mpps start --of 2") == 0  # another one may begin
    assert await session.run("mpps complete examples/ct.dcm") != 0
    assert "2 steps are in progress" in output.said
    uid = next(iter(session.workflow.performed))
    assert await session.run(f"mpps discontinue --uid {uid}") == 0
    assert await session.run("mpps start --of 1") == 0  # and again, once it has ended


async def test_what_has_ended_is_not_ended_again(practising: Shell) -> None:
    session, output = practising
    assert await session.run("mpps start --of 1; mpps discontinue") == 0
    uid = next(iter(session.workflow.performed))
    for line in ("mpps complete examples/ct.dcm", f"mpps complete --uid {uid} examples/ct.dcm"):
        assert await session.run(line) != 0
        assert session.requests[-1].total == 0
    assert "DISCONTINUED" in output.said
    assert await session.run("mpps complete --uid 1.2.3") != 0
    assert "no step 1.2.3 was begun here" in output.said


async def test_nothing_stored_is_not_completed(practising: Shell) -> None:
    session, output = practising
    assert await session.run("store examples/mr.dcm; mpps start --of 1; mpps complete") != 0
    assert "nothing was stored since #3" in output.said
    assert session.requests[-1].total == 0
    assert await session.run("mpps discontinue --reason no-show") == 0
    (step,) = session.workflow.performed.values()
    found = await kept(session, step.uid)
    (series,) = found.PerformedSeriesSequence
    assert not series.ReferencedImageSequence
    (reason,) = found.PerformedProcedureStepDiscontinuationReasonCodeSequence
    assert reason.CodeMeaning == "Patient did not arrive"


async def test_from_files_and_by_the_number_of_a_store(practising: Shell) -> None:
    session, output = practising
    script = "mpps start examples/ct.dcm; store examples/ct.dcm; store examples/mr.dcm"
    assert await session.run(script) == 0
    assert await session.run("mpps complete #4") == 0, output.said
    (step,) = session.workflow.performed.values()
    assert (step.patient, step.modality, step.instances) == ("Example^Eva", "CT", 1)
    assert "will not join" not in output.said
    found = await kept(session, step.uid)
    file = dcmread(session.base / "examples" / "mr.dcm", stop_before_pixels=True)
    assert found.PerformedSeriesSequence[0].SeriesInstanceUID == file.SeriesInstanceUID
    assert await session.run("mpps start #1") != 0
    assert "#1 is no store but C-FIND" in output.said


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("mpps start", ["StudyInstanceUID", "Modality"]),
        ("mpps start --set StudyInstanceUID=1.2.3", ["Modality"]),
        ("mpps start --set Modality=CT", ["StudyInstanceUID"]),
        ("mpps start --of 1 --set PerformedStationAETitle=", ["PerformedStationAETitle"]),
    ],
)
async def test_what_is_required_and_missing_is_named_before_anything_is_sent(
    practising: Shell, line: str, missing: list[str]
) -> None:
    session, output = practising
    assert await session.run(line) != 0
    assert all(one in output.said for one in missing)
    assert session.requests[-1].total == 0
    assert not session.workflow.performed


async def test_what_is_typed_is_what_it_has(practising: Shell) -> None:
    session, output = practising
    line = (
        "mpps start --set StudyInstanceUID=1.2.3 --set Modality=XA --set AccessionNumber=A7 "
        "--set PerformedLocation='Cath lab' --uid 1.2.3.9"
    )
    assert await session.run(line) == 0, output.said
    found = await kept(session, "1.2.3.9")
    (item,) = found.ScheduledStepAttributesSequence
    assert (item.StudyInstanceUID, item.AccessionNumber) == ("1.2.3", "A7")
    assert (found.Modality, found.PerformedLocation) == ("XA", "Cath lab")
    assert "StudyInstanceUID" not in found


async def test_what_the_peer_refuses_is_no_step() -> None:
    async with peer() as made, shell(made) as (session, output):
        made.matches = [scheduled(1)]
        assert await session.run("worklist") == 0
        made.refuses = 0x0110
        assert await session.run("mpps start --of 1") == 1
        assert "no step" in output.text and not session.workflow.performed
        made.refuses = 0
        assert await session.run("mpps start --of 1") == 0
        assert await session.run("mpps complete 'no such file'") != 0
        (step,) = session.workflow.performed.values()
        assert step.status == "IN PROGRESS"


async def test_a_step_is_ended_where_it_was_begun(practising: Shell) -> None:
    session, output = practising
    assert await session.run("mpps start --of 1") == 0
    async with peer() as made:
        assert await session.run(f"release; open {made.address}; mpps discontinue") != 0
        assert "was begun at PRACTICE" in output.said
        assert "N-SET" not in made.seen


async def test_a_duplicate_uid_is_the_peers_business(practising: Shell) -> None:
    session, _ = practising
    assert await session.run("mpps start --of 1 --uid 1.2.3.4; mpps discontinue") == 0
    session.workflow.performed.clear()
    assert await session.run("mpps start --of 2 --uid 1.2.3.4") == 1
    assert session.requests[-1].status == 0x0111
    assert not session.workflow.performed


async def test_the_list(practising: Shell) -> None:
    session, output = practising
    assert await session.run("mpps") == 0
    assert "no step was begun here" in output.said
    assert await session.run("mpps start --of 1; mpps; mpps discontinue; mpps") == 0
    listed = [line for line in output.results if line.lstrip().startswith("2 ")]
    assert ["IN PROGRESS" in line for line in listed] == [True, False]
    output.results.clear()
    assert await session.run("set format json; mpps") == 0
    (row,) = [json.loads(line) for line in output.results]
    assert (row["type"], row["status"], row["modality"]) == ("step", "DISCONTINUED", "CT")


async def test_codes_of_the_worklist_go_into_the_step() -> None:
    """Sequences of a row are copied item by item."""
    async with peer() as made, shell(made) as (session, output):
        row = scheduled(1)
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTT", "L", "Thorax, plain"
        row.RequestedProcedureCodeSequence = Sequence([code])
        row.ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence = Sequence([code])
        made.matches = [row]
        assert await session.run("worklist; mpps start --of 1") == 0, output.said
        sent = made.identifiers[1]
        assert sent.ProcedureCodeSequence[0].CodeMeaning == "Thorax, plain"
        assert sent.PerformedProtocolCodeSequence[0].CodeValue == "CTT"
        (item,) = sent.ScheduledStepAttributesSequence
        assert item.ScheduledProtocolCodeSequence[0].CodeValue == "CTT"


async def test_a_row_is_awaited_at_the_prompt() -> None:
    async with peer() as made, shell(made) as (session, _):
        made.matches = [scheduled(1)]
        made.gate.clear()
        jobs = session.submit("worklist; mpps start --of 1")
        await until(lambda: made.seen == ["C-FIND"])
        made.gate.set()
        for job in jobs:
            await job.done.wait()
        assert made.seen == ["C-FIND", "N-CREATE"]


@pytest.mark.parametrize(
    ("name", "sent"), [("Sjögren^Åsa", "ISO_IR 100"), ("佐藤^花子", "ISO_IR 192")]
)
async def test_the_character_set_of_the_row_unless_it_lacks_a_character(
    practising: Shell, name: str, sent: str
) -> None:
    session, output = practising
    row = session.requests[0].results.dataset(0)
    assert row.SpecificCharacterSet == "ISO_IR 100"
    assert await session.run(f"mpps start --of 1 --set PatientName='{name}' --uid 1.2.3.9") == 0
    found = await kept(session, "1.2.3.9")
    assert (str(found.PatientName), found.SpecificCharacterSet) == (name, sent)
    assert await session.run("mpps discontinue --set PerformedProcedureStepDescription=慢") == 0
    assert not output.said.count("error")


async def test_rows_have_labels(practising: Shell) -> None:
    session, _ = practising
    (first, *_) = session.requests[0].results.labels
    assert first.startswith("CT 2") and "Åkesson" in first and "CT Thorax" in first
