"""Storage commitment (PS3.4 J): is what was stored kept? The answer follows as an event report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import assocsh.uids as uids
from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse import status
from assocsh.dimse.requests import NEventReport
from assocsh.practice.normalized import Instance, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Indication
    from assocsh.practice.index import Index
    from assocsh.practice.reporting import Reports
    from assocsh.practice.settings import CommitmentSettings

REQUEST_COMMITMENT = 1
"""The one action (PS3.4 J.3.2)."""

ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event types of the report (PS3.4 J.3.3)."""

SOP_INSTANCE_UID = 0x00080018


class Commitment(Service):
    """Commits to what is in ``index``, but for what is to fail."""

    classes = frozenset({uids.STORAGE_COMMITMENT})

    def __init__(self, index: Index, settings: CommitmentSettings, reports: Reports) -> None:
        self._index = index
        self._settings = settings
        self._reports = reports

    def asked(
        self,
        indication: Indication,
        instance: Instance | None,
        number: int,
        information: Dataset | None,
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        if number != REQUEST_COMMITMENT:
            raise Refused(status.NO_SUCH_ACTION, "the action is 1, request storage commitment")
        transaction = None if information is None else information.get("TransactionUID")
        if information is None or not transaction:
            raise Refused(status.MISSING_ATTRIBUTE, "TransactionUID")
        requestor, on_new = indication.association.peer.ae, self._settings.on_new
        if on_new and not self._reports.knows(requestor):
            raise Refused(
                status.PROCESSING_FAILURE, f"where {requestor} takes reports is not known here"
            )
        asked = [
            (str(item.get("ReferencedSOPClassUID", "")), str(item.get("ReferencedSOPInstanceUID")))
            for item in information.get("ReferencedSOPSequence") or ()
        ]
        if not asked:
            raise Refused(status.MISSING_ATTRIBUTE, "ReferencedSOPSequence")
        wanted = [sop_instance for _, sop_instance in asked]
        held = {
            one.sop_instance: one.sop_class
            for one in self._index.instances({SOP_INSTANCE_UID: wanted})
        }

        async def send(indication: Indication) -> None:
            report = await asyncio.to_thread(self._report, str(transaction), asked, held)
            after = self._settings.after
            self._reports.send(report, indication.association, after=after, on_new=on_new)

        return None, send

    def _report(
        self, transaction: str, asked: list[tuple[str, str]], held: Mapping[str, str]
    ) -> NEventReport:
        """The report on what was asked for; ``held`` has the SOP class of what is here. Blocks."""
        kept: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for sop_class, sop_instance in asked:
            item: dict[str, Any] = {
                "ReferencedSOPClassUID": sop_class,
                "ReferencedSOPInstanceUID": sop_instance,
            }
            reason = self._reason(sop_class, sop_instance, held.get(sop_instance))
            if reason is None:
                kept.append(item)
            else:
                failed.append({**item, "FailureReason": reason})
        information: dict[str, Any] = {"TransactionUID": transaction}
        if kept:
            information["ReferencedSOPSequence"] = kept
        if failed:
            information["FailedSOPSequence"] = failed
        return NEventReport(
            uids.STORAGE_COMMITMENT,
            uids.STORAGE_COMMITMENT_INSTANCE,
            SOME_FAILED if failed else ALL_COMMITTED,
            dataset_from(information),
        )

    def _reason(self, sop_class: str, sop_instance: str, held_as: str | None) -> int | None:
        """Why an instance is not committed, as Failure Reason (PS3.3 C.14); None if it is."""
        if held_as is None:
            return status.NO_SUCH_SOP_INSTANCE
        if held_as != sop_class:
            return status.CLASS_INSTANCE_CONFLICT
        failing = self._settings.failing
        return next((why for uid, why in failing if fnmatchcase(sop_instance, uid)), None)
