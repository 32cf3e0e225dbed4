"""Modality Performed Procedure Steps (PS3.4 F.7): in progress, then completed or discontinued.

What was scheduled follows: a worklist item has the status STARTED while its step is performed, then
the one in which the step has ended (F.7.2.1.3 lets the worklist be updated).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.datasets.dictionary import find_tag
from assocsh.datasets.performed_steps import AT_ITS_BEGIN, AT_ITS_END, SCHEDULED, lacking
from assocsh.dimse import status
from assocsh.practice import notifications
from assocsh.practice.normalized import Instance, Instances, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Indication

CONTEXTS = frozenset({uids.MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION})
"""What a context may be negotiated for besides: events go out on it, no request comes in."""

IN_PROGRESS = "IN PROGRESS"
FINAL = ("COMPLETED", "DISCONTINUED")
MAY_NO_LONGER_BE_UPDATED = 0xA710
"""Error ID of an N-SET after the end (PS3.4 F.7.2.2.2)."""

EVENTS: Mapping[str, int] = {
    "COMPLETED": notifications.COMPLETED,
    "DISCONTINUED": notifications.DISCONTINUED,
}

NOT_SET = (
    "ScheduledStepAttributesSequence",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
    "StudyID",
)
"""What stays as it was created (``Not allowed`` for N-SET in Table F.7.2-1)."""


class ProcedureSteps(Service):
    """N-CREATE in progress, N-SET until it is completed or discontinued, N-GET to look at it.

    ``perform`` gives what is scheduled a status, by Study Instance UID and Scheduled Procedure Step
    ID; ``tell`` reports an event of a step.
    """

    classes = frozenset(
        {uids.MODALITY_PERFORMED_PROCEDURE_STEP, uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE}
    )

    def __init__(
        self,
        perform: Callable[[str, str, str], None],
        tell: Callable[[str, int], None],
    ) -> None:
        self._perform = perform
        self._tell = tell
        self._told: set[str] = set()

    def created(self, instance: Instance, instances: Instances) -> None:
        state = instance.attributes.get("PerformedProcedureStepStatus")
        if state and state != IN_PROGRESS:
            raise _wrong("PerformedProcedureStepStatus", "a step begins with IN PROGRESS")
        _need(instance.attributes, AT_ITS_BEGIN)

    def changing(self, instance: Instance, changes: Dataset) -> None:
        now = instance.attributes.get("PerformedProcedureStepStatus")
        if now in FINAL:
            raise Refused(
                status.PROCESSING_FAILURE,
                f"the step is {now}: it may no longer be updated",
                ErrorID=MAY_NO_LONGER_BE_UPDATED,
            )
        for keyword in NOT_SET:
            if keyword in changes:
                raise _wrong(keyword, f"{keyword} is not for N-SET")
        state = changes.get("PerformedProcedureStepStatus", IN_PROGRESS)
        if state not in (IN_PROGRESS, *FINAL):
            raise _wrong("PerformedProcedureStepStatus", "IN PROGRESS, COMPLETED or DISCONTINUED")
        if state in FINAL:
            from pydicom.dataset import Dataset

            then = Dataset()
            then.update(instance.attributes)
            then.update(changes)
            _need(then, AT_ITS_END)

    def reading(self, instance: Instance) -> None:
        """Any step may be read."""

    async def happened(self, indication: Indication, instance: Instance) -> None:
        attributes = instance.attributes
        state = str(attributes.PerformedProcedureStepStatus)
        for item in attributes.get(SCHEDULED) or ():
            study = str(item.get("StudyInstanceUID") or "")
            step = str(item.get("ScheduledProcedureStepID") or "")
            self._perform(study, step, "STARTED" if state == IN_PROGRESS else state)
        begun = instance.uid in self._told
        self._told.add(instance.uid)
        going_on = notifications.UPDATED if begun else notifications.IN_PROGRESS
        self._tell(instance.uid, EVENTS.get(state, going_on))


def _need(attributes: Dataset, paths: tuple[str, ...]) -> None:
    """Raise Refused with all that is missing, or where nothing is, with all that has no value."""
    found = list(lacking(attributes, paths))
    missing = [path for path, there in found if not there]
    if found:
        code = status.MISSING_ATTRIBUTE if missing else status.MISSING_ATTRIBUTE_VALUE
        named = missing or [path for path, _ in found]
        keywords = dict.fromkeys(path.rpartition(".")[2] for path in named)
        tags = tuple(find_tag(keyword).tag for keyword in keywords)
        raise Refused(code, ", ".join(keywords), AttributeIdentifierList=tags)


def _wrong(keyword: str, comment: str) -> Refused:
    """A value that an attribute may not have now (0x0106)."""
    tags = (find_tag(keyword).tag,)
    return Refused(status.INVALID_ATTRIBUTE_VALUE, comment, AttributeIdentifierList=tags)
