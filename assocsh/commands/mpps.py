"""mpps: Modality Performed Procedure Steps, from their beginning to their end (PS3.4 F.7)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from assocsh.commands.performing import (
    REASONS,
    begun,
    ended,
    in_character_set,
    known_from_files,
    known_from_row,
    text_of,
)
from assocsh.commands.referencing import FILES, STORED, ReferencedSeries, referenced
from assocsh.commands.registry import command
from assocsh.datasets.performed_steps import SCHEDULED
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot, Verb
from assocsh.language.words import split_key
from assocsh.output.listing import Listing
from assocsh.output.sink import Kind
from assocsh.output.table import Column
from assocsh.session.keys import Keys, row_of_find
from assocsh.session.workflow import IN_PROGRESS, PerformedStep
from assocsh.text.cells import cell
from assocsh.text.plural import plural
from assocsh.uids import MODALITY_PERFORMED_PROCEDURE_STEP

if TYPE_CHECKING:
    from assocsh.dimse.requests import Request
    from assocsh.dimse.responses import Response
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SET = Option(
    "--set",
    Slot.KEY,
    "Keyword=VALUE",
    summary="an attribute that is to have this value",
    repeated=True,
)
UID = Option("--uid", Slot.UID, "UID", summary="the step of this UID (the one in progress)")

VERBS = (
    Verb(
        "start",
        "N-CREATE: a step begins, of a row of a worklist or of the study of files",
        (STORED, FILES),
        (
            Option("--of", Slot.ROW, "ROW", summary="what this row of the last worklist schedules"),
            Option("--uid", Slot.UID, "UID", summary="the UID of the new step (made here)"),
            SET,
        ),
        service="N-CREATE",
    ),
    Verb(
        "complete",
        "N-SET: it has ended, with the series that were stored since it began",
        (STORED, FILES),
        (UID, SET),
        service="N-SET",
    ),
    Verb(
        "discontinue",
        "N-SET: it was given up; what was stored until then is named all the same",
        (STORED, FILES),
        (
            UID,
            Option(
                "--reason", Slot.CHOICE, "REASON", tuple(REASONS), summary="why (PS3.16 CID 9300)"
            ),
            SET,
        ),
        service="N-SET",
    ),
)

SPEC = CommandSpec(
    "mpps",
    "performed procedure steps: begin one, complete it, give it up",
    Heading.SERVICES,
    order=24,
    parameters=(
        Parameter(
            "verb",
            Slot.CHOICE,
            tuple(verb.name for verb in VERBS),
            summary="the steps that were begun here, and their states",
        ),
    ),
    verbs=VERBS,
    examples=(
        "worklist --modality CT; mpps start --of 1",
        "store examples/ct.dcm; mpps complete",
        "mpps start examples/mr.dcm --set PerformedStationName=MR_ROOM_1",
        "mpps discontinue --reason equipment",
        "mpps",
    ),
    section="PS3.4 F.7.2 (Modality Performed Procedure Step SOP Class)",
    details="The required attributes are filled in; one that is missing is named before anything "
    "is sent.\nWithout files, `mpps complete` names what was stored since the step began.",
)


@command(SPEC)
async def mpps(session: Session, call: BoundCall) -> None:
    """List the steps, or begin or end one."""
    verb = call.call.spec.verb
    if not verb:
        show_steps(session)
    elif verb == "start":
        await start(session, call)
    else:
        await end(session, call, "COMPLETED" if verb == "complete" else "DISCONTINUED")


async def start(session: Session, call: BoundCall) -> None:
    """N-CREATE. Raises UsageError for a step that is in progress, or lacks a required value."""
    from assocsh.datasets.uid_form import new_uid
    from assocsh.dimse.requests import NCreate

    association = session.open_association()
    series: list[ReferencedSeries] = []
    known: dict[str, Any] = {}
    if call.argument(STORED.name) or call.arguments.get(FILES.name):
        series = await referenced(session, call)
        known = known_from_files(series)
    charset = ""
    if call.option("--of") is not None:
        find, row = row_of_find(call)
        item = find.results.dataset(row - 1)
        known |= {keyword: value for keyword, value in known_from_row(item).items() if value}
        charset = text_of(item, "SpecificCharacterSet")
    now = datetime.now().astimezone()
    number = f"PPS{now:%y%m%d%H%M%S}"[:16]
    made = begun(known, given(call), station=association.calling_ae, now=now, number=number)
    in_character_set(made, charset)
    item = made[SCHEDULED].value[0]
    scheduled = (str(item.StudyInstanceUID), str(item.get("ScheduledProcedureStepID") or ""))
    uid = call.option("--uid") or new_uid()
    steps = session.workflow
    before = steps.performing(scheduled, session.peer)
    if uid in steps.performed or before is not None:
        known_step = before or steps.performed[uid]
        raise UsageError(
            f"#{known_step.since} began this step already: {cell(known_step.uid)} is "
            f"{known_step.status or 'not answered yet'}",
            hint="`mpps` lists the steps; `mpps discontinue` gives it up",
        )
    step = PerformedStep(
        uid,
        session.peer,
        scheduled,
        call.record.number,
        f"{now:%Y-%m-%d %H:%M:%S}",
        charset=text_of(made, "SpecificCharacterSet"),
        patient=str(made.get("PatientName") or made.get("PatientID") or ""),
        modality=str(made.Modality),
        description=str(made.get("PerformedProcedureStepDescription") or ""),
    )
    steps.performed[uid] = step
    try:
        final = await ask(session, call, NCreate(MODALITY_PERFORMED_PROCEDURE_STEP, uid, made))
    except BaseException:
        if not call.record.total:  # nothing was sent: the peer has no such step
            del steps.performed[uid]
        raise
    if final.category in ("Success", "Warning"):
        step.status = IN_PROGRESS
        session.recent.add("SOPInstanceUID", uid, f"#{call.record.number} performed step")
    else:
        del steps.performed[uid]
    call.record.detail = f"{step.status or 'no step'} {cell(uid)}"


async def end(session: Session, call: BoundCall, status: str) -> None:
    """N-SET with the final state. Raises UsageError for what cannot be ended, or not like this."""
    from assocsh.dimse.requests import NSet

    await until_begun(session, call)
    step = the_step(session, call.option("--uid"))
    series = await referenced(session, call, since=step.since)
    if not series:
        if status == "COMPLETED":
            raise UsageError(
                f"nothing was stored since #{step.since} began the step: a completed step names "
                "its instances (PS3.4 F.7.2.2.2)",
                hint="store them first or name their files; `mpps discontinue` ends it without",
            )
        series = [none_performed()]
    others = dict.fromkeys(one.study for one in series if one.study != step.study and one.study)
    now = datetime.now().astimezone()
    modifications = ended(
        status,
        series,
        now=now,
        protocol=step.description,
        given=given(call),
        reason=call.option("--reason"),
    )
    if step.charset:  # as N-CREATE had it (F.7.2.2.1)
        in_character_set(modifications, step.charset)
    if others:
        session.note(
            f"#{call.record.number} the instances are of study {cell(', '.join(others))}, what "
            f"was scheduled is {cell(step.study)}: an archive will not join the two",
            Kind.WARNING,
        )
    final = await ask(
        session, call, NSet(MODALITY_PERFORMED_PROCEDURE_STEP, step.uid, modifications)
    )
    if final.category in ("Success", "Warning"):
        step.status = status
        step.series = sum(bool(one.instances) for one in series)
        step.instances = sum(len(one.instances) for one in series)
    said = f"{plural(step.series, 'series', 'series')}, {plural(step.instances, 'instance')}"
    call.record.detail = f"{step.status} {cell(step.uid)}, {said}"


async def ask(session: Session, call: BoundCall, request: Request) -> Response:
    """Send a request and keep what its response brings; only JSON shows what was sent back."""
    from assocsh.session.reading import dataset_of

    record = call.record
    final = await session.send(request, record).result()
    if final.data:
        dataset = dataset_of(session, record, final)
        record.keep(final)
        if session.format == "json":
            session.presenter.response(record, final, dataset)
    return final


async def until_begun(session: Session, call: BoundCall) -> None:
    """Wait for the steps that were typed before and are being created."""
    for step in tuple(session.workflow.performed.values()):
        if not step.status and step.since < call.record.number:
            await session.requests[step.since - 1].done.wait()


def given(call: BoundCall) -> Keys:
    """The attributes of ``--set``."""
    return [split_key(word) for word in call.values("--set")]


def the_step(session: Session, uid: str | None) -> PerformedStep:
    """The step to end: that of ``uid``, or the only one in progress. Raises UsageError."""
    steps = session.workflow
    if uid is None:
        going_on = list(steps.in_progress())
        if len(going_on) == 1:
            step = going_on[0]
        elif going_on:
            raise UsageError(
                f"{len(going_on)} steps are in progress: which one is meant?",
                hint="`mpps` lists them; --uid names one",
            )
        else:
            last = list(steps.performed.values())[-1:]
            ended_before = f": {cell(last[0].uid)} is {last[0].status}" if last else ""
            raise UsageError(
                f"no step is in progress{ended_before}",
                hint="`mpps start --of 1` begins what row 1 of a worklist schedules",
            )
    elif uid not in steps.performed:
        raise UsageError(
            f"no step {cell(uid)} was begun here",
            hint="`mpps` lists those that were; n-set changes any instance of a peer",
        )
    else:
        step = steps.performed[uid]
    if step.status != IN_PROGRESS:
        raise UsageError(
            f"{cell(step.uid)} is {step.status}: it may no longer be changed (PS3.4 F.7.2.2.2)",
            hint="what goes on is a new step: `mpps start --of 1`",
        )
    if step.peer != session.peer:
        raise UsageError(
            f"{cell(step.uid)} was begun at {cell(step.peer)}, and {cell(session.peer)} is open",
            hint=f"`release`, then `open {cell(step.peer)}`",
        )
    return step


def none_performed() -> ReferencedSeries:
    """A series without instances: the final state has a series even where nothing was made."""
    from assocsh.datasets.uid_form import new_uid

    values = {"SeriesInstanceUID": new_uid(), "StudyInstanceUID": "", "ProtocolName": "none"}
    return ReferencedSeries(values)


def show_steps(session: Session) -> None:
    """Every step that was begun here."""
    json = session.format == "json"
    rows: list[dict[str, Any]] = [
        {
            "request": step.since,
            "status": step.status or "not answered yet",
            "patient": step.patient,
            "modality": step.modality,
            "description": step.description,
            "started": step.started,
            "instances": step.instances,
            "peer": step.peer,
            "uid": step.uid,
        }
        for step in session.workflow.performed.values()
    ]
    if not rows and not json:
        session.note("no step was begun here: `mpps start --of 1` begins row 1 of a worklist")
        return
    columns = [
        Column("request", "#", right=True, least=3),
        Column("status", least=11),
        Column("patient"),
        Column("modality", short="Mod", least=3),
        Column("description"),
        Column("started", least=10),
        Column("instances", right=True, least=3),
        Column("peer"),
        Column("uid", middle=True, least=13),
    ]
    session.presenter.listing(Listing("step", columns, rows))
