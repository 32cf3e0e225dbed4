"""A storage commitment (PS3.4 J.3): what was asked for, and what the report said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydicom import Dataset

REASONS = {
    0x0110: "processing failure",
    0x0112: "no such object instance: the peer does not have it",
    0x0119: "class and instance conflict: the peer has it with another SOP class",
    0x0122: "referenced SOP class not supported: the peer cannot keep such instances",
    0x0131: "duplicate Transaction UID: the peer had this one before",
    0x0213: "resource limitation: the peer has no room to keep it",
}
"""Failure Reason (0008,1197), as PS3.3 C.14.1.1 has it."""


class Committed(StrEnum):
    """What became of an instance."""

    COMMITTED = "committed"
    FAILED = "failed"
    MISSING = "not mentioned"
    OPEN = "no report"


class InstanceName(NamedTuple):
    """The SOP class and instance of what was stored, and its file where there is one."""

    sop_class: str
    sop_instance: str
    path: str = ""


class Commitment:
    """One transaction. ``reported`` once its report is here."""

    def __init__(self, transaction: str, instances: list[InstanceName]) -> None:
        self.transaction = transaction
        self.instances = {one.sop_instance: one for one in instances}
        self.reported = False
        self.extra = 0
        """Instances in the report that were not asked about."""
        self._committed: set[str] = set()
        self._failed: dict[str, int] = {}

    def take(self, report: Dataset) -> None:
        """What a report of this transaction says. An instance that is in both lists has failed."""
        self.reported = True
        for item in report.get("ReferencedSOPSequence") or ():
            self._note(str(item.get("ReferencedSOPInstanceUID", "")), None)
        for item in report.get("FailedSOPSequence") or ():
            reason = item.get("FailureReason")
            uid = str(item.get("ReferencedSOPInstanceUID", ""))
            self._note(uid, reason if isinstance(reason, int) else 0)

    def _note(self, uid: str, reason: int | None) -> None:
        if uid not in self.instances:
            self.extra += 1
        elif reason is None:
            self._committed.add(uid)
        else:
            self._failed[uid] = reason

    def outcome(self, uid: str) -> tuple[Committed, int | None]:
        """What became of an instance, and the Failure Reason of one that failed (0 without)."""
        if uid in self._failed:
            return Committed.FAILED, self._failed[uid]
        if uid in self._committed:
            return Committed.COMMITTED, None
        return (Committed.MISSING if self.reported else Committed.OPEN), None

    @property
    def committed(self) -> int | None:
        """How many are committed; None before the report."""
        return len(self._committed - set(self._failed)) if self.reported else None

    @property
    def failed(self) -> int | None:
        """How many failed; None before the report."""
        return len(self._failed) if self.reported else None

    @property
    def missing(self) -> int:
        """How many no report mentions."""
        return len(self.instances) - (self.committed or 0) - (self.failed or 0)


def reason_words(reason: int | None) -> str:
    """A Failure Reason with its code; empty without one."""
    if reason is None:
        return ""
    return f"0x{reason:04X} {REASONS.get(reason, 'not one of the standard')}"
