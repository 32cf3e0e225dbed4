"""assocsh as the requestor, by its public object: ``python -m ... JSON`` (see ``main``)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from assocsh import AssociationError, CommandField, Handlers, Indication, connect
from assocsh.association import Association, Operation
from assocsh.datasets.durability import Durability
from assocsh.datasets.receive import InstanceWriter
from assocsh.datasets.spool import Spool
from benchmarks.workers.meter import Meter

AHEAD = 32
"""Files handed over and not done: enough to fill a window, few enough to start at once."""


async def echo(association: Association, work: dict[str, Any]) -> None:
    """``count`` C-ECHOs: one after another, or all at once under the ``window``."""
    for _ in range(3):
        await association.echo().result()
    meter = Meter()
    if work.get("window") is None:
        for _ in range(work["count"]):
            await association.echo().result()
    else:
        operations = [association.echo() for _ in range(work["count"])]
        for operation in operations:
            await operation.result()
    meter.report(work["count"])


async def store(association: Association, work: dict[str, Any]) -> None:
    """Every file of ``folder``."""
    paths = sorted(Path(work["folder"]).iterdir())
    await association.store(work["warm"]).result()
    meter = Meter()
    waiting: deque[Operation] = deque()
    for path in paths:
        if len(waiting) >= AHEAD:
            await _stored(waiting.popleft())
        waiting.append(association.store(path))
    while waiting:
        await _stored(waiting.popleft())
    meter.report(len(paths))


async def _stored(operation: Operation) -> None:
    final = await operation.result()
    if final.status != 0:
        raise SystemExit(f"a C-STORE was answered {final.status:#06x}")


async def find(association: Association, work: dict[str, Any]) -> None:
    """One C-FIND; every match is kept, encoded, as the shell keeps it."""
    meter = Meter()
    rows = 0
    async for response in association.find("STUDY", {"PatientID": "", "StudyInstanceUID": ""}):
        if response.is_pending:
            meter.mark_first()
            rows += 1
    meter.report(rows)


async def get(association: Association, work: dict[str, Any]) -> None:
    """C-GET of a study to ``folder`` with ``durability`` none, file or batch; one image first."""
    stored = 0
    folder = Path(work["folder"])
    (folder / "warm").mkdir()
    durability = Durability(work["durability"])
    into = Spool(folder / "warm", durability=durability)

    def open_sink(indication: Indication) -> InstanceWriter:
        command = indication.command
        return InstanceWriter(
            into,
            command.affected_sop_class,
            command.affected_sop_instance,
            indication.context.transfer_syntax or "",
        )

    def kept(indication: Indication) -> Awaitable[None] | None:
        if indication.failure is not None:
            raise indication.failure
        if indication.sink.finish_now() is None:
            return kept_later(indication)
        return answered(indication)

    async def kept_later(indication: Indication) -> None:
        await indication.sink.finish()
        answered(indication)

    def answered(indication: Indication) -> None:
        nonlocal stored
        stored += 1
        indication.respond(0x0000)

    association.handlers = Handlers({CommandField.C_STORE_RQ: kept}, open_sink=open_sink)
    await association.get("IMAGE", work["warm"]).result()
    into, stored = Spool(folder, durability=durability), 0
    meter = Meter()
    await association.get("STUDY", {"StudyInstanceUID": work["study"]}).result()
    await into.settled()
    meter.report(stored)


WORK = {"echo": echo, "store": store, "find": find, "get": get}


async def run(work: dict[str, Any]) -> None:
    association = await connect(
        work["peer"],
        window=work.get("window"),
        contexts=work["contexts"],
        max_pdu=work.get("max_pdu", 131072),
    )
    async with association:
        await WORK[work["kind"]](association, work)


def main() -> None:
    try:
        asyncio.run(run(json.loads(sys.argv[1])))
    except AssociationError as error:
        raise SystemExit(f"{error}") from error


if __name__ == "__main__":
    main()
