"""ups: Unified Procedure Steps: created, claimed, worked on, ended, watched (PS3.4 CC)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assocsh.commands.arranging import ARRANGING, arrange
from assocsh.commands.parameters import KEYS, LIMIT
from assocsh.commands.performing import reason_item
from assocsh.commands.referencing import FILES, STORED, referenced
from assocsh.commands.registry import command
from assocsh.commands.stepping import (
    ask,
    change_state,
    claimed_here,
    end_claim,
    note_step,
    set_step,
    subscription,
    the_step,
    watched_name,
    watched_step,
)
from assocsh.commands.watching import watch
from assocsh.commands.workitems import (
    ALSO_RETURNED,
    ASKED_TO_COMPLETE,
    PERFORMED,
    PROGRESS,
    REQUEST_CANCEL,
    RETURNED,
    SUBSCRIBE,
    SUSPEND,
    UNSUBSCRIBE,
    WORKITEMS,
    created,
    performed,
)
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot, Verb
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.keys import identifier, merged, row_of_find, spelled, typed_keys
from assocsh.session.workflow import IN_PROGRESS, Claim
from assocsh.text.cells import cell
from assocsh.uids import UPS_GLOBAL_SUBSCRIPTION, UPS_PUSH

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

WHICH = Parameter(
    "uid", Slot.UID, summary="its UID (the step that was created, claimed or found last)"
)
WATCHED = Parameter(
    "uid", Slot.UID, ("all",), summary="the UID of a step, or all (the step that was last)"
)
OF_STEP = Option("--of", Slot.ROW, "ROW", summary="the step in this row of the last ups find")
OF_ROW = Option("--of", Slot.ROW, "ROW", summary="patient and study of this row of the last find")
WORKITEM = Option(
    "--workitem", Slot.CHOICE, "WHAT", tuple(WORKITEMS), summary="what is done (CID 9231)"
)
REASON = Option("--reason", Slot.TEXT, "TEXT", summary="why")
TO = Option("--to", Slot.AE_TITLE, "AET", summary="who is to get the events (we)")

STATES = ("scheduled", "in-progress", "completed", "canceled")

VERBS = (
    Verb(
        "find",
        "C-FIND: the steps there are",
        (KEYS,),
        (
            Option("--state", Slot.CHOICE, "STATE", STATES, summary="those in this state"),
            LIMIT,
            *ARRANGING,
        ),
        service="C-FIND",
        gives_rows=True,
    ),
    Verb(
        "create",
        "N-CREATE: schedule a step",
        (KEYS,),
        (
            Option("--label", Slot.TEXT, "TEXT", summary="what people call it"),
            OF_ROW,
            WORKITEM,
            Option(
                "--priority",
                Slot.CHOICE,
                "PRIORITY",
                ("high", "medium", "low"),
                summary="how urgent it is (medium)",
            ),
            Option("--uid", Slot.UID, "UID", summary="its UID (made here)"),
        ),
        service="N-CREATE",
    ),
    Verb(
        "get",
        "N-GET: all of a step, or some attributes",
        (WHICH, Parameter("tag", Slot.TAG, repeated=True, summary="attributes to read")),
        (OF_STEP,),
        service="N-GET",
    ),
    Verb(
        "claim",
        "N-ACTION 1: perform it; nobody else can change it then",
        (WHICH,),
        (OF_STEP,),
        service="N-ACTION",
    ),
    Verb(
        "update",
        "N-SET: attributes, or how far it has come",
        (WHICH, KEYS),
        (
            OF_STEP,
            Option("--progress", Slot.INTEGER, "PERCENT", summary="how much of it is done"),
            Option("--says", Slot.TEXT, "TEXT", summary="what is being done"),
        ),
        service="N-SET",
    ),
    Verb(
        "complete",
        "N-SET, N-ACTION 1: it is done, with what came of it",
        (STORED, FILES),
        (
            OF_STEP,
            Option("--uid", Slot.UID, "UID", summary="the step of this UID (the last one)"),
            WORKITEM,
        ),
        service="N-ACTION",
    ),
    Verb(
        "cancel",
        "N-ACTION: cancel a step claimed here, or ask its performer to",
        (WHICH,),
        (OF_STEP, REASON),
        service="N-ACTION",
    ),
    Verb(
        "subscribe",
        "N-ACTION 3: events of a step, of all, or of those that match, from now on",
        (WATCHED, KEYS),
        (OF_STEP, TO, Option("--lock", summary="the step is kept until we unsubscribe")),
        service="N-ACTION",
    ),
    Verb(
        "watch",
        "N-ACTION 3 and 4: show the events of a step, or of several, until it has ended",
        (WATCHED, KEYS),
        (
            OF_STEP,
            Option("--until", Slot.CHOICE, "STATE", STATES, summary="or until this state"),
            Option(
                "--for",
                Slot.DURATION,
                "TIME",
                summary="at most this long (until Ctrl-C; 60s in a script)",
            ),
        ),
        service="N-ACTION",
    ),
    Verb(
        "unsubscribe",
        "N-ACTION 4: no more events",
        (WATCHED,),
        (OF_STEP, TO),
        service="N-ACTION",
    ),
    Verb(
        "suspend",
        "N-ACTION 5: no events of steps that are made from now on",
        (),
        (TO,),
        service="N-ACTION",
    ),
)

SPEC = CommandSpec(
    "ups",
    "unified procedure steps: make, claim, complete, watch",
    Heading.SERVICES,
    order=26,
    parameters=(
        Parameter(
            "verb",
            Slot.CHOICE,
            tuple(verb.name for verb in VERBS),
            summary="the steps that were claimed here",
        ),
    ),
    verbs=VERBS,
    examples=(
        "ups create --label 'Lung CAD' --workitem detection PatientID=PRC-1001",
        "ups subscribe",
        "ups claim",
        "ups update --progress 50 --says 'half of the slices'",
        "ups get ProcedureStepState ProcedureStepProgressInformationSequence",
        "ups complete examples/sr.dcm",
        "ups unsubscribe",
        "ups subscribe all ProcedureStepLabel=CAD* --lock; ups suspend; ups unsubscribe all",
        "ups watch --for 5s",
        "ups create --label Print --priority high; ups cancel --reason 'not needed any more'",
        "ups find --state completed",
        "ups",
    ),
    section="PS3.4 CC (Unified Procedure Step Service Class)",
    details="""\
A claim has a Transaction UID, which locks the step. It is kept here and shown
nowhere. Keys after all choose the steps as those of find do. To hear no more of
all steps ends every subscription of ours, and so does the end of a watch of all
(PS3.4 Table CC.2.3-2); suspend leaves those to the steps that there are.""",
)


@command(SPEC)
async def ups(session: Session, call: BoundCall) -> None:
    """List the claims, or do what the verb says."""
    verb = call.call.spec.verb
    if not verb:
        show_claims(session)
        return
    perform: dict[str, Callable[[Session, BoundCall], Awaitable[None]]] = {
        "find": find_steps,
        "create": create,
        "get": read,
        "claim": claim,
        "update": update,
        "complete": complete,
        "cancel": cancel,
        "subscribe": subscribe,
        "unsubscribe": unsubscribe,
        "suspend": unsubscribe,
        "watch": watch,
    }
    await perform[verb](session, call)


async def find_steps(session: Session, call: BoundCall) -> None:
    """C-FIND on UPS Pull, Watch or Query."""
    from assocsh.commands.find import search
    from assocsh.dimse.requests import CFind

    columns = call.record.columns
    typed = typed_keys(call)
    state = call.option("--state")
    keys = merged([("ProcedureStepState", state.replace("-", " ").upper())] if state else [], typed)
    keys = merged(arrange(columns, call), keys)
    named = {spelled(path) for path, _ in keys}
    keys += [(path, None) for path in (*RETURNED, *ALSO_RETURNED) if path.lower() not in named]
    if not columns.only:
        shown = (*RETURNED, *(path for path, _ in typed if path not in ALSO_RETURNED))
        columns.paths = list(dict.fromkeys(shown))
    columns.alone = True
    request = CFind("UPS", identifier(session, "UPS", keys))
    await search(session, call.record, request, call.integer("--limit", least=1))


async def create(session: Session, call: BoundCall) -> None:
    """N-CREATE of a SCHEDULED step. Raises UsageError for what it lacks."""
    from assocsh.datasets.uid_form import new_uid
    from assocsh.dimse.requests import NCreate

    row: Dataset | None = None
    if call.option("--of") is not None:
        find, number = row_of_find(call)
        row = find.results.dataset(number - 1)
    made = created(
        row,
        typed_keys(call),
        label=call.option("--label"),
        priority=call.option("--priority"),
        workitem=call.option("--workitem"),
        inputs=(),
        now=datetime.now().astimezone(),
    )
    uid = call.option("--uid") or new_uid()
    if (await ask(session, call, NCreate(UPS_PUSH, uid, made), show=False)) is not None:
        note_step(session, call, uid)
    call.record.detail = f"step {cell(uid)}"


async def read(session: Session, call: BoundCall) -> None:
    """N-GET."""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.dimse.requests import NGet

    uid = await the_step(session, call)
    tags = tuple(find_tag(word).tag for word in call.arguments.get("tag", ()))
    await ask(session, call, NGet(UPS_PUSH, uid, tags))


async def claim(session: Session, call: BoundCall) -> None:
    """Change UPS State to IN PROGRESS, with a new Transaction UID."""
    from assocsh.datasets.uid_form import new_uid

    uid = await the_step(session, call)
    claims = session.workflow.claims
    before = claims.get(uid)
    if before is not None and before.peer == session.peer and before.state == IN_PROGRESS:
        raise UsageError(
            f"#{before.since} claimed {cell(uid)} already",
            hint="`ups complete --workitem CODE` or `ups cancel` ends it",
        )
    made = Claim(
        uid,
        session.peer,
        new_uid(),
        call.record.number,
        f"{datetime.now().astimezone():%Y%m%d%H%M%S}",
    )
    if await change_state(session, call, made, IN_PROGRESS):
        claims[uid] = made
        note_step(session, call, uid)
        call.record.detail = f"claimed {cell(uid)}"


async def update(session: Session, call: BoundCall) -> None:
    """N-SET: what was typed, with the Transaction UID where the step was claimed here."""
    from assocsh.datasets.identifiers import build_identifier

    uid = await the_step(session, call)
    keys = typed_keys(call)
    progress = call.integer("--progress", most=100)
    if progress is not None:
        keys.append((f"{PROGRESS}[0].ProcedureStepProgress", str(progress)))
    if (said := call.option("--says")) is not None:
        keys.append((f"{PROGRESS}[0].ProcedureStepProgressDescription", said))
    if not keys:
        raise UsageError(
            "there is nothing to set",
            hint="Keyword=value, or --progress",
        )
    await set_step(session, call, uid, build_identifier(None, keys))


async def complete(session: Session, call: BoundCall) -> None:
    """What the final state needs is read, checked and set; then COMPLETED. Raises UsageError."""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.datasets.identifiers import dataset_from
    from assocsh.dimse.requests import NGet

    uid = await the_step(session, call)
    held = claimed_here(session, uid)
    outputs = await referenced(session, call, since=held.since)
    call.record.operations.expected = 3
    tags = tuple(find_tag(keyword).tag for keyword in ASKED_TO_COMPLETE)
    answer = await ask(session, call, NGet(UPS_PUSH, uid, tags), show=False)
    step = None if answer is None else answer.dataset
    if step is None:
        call.record.operations.expected = call.record.total
        return
    state = str(step.get("ProcedureStepState") or "")
    if state != IN_PROGRESS:
        held.state = state or held.state
        call.record.operations.expected = call.record.total
        raise UsageError(
            f"{cell(uid)} is {cell(state)} at the peer: only what is IN PROGRESS is completed"
        )
    try:
        item = performed(
            step,
            workitem=call.option("--workitem"),
            station=session.open_association().calling_ae,
            started=held.started,
            outputs=outputs,
            now=datetime.now().astimezone(),
        )
    except UsageError:
        call.record.operations.expected = call.record.total
        raise
    await end_claim(session, call, held, "COMPLETED", dataset_from({PERFORMED: [item]}))


async def cancel(session: Session, call: BoundCall) -> None:
    """Cancel what was claimed here; ask for it where somebody else performs the step."""
    from assocsh.datasets.identifiers import dataset_from
    from assocsh.dimse.requests import NAction

    uid = await the_step(session, call)
    reason = call.option("--reason")
    held = session.workflow.claims.get(uid)
    if held is None or held.peer != session.peer or held.state != IN_PROGRESS:
        said = dataset_from({"ReasonForCancellation": reason}) if reason else None
        asked = NAction(UPS_PUSH, uid, REQUEST_CANCEL, said)
        if await ask(session, call, asked, show=False) is not None:
            call.record.detail = f"asked for {cell(uid)}: its performer decides"
        return
    call.record.operations.expected = 2
    item: dict[str, Any] = {
        "ProcedureStepCancellationDateTime": f"{datetime.now().astimezone():%Y%m%d%H%M%S}",
        "ProcedureStepDiscontinuationReasonCodeSequence": [reason_item("unspecified")],
    }
    if reason:
        item["ReasonForCancellation"] = reason
    await end_claim(session, call, held, "CANCELED", dataset_from({PROGRESS: [item]}))


async def subscribe(session: Session, call: BoundCall) -> None:
    """``Receiving AE`` is who gets the events from now on (CC.2.3)."""
    uid, keys = await watched_step(session, call)
    receiver = call.option("--to") or session.open_association().calling_ae
    request = subscription(uid, SUBSCRIBE, receiver, lock=call.flag("--lock"), keys=keys)
    if await ask(session, call, request, show=False) is not None:
        call.record.detail = f"{cell(receiver)} hears of {watched_name(uid)}"


async def unsubscribe(session: Session, call: BoundCall) -> None:
    """No more events; ``suspend`` leaves those of the steps that there are (CC.2.3)."""
    suspended = call.call.spec.verb == "suspend"
    every = suspended or (call.argument("uid") or "").lower() == "all"
    uid = UPS_GLOBAL_SUBSCRIPTION if every else await the_step(session, call)
    receiver = call.option("--to") or session.open_association().calling_ae
    request = subscription(uid, SUSPEND if suspended else UNSUBSCRIBE, receiver)
    if await ask(session, call, request, show=False) is not None:
        about = "new steps" if suspended else watched_name(uid)
        call.record.detail = f"{cell(receiver)} hears no more of {about}"


def show_claims(session: Session) -> None:
    """Every step that was claimed here; not what locks it."""
    rows: list[dict[str, Any]] = [
        {"request": one.since, "state": one.state, "peer": one.peer, "uid": one.uid}
        for one in session.workflow.claims.values()
    ]
    if not rows and session.format != "json":
        session.note("no step was claimed here: `ups find` lists what there is to claim")
        return
    columns = [
        Column("request", "#", right=True, least=3),
        Column("state", least=11),
        Column("peer"),
        Column("uid", middle=True, least=13),
    ]
    session.presenter.listing(Listing("claim", columns, rows))
