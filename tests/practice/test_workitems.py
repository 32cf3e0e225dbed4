"""Unified Procedure Steps of the practice archive: states, locks, subscriptions, events."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE

import assocsh.uids as uids
from assocsh.association import Association, Handlers, Indication, connect
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import NAction, NCreate, NGet, NSet, Request
from assocsh.dimse.responses import Response
from assocsh.practice import Practice, start
from tests.peers.process import PeerProcess, free_port, wait_until
from tests.peers.pynetdicom_scu import keep_responses

PUSH = uids.UPS_PUSH
KEY, OTHER = "1.2.3.100", "1.2.3.200"
STEP = "1.2.3.1"


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


@pytest.fixture
async def association(practice: Practice) -> AsyncIterator[Association]:
    async with connect(practice.peer, contexts="ups") as opened:
        yield opened


def scheduled(**more: Any) -> dict[str, Any]:
    return {
        "ProcedureStepState": "SCHEDULED",
        "ScheduledProcedureStepPriority": "MEDIUM",
        "ProcedureStepLabel": "CAD",
        "ScheduledProcedureStepStartDateTime": "20260101080000",
        "InputReadinessState": "READY",
        "TransactionUID": None,
        **more,
    }


def code(value: str) -> dict[str, str]:
    return {"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": "X"}


DONE = {
    "UnifiedProcedureStepPerformedProcedureSequence": [
        {
            "PerformedStationNameCodeSequence": [code("S1")],
            "PerformedProcedureStepStartDateTime": "20260101080000",
            "PerformedWorkitemCodeSequence": [code("110004")],
            "PerformedProcedureStepEndDateTime": "20260101090000",
            "OutputInformationSequence": [],
        }
    ]
}
GIVEN_UP = {
    "ProcedureStepProgressInformationSequence": [
        {
            "ProcedureStepCancellationDateTime": "20260101090000",
            "ProcedureStepDiscontinuationReasonCodeSequence": [code("110513")],
        }
    ]
}


async def answer(association: Association, request: Request) -> Response:
    return await association.send(request).result()


async def status(association: Association, request: Request) -> int:
    return (await answer(association, request)).status


def change(state: str, key: str | None = KEY, uid: str = STEP) -> NAction:
    said = {"ProcedureStepState": state, **({"TransactionUID": key} if key else {})}
    return NAction(PUSH, uid, 1, said)


async def brought_to(association: Association, state: str, uid: str = STEP) -> None:
    """A step in this state, locked by KEY."""
    assert await status(association, NCreate(PUSH, uid, scheduled())) == 0
    if state == "SCHEDULED":
        return
    assert await status(association, change("IN PROGRESS", uid=uid)) == 0
    if state == "IN PROGRESS":
        return
    wanted = DONE if state == "COMPLETED" else GIVEN_UP
    assert await status(association, NSet(PUSH, uid, {"TransactionUID": KEY, **wanted})) == 0
    assert await status(association, change(state, uid=uid)) == 0


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ({"ProcedureStepState": "IN PROGRESS"}, 0xC309),
        ({"ProcedureStepLabel": None}, 0x0121),
        ({"InputReadinessState": ""}, 0x0121),
        ({"TransactionUID": "1.2"}, 0x0106),
        (DONE, 0x0106),
        ({}, 0),
    ],
)
async def test_what_a_step_is_created_of(
    association: Association, left_out: dict[str, Any], code: int
) -> None:
    assert await status(association, NCreate(PUSH, STEP, scheduled(**left_out))) == code


async def test_a_missing_attribute_is_named(association: Association) -> None:
    attributes = scheduled()
    del attributes["ScheduledProcedureStepPriority"]
    final = await answer(association, NCreate(PUSH, STEP, attributes))
    assert (final.status, final.error_comment) == (0x0120, "ScheduledProcedureStepPriority")


CHANGES = [
    # PS3.4 Table CC.1.1-2, row by row
    ("SCHEDULED", "SCHEDULED", KEY, 0xC303),
    ("SCHEDULED", "IN PROGRESS", None, 0xC301),
    ("SCHEDULED", "IN PROGRESS", KEY, 0x0000),
    ("SCHEDULED", "COMPLETED", KEY, 0xC310),
    ("SCHEDULED", "CANCELED", KEY, 0xC310),
    ("IN PROGRESS", "SCHEDULED", KEY, 0xC303),
    ("IN PROGRESS", "IN PROGRESS", KEY, 0xC302),
    ("IN PROGRESS", "IN PROGRESS", OTHER, 0xC302),
    ("IN PROGRESS", "COMPLETED", OTHER, 0xC301),
    ("IN PROGRESS", "COMPLETED", None, 0xC301),
    ("IN PROGRESS", "COMPLETED", KEY, 0xC304),
    ("IN PROGRESS", "CANCELED", KEY, 0xC304),
    ("COMPLETED", "SCHEDULED", KEY, 0xC303),
    ("COMPLETED", "IN PROGRESS", KEY, 0xC300),
    ("COMPLETED", "COMPLETED", KEY, 0xB306),
    ("COMPLETED", "CANCELED", KEY, 0xC300),
    ("CANCELED", "IN PROGRESS", KEY, 0xC300),
    ("CANCELED", "COMPLETED", KEY, 0xC300),
    ("CANCELED", "CANCELED", KEY, 0xB304),
    ("CANCELED", "CANCELED", OTHER, 0xC301),
    ("IN PROGRESS", "PAUSED", KEY, 0x0106),
]


async def test_a_state_and_a_change(association: Association) -> None:
    for number, (state, wanted, key, code) in enumerate(CHANGES):
        uid = f"1.2.3.4.{number}"
        await brought_to(association, state, uid)
        found = await status(association, change(wanted, key, uid))
        assert found == code, f"{state} -> {wanted} with {key}: {found:04X}"


@pytest.mark.parametrize(
    ("state", "key", "code"),
    [
        ("SCHEDULED", None, 0),
        ("IN PROGRESS", KEY, 0),
        ("IN PROGRESS", OTHER, 0xC301),
        ("IN PROGRESS", None, 0xC301),
        ("COMPLETED", KEY, 0xC300),
        ("CANCELED", KEY, 0xC300),
    ],
)
async def test_who_may_set_what(
    association: Association, state: str, key: str | None, code: int
) -> None:
    await brought_to(association, state)
    changes = {"ProcedureStepLabel": "New", **({"TransactionUID": key} if key else {})}
    assert await status(association, NSet(PUSH, STEP, changes)) == code
    read = await answer(association, NGet(PUSH, STEP))
    assert read.dataset is not None and "TransactionUID" not in read.dataset
    assert read.dataset.ProcedureStepLabel == ("CAD" if code else "New")


async def test_a_state_is_not_set(association: Association) -> None:
    await brought_to(association, "IN PROGRESS")
    changes = {"ProcedureStepState": "COMPLETED", "TransactionUID": KEY}
    assert await status(association, NSet(PUSH, STEP, changes)) == 0x0106


@pytest.mark.parametrize(
    ("state", "code"),
    [("SCHEDULED", 0), ("IN PROGRESS", 0xC312), ("COMPLETED", 0xC311), ("CANCELED", 0xB304)],
)
async def test_cancel_is_asked_for(association: Association, state: str, code: int) -> None:
    await brought_to(association, state)
    assert await status(association, NAction(PUSH, STEP, 2, {"ReasonForCancellation": "x"})) == code
    if state == "SCHEDULED":
        assert await status(association, change("CANCELED")) == 0xC301  # the archive has it


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (NGet(PUSH, "1.2.9"), 0xC307),
        (NSet(PUSH, "1.2.9", {"ProcedureStepLabel": "X"}), 0xC307),
        (change("IN PROGRESS", uid="1.2.9"), 0xC307),
        (NAction(PUSH, "1.2.9", 2), 0xC307),
        (NAction(PUSH, "1.2.9", 3, {"ReceivingAE": "X", "DeletionLock": "FALSE"}), 0xC307),
        (NAction(PUSH, uids.UPS_GLOBAL_SUBSCRIPTION, 1, {"ProcedureStepState": "X"}), 0xC314),
        (NAction(PUSH, uids.UPS_GLOBAL_SUBSCRIPTION, 3, {"DeletionLock": "FALSE"}), 0x0120),
        (NAction(PUSH, uids.UPS_GLOBAL_SUBSCRIPTION, 3, {"ReceivingAE": "ASSOCSH"}), 0x0120),
        (
            NAction(
                PUSH,
                uids.UPS_GLOBAL_SUBSCRIPTION,
                3,
                {"ReceivingAE": "NOBODY", "DeletionLock": "FALSE"},
            ),
            0xC308,
        ),
        (NAction(PUSH, STEP, 9), 0x0123),
        (NGet(uids.UPS_PULL, STEP), 0x0118),
    ],
    ids=lambda value: f"{value:04X}" if isinstance(value, int) else str(type(value).__name__),
)
async def test_what_is_refused(association: Association, request_: Request, code: int) -> None:
    assert await status(association, request_) == code


class Heard:
    """Takes event reports as an SCU does."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str, str]] = []
        self.changed = asyncio.Event()

    async def report(self, indication: Indication) -> None:
        information = indication.dataset
        assert information is not None
        state = str(information.get("ProcedureStepState") or information.get("RequestingAE") or "")
        command = indication.command
        assert command.affected_sop_class == PUSH
        self.events.append((command.event_type, command.affected_sop_instance, state))
        indication.respond(0)
        self.changed.set()

    async def until(self, *events: tuple[int, str], of: str | list[str] = STEP) -> None:
        """Wait until these (event type, state) have come, in this order, and no others.

        ``of`` is the step, or with one event the steps that it is of.
        """
        steps = [of] if isinstance(of, str) else of
        wanted = [(kind, uid, state) for kind, state in events for uid in steps]
        async with asyncio.timeout(20):
            while len(self.events) < len(wanted):
                self.changed.clear()
                await self.changed.wait()
        assert self.events == wanted
        self.events.clear()

    @property
    def handlers(self) -> Handlers:
        return Handlers({CommandField.N_EVENT_REPORT_RQ: self.report})


def subscription(uid: str, *, kind: int = 3, **more: Any) -> NAction:
    return NAction(PUSH, uid, kind, {"ReceivingAE": "WATCHER", "DeletionLock": "FALSE", **more})


async def test_events_of_one_step(practice: Practice, association: Association) -> None:
    """Another association than the performer's: subscribed, claimed, half done, done, unheard."""
    await brought_to(association, "SCHEDULED")
    heard = Heard()
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        assert await status(watcher, subscription(STEP)) == 0
        await heard.until((1, "SCHEDULED"))
        assert await status(association, change("IN PROGRESS")) == 0
        await heard.until((1, "IN PROGRESS"))
        assigned = {"TransactionUID": KEY, "ScheduledStationNameCodeSequence": [code("S1")]}
        assert await status(association, NSet(PUSH, STEP, assigned)) == 0
        await heard.until((5, ""))
        progress = {"ProcedureStepProgressInformationSequence": [{"ProcedureStepProgress": "50"}]}
        assert await status(association, NSet(PUSH, STEP, {"TransactionUID": KEY, **progress})) == 0
        await heard.until((3, ""))
        assert await status(association, NAction(PUSH, STEP, 2)) == 0  # somebody hears of it now
        await heard.until((2, association.calling_ae))
        assert await status(association, NSet(PUSH, STEP, {"TransactionUID": KEY, **DONE})) == 0
        assert await status(association, change("COMPLETED")) == 0
        await heard.until((1, "COMPLETED"))
        assert await status(watcher, subscription(STEP, kind=4)) == 0


async def test_a_cancelled_step_that_nobody_claimed_goes_through_in_progress(
    practice: Practice, association: Association
) -> None:
    await brought_to(association, "SCHEDULED")
    heard = Heard()
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        assert await status(watcher, subscription(uids.UPS_GLOBAL_SUBSCRIPTION)) == 0
        assert await status(association, NAction(PUSH, STEP, 2)) == 0
        await heard.until((2, association.calling_ae), (1, "IN PROGRESS"), (1, "CANCELED"))


async def test_a_filtered_subscription_hears_of_what_it_asked_for(
    practice: Practice, association: Association
) -> None:
    heard = Heard()
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        wanted = subscription(
            uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION, ScheduledProcedureStepPriority="HIGH"
        )
        assert await status(watcher, wanted) == 0
        assert await status(association, NCreate(PUSH, "1.2.3.2", scheduled())) == 0
        high = scheduled(ScheduledProcedureStepPriority="HIGH")
        assert await status(association, NCreate(PUSH, STEP, high)) == 0
        await heard.until((1, "SCHEDULED"))


async def test_an_unsubscribed_ae_hears_nothing_more(
    practice: Practice, association: Association
) -> None:
    heard = Heard()
    everything = uids.UPS_GLOBAL_SUBSCRIPTION
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        assert await status(watcher, subscription(everything)) == 0
        assert await status(watcher, subscription(everything, kind=5)) == 0
        assert await status(association, NCreate(PUSH, "1.2.3.2", scheduled())) == 0
        assert await status(watcher, subscription(everything)) == 0
        assert await status(association, NCreate(PUSH, STEP, scheduled())) == 0
        await heard.until((1, "SCHEDULED"))  # of the second one alone


async def test_a_global_subscription_is_one_to_each_step(
    practice: Practice, association: Association
) -> None:
    """Table CC.2.3-2: with a lock how each is is told, suspended it stays with those there are."""
    heard, everything = Heard(), uids.UPS_GLOBAL_SUBSCRIPTION
    await brought_to(association, "SCHEDULED")
    there = [step.uid for step in practice.archive.instances.of_class(PUSH)]
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        locked = subscription(everything, DeletionLock="TRUE")
        assert await status(watcher, locked) == 0
        await heard.until((1, "SCHEDULED"), of=there)
        assert await status(watcher, locked) == 0  # subscribed before: nothing new is told
        assert await status(watcher, subscription(everything, kind=5)) == 0
        assert await status(association, NCreate(PUSH, "1.2.3.2", scheduled())) == 0
        assert await status(association, change("IN PROGRESS")) == 0
        await heard.until((1, "IN PROGRESS"))  # nothing of the one that is new
        other = subscription("1.2.3.2")
        assert await status(watcher, other) == 0
        await heard.until((1, "SCHEDULED"), of="1.2.3.2")
        # unsubscribed from all: from those one by one as well
        assert await status(watcher, subscription(everything, kind=4)) == 0
        claimed = {"ProcedureStepState": "IN PROGRESS", "TransactionUID": KEY}
        assert await status(association, NAction(PUSH, "1.2.3.2", 1, claimed)) == 0
        assert await status(watcher, subscription(STEP)) == 0
        await heard.until((1, "IN PROGRESS"))  # how it is now; nothing came before


async def test_a_filtered_subscription_is_to_what_matches_now_and_later(
    practice: Practice, association: Association
) -> None:
    heard = Heard()
    high = {"ScheduledProcedureStepPriority": "HIGH"}
    assert await status(association, NCreate(PUSH, STEP, scheduled(**high))) == 0
    assert await status(association, NCreate(PUSH, "1.2.3.2", scheduled())) == 0
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        filtered = uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION
        assert await status(watcher, subscription(filtered, DeletionLock="TRUE", **high)) == 0
        await heard.until((1, "SCHEDULED"))  # of the one that matches
        assert await status(association, NCreate(PUSH, "1.2.3.3", scheduled())) == 0
        assert await status(association, change("IN PROGRESS")) == 0
        await heard.until((1, "IN PROGRESS"))


async def test_a_watcher_that_is_gone_holds_nobody_up(
    practice: Practice, association: Association
) -> None:
    heard = Heard()
    async with connect(
        practice.peer, calling_ae="WATCHER", contexts="ups", handlers=heard.handlers
    ) as watcher:
        assert await status(watcher, subscription(uids.UPS_GLOBAL_SUBSCRIPTION)) == 0
    await brought_to(association, "COMPLETED")


async def test_pynetdicom_claims_and_completes(practice: Practice) -> None:
    """The library's SCU, with UPS Push in the command over a context of UPS Pull."""

    def dataset(**elements: Any) -> Dataset:
        made = Dataset()
        for keyword, value in elements.items():
            setattr(made, keyword, value)
        return made

    def work() -> list[int]:
        ae = AE("PERFORMER")
        for uid in (uids.UPS_PUSH, uids.UPS_PULL):
            ae.add_requested_context(uid)
        peer = practice.peer
        scu = ae.associate(peer.host, peer.port, ae_title=peer.ae)
        assert scu.is_established
        keep_responses(scu)
        step, lock = UID(STEP), UID(KEY)
        seen: list[int] = []
        try:
            attributes = dataset(**{k: v or "" for k, v in scheduled().items()})
            seen.append(scu.send_n_create(attributes, UID(PUSH), step)[0].Status)
            claim = dataset(ProcedureStepState="IN PROGRESS", TransactionUID=lock)
            for _ in range(2):
                answer = scu.send_n_action(claim, 1, UID(PUSH), step, meta_uid=UID(uids.UPS_PULL))
                seen.append(answer[0].Status)
            keys = dataset(ProcedureStepState="IN PROGRESS", SOPInstanceUID="")
            found = [answer for _, answer in scu.send_c_find(keys, UID(uids.UPS_PULL)) if answer]
            assert [one.SOPInstanceUID for one in found] == [STEP]
            end = dataset(ProcedureStepState="COMPLETED", TransactionUID=lock)
            answer = scu.send_n_action(end, 1, UID(PUSH), step, meta_uid=UID(uids.UPS_PULL))
            seen.append(answer[0].Status)
        finally:
            scu.release()
        return seen

    assert await asyncio.to_thread(work) == [0, 0, 0xC302, 0xC304]


async def test_events_go_to_a_registered_ae_on_an_association_of_their_own(
    practice: Practice, association: Association, tmp_path: Path
) -> None:
    """pynetdicom hears of it: the archive is the SCP of UPS Event, as requestor."""
    port = free_port()
    program = Path(__file__).resolve().parents[1] / "peers" / "pynetdicom_events.py"
    argv = [sys.executable, program, str(port)]
    with PeerProcess(argv, port=port, log=tmp_path / "events.log") as hearer:
        practice.destinations["HEARER"] = ("127.0.0.1", port)
        told = {"ReceivingAE": "HEARER", "DeletionLock": "FALSE"}
        assert await status(association, NCreate(PUSH, STEP, scheduled())) == 0
        assert await status(association, NAction(PUSH, STEP, 3, told)) == 0
        assert await status(association, change("IN PROGRESS")) == 0
        wanted = [f"1|{PUSH}|{STEP}|{state}" for state in ("SCHEDULED", "IN PROGRESS")]

        def heard() -> list[str]:
            return [line for line in hearer.output().splitlines() if line.startswith("1|")]

        await asyncio.to_thread(wait_until, lambda: len(heard()) >= 2, 20, "two events")
        assert heard() == wanted


async def test_a_registered_ae_that_is_not_there_holds_nobody_up(
    practice: Practice, association: Association
) -> None:
    practice.destinations["GONE"] = ("127.0.0.1", free_port())
    told = {"ReceivingAE": "GONE", "DeletionLock": "FALSE"}
    assert await status(association, NAction(PUSH, uids.UPS_GLOBAL_SUBSCRIPTION, 3, told)) == 0
    await brought_to(association, "COMPLETED")
