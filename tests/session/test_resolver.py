"""The values of queries, asked for as a script does."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from assocsh.errors import LanguageError
from assocsh.language.queries import parse_query
from tests.session.peer import match, peer, shell

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    "expectation",
    [
        "assoc.state == open",
        "assoc.peer startswith PEER@127.0.0.1:",
        "assoc.calling == DESK",
        "assoc.called == PEER",
        "assoc.max_pdu == 131072",
        "assoc.ended_by not exists",
        "assoc.window == 4/4",
        "assoc.window.invoked == 4",
        "assoc.contexts == 1",
        "assoc.contexts[CTImageStorage] == accepted",
        "assoc.contexts[CTImageStorage].id == 1",
        "assoc.contexts[1].abstract_syntax == CTImageStorage",
        "assoc.contexts[CTImageStorage].transfer_syntax == ExplicitVRLittleEndian",
        "assoc.contexts[CTImageStorage].role == SCU",
        "assoc.contexts[MRImageStorage].role isempty",
        "assoc.contexts[MRImageStorage].transfer_syntax not exists",
        "assoc.contexts[MRImageStorage].result contains 'not supported'",
        "assoc.contexts[NuclearMedicineImageStorage].result not exists",
        "assoc.contexts[*].result includes accepted",
    ],
)
async def test_of_an_association(expectation: str) -> None:
    policy = {"abstract_syntaxes": (CT,)}
    async with peer(**policy) as scp, shell() as (session, output):
        contexts = "--contexts CTImageStorage:ExplicitVRLittleEndian,MRImageStorage"
        opened = f"open {scp.address} --as DESK --window 4 {contexts}"
        assert await session.run(f"{opened}; expect {expectation}") == 0, output.said


@pytest.mark.parametrize(
    "expectation",
    [
        "assoc.contexts[StudyRootQueryRetrieveInformationModelFind].extended.relational == yes",
        "assoc.contexts[StudyRootQueryRetrieveInformationModelFind].extended.fuzzy == no",
        "assoc.contexts[StudyRootQueryRetrieveInformationModelFind].extended.enhanced not exists",
        "assoc.contexts[CTImageStorage].extended.level == 'did not answer'",
        "assoc.contexts[CTImageStorage].role_asked == SCP",
        "assoc.contexts[CTImageStorage].role_answered == SCP",
        "assoc.contexts[CTImageStorage].role == SCP",
        "assoc.contexts[1].role_asked not exists",
        "assoc.contexts[1].role_answered not exists",
        "assoc.contexts[1.2.3.4].extended.bytes == 07",
        "assoc.contexts[*].extended.relational includes yes",
    ],
)
async def test_of_what_was_negotiated_of_a_class(expectation: str) -> None:
    find = "1.2.840.10008.5.1.4.1.2.2.1"
    answers = {find: b"\x01\0\0", "1.2.3.4": b"\x07"}
    policy = {"extended": lambda uid, asked: answers.get(uid)}
    async with peer(**policy) as scp, shell() as (session, output):
        opened = (
            f"open {scp.address} --contexts {find},CTImageStorage,1.2.3.4 "
            "--extended find:relational,fuzzy --extended storage:level --extended 1.2.3.4:0f "
            "--role CTImageStorage:scp"
        )
        assert await session.run(f"{opened}; expect {expectation}") == 0, output.said


@pytest.mark.parametrize(
    "query",
    [
        "assoc.contexts[1].extended",
        "assoc.contexts[1].extended.relation",
        "assoc.contexts[1].extended.relational.more",
        "assoc.contexts[1].role_asked.scu",
    ],
)
def test_what_no_class_negotiates_cannot_be_asked(query: str) -> None:
    with pytest.raises(LanguageError, match=r"extended|role_asked"):
        parse_query(query)


async def test_without_an_association() -> None:
    async with shell() as (session, output):
        text = "expect assoc.state == closed; expect assoc.peer not exists"
        assert await session.run(text) == 0, output.said


async def test_of_an_association_that_has_ended() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        text = "release; expect assoc.state == released; expect assoc.ended_by == local"
        assert await session.run(text) == 0, output.said


@pytest.mark.parametrize(
    "expectation",
    [
        "rsp[0].OtherPatientIDs[1] == B",
        "rsp[0].OtherPatientIDs[2] not exists",
        "rsp[0].OtherPatientIDs == 'A\\B'",
        "rsp[0].ReferencedStudySequence == 2",
        "rsp[0].ReferencedStudySequence[1].StudyInstanceUID == 1.2.2",
        "rsp[0].ReferencedStudySequence.StudyInstanceUID == 1.2.1",
        "rsp[0].ReferencedStudySequence[2].StudyInstanceUID not exists",
        "rsp[0].ReferencedStudySequence[0] == 1",
        "rsp[0].ReferencedStudySequence[1] exists",
        "rsp[0].ReferencedStudySequence[2] not exists",
        "rsp[1].PatientID not exists",
        "rsp[0].PatientName not exists",
        "rsp[*].PatientID == P1",
        "last.PatientID == P1",
        "status.name == Success",
        "status.category == Success",
        "suboperations.completed not exists",
        "compared not exists",
        "different not exists",
        "error not exists",
        "elapsed < 5s",
    ],
)
async def test_of_a_response(expectation: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        first, second = Dataset(), Dataset()
        first.StudyInstanceUID, second.StudyInstanceUID = "1.2.1", "1.2.2"
        scp.matches = [
            match(
                PatientID="P1",
                OtherPatientIDs=["A", "B"],
                ReferencedStudySequence=[first, second],
            )
        ]
        await session.run("find study PatientID=")
        assert await session.run(f"expect {expectation}") == 0, output.said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("expect rsp[0] == x", "rsp[0] is a whole response"),
        ("expect rsp[0].PatientID[0].PatientName == x", "PatientID is not a sequence"),
        ("let a = rsp[*].PatientID", "rsp[*].PatientID has 2 values"),
        ("let a = rsp[7].PatientID", "#1 C-FIND 0x0000 Success"),
        ("find study PatientID=${rsp[7].PatientID}", "rsp[7].PatientID has no value"),
        ("find study PatientID=${rsp[7].PatientID}", "#1 had 2 responses"),
        ("find study PatientID=${rsp[*].PatientID}", "has 2 values"),
        ("find study PatientID=$nobody", "$nobody has no value"),
        ("expect events[0].colour == x", "an event has type, direction, status, message_id"),
        ("expect #9.count == 1", "there is no request #9"),
    ],
)
async def test_what_makes_no_sense(text: str, says: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1"), match(PatientID="P2")]
        await session.run("find study PatientID=")
        assert await session.run(text) != 0
        assert says in output.said


async def test_there_is_no_request_yet() -> None:
    async with shell() as (session, output):
        assert await session.run("expect count == 1") != 0
        assert "count: there is no request yet" in output.said


async def test_events_are_remembered_from_the_first_pdu_when_a_text_will_ask() -> None:
    async with peer() as scp, shell() as (session, output):
        text = (
            f"open {scp.address}; echo; release; expect events[*].type includes A-ASSOCIATE-RQ; "
            "expect events[*].direction includes received; expect pdu.sent == 3; "
            "expect events[99].type not exists"
        )
        calls = session.parse(text)
        session.prepare(calls)
        assert await session.run_calls(calls) == 0, output.said
