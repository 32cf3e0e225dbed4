"""Modality Performed Procedure Steps (PS3.4 F.7): in progress, then completed or discontinued."""

from __future__ import annotations

from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.dimse import status
from assocsh.practice.normalized import Instance, Instances, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IN_PROGRESS = "IN PROGRESS"
FINAL = ("COMPLETED", "DISCONTINUED")
MAY_NO_LONGER_BE_UPDATED = 0xA710
"""Error ID of an N-SET after the end (PS3.4 F.7.2.2.2)."""


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
    """N-CREATE in progress, N-SET until it is completed or discontinued, N-GET to look at it."""

    classes = frozenset(
        {uids.MODALITY_PERFORMED_PROCEDURE_STEP, uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE}
    )

    def created(self, instance: Instance, instances: Instances) -> None:
        state = instance.attributes.get("PerformedProcedureStepStatus")
        if state is None:
            raise Refused(
                status.MISSING_ATTRIBUTE, "PerformedProcedureStepStatus has to be IN PROGRESS"
            )
        if state != IN_PROGRESS:
            raise Refused(
                status.INVALID_ATTRIBUTE_VALUE, "a step begins with the status IN PROGRESS"
            )

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
                raise Refused(status.INVALID_ATTRIBUTE_VALUE, f"{keyword} is not for N-SET")
        state = changes.get("PerformedProcedureStepStatus", IN_PROGRESS)
        if state not in (IN_PROGRESS, *FINAL):
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, "IN PROGRESS, COMPLETED or DISCONTINUED")

    def reading(self, instance: Instance) -> None:
        """Any step may be read."""
