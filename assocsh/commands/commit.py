"""commit: storage commitment, from the request to the report."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.committing import WAIT, WAIT_OPTION, commit_instances, once
from assocsh.commands.instances_of_row import instances_of_row
from assocsh.commands.late_reports import late
from assocsh.commands.registry import command
from assocsh.datasets.folders import files_below
from assocsh.errors import UnusableFile, UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.results.commitment import InstanceName
from assocsh.session.binding import request_number

if TYPE_CHECKING:
    from pathlib import Path

    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "commit",
    "storage commitment: does the peer keep what was stored?",
    Heading.SERVICES,
    order=55,
    parameters=(
        Parameter("request", Slot.REQUEST, summary="what this store stored (the last one)"),
        Parameter("path", Slot.FILE, repeated=True, summary="or what these files are"),
    ),
    options=(
        Option("--recursive", summary="folders inside folders too"),
        Option(
            "--of",
            Slot.ROW,
            "ROW",
            summary="what the peer has of this row of the last find: a study, for example",
        ),
        Option(
            "--per",
            Slot.CHOICE,
            "LEVEL",
            ("study", "series"),
            summary="a transaction, and a report, for each study or series",
        ),
        WAIT_OPTION,
        Option(
            "--keep-alive",
            summary="keep the association open until the report is here: release waits for it",
            keeps_open=True,
        ),
        Option("--late", summary="ask nothing: wait for the reports that did not come in time"),
    ),
    examples=(
        "store examples --recursive; commit",
        "commit examples/ct.dcm --wait 10s",
        "commit --per series",
        "find study; commit --of 1",
        "commit examples/ct.dcm --keep-alive & release; reopen",
        "commit --late --wait 5s",
        "store examples/mr.dcm; commit; expect commit.failed == 0",
    ),
    details="""\
The report comes on the open association or on one of its own to a listener,
which is opened here where none is, on the address that this machine has for the
peer. The peer has to know our AE title, and the port, for the latter.
A report that comes later is joined all the same: `show #N` has the table.
`commit --late` waits once more, after a restart too: it listens again where the
peer knows this side.""",
    section="PS3.4 J.3 (Storage Commitment Push Model)",
    sends=True,
    service="N-ACTION",
    uses_results=True,
    refers_to_request=True,
)

KEY_OF = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}

KEPT_ALIVE = 30.0
"""Seconds between two C-ECHOs on an association that is kept, where no setting says another."""


@command(SPEC)
async def commit(session: Session, call: BoundCall) -> None:
    """Have the peer say of each instance whether it keeps it."""
    limit = call.duration("--wait")
    wait = WAIT if limit is None else limit
    if call.flag("--late"):
        _check_late(call)
        await late(session, call, wait)
        return
    session.open_association()
    groups = [await _instances(session, call)]
    level = call.option("--per")
    if level is not None:
        groups = await asyncio.to_thread(_grouped, groups[0], level)
    keeps = call.flag("--keep-alive")
    if keeps:
        session.keepalive.start(KEPT_ALIVE)
    try:
        await commit_instances(session, call.record, groups, wait, part=False)
    finally:
        if keeps:
            session.keepalive.start()


def _check_late(call: BoundCall) -> None:
    """Raise UsageError for what says what to ask for, beside ``--late``, which asks nothing."""
    for option in ("--of", "--per", "--keep-alive", "--recursive"):
        if call.flag(option):
            raise UsageError(f"--late asks for nothing, and {option} says what to ask for")
    if call.arguments.get("path"):
        raise UsageError("--late asks for nothing: it takes the number of a commit, and no files")


async def _instances(session: Session, call: BoundCall) -> list[InstanceName]:
    """What is to be committed, each once. Raises UsageError, UnusableFile, AssocshError."""
    paths = [call.path(word) for word in call.arguments.get("path", ())]
    word = call.argument("request")
    if call.flag("--of"):
        if paths or word is not None:
            raise UsageError("--of names what to commit, and so do files and the number of a store")
        names = await instances_of_row(session, call)
    elif paths:
        await session.practice.make_examples(paths, call.base)
        names = await asyncio.to_thread(_of_files, paths, call.flag("--recursive"))
    else:
        stores = [one for one in session.requests if one.operations.stored]
        if word is None and not stores:
            raise UsageError("nothing was stored yet", hint="`store examples` stores files")
        store = stores[-1] if word is None else session.request(request_number(word))
        names = store.operations.stored
        if not names:
            raise UsageError(f"#{store.number} {store.service} stored nothing")
    return once(names)


def _of_files(paths: list[Path], recursive: bool) -> list[InstanceName]:
    from assocsh.datasets.part10 import open_instance

    names = []
    for path in paths:
        for file in files_below(path, recursive=recursive) if path.is_dir() else (path,):
            try:
                found = open_instance(file)
            except UnusableFile:
                if file is path:
                    raise
                continue  # in a folder there may be other files
            names.append(InstanceName(found.sop_class, found.sop_instance, str(file)))
    if not names:
        raise UsageError("there is no DICOM file to commit", hint="--recursive looks into folders")
    return names


def _grouped(names: list[InstanceName], level: str) -> list[list[InstanceName]]:
    """The instances of each study or series. Blocks. Raises UsageError, UnusableFile."""
    groups: dict[str, list[InstanceName]] = {}
    for name in names:
        groups.setdefault(_uid_of(name, level), []).append(name)
    return list(groups.values())


def _uid_of(name: InstanceName, level: str) -> str:
    """The UID of the study or series of an instance: as a find said, or as its file says."""
    from assocsh.datasets.header import read_header
    from assocsh.datasets.part10 import open_instance

    known: str = getattr(name, level)
    if known:
        return known
    if not name.path:
        raise UsageError(
            f"which {level} {name.sop_instance} is of is not known: it was stored from no file",
            hint="name files, or a row of a find with --of",
        )
    uid = str(read_header(open_instance(name.path)).get(KEY_OF[level]) or "")
    if not uid:
        raise UnusableFile(f"{name.path}: it has no {KEY_OF[level]}", path=name.path)
    return uid
