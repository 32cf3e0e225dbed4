"""commit: storage commitment, from the request to the report."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.commands.committing import WAIT, WAIT_OPTION, commit_instances, once
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
        WAIT_OPTION,
    ),
    examples=(
        "store examples --recursive; commit",
        "commit examples/ct.dcm --wait 10s",
        "store examples/mr.dcm; commit; expect commit.failed == 0",
    ),
    details="""\\
The report comes on the open association or on one of its own to a listener,
which is opened here where none is. The peer has to know our AE title, and the
port, for the latter.""",
    section="PS3.4 J.3 (Storage Commitment Push Model)",
    sends=True,
    service="N-ACTION",
    uses_results=True,
    refers_to_request=True,
)


@command(SPEC)
async def commit(session: Session, call: BoundCall) -> None:
    """Have the peer say of each instance whether it keeps it."""
    session.open_association()
    names = await _instances(session, call)
    wait = call.duration("--wait")
    await commit_instances(session, call.record, names, WAIT if wait is None else wait, part=False)


async def _instances(session: Session, call: BoundCall) -> list[InstanceName]:
    """What is to be committed, each once. Raises UsageError, UnusableFile."""
    paths = [call.path(word) for word in call.arguments.get("path", ())]
    if paths:
        await session.practice.make_examples(paths, call.base)
        names = await asyncio.to_thread(_of_files, paths, call.flag("--recursive"))
    else:
        word = call.argument("request")
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
