"""Storage commitment (PS3.4 J.3): what was asked for, and what the reports said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple
from assocsh.text.plural import plural

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

ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event types of a report (PS3.4 J.3.3)."""


class Committed(StrEnum):
    """What became of an instance."""

    COMMITTED = "committed"
    FAILED = "failed"
    MISSING = "not mentioned"
    REFUSED = "refused"
    OPEN = "no report"


class InstanceName(NamedTuple):
    """The SOP class and instance of what was stored, and its file where there is one.

    ``study`` and ``series`` are the UIDs of what it is of, empty where they are not known.
    """

    sop_class: str
    sop_instance: str
    path: str = ""
    study: str = ""
    series: str = ""


class Became(NamedTuple):
    """What became of an instance, and why it failed or was refused: empty if it was not."""

    outcome: Committed
    reason: str = ""


class Transaction:
    """One request for commitment: ``uid`` is its Transaction UID, by which its report is known."""

    def __init__(self, uid: str, instances: Iterable[InstanceName]) -> None:
        self.uid = uid
        self.instances = {one.sop_instance: one for one in instances}
        self.reports = 0
        """How many came: the standard has one."""
        self.refused = ""
        """Why the peer does not perform it: there will be no report."""
        self.shown = False
        """Somebody was shown what its report says."""
        self.oddities: dict[str, None] = {}
        """What was odd about its reports, as clauses about the peer, each once; safe to print."""
        self._committed: set[str] = set()
        self._failed: dict[str, int | None] = {}

    @property
    def open(self) -> bool:
        """A report is still to come."""
        return not (self.reports or self.refused)

    def take(self, event_type: int, report: Dataset) -> None:
        """What a report says. An instance that any report has as failed has failed."""
        self.reports += 1
        kept = list(_uids(report, "ReferencedSOPSequence"))
        failed = dict(_failures(report))
        known = [uid for uid in kept if uid in self.instances]
        self._committed.update(known)
        self._failed.update({uid: why for uid, why in failed.items() if uid in self.instances})
        odd = list(_oddities(event_type, len(failed)))
        if self.reports > 1:
            odd.append("reports this transaction again")
        named = [*kept, *_uids(report, "FailedSOPSequence")]
        extra = len(set(named) - set(self.instances))
        if extra:
            odd.append(f"names {extra} more, not asked about")
        twice = len(named) - len(set(named))
        if twice:
            odd.append(f"names {plural(twice, 'instance')} more than once")
        self.oddities.update(dict.fromkeys(odd))

    def outcome(self, uid: str) -> Became:
        """What became of an instance."""
        if uid in self._failed:
            return Became(Committed.FAILED, reason_words(self._failed[uid]))
        if uid in self._committed:
            return Became(Committed.COMMITTED)
        if self.refused:
            return Became(Committed.REFUSED, self.refused)
        return Became(Committed.MISSING if self.reports else Committed.OPEN)

    @property
    def committed(self) -> int:
        """How many are committed."""
        return len(self._committed - set(self._failed))

    @property
    def failed(self) -> int:
        """How many failed."""
        return len(self._failed)

    @property
    def unkept(self) -> int:
        """How many will not be kept, as far as is known: failed, not mentioned, or refused."""
        return 0 if self.open else len(self.instances) - self.committed


class Commitment:
    """What one command asked for, in one transaction or in several."""

    def __init__(self, transactions: Iterable[Transaction]) -> None:
        self.transactions = {one.uid: one for one in transactions}

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self.transactions.values())

    def take(self, transaction: str, event_type: int, report: Dataset) -> str:
        """What a report of one of the transactions says, and what that comes to in words.

        Empty for a report of another one.
        """
        found = self.transactions.get(transaction)
        if found is None:
            return ""
        found.take(event_type, report)
        counts = (
            found.committed,
            found.failed,
            len(found.instances) - found.committed - found.failed,
        )
        words = (Committed.COMMITTED, Committed.FAILED, Committed.MISSING)
        return ", ".join(
            f"{count} {word}" for count, word in zip(counts, words, strict=True) if count
        )

    @property
    def open(self) -> list[Transaction]:
        """Those whose report is still to come."""
        return [one for one in self if one.open]

    @property
    def count(self) -> int:
        """How many instances were asked about."""
        return sum(len(one.instances) for one in self)

    @property
    def reported(self) -> bool:
        """There is a report of one of them at least."""
        return any(one.reports for one in self)

    @property
    def committed(self) -> int | None:
        """How many are committed; None before the first report."""
        return sum(one.committed for one in self) if self.reported else None

    @property
    def failed(self) -> int | None:
        """How many failed; None before the first report."""
        return sum(one.failed for one in self) if self.reported else None

    @property
    def missing(self) -> int:
        """How many no report mentions."""
        return self.count - (self.committed or 0) - (self.failed or 0)


def reason_words(reason: int | None) -> str:
    """A Failure Reason with its code; None: there was none."""
    if reason is None:
        return "no reason given"
    return f"0x{reason:04X} {REASONS.get(reason, 'not one of the standard')}"


def _uids(report: Dataset, sequence: str) -> Iterator[str]:
    for item in report.get(sequence) or ():
        yield str(item.get("ReferencedSOPInstanceUID", ""))


def _failures(report: Dataset) -> Iterator[tuple[str, int | None]]:
    for item in report.get("FailedSOPSequence") or ():
        reason = item.get("FailureReason")
        uid = str(item.get("ReferencedSOPInstanceUID", ""))
        yield uid, reason if isinstance(reason, int) else None


def _oddities(event_type: int, failed: int) -> Iterator[str]:
    """Where the event type and the lists of a report do not go together (PS3.4 J.3.3)."""
    if event_type == SOME_FAILED and not failed:
        yield "reports event 2, that something failed, and names nothing that did"
    elif event_type == ALL_COMMITTED and failed:
        yield f"reports event 1, that all is committed, and names {failed} that failed"
    elif event_type not in (ALL_COMMITTED, SOME_FAILED):
        yield f"reports event {event_type}: the events of Storage Commitment are 1 and 2"
