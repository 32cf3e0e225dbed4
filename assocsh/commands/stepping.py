"""What the verbs of ``ups`` share: which step is meant, and what is asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.workitems import CHANGE_STATE, SUBSCRIBE
from assocsh.errors import UsageError
from assocsh.session.keys import Keys, row_of_find, typed_keys
from assocsh.session.workflow import IN_PROGRESS, Claim
from assocsh.text.cells import cell
from assocsh.uids import (
    UPS_FILTERED_GLOBAL_SUBSCRIPTION,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PUSH,
)

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
    from assocsh.dimse.responses import Response
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


LASTING = frozenset({"watch"})
"""Verbs that tell at once which step they are about, and end much later."""


async def ask(
    session: Session, call: BoundCall, request: Request, *, show: bool = True
) -> Response | None:
    """Send a request, keep and show what it brings; None when the peer did not do it.

    Without ``show`` a data set is shown in JSON alone: it is what was sent, come back.
    """
    from assocsh.session.reading import dataset_of

    record = call.record
    final = await session.send(request, record).result()
    if final.data:
        dataset = dataset_of(session, record, final)
        record.keep(final)
        if show or session.format == "json":
            session.presenter.response(record, final, dataset)
    return final if final.category in ("Success", "Warning") else None


async def set_step(session: Session, call: BoundCall, uid: str, changes: Dataset) -> bool:
    """N-SET; the Transaction UID goes with it where the step was claimed here (CC.2.6.2)."""
    from assocsh.dimse.requests import NSet

    held = session.workflow.claims.get(uid)
    if held is not None and held.peer == session.peer:
        changes.TransactionUID = held.transaction
    return await ask(session, call, NSet(UPS_PUSH, uid, changes), show=False) is not None


def subscription(
    uid: str, kind: int, receiver: str, *, lock: bool = False, keys: Keys | None = None
) -> Request:
    """Subscribe or unsubscribe ``receiver`` (CC.2.3.1); only the former has a deletion lock.

    ``keys`` are those that the steps of a filtered subscription match, as they do of a C-FIND.
    """
    from assocsh.datasets.identifiers import build_identifier
    from assocsh.dimse.requests import NAction

    said = [*(keys or []), ("ReceivingAE", receiver)]
    if kind == SUBSCRIBE:
        said.append(("DeletionLock", "TRUE" if lock else "FALSE"))
    return NAction(UPS_PUSH, uid, kind, build_identifier(None, said))


async def watched_step(session: Session, call: BoundCall) -> tuple[str, Keys]:
    """What is subscribed to: a step, all of them, or those that match keys; and the keys.

    The UID is that of the step, or of a global subscription (CC.2.3.2). Raises UsageError for keys
    beside a single step, and where no step is meant.
    """
    keys = typed_keys(call)
    every = (call.argument("uid") or "").lower() == "all"
    if keys and not every:
        raise UsageError(
            "keys choose among all steps, and one step is meant here",
            hint="write all before the keys: then it is about every step that matches",
        )
    if every:
        return UPS_FILTERED_GLOBAL_SUBSCRIPTION if keys else UPS_GLOBAL_SUBSCRIPTION, keys
    return await the_step(session, call), []


def watched_name(uid: str) -> str:
    """``all steps``, ``all steps that match``, or the UID of one."""
    names = {
        UPS_GLOBAL_SUBSCRIPTION: "all steps",
        UPS_FILTERED_GLOBAL_SUBSCRIPTION: "all steps that match",
    }
    return names.get(uid) or cell(uid)


async def change_state(session: Session, call: BoundCall, held: Claim, state: str) -> bool:
    """N-ACTION, Change UPS State (CC.2.1)."""
    from assocsh.datasets.identifiers import dataset_from
    from assocsh.dimse.requests import NAction

    information = dataset_from({"TransactionUID": held.transaction, "ProcedureStepState": state})
    request = NAction(UPS_PUSH, held.uid, CHANGE_STATE, information)
    return await ask(session, call, request, show=False) is not None


async def end_claim(
    session: Session, call: BoundCall, held: Claim, state: str, changes: Dataset
) -> None:
    """Set what the final ``state`` requires, and change to it; nothing more after a failure."""
    if not await set_step(session, call, held.uid, changes):
        call.record.operations.expected = call.record.total
        return
    if await change_state(session, call, held, state):
        held.state = state
    call.record.detail = f"{held.state} {cell(held.uid)}"


def note_step(session: Session, call: BoundCall, uid: str) -> None:
    """This step is the one that is meant from now on where none is named."""
    session.workflow.last_step = uid
    session.recent.add("SOPInstanceUID", uid, f"#{call.record.number} step")


async def the_step(session: Session, call: BoundCall) -> str:
    """The UID of the step that a command is about. Raises UsageError when there is none.

    It is named, or of a row of a find; else it is the last one that was created, claimed or named.
    """
    uid = call.argument("uid") or call.option("--uid") or ""
    if call.option("--of") is not None:
        if uid:
            raise UsageError("a UID and a row are two steps", hint="name one of them")
        find, row = row_of_find(call)
        uid = str(find.results.dataset(row - 1).get("SOPInstanceUID") or "")
        if not uid:
            raise UsageError(
                f"row {row} of #{find.number} has no SOPInstanceUID",
                hint="--of takes a row of `ups find`",
            )
    if not uid:
        await until_answered(session, call)
        uid = session.workflow.last_step
    if not uid:
        raise UsageError(
            "no step was named, and none was created or claimed here",
            hint="`ups find` lists those of the peer; `ups claim --of 1` takes the first",
        )
    session.workflow.last_step = uid
    return uid


async def until_answered(session: Session, call: BoundCall) -> None:
    """Wait for what was typed before about steps: it tells which one is the last.

    Not for what goes on until something happens to a step: that may be what was typed after it.
    """
    for record in session.requests[: call.record.number - 1]:
        spec = record.call.spec
        if spec.name == call.name and spec.verb not in LASTING:
            await record.done.wait()


def claimed_here(session: Session, uid: str) -> Claim:
    """The claim on a step. Raises UsageError when there is none, or no more."""
    held = session.workflow.claims.get(uid)
    if held is None:
        raise UsageError(
            f"{cell(uid)} was not claimed here: only who has its Transaction UID can complete it",
            hint="`ups claim` claims it, unless somebody else did",
        )
    if held.state != IN_PROGRESS:
        raise UsageError(
            f"{cell(uid)} is {held.state}: it may no longer be changed (PS3.4 CC.1.1)",
            hint="`ups create --label TEXT` schedules another one",
        )
    if held.peer != session.peer:
        raise UsageError(
            f"{cell(uid)} was claimed at {cell(held.peer)}, and {cell(session.peer)} is open now",
            hint=f"`release`, then `open {cell(held.peer)}`",
        )
    return held
