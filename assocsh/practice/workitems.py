"""Unified Procedure Steps (PS3.4 CC): made, claimed, worked on, ended, and watched.

SCHEDULED -> IN PROGRESS -> COMPLETED or CANCELED (Table CC.1.1-2). Who claims a step gives it a
Transaction UID, and nobody changes it without that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse import status
from assocsh.dimse.requests import NEventReport
from assocsh.errors import AssocshError
from assocsh.practice.generator import uid
from assocsh.practice.matching import Test, compile_identifier
from assocsh.practice.normalized import Instance, Instances, Refused, Service
from assocsh.practice.reporting import report_on_new
from assocsh.records import dataclass, field

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Indication
    from assocsh.association.indication import SendingAssociation
    from assocsh.practice.reporting import Reach

CONTEXTS = frozenset({uids.UPS_PUSH, uids.UPS_PULL, uids.UPS_WATCH, uids.UPS_EVENT, uids.UPS_QUERY})
"""What a presentation context for these steps is negotiated for; every instance is of UPS Push."""

QUERIED = frozenset({uids.UPS_PULL, uids.UPS_WATCH, uids.UPS_QUERY})
"""The classes that have C-FIND (PS3.4 CC.2.8)."""

SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"

CHANGE_STATE, REQUEST_CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND = 1, 2, 3, 4, 5
"""Action types (PS3.4 CC.2.1 to CC.2.3)."""

STATE_REPORT, CANCEL_REQUESTED, PROGRESS_REPORT, ASSIGNED = 1, 2, 3, 5
"""Event types (PS3.4 CC.2.4)."""

GLOBAL = frozenset({uids.UPS_GLOBAL_SUBSCRIPTION, uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION})

REQUIRED = (
    "ScheduledProcedureStepPriority",
    "ProcedureStepLabel",
    "ScheduledProcedureStepStartDateTime",
    "InputReadinessState",
)
"""What a step is not created without (type 1 in Table CC.2.5-3), besides its state."""

PERFORMED = "UnifiedProcedureStepPerformedProcedureSequence"
PROGRESS = "ProcedureStepProgressInformationSequence"

FINAL: Mapping[str, tuple[str, tuple[str, ...]]] = {
    COMPLETED: (
        PERFORMED,
        (
            "PerformedStationNameCodeSequence",
            "PerformedProcedureStepStartDateTime",
            "PerformedWorkitemCodeSequence",
            "PerformedProcedureStepEndDateTime",
        ),
    ),
    CANCELED: (
        PROGRESS,
        ("ProcedureStepCancellationDateTime", "ProcedureStepDiscontinuationReasonCodeSequence"),
    ),
}
"""By final state the sequence, and what its item needs a value of (CC.2.5.1.1)."""

ASSIGNED_TO = ("ScheduledStationNameCodeSequence", "ScheduledHumanPerformersSequence")
REPORTED = ("ReasonForCancellation", "ContactURI", "ContactDisplayName")


@dataclass(slots=True)
class Subscriptions:
    """Who hears of what (Table CC.2.3-2).

    A global subscription is one to each step that there is, and to each that is made: ``of_all``
    has a test for each AE, which of these it wants to hear of. Nothing is ever deleted here, so
    that a deletion lock is granted by itself.
    """

    of_all: dict[str, Test] = field(default_factory=dict)
    of_step: dict[str, dict[str, None]] = field(default_factory=dict)

    def hear_of(self, instance: Instance) -> list[str]:
        """The AE titles that are told of a step."""
        return list(self.of_step.get(instance.uid, ()))

    def subscribe(self, receiver: str, instance: Instance) -> bool:
        """To one step; False where it was before."""
        hearers = self.of_step.setdefault(instance.uid, {})
        new = receiver not in hearers
        hearers[receiver] = None
        return new

    def made(self, instance: Instance) -> None:
        """A step is new: who has subscribed globally hears of it."""
        for receiver, test in self.of_all.items():
            if test(instance.attributes):
                self.subscribe(receiver, instance)

    def unsubscribe(self, receiver: str) -> None:
        """From all steps, also from those that were subscribed to one by one."""
        self.of_all.pop(receiver, None)
        for hearers in self.of_step.values():
            hearers.pop(receiver, None)


class Workitems(Service):
    """UPS Push and all that is done to its instances.

    ``known`` has the addresses of AE titles that are told of events though they have no association
    open; ``reach`` opens one for that. It raises AssocshError. ``steps`` gives those there are.
    """

    classes = frozenset({uids.UPS_PUSH})
    no_such_instance = status.UPS_NO_SUCH_INSTANCE

    def __init__(
        self,
        known: Mapping[str, tuple[str, int]],
        reach: Reach,
        steps: Callable[[], Iterable[Instance]],
    ) -> None:
        self._steps = steps
        self._known = known
        """The addresses of AE titles that may be told of events, besides those that ask."""
        self._reach = reach
        self._heard: dict[str, SendingAssociation] = {}
        self._sending: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._subscriptions = Subscriptions()
        self._transactions: dict[str, str] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        """What was told last of each step: events are made of what is different."""

    # -- N-CREATE, N-SET, N-GET ----------------------------------------------------------------

    def created(self, instance: Instance, instances: Instances) -> None:
        attributes = instance.attributes
        state = attributes.get("ProcedureStepState")
        if state != SCHEDULED:
            raise Refused(status.UPS_NOT_CREATED_SCHEDULED, "a step begins as SCHEDULED")
        for keyword in REQUIRED:
            if keyword not in attributes:
                raise Refused(status.MISSING_ATTRIBUTE, keyword)
            if not str(attributes.get(keyword) or "").strip():
                raise Refused(status.MISSING_ATTRIBUTE_VALUE, keyword)
        if attributes.get("TransactionUID"):
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, "TransactionUID has to be empty")
        attributes.pop("TransactionUID", None)  # it is never read back (CC.2.7)
        for keyword in (PERFORMED, PROGRESS):
            if attributes.get(keyword):
                raise Refused(status.INVALID_ATTRIBUTE_VALUE, f"{keyword} has to be empty")
        attributes.SOPClassUID, attributes.SOPInstanceUID = instance.sop_class, instance.uid
        attributes.ScheduledProcedureStepModificationDateTime = _now()
        if not attributes.get("WorklistLabel"):
            attributes.WorklistLabel = "PRACTICE"
        self._subscriptions.made(instance)

    def changing(self, instance: Instance, changes: Dataset) -> None:
        self._may_change(instance, str(changes.get("TransactionUID") or ""))
        for keyword in ("ProcedureStepState", "SOPInstanceUID", "SOPClassUID"):
            if keyword in changes:
                raise Refused(status.INVALID_ATTRIBUTE_VALUE, f"{keyword} is not for N-SET")
        if "TransactionUID" in changes:
            del changes.TransactionUID
        changes.ScheduledProcedureStepModificationDateTime = _now()

    def _may_change(self, instance: Instance, transaction: str) -> None:
        state = instance.attributes.ProcedureStepState
        if state in (COMPLETED, CANCELED):
            raise Refused(status.UPS_MAY_NOT_BE_UPDATED, f"the step is {state}")
        if state == IN_PROGRESS and transaction != self._transactions.get(instance.uid):
            raise Refused(status.UPS_WRONG_TRANSACTION, "not the Transaction UID of the claim")

    def reading(self, instance: Instance) -> None:
        """Any step may be read."""

    async def happened(self, indication: Indication, instance: Instance) -> None:
        self._hear(indication)
        await self._tell(instance)

    # -- N-ACTION ------------------------------------------------------------------------------

    def asked(
        self,
        indication: Indication,
        instance: Instance | None,
        number: int,
        information: Dataset | None,
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        self._hear(indication)
        wanted = indication.command.sop_instance or ""
        information = information or dataset_from(None)
        if number in (SUBSCRIBE, UNSUBSCRIBE, SUSPEND):
            if instance is None and wanted not in GLOBAL:
                raise Refused(self.no_such_instance, "no such step here")
            return None, self._subscribed(indication, instance, number, information)
        if number not in (CHANGE_STATE, REQUEST_CANCEL):
            raise Refused(status.NO_SUCH_ACTION, "the actions are 1 to 5")
        if wanted in GLOBAL:
            raise Refused(status.UPS_ACTION_NOT_APPROPRIATE, "that is a subscription, no step")
        if instance is None or instance.sop_class not in self.classes:
            raise Refused(self.no_such_instance, "no such step here")
        step = instance
        if number == CHANGE_STATE:
            self._change_state(step, information)
            return None, lambda _: self._tell(step)
        return None, self._cancel_requested(indication, step, information)

    def _change_state(self, step: Instance, information: Dataset) -> None:
        """Table CC.1.1-2."""
        wanted = str(information.get("ProcedureStepState") or "")
        transaction = str(information.get("TransactionUID") or "")
        state = step.attributes.ProcedureStepState
        if wanted == SCHEDULED:
            raise Refused(status.UPS_ONLY_CREATED_SCHEDULED, "only N-CREATE makes it SCHEDULED")
        if wanted not in (IN_PROGRESS, *FINAL):
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, "ProcedureStepState")
        if not transaction:
            raise Refused(status.UPS_WRONG_TRANSACTION, "there is no Transaction UID")
        if wanted == IN_PROGRESS:
            if state == IN_PROGRESS:
                raise Refused(status.UPS_ALREADY_IN_PROGRESS, "it is claimed already")
            self._may_change(step, transaction)
            self._transactions[step.uid] = transaction
        else:
            if state == SCHEDULED:
                raise Refused(status.UPS_NOT_IN_PROGRESS, "it was not claimed yet")
            if transaction != self._transactions.get(step.uid):
                raise Refused(status.UPS_WRONG_TRANSACTION, "not the Transaction UID of the claim")
            if state == wanted:
                already = {
                    COMPLETED: status.UPS_ALREADY_COMPLETED,
                    CANCELED: status.UPS_ALREADY_CANCELED,
                }
                raise Refused(already[wanted], f"it is {wanted} already")
            self._may_change(step, transaction)
            missing = missing_for(step.attributes, wanted)
            if missing:
                raise Refused(status.UPS_FINAL_STATE_NOT_MET, f"missing: {', '.join(missing)}")
        step.attributes.ProcedureStepState = wanted

    def _cancel_requested(
        self, indication: Indication, step: Instance, information: Dataset
    ) -> Callable[[Indication], Awaitable[None]]:
        """Somebody who does not perform a step wants it to be canceled (CC.2.2)."""
        state = step.attributes.ProcedureStepState
        if state == COMPLETED:
            raise Refused(status.UPS_CANCEL_OF_COMPLETED, "it is COMPLETED")
        if state == CANCELED:
            raise Refused(status.UPS_ALREADY_CANCELED, "it is CANCELED already")
        if state == IN_PROGRESS and not self._subscriptions.hear_of(step):
            raise Refused(status.UPS_PERFORMER_NOT_REACHED, "nobody has subscribed to it")
        said = {
            keyword: information[keyword].value for keyword in REPORTED if keyword in information
        }
        report = {"RequestingAE": indication.association.peer.ae, **said}

        async def tell(_: Indication) -> None:
            await self._report(step, CANCEL_REQUESTED, report)
            if state == SCHEDULED:
                step.attributes.ProcedureStepState = IN_PROGRESS
                await self._tell(step)
                step.attributes.update(_canceled_here(said))
                step.attributes.ProcedureStepState = CANCELED
                await self._tell(step)

        return tell

    def _subscribed(
        self,
        indication: Indication,
        instance: Instance | None,
        number: int,
        information: Dataset,
    ) -> Callable[[Indication], Awaitable[None]] | None:
        """Subscribe, unsubscribe, suspend (CC.2.3)."""
        receiver = str(information.get("ReceivingAE") or "").strip()
        if not receiver:
            raise Refused(status.MISSING_ATTRIBUTE, "ReceivingAE")
        if receiver != indication.association.peer.ae and receiver not in self._known:
            raise Refused(status.UPS_UNKNOWN_RECEIVING_AE, f"{receiver} is not known here")
        subscriptions = self._subscriptions
        if number == SUSPEND and instance is not None:
            raise Refused(status.UPS_ACTION_NOT_APPROPRIATE, "only a global one is suspended")
        if number == SUSPEND:  # of what was heard of so far it goes on to hear
            subscriptions.of_all.pop(receiver, None)
            return None
        if number == UNSUBSCRIBE:
            if instance is None:
                subscriptions.unsubscribe(receiver)
            else:
                subscriptions.of_step.get(instance.uid, {}).pop(receiver, None)
            return None
        lock = str(information.get("DeletionLock") or "")
        if lock not in ("TRUE", "FALSE"):
            missing = status.MISSING_ATTRIBUTE if not lock else status.INVALID_ATTRIBUTE_VALUE
            raise Refused(missing, "DeletionLock, TRUE or FALSE")
        if instance is None:
            test = subscriptions.of_all[receiver] = _filter(information)
            matching = [step for step in self._steps() if test(step.attributes)]
            new = [step for step in matching if subscriptions.subscribe(receiver, step)]
            # how each of them is, is told to who may not miss it (CC.2.3.2, note 1)
            told = new if lock == "TRUE" else []
        else:
            subscriptions.subscribe(receiver, instance)
            told = [instance]

        async def tell(_: Indication) -> None:
            for step in told:
                await self._send(receiver, step, STATE_REPORT, _state_of(step))

        return tell

    # -- N-EVENT-REPORT ------------------------------------------------------------------------

    def _hear(self, indication: Indication) -> None:
        self._heard[indication.association.peer.ae] = indication.association

    async def _tell(self, step: Instance) -> None:
        """Report what is different from what was told last (CC.2.4.3)."""
        attributes = step.attributes
        progress = attributes.get(PROGRESS)
        assigned = {
            keyword: attributes[keyword].value for keyword in ASSIGNED_TO if attributes.get(keyword)
        }
        now = (
            attributes.ProcedureStepState,
            attributes.get("InputReadinessState"),
            str(progress or ""),
            str(assigned or ""),
        )
        before = self._told.get(step.uid)
        self._told[step.uid] = now
        if before is None or before[:2] != now[:2]:
            await self._report(step, STATE_REPORT, _state_of(step))
        if before is not None and before[2] != now[2] and progress:
            await self._report(step, PROGRESS_REPORT, {PROGRESS: progress})
        if assigned and (before is None or before[3] != now[3]):
            await self._report(step, ASSIGNED, assigned)

    async def _report(self, step: Instance, event: int, said: Mapping[str, object]) -> None:
        for receiver in self._subscriptions.hear_of(step):
            await self._send(receiver, step, event, said)

    async def _send(
        self, receiver: str, step: Instance, event: int, said: Mapping[str, object]
    ) -> None:
        """One event report, on the association that its receiver has open, or on one to it.

        It is lost where there is neither.
        """
        report = OnEventContext(uids.UPS_PUSH, step.uid, event, dataset_from(dict(said)))
        open_one = self._heard.get(receiver)
        async with self._sending[receiver]:  # one after the other, as they happened
            with contextlib.suppress(AssocshError):
                await self._deliver(report, receiver, open_one)

    async def _deliver(
        self, report: NEventReport, receiver: str, open_one: SendingAssociation | None
    ) -> None:
        if open_one is not None and not open_one.closed:
            await open_one.send(report).result()
        elif receiver in self._known:
            await report_on_new(self._reach, receiver, self._known[receiver], report)


class OnEventContext(NEventReport):
    """A report on whatever context of these classes there is, that of UPS Event first."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return (uids.UPS_EVENT, uids.UPS_WATCH, uids.UPS_PULL, uids.UPS_PUSH, uids.UPS_QUERY)


EXAMPLES = (("110004", "Computer Aided Detection"), ("110001", "Image Processing"))
"""What there is to do in an archive that has something scheduled (PS3.16 CID 9231)."""


def examples(scheduled: Iterable[Dataset]) -> Iterator[Instance]:
    """A step for each of ``EXAMPLES``, for the patients of what is scheduled."""
    for number, (item, (value, meaning)) in enumerate(zip(scheduled, EXAMPLES, strict=False)):
        made = dataset_from(
            {
                "SpecificCharacterSet": item.get("SpecificCharacterSet"),
                "SOPClassUID": uids.UPS_PUSH,
                "SOPInstanceUID": uid("workitem", number),
                "ScheduledProcedureStepModificationDateTime": _now(),
                "ScheduledProcedureStepStartDateTime": _now(),
                "ScheduledWorkitemCodeSequence": [
                    {
                        "CodeValue": value,
                        "CodingSchemeDesignator": "DCM",
                        "CodeMeaning": meaning,
                    }
                ],
                "InputReadinessState": "READY",
                "PatientName": str(item.PatientName),
                "PatientID": str(item.PatientID),
                "ProcedureStepState": SCHEDULED,
                "ScheduledProcedureStepPriority": "MEDIUM",
                "WorklistLabel": "PRACTICE",
                "ProcedureStepLabel": meaning,
            }
        )
        yield Instance(uids.UPS_PUSH, made.SOPInstanceUID, made)


def missing_for(attributes: Dataset, state: str) -> list[str]:
    """What a step still needs before it may be in a final state, by keyword (CC.2.5.1.1)."""
    sequence, needed = FINAL[state]
    items = attributes.get(sequence) or ()
    if not items:
        return [sequence]
    return [keyword for keyword in needed if not items[0].get(keyword)]


def steps(instances: Instances) -> Iterator[Dataset]:
    """Every step as C-FIND sees it."""
    for instance in instances.of_class(uids.UPS_PUSH):
        yield instance.attributes


def _state_of(step: Instance) -> dict[str, object]:
    said: dict[str, object] = {
        "ProcedureStepState": step.attributes.ProcedureStepState,
        "InputReadinessState": step.attributes.get("InputReadinessState"),
    }
    progress = step.attributes.get(PROGRESS) or ()
    for item in progress:
        for keyword in ("ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence"):
            if keyword in item:
                said[keyword] = item[keyword].value
    return said


def _canceled_here(said: Mapping[str, object]) -> Dataset:
    """What a step that nobody had claimed is canceled with, by the archive itself."""
    reason = {
        "CodeValue": "110513",
        "CodingSchemeDesignator": "DCM",
        "CodeMeaning": "Discontinued for unspecified reason",
    }
    item = {
        "ProcedureStepCancellationDateTime": _now(),
        "ReasonForCancellation": said.get("ReasonForCancellation"),
        "ProcedureStepDiscontinuationReasonCodeSequence": [reason],
    }
    return dataset_from({PROGRESS: [item]})


def _filter(information: Dataset) -> Test:
    """Which steps a global subscription is about: the keys of a filtered one (CC.2.3.1)."""
    from pydicom.dataset import Dataset

    keys = Dataset()
    for element in information:
        if element.keyword not in ("ReceivingAE", "DeletionLock"):
            keys[element.tag] = element
    return compile_identifier(keys)


def _now() -> str:
    return f"{datetime.now().astimezone():%Y%m%d%H%M%S}"
