"""pynetdicom as a strict SCP of performed procedure steps and of unified procedure steps.

``python pynetdicom_workflow.py PORT`` in a process of its own. It insists on what PS3.4 F.7.2 and
CC say: every required attribute, the states, UPS Push as the class of each request about a step,
and each request on a context of the class that has it. What it holds can be read by N-GET. Test
code, written from the standard's tables and not from ours; it is never imported by assocsh.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
    ModalityPerformedProcedureStepRetrieve,
    UnifiedProcedureStepEvent,
    UnifiedProcedureStepPull,
    UnifiedProcedureStepPush,
    UnifiedProcedureStepQuery,
    UnifiedProcedureStepWatch,
    Verification,
)

GLOBAL, FILTERED = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
PUSH, PULL = str(UnifiedProcedureStepPush), str(UnifiedProcedureStepPull)
WATCH, QUERY = str(UnifiedProcedureStepWatch), str(UnifiedProcedureStepQuery)
STEPS = {PUSH, PULL, WATCH, QUERY, str(UnifiedProcedureStepEvent)}


def words(text: str) -> list[str]:
    return text.split()


MPPS_CREATE = {  # Table F.7.2-1: with a value, then possibly without
    1: words(
        "PerformedProcedureStepID PerformedStationAETitle PerformedProcedureStepStartDate "
        "PerformedProcedureStepStartTime PerformedProcedureStepStatus Modality "
        "ScheduledStepAttributesSequence"
    ),
    2: words(
        "PatientName PatientID PatientBirthDate PatientSex ReferencedPatientSequence "
        "PerformedStationName PerformedLocation PerformedProcedureStepDescription "
        "PerformedProcedureTypeDescription ProcedureCodeSequence PerformedProcedureStepEndDate "
        "PerformedProcedureStepEndTime StudyID PerformedProtocolCodeSequence "
        "PerformedSeriesSequence"
    ),
}
MPPS_SCHEDULED = {
    1: ["StudyInstanceUID"],
    2: words(
        "ReferencedStudySequence AccessionNumber RequestedProcedureID "
        "RequestedProcedureDescription ScheduledProcedureStepID "
        "ScheduledProcedureStepDescription ScheduledProtocolCodeSequence"
    ),
}
MPPS_SERIES = {
    1: ["ProtocolName", "SeriesInstanceUID"],
    2: words(
        "PerformingPhysicianName OperatorsName SeriesDescription RetrieveAETitle "
        "ReferencedImageSequence ReferencedNonImageCompositeSOPInstanceSequence"
    ),
}
MPPS_NOT_SET = words(
    "ScheduledStepAttributesSequence PatientName PatientID PatientBirthDate PatientSex "
    "PerformedProcedureStepID PerformedStationAETitle PerformedProcedureStepStartDate "
    "PerformedProcedureStepStartTime Modality StudyID"
)
UPS_CREATE = {  # Table CC.2.5-3
    1: words(
        "ScheduledProcedureStepPriority ProcedureStepLabel ScheduledProcedureStepStartDateTime "
        "InputReadinessState ProcedureStepState"
    ),
    2: words(
        "TransactionUID WorklistLabel ScheduledProcessingParametersSequence "
        "ScheduledStationNameCodeSequence ScheduledStationClassCodeSequence "
        "ScheduledStationGeographicLocationCodeSequence ScheduledWorkitemCodeSequence "
        "CommentsOnTheScheduledProcedureStep InputInformationSequence PatientName PatientID "
        "PatientBirthDate PatientSex AdmissionID ReferencedRequestSequence "
        "ProcedureStepProgressInformationSequence UnifiedProcedureStepPerformedProcedureSequence"
    ),
}
UPS_FINAL = {
    "COMPLETED": (
        "UnifiedProcedureStepPerformedProcedureSequence",
        words(
            "PerformedStationNameCodeSequence PerformedProcedureStepStartDateTime "
            "PerformedWorkitemCodeSequence PerformedProcedureStepEndDateTime"
        ),
        ["OutputInformationSequence"],
    ),
    "CANCELED": (
        "ProcedureStepProgressInformationSequence",
        ["ProcedureStepCancellationDateTime", "ProcedureStepDiscontinuationReasonCodeSequence"],
        [],
    ),
}


class Refused(Exception):
    def __init__(self, code: int, comment: str, **more: int) -> None:
        super().__init__(comment)
        self.code, self.comment, self.more = code, comment, more


def status(code: int, comment: str = "", **more: int) -> Dataset:
    made = Dataset()
    made.Status = code
    if comment:
        made.ErrorComment = comment[:64]
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


def need(dataset: Dataset, types: dict[int, list[str]]) -> None:
    for keyword in (*types[1], *types[2]):
        if keyword not in dataset:
            raise Refused(0x0120, f"no {keyword}")
    for keyword in types[1]:
        if not dataset.get(keyword):
            raise Refused(0x0121, f"{keyword} is empty")


class Mpps:
    """Modality Performed Procedure Step and its Retrieve class."""

    def __init__(self) -> None:
        self.held: dict[str, Dataset] = {}

    def create(self, uid: str, attributes: Dataset) -> Dataset:
        if not uid:
            raise Refused(0x0106, "the SCU names a step")
        if uid in self.held:
            raise Refused(0x0111, "there is such a step")
        need(attributes, MPPS_CREATE)
        for item in attributes.ScheduledStepAttributesSequence:
            need(item, MPPS_SCHEDULED)
        if attributes.PerformedProcedureStepStatus != "IN PROGRESS":
            raise Refused(0x0106, "it begins IN PROGRESS")
        self.held[uid] = attributes
        return Dataset()

    def set(self, uid: str, changes: Dataset) -> Dataset:
        if uid not in self.held:
            raise Refused(0x0112, "no such step")
        step = self.held[uid]
        if step.PerformedProcedureStepStatus != "IN PROGRESS":
            raise Refused(0x0110, "may no longer be updated", ErrorID=0xA710)
        for element in changes:
            keyword = element.keyword
            if keyword in MPPS_NOT_SET:
                raise Refused(0x0106, f"{keyword} is not for N-SET")
            optional = "PerformedProcedureStepDiscontinuationReasonCodeSequence"
            if keyword not in step and keyword not in ("SpecificCharacterSet", optional):
                raise Refused(0x0105, f"{keyword} was not created")
        if changes.get("SpecificCharacterSet") != step.get("SpecificCharacterSet"):
            raise Refused(0x0106, "another SpecificCharacterSet than in N-CREATE")
        state = changes.get("PerformedProcedureStepStatus", "IN PROGRESS")
        if state not in ("IN PROGRESS", "COMPLETED", "DISCONTINUED"):
            raise Refused(0x0106, "PerformedProcedureStepStatus")
        if state != "IN PROGRESS":
            ends = ["PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime"]
            need(changes, {1: [*ends, "PerformedSeriesSequence"], 2: []})
            references = 0
            for series in changes.PerformedSeriesSequence:
                need(series, MPPS_SERIES)
                references += len(series.ReferencedImageSequence)
                references += len(series.ReferencedNonImageCompositeSOPInstanceSequence)
            if state == "COMPLETED" and not references:
                raise Refused(0x0106, "COMPLETED without an instance")
        step.update(changes)
        return Dataset()


class Ups:
    """The five classes of Unified Procedure Steps."""

    def __init__(self) -> None:
        self.held: dict[str, Dataset] = {}
        self.locks: dict[str, str] = {}
        self.subscribed: set[tuple[str, str]] = set()

    def on(self, event: Any, *classes: str) -> None:
        """The request names UPS Push, and came on a context of one of these classes."""
        request = event.request
        named = request.AffectedSOPClassUID if hasattr(request, "AffectedSOPClassUID") else ""
        named = getattr(request, "RequestedSOPClassUID", "") or named
        if str(named) != PUSH:
            raise Refused(0x0118, "every step is an instance of UPS Push")
        if str(event.context.abstract_syntax) not in classes:
            raise Refused(0x0122, f"not on {event.context.abstract_syntax.name}")

    def create(self, uid: str, attributes: Dataset) -> Dataset:
        need(attributes, UPS_CREATE)
        if attributes.ProcedureStepState != "SCHEDULED":
            raise Refused(0xC309, "it begins SCHEDULED")
        if attributes.TransactionUID:
            raise Refused(0x0106, "TransactionUID")
        attributes.SOPInstanceUID = uid
        attributes.SOPClassUID = PUSH
        self.held[uid] = attributes
        return Dataset()

    def step(self, uid: str) -> Dataset:
        if uid not in self.held:
            raise Refused(0xC307, "no such step")
        return self.held[uid]

    def set(self, uid: str, changes: Dataset) -> Dataset:
        step = self.step(uid)
        state = step.ProcedureStepState
        if state not in ("SCHEDULED", "IN PROGRESS"):
            raise Refused(0xC300, f"it is {state}")
        if changes.get("TransactionUID") != self.locks.get(uid):
            raise Refused(0xC301, "the Transaction UID")
        if "ProcedureStepState" in changes:
            raise Refused(0x0106, "ProcedureStepState")
        for element in changes:
            if element.keyword != "TransactionUID":
                step[element.tag] = element
        return Dataset()

    def change(self, uid: str, information: Dataset) -> None:
        step = self.step(uid)
        wanted, key = information.get("ProcedureStepState"), information.get("TransactionUID")
        state = step.ProcedureStepState
        if not key:
            raise Refused(0xC301, "no Transaction UID")
        if wanted == "SCHEDULED":
            raise Refused(0xC303, "only created SCHEDULED")
        if wanted == "IN PROGRESS":
            if state == "IN PROGRESS":
                raise Refused(0xC302, "claimed already")
            if state != "SCHEDULED":
                raise Refused(0xC300, f"it is {state}")
            self.locks[uid] = key
        else:
            if state == "SCHEDULED":
                raise Refused(0xC310, "not claimed yet")
            if key != self.locks.get(uid):
                raise Refused(0xC301, "another Transaction UID")
            if state != "IN PROGRESS":
                raise Refused(0xC300, f"it is {state}")
            sequence, valued, present = UPS_FINAL[wanted]
            items = step.get(sequence) or []
            try:
                for item in items:
                    need(item, {1: valued, 2: present})
            except Refused as refused:
                raise Refused(0xC304, refused.comment) from None
            if not items:
                raise Refused(0xC304, f"no {sequence}")
        step.ProcedureStepState = wanted

    def cancel(self, uid: str) -> None:
        state = self.step(uid).ProcedureStepState
        if state == "COMPLETED":
            raise Refused(0xC311, "it is COMPLETED")
        if state == "CANCELED":
            raise Refused(0xB304, "it is CANCELED")
        if state == "IN PROGRESS":
            raise Refused(0xC312, "its performer cannot be reached")
        self.held[uid].ProcedureStepState = "CANCELED"

    def subscribe(self, uid: str, kind: int, information: Dataset) -> None:
        if not uid.startswith("1.2.840.10008.5.1.4.34.5"):
            self.step(uid)
        if not information.get("ReceivingAE"):
            raise Refused(0x0120, "ReceivingAE")
        if kind == 3 and information.get("DeletionLock") not in ("TRUE", "FALSE"):
            raise Refused(0x0120, "DeletionLock")
        pair = (uid, information.ReceivingAE)
        if kind == 3:
            keys = len(information) - 2  # besides Receiving AE and Deletion Lock
            if (uid == FILTERED) != (keys > 0):
                raise Refused(0x0106, "keys are for a filtered subscription")
            self.subscribed.add(pair)
        elif uid == GLOBAL:  # 4 ends each subscription of this AE, 5 that to new steps
            ends = [one for one in self.subscribed if one[1] == information.ReceivingAE]
            only = ends if kind == 4 else [one for one in ends if one[0] in (GLOBAL, FILTERED)]
            self.subscribed.difference_update(only)
        elif pair in self.subscribed:
            self.subscribed.discard(pair)
        else:
            raise Refused(0x0112, "there is no such subscription")


class Server:
    def __init__(self) -> None:
        self.mpps, self.ups = Mpps(), Ups()
        self.notifications = 0

    def create(self, event: Any) -> tuple[Dataset, Dataset | None]:
        request = event.request
        named = str(request.AffectedSOPClassUID)
        uid = str(request.AffectedSOPInstanceUID or "")
        try:
            if str(event.context.abstract_syntax) in STEPS:
                self.ups.on(event, PUSH)
                return status(0), self.ups.create(uid, event.attribute_list)
            if named == InstanceAvailabilityNotification:
                attributes = event.attribute_list
                need(attributes, {1: ["StudyInstanceUID", "ReferencedSeriesSequence"],
                                  2: ["ReferencedPerformedProcedureStepSequence"]})  # fmt: skip
                for series in attributes.ReferencedSeriesSequence:
                    for one in series.ReferencedSOPSequence:
                        need(one, {1: ["InstanceAvailability", "RetrieveAETitle"], 2: []})
                return status(0), Dataset()
            return status(0), self.mpps.create(uid, event.attribute_list)
        except Refused as refused:
            return status(refused.code, refused.comment, **refused.more), None

    def set(self, event: Any) -> tuple[Dataset, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        try:
            if str(event.context.abstract_syntax) in STEPS:
                self.ups.on(event, PULL)
                return status(0), self.ups.set(uid, event.modification_list)
            return status(0), self.mpps.set(uid, event.modification_list)
        except Refused as refused:
            return status(refused.code, refused.comment, **refused.more), None

    def get(self, event: Any) -> tuple[Dataset, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        try:
            if str(event.context.abstract_syntax) in STEPS:
                self.ups.on(event, PUSH, PULL, WATCH)
                found = self.ups.step(uid)
            elif uid in self.mpps.held:
                found = self.mpps.held[uid]
            else:
                raise Refused(0x0112, "no such step")
        except Refused as refused:
            return status(refused.code, refused.comment), None
        wanted = event.attribute_identifiers
        answer = Dataset()
        for element in found:
            if element.keyword != "TransactionUID" and (not wanted or element.tag in wanted):
                answer[element.tag] = element
        return status(0), answer

    def action(self, event: Any) -> tuple[Dataset, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        information = event.action_information if event.request.ActionInformation else Dataset()
        try:
            match event.action_type:
                case 1:
                    self.ups.on(event, PULL)
                    self.ups.change(uid, information)
                case 2:
                    self.ups.on(event, PUSH, WATCH)
                    self.ups.cancel(uid)
                case 3 | 4 | 5 as kind:
                    self.ups.on(event, WATCH)
                    self.ups.subscribe(uid, kind, information)
                case _:
                    raise Refused(0x0123, "no such action")
        except Refused as refused:
            return status(refused.code, refused.comment), None
        return status(0), None

    def find(self, event: Any) -> Any:
        keys = event.identifier
        for step in self.ups.held.values():
            if keys.get("ProcedureStepState") in (None, "", step.ProcedureStepState):
                answer = Dataset()
                for key in keys:
                    if key.tag in step:
                        answer[key.tag] = step[key.tag]
                yield 0xFF00, answer


def main() -> int:
    server = Server()
    entity = AE(ae_title="STRICT")
    entity.add_supported_context(Verification)
    entity.add_supported_context(ModalityPerformedProcedureStep)
    entity.add_supported_context(ModalityPerformedProcedureStepRetrieve)
    entity.add_supported_context(InstanceAvailabilityNotification)
    for uid in sorted(STEPS - set(os.environ.get("WITHOUT", "").split())):
        entity.add_supported_context(uid)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # its own shutdown takes seconds
    entity.start_server(
        ("127.0.0.1", int(sys.argv[1])),
        block=True,
        evt_handlers=[
            (evt.EVT_N_CREATE, server.create),
            (evt.EVT_N_SET, server.set),
            (evt.EVT_N_GET, server.get),
            (evt.EVT_N_ACTION, server.action),
            (evt.EVT_C_FIND, server.find),
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
