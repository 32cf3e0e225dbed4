"""What a Modality Performed Procedure Step is not without (type 1 in PS3.4 Table F.7.2-1).

Who makes a step asks before it sends one, who takes it asks before it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

SCHEDULED = "ScheduledStepAttributesSequence"
SERIES = "PerformedSeriesSequence"

AT_ITS_BEGIN = (
    f"{SCHEDULED}.StudyInstanceUID",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
"""What N-CREATE gives a value, by keyword; of a sequence each item."""

AT_ITS_END = (
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    f"{SERIES}.SeriesInstanceUID",
    f"{SERIES}.ProtocolName",
)
"""What has a value once the step is COMPLETED or DISCONTINUED (the column of the final state)."""


def lacking(attributes: Dataset, paths: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Of ``paths`` those without a value, and whether the attribute is there at all.

    As ``Keyword`` or ``Sequence[0].Keyword``, an item for each that lacks it; what is looked for in
    a sequence that has no item lacks in its first one.
    """
    for path in paths:
        above, _, keyword = path.rpartition(".")
        if not above:
            if not _has(attributes, keyword):
                yield path, keyword in attributes
            continue
        items = attributes.get(above) or ()
        if not items:
            yield f"{above}[0].{keyword}", False
        for number, item in enumerate(items):
            if not _has(item, keyword):
                yield f"{above}[{number}].{keyword}", keyword in item


def _has(dataset: Dataset, keyword: str) -> bool:
    value = dataset.get(keyword)
    return value is not None and bool(str(value).strip())
