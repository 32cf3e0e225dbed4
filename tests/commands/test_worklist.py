"""worklist: its keys inside the sequence, a flat table back, rows that others take."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from assocsh.commands.worklist import NEEDED, SHOWN
from assocsh.errors import LanguageError
from tests.session.peer import Peer, match, peer, shell

STEP = "ScheduledProcedureStepSequence"


def scheduled(number: int) -> Dataset:
    step = match(
        Modality="CT",
        ScheduledStationAETitle="CT1",
        ScheduledProcedureStepStartDate="20260105",
        ScheduledProcedureStepStartTime="0800",
        ScheduledProcedureStepDescription="Thorax",
        ScheduledProcedureStepID=f"SPS{number}",
    )
    made = match(
        PatientName=f"DOE^{number}",
        PatientID=f"P{number}",
        AccessionNumber=f"A{number}",
        StudyInstanceUID=f"1.2.3.{number}",
    )
    made.ScheduledProcedureStepSequence = Sequence([step])
    return made


async def asked(line: str) -> Dataset:
    """The identifier that a line sends."""
    async with peer() as made, shell(made) as (session, output):
        assert await session.run(line) == 0, output.said
        return made.identifiers[0]


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("worklist", {}),
        ("worklist 20260105", {"ScheduledProcedureStepStartDate": "20260105"}),
        ("worklist 20260105-20260107", {"ScheduledProcedureStepStartDate": "20260105-20260107"}),
        (
            "worklist --station CT1 --modality CT",
            {"ScheduledStationAETitle": "CT1", "Modality": "CT"},
        ),
        ("worklist Modality=MR --modality CT", {"Modality": "MR"}),
        ("worklist (0040,0001)=CT7", {"ScheduledStationAETitle": "CT7"}),
        (f"worklist {STEP}[0].Modality=US", {"Modality": "US"}),
        (
            "worklist ScheduledPerformingPhysicianName=DOC*",
            {"ScheduledPerformingPhysicianName": "DOC*"},
        ),
    ],
)
async def test_keys_of_the_step_are_in_the_sequence(line: str, keys: dict[str, str]) -> None:
    identifier = await asked(line)
    assert "Modality" not in identifier and "QueryRetrieveLevel" not in identifier
    (item,) = identifier.ScheduledProcedureStepSequence
    assert {one.keyword: str(one.value) for one in item if one.VR != "SQ" and one.value} == keys
    wanted = {path.removeprefix(f"{STEP}[0].") for path in (*SHOWN, *NEEDED) if STEP in path}
    assert wanted <= {one.keyword for one in item}
    assert {path for path in (*SHOWN, *NEEDED) if STEP not in path} <= {
        one.keyword for one in identifier
    }


async def test_other_keys_are_of_the_item() -> None:
    identifier = await asked("worklist today PatientID=1 AdmissionID")
    assert identifier.PatientID == "1"
    assert "AdmissionID" in identifier
    (item,) = identifier.ScheduledProcedureStepSequence
    assert re.fullmatch(r"[0-9]{8}", item.ScheduledProcedureStepStartDate)


async def test_days_count_from_the_day_on_which_it_is_typed() -> None:
    before = datetime.now().astimezone()
    (item,) = (await asked("worklist -1d..+1d")).ScheduledProcedureStepSequence
    after = datetime.now().astimezone()
    day = timedelta(days=1)
    assert item.ScheduledProcedureStepStartDate in {
        f"{now - day:%Y%m%d}-{now + day:%Y%m%d}" for now in (before, after)
    }


async def test_a_flat_table_whose_rows_others_take() -> None:
    async with peer() as made, shell(made) as (session, output):
        made.matches = [scheduled(1), scheduled(2)]
        assert await session.run("worklist") == 0
        head, _, first, *_ = output.results
        titles = head.split()
        assert titles[1:3] == ["PatientName", "PatientID"]
        assert "StudyInstanceUID" not in head and "SPS1" not in output.text
        assert "DOE^1" in first and "Thorax" in first and "CT1" in first
        made.matches = []
        assert await session.run("find series --of 2") == 0, output.said
        assert made.identifiers[1].StudyInstanceUID == "1.2.3.2"
        assert await session.run(f"let id = #1.rsp[0].{STEP}[0].ScheduledProcedureStepID") == 0
        assert session.variables["id"] == "SPS1"
        assert await session.run("show #1 2") == 0
        assert "SPS2" in output.text


async def test_json_has_what_came() -> None:
    async with peer() as made, shell(made) as (session, output):
        made.matches = [scheduled(1)]
        assert await session.run("set format json; worklist") == 0
        found = [json.loads(line) for line in output.results]
        (response,) = [one for one in found if one["type"] == "response"]
        (item,) = response["dataset"]["00400100"]["Value"]
        assert item["00400009"]["Value"] == ["SPS1"]


async def test_limit_cancels() -> None:
    async with peer() as made, shell(made) as (session, _):
        made.matches = [scheduled(number) for number in range(1, 200)]
        assert await session.run("worklist --limit 3") == 0
        assert session.requests[0].count >= 3
        assert made.seen == ["C-FIND"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("worklist tody", "tody is not a date"),
        ("worklist 20261301", "no date of the calendar"),
        ("worklist today..yesterday", "ends before it begins"),
        ("worklist --station 'THIS IS FAR TOO LONG'", "AE title"),
    ],
)
async def test_what_is_no_date_is_said_before_anything_is_sent(line: str, why: str) -> None:
    made = Peer()
    async with shell() as (session, output):
        with pytest.raises(LanguageError, match=why):
            await session.run(line)
        assert not made.seen
        assert not output.results
