"""The sub-operations of C-GET and C-MOVE: one C-STORE for each instance, and their counts.

PS3.4 C.4.2 and C.4.3, PS3.7 9.1.3 and 9.1.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from assocsh.association import (
    Association,
    ContextSpec,
    Indication,
    Observer,
    Peer,
    SendingAssociation,
    connect,
)
from assocsh.datasets.dictionary import UNCOMPRESSED
from assocsh.dimse.commandset import Value
from assocsh.dimse.status import (
    CANCEL,
    PENDING,
    SUBOPERATIONS_WITH_FAILURES,
    SUCCESS,
    UNABLE_TO_PERFORM_SUBOPERATIONS,
    error_comment,
)
from assocsh.errors import AssocshError, NoPresentationContext
from assocsh.practice.contents import Contents
from assocsh.practice.index import Stored
from assocsh.records import dataclass, field
from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

AT_ONCE = 8
"""Sub-operations under way at the same time; the window of the association may allow fewer."""
MAX_CONTEXTS = 128
MAX_FAILED_LIST = 500
"""UIDs in a Failed SOP Instance UID List: it has to be one value of at most 64 KiB."""


@dataclass
class Retrieve:
    """One C-GET or C-MOVE while its sub-operations run. ``wait`` is the archive's slowness."""

    contents: Contents
    instances: Sequence[Stored]
    indication: Indication
    wait: Callable[[Indication], Awaitable[bool]]
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)
    reason: str = ""
    """Why the first one that failed did."""

    def counts(self, *, failed: int | None = None) -> dict[str, int]:
        """The four numbers of a response, as command set elements."""
        bad = len(self.failed) if failed is None else failed
        return {
            "NumberOfRemainingSuboperations": max(
                0, len(self.instances) - self.completed - self.warning - bad
            ),
            "NumberOfCompletedSuboperations": self.completed,
            "NumberOfFailedSuboperations": bad,
            "NumberOfWarningSuboperations": self.warning,
        }

    def failed_list(self, uids: Iterable[str]) -> Dataset | None:
        """The data set of a final response: which instances failed."""
        from pydicom.dataset import Dataset

        listed = list(uids)[:MAX_FAILED_LIST]
        if not listed:
            return None
        dataset = Dataset()
        dataset.FailedSOPInstanceUIDList = listed
        return dataset

    def finish(self, *, cancelled: bool) -> None:
        """The final response. Remaining is said only of a cancelled one (PS3.7 9.1.3.1)."""
        counts = self.counts()
        if cancelled:
            status = CANCEL
        else:
            del counts["NumberOfRemainingSuboperations"]
            status = SUCCESS
            if self.failed or self.warning:
                status = SUBOPERATIONS_WITH_FAILURES
            if self.failed and not self.completed and not self.warning:
                status = UNABLE_TO_PERFORM_SUBOPERATIONS
        elements: dict[str, Value] = {**counts}
        if self.failed and self.reason:
            elements["ErrorComment"] = error_comment(self.reason)
        self.indication.respond(status, self.failed_list(self.failed), **elements)

    def fail(self, uid: str, reason: str) -> None:
        """A sub-operation failed."""
        self.failed.append(uid)
        self.reason = self.reason or reason


async def send_instances(
    retrieve: Retrieve, association: SendingAssociation, originator: tuple[str, int] | None
) -> None:
    """Send every instance on ``association``, telling the counts, until done or cancelled."""
    todo = iter(retrieve.instances)

    async def work() -> None:
        for stored in todo:
            if not await retrieve.wait(retrieve.indication):
                return
            await _send_one(retrieve, association, stored, originator)
            remaining = retrieve.counts()
            if remaining["NumberOfRemainingSuboperations"] and not retrieve.indication.cancelled:
                retrieve.indication.respond(PENDING, **remaining)
            await retrieve.indication.drain()

    if not retrieve.instances and not await retrieve.wait(retrieve.indication):
        retrieve.finish(cancelled=True)
        return
    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(retrieve.instances))):
            group.create_task(work())
    done = retrieve.completed + retrieve.warning + len(retrieve.failed)
    retrieve.finish(cancelled=retrieve.indication.cancelled and done < len(retrieve.instances))


async def _send_one(
    retrieve: Retrieve,
    association: SendingAssociation,
    stored: Stored,
    originator: tuple[str, int] | None,
) -> None:
    try:
        request = retrieve.contents.request(stored, association.contexts, originator)
        response = await association.send(request).result()
    except (AssocshError, OSError) as error:
        why = error.message if isinstance(error, AssocshError) else error.strerror
        retrieve.fail(stored.sop_instance, why or type(error).__name__)
        return
    if response.status == SUCCESS:
        retrieve.completed += 1
    elif response.category == "Warning":
        retrieve.warning += 1
    else:
        said = response.command.error_comment
        answer = f"a C-STORE was answered {response.status:04X}H" + (f": {said}" if said else "")
        retrieve.fail(stored.sop_instance, answer)


async def destination_association(
    name: str,
    address: tuple[str, int],
    ae_title: str,
    instances: Iterable[Stored],
    observer: Observer | None,
) -> Association:
    """An association with a move destination, proposing what the instances need.

    Raises AssociationError, NoPresentationContext for one that accepts nothing.
    """
    needed: dict[ContextSpec, None] = {}
    for stored in instances:
        if stored.transfer_syntax not in UNCOMPRESSED:
            needed[ContextSpec(stored.sop_class, (stored.transfer_syntax,))] = None
        else:
            needed[ContextSpec(stored.sop_class, (EXPLICIT_LE, IMPLICIT_LE))] = None
    peer = Peer(name, *address)
    specs = list(needed)[:MAX_CONTEXTS]
    association = await connect(peer, calling_ae=ae_title, contexts=specs, observer=observer)
    if not any(context.accepted for context in association.contexts):
        await association.release()
        raise NoPresentationContext(
            f"{name} accepts no presentation context for these instances",
            sop_class=specs[0].abstract_syntax,
        )
    return association
