"""Modality Performed Procedure Steps of the practice archive: what they need, who hears of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, evt

import assocsh.uids as uids
from assocsh.association import (
    AcceptorPolicy,
    Association,
    AssociationState,
    Handlers,
    Indication,
    connect,
    listen,
)
from assocsh.association.events import EngineEvent, StateChanged
from assocsh.datasets.dictionary import find_tag
from assocsh.datasets.identifiers import dataset_from
from assocsh.datasets.performed_steps import AT_ITS_BEGIN, AT_ITS_END
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.elements import ATTRIBUTE_IDENTIFIER_LIST
from assocsh.dimse.requests import CFind, NCreate, NSet, Request
from assocsh.dimse.responses import Response
from assocsh.practice import Practice, start
from tests.peers.process import PeerProcess, free_port, wait_until
from tests.peers.pynetdicom_scu import keep_responses
from tests.session.peer import until

STEP = uids.MODALITY_PERFORMED_PROCEDURE_STEP
TOLD = uids.MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION
SCHEDULED, SERIES = "ScheduledStepAttributesSequence", "PerformedSeriesSequence"

BEGUN: dict[str, Any] = {
    SCHEDULED: [{"StudyInstanceUID": "1.2.3.4"}],
    "PerformedProcedureStepID": "PPS1",
    "PerformedStationAETitle": "CT1",
    "PerformedProcedureStepStartDate": "20260101",
    "PerformedProcedureStepStartTime": "0800",
    "PerformedProcedureStepStatus": "IN PROGRESS",
    "Modality": "CT",
}
ENDED: dict[str, Any] = {
    "PerformedProcedureStepStatus": "COMPLETED",
    "PerformedProcedureStepEndDate": "20260101",
    "PerformedProcedureStepEndTime": "0830",
    SERIES: [{"SeriesInstanceUID": "1.2.3.5", "ProtocolName": "Thorax"}],
}


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


@pytest.fixture
async def association(practice: Practice) -> AsyncIterator[Association]:
    async with connect(practice.peer, contexts="mpps,worklist") as opened:
        yield opened


async def ask(association: Association, request: Request) -> Response:
    return await association.send(request).result()


def without(values: dict[str, Any], path: str, empty: bool) -> tuple[dict[str, Any], str]:
    """``values`` without what ``path`` names, or with nothing in it; and the keyword of that."""
    above, _, keyword = path.rpartition(".")
    inner = dict(values[above][0]) if above else values
    less = {name: value for name, value in inner.items() if name != keyword}
    if empty:
        less[keyword] = None
    return ({**values, above: [less]} if above else less), keyword


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("path", AT_ITS_BEGIN)
async def test_a_step_begins_with_all_of_type_1(
    association: Association, path: str, empty: bool
) -> None:
    attributes, keyword = without(BEGUN, path, empty)
    final = await ask(association, NCreate(STEP, "1.2.3", attributes))
    assert final.status == (0x0121 if empty else 0x0120)
    assert final.command.values[ATTRIBUTE_IDENTIFIER_LIST] == (find_tag(keyword).tag,)
    assert final.offending_elements == (find_tag(keyword).tag,)
    assert keyword in final.error_comment
    assert (await ask(association, NCreate(STEP, "1.2.3", BEGUN))).status == 0


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("path", AT_ITS_END)
@pytest.mark.parametrize("state", ["COMPLETED", "DISCONTINUED"])
async def test_a_step_ends_with_all_of_type_1(
    association: Association, path: str, empty: bool, state: str
) -> None:
    assert (await ask(association, NCreate(STEP, "1.2.3", BEGUN))).status == 0
    changes, keyword = without({**ENDED, "PerformedProcedureStepStatus": state}, path, empty)
    final = await ask(association, NSet(STEP, "1.2.3", changes))
    assert final.status == (0x0121 if empty else 0x0120)
    assert final.offending_elements == (find_tag(keyword).tag,)
    # a part of it may come before the end
    part = {name: value for name, value in ENDED.items() if name != "PerformedProcedureStepStatus"}
    assert (await ask(association, NSet(STEP, "1.2.3", part))).status == 0
    last = {"PerformedProcedureStepStatus": state}
    assert (await ask(association, NSet(STEP, "1.2.3", last))).status == 0


async def test_all_that_is_missing_is_named(association: Association) -> None:
    attributes = {"PerformedProcedureStepStatus": "IN PROGRESS", "Modality": ""}
    final = await ask(association, NCreate(STEP, "1.2.3", attributes))
    assert final.status == 0x0120 and len(final.offending_elements) == len(AT_ITS_BEGIN) - 2


async def test_a_procedure_step_lives_from_in_progress_to_its_end(practice: Practice) -> None:
    """Called by pynetdicom."""
    begun, done = dataset_from(BEGUN), dataset_from(ENDED)

    def work() -> list[int]:
        ae = AE("MODALITY")
        for uid in (STEP, uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE):
            ae.add_requested_context(uid)
        scu = ae.associate(practice.peer.host, practice.peer.port, ae_title=practice.peer.ae)
        keep_responses(scu)
        seen = []
        for state in ("COMPLETED", "WRONG", None):
            wrong = dataset_from({**BEGUN, "PerformedProcedureStepStatus": state})
            if state is None:
                del wrong.PerformedProcedureStepStatus
            seen.append(scu.send_n_create(wrong, STEP, UID("1.2.3"))[0].Status)
        for _ in range(2):
            seen.append(scu.send_n_create(begun, STEP, UID("1.2.3"))[0].Status)
        for changes, uid in (
            ({"PatientID": "2"}, "1.2.3"),
            ({"PerformedProcedureStepStatus": "SCHEDULED"}, "1.2.3"),
        ):
            seen.append(scu.send_n_set(dataset_from(changes), STEP, UID(uid))[0].Status)
        seen.append(scu.send_n_set(done, STEP, UID("1.2.9"))[0].Status)
        seen.append(scu.send_n_set(done, STEP, UID("1.2.3"))[0].Status)
        late = scu.send_n_set(done, STEP, UID("1.2.3"))[0]
        seen += [late.Status, late.ErrorID]
        status, found = scu.send_n_get(
            [0x00400252], uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE, UID("1.2.3")
        )
        assert (status.Status, found.PerformedProcedureStepStatus) == (0, "COMPLETED")
        assert list(found.keys()) == [0x00400252]
        scu.release()
        return seen

    invalid, ended = 0x0106, [0x0110, 0xA710]
    expected = [invalid, invalid, 0x0120, 0, 0x0111, invalid, invalid, 0x0112, 0, *ended]
    assert await asyncio.to_thread(work) == expected


async def planned(association: Association) -> list[tuple[str, str, str]]:
    """Study, step and status of everything on the worklist."""
    keys = {
        "StudyInstanceUID": "",
        "ScheduledProcedureStepSequence": [
            {"ScheduledProcedureStepID": "", "ScheduledProcedureStepStatus": ""}
        ],
    }
    found = []
    async for response in association.send(CFind("WORKLIST", keys)):
        if response.dataset is not None:
            (step,) = response.dataset.ScheduledProcedureStepSequence
            found.append(
                (
                    str(response.dataset.StudyInstanceUID),
                    str(step.ScheduledProcedureStepID),
                    str(step.ScheduledProcedureStepStatus),
                )
            )
    return found


@pytest.mark.parametrize("state", ["COMPLETED", "DISCONTINUED"])
@pytest.mark.parametrize("named", [True, False])
async def test_what_was_scheduled_follows(
    association: Association, state: str, named: bool
) -> None:
    before = await planned(association)
    assert {status for *_, status in before} == {"SCHEDULED"}
    study, step, _ = before[1]
    performed = {"StudyInstanceUID": study, "ScheduledProcedureStepID": step if named else ""}
    assert (
        await ask(association, NCreate(STEP, "1.2.3", {**BEGUN, SCHEDULED: [performed]}))
    ).status == 0
    assert await planned(association) == [before[0], (study, step, "STARTED"), *before[2:]]
    final = await ask(
        association, NSet(STEP, "1.2.3", {**ENDED, "PerformedProcedureStepStatus": state})
    )
    assert final.status == 0
    assert await planned(association) == [before[0], (study, step, state), *before[2:]]


async def test_another_step_of_the_study_stays_scheduled(association: Association) -> None:
    before = await planned(association)
    other = {"StudyInstanceUID": before[0][0], "ScheduledProcedureStepID": "ANOTHER"}
    await ask(association, NCreate(STEP, "1.2.3", {**BEGUN, SCHEDULED: [other]}))
    assert await planned(association) == before


LIFE = [f"{event}|{TOLD}|1.2.3|" for event in (1, 4, 2)]


async def live(association: Association) -> None:
    """A step that is begun, changed, and completed."""
    for request in (
        NCreate(STEP, "1.2.3", BEGUN),
        NSet(STEP, "1.2.3", {"PerformedProcedureStepDescription": "X"}),
        NSet(STEP, "1.2.3", ENDED),
    ):
        assert (await ask(association, request)).status == 0


async def test_a_known_ae_hears_of_it(
    practice: Practice, association: Association, tmp_path: Path
) -> None:
    """pynetdicom takes the events: the archive is the SCP, as requestor of the association."""
    port = free_port()
    program = Path(__file__).resolve().parents[1] / "peers" / "pynetdicom_events.py"
    argv = [sys.executable, program, str(port)]
    with PeerProcess(argv, port=port, log=tmp_path / "events.log") as hearer:
        practice.destinations["GONE"] = ("127.0.0.1", free_port())
        practice.destinations["HEARER"] = ("127.0.0.1", port)
        await live(association)

        def heard() -> list[str]:
            return [line for line in hearer.output().splitlines() if TOLD in line]

        await asyncio.to_thread(wait_until, lambda: len(heard()) >= 3, 20, "three events")
        assert heard() == LIFE


async def test_who_has_an_association_open_hears_of_it_on_that(
    practice: Practice, association: Association
) -> None:
    """pynetdicom as the SCU, in whatever role it need not name."""
    heard: list[str] = []

    def report(event: Any) -> tuple[int, Dataset | None]:
        request = event.request
        heard.append(
            f"{event.event_type}|{request.AffectedSOPClassUID}|{request.AffectedSOPInstanceUID}|"
        )
        return 0x0000, None

    def call() -> Any:
        ae = AE("HEARER")
        ae.add_requested_context(TOLD)
        return ae.associate(
            practice.peer.host,
            practice.peer.port,
            ae_title=practice.peer.ae,
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)],
        )

    scu = await asyncio.to_thread(call)
    assert scu.is_established
    practice.destinations["HEARER"] = ("127.0.0.1", free_port())  # not called as well
    try:
        await live(association)
        await asyncio.to_thread(wait_until, lambda: len(heard) >= 3, 20, "three events")
    finally:
        await asyncio.to_thread(scu.release)
    assert heard == LIFE


async def test_who_takes_no_such_events_is_asked_once(
    practice: Practice, association: Association
) -> None:
    called: list[object] = []

    def watch(event: EngineEvent) -> None:
        if isinstance(event, StateChanged) and event.state is AssociationState.OPEN:
            called.append(event.association)

    heard: list[int] = []

    async def hear(indication: Indication) -> None:
        indication.respond(0x0000)
        heard.append(indication.command.event_type or 0)

    deaf = AcceptorPolicy(abstract_syntaxes={uids.VERIFICATION})
    ears = AcceptorPolicy(abstract_syntaxes={TOLD})
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: hear})
    async with (
        await listen(ae_title="DEAF", policy=deaf, observer=watch) as first,
        await listen(ae_title="HEARER", policy=ears, handlers=handlers) as last,
    ):
        practice.destinations["DEAF"] = (first.host, first.port)
        practice.destinations["HEARER"] = (last.host, last.port)
        await live(association)
        await until(lambda: len(heard) == 3)  # who is called last has heard all of it
    assert len(called) == 1
