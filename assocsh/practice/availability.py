"""Instance Availability Notification (PS3.4 R): somebody tells what can be had, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.dimse import status
from assocsh.practice.normalized import Instance, Instances, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

AVAILABILITIES = ("ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE")
"""PS3.3 C.4.23.1.1."""


class Availability(Service):
    """Takes notifications, and keeps them: there is nothing else to do with one (PS3.4 R.3.2)."""

    classes = frozenset({uids.INSTANCE_AVAILABILITY_NOTIFICATION})

    def created(self, instance: Instance, instances: Instances) -> None:
        attributes = instance.attributes
        if "ReferencedPerformedProcedureStepSequence" not in attributes:
            raise Refused(status.MISSING_ATTRIBUTE, "ReferencedPerformedProcedureStepSequence")
        for step in attributes.ReferencedPerformedProcedureStepSequence:
            _need(step, "ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
            if "PerformedWorkitemCodeSequence" not in step:
                raise Refused(status.MISSING_ATTRIBUTE, "PerformedWorkitemCodeSequence")
        _need(attributes, "StudyInstanceUID", "ReferencedSeriesSequence")
        for series in attributes.ReferencedSeriesSequence:
            _need(series, "SeriesInstanceUID", "ReferencedSOPSequence")
            for one in series.ReferencedSOPSequence:
                _need(one, "ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
                _need(one, "InstanceAvailability", "RetrieveAETitle")
                if one.InstanceAvailability not in AVAILABILITIES:
                    raise Refused(status.INVALID_ATTRIBUTE_VALUE, "InstanceAvailability")


def _need(dataset: Dataset, *keywords: str) -> None:
    """Raise Refused for the first that is missing, or has no value (type 1)."""
    for keyword in keywords:
        if keyword not in dataset:
            raise Refused(status.MISSING_ATTRIBUTE, keyword)
        if not dataset.get(keyword):
            raise Refused(status.MISSING_ATTRIBUTE_VALUE, keyword)
