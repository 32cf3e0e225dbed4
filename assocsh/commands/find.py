"""find: C-FIND, its matches shown as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.parameters import KEYS, LEVELS, MODELS, OF_ROW, REPEAT, level
from assocsh.commands.registry import command
from assocsh.errors import AssocshError, ProtocolError
from assocsh.language.model import CommandSpec, Heading, Option, Slot
from assocsh.output.sink import Kind
from assocsh.output.values import NOT_ASKED, leaves
from assocsh.results.recent import OFFERED
from assocsh.session.keys import (
    Keys,
    identifier,
    keys_of_row,
    merged,
    spelled,
    typed_keys,
    with_return_keys,
)
from assocsh.session.sending import TimeSlices, repeat
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.responses import Response
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "find",
    "C-FIND: query for patients, studies, series, images or worklist items",
    Heading.SERVICES,
    order=20,
    aliases=("c-find",),
    parameters=(level(*LEVELS, "worklist"), KEYS),
    options=(
        OF_ROW,
        Option("--limit", Slot.INTEGER, "N", summary="C-CANCEL after N matches"),
        Option(
            "--model",
            Slot.CHOICE,
            "MODEL",
            (*MODELS, "worklist"),
            summary="information model to query",
        ),
        REPEAT,
    ),
    examples=(
        "find worklist ScheduledProcedureStepSequence[0].Modality=CT",
        "find study PatientName='OKO*' StudyDate=20250101- StudyDescription",
        "find series --of 1",
    ),
    section="PS3.7 9.1.2 (C-FIND), PS3.4 C.4.1 and K.4.1",
    sends=True,
    details="With no keys to return, the usual ones of the level are asked for.",
    service="C-FIND",
    gives_rows=True,
)

REMEMBERED = 300
"""Rows of one result whose values are offered by completion; more would only push others out."""

ROWS_LABELLED = 50
"""Rows that completion offers, with their labels; ``--of`` takes any."""

LABEL = ("Modality", "StudyDate", "PatientName", "SeriesDescription", "StudyDescription")
"""What tells the rows of a result apart, joined to a label."""


@command(SPEC)
async def find(session: Session, call: BoundCall) -> None:
    """Without return keys the usual ones are asked for; ``--repeat`` shows a summary only."""
    from assocsh.dimse.requests import CFind

    record = call.record
    level = call.required("level").upper()
    model = call.option("--model")
    of_row = keys_of_row(call, level, model, whole=False) if level != "WORKLIST" else []
    keys = with_return_keys(merged(of_row, typed_keys(call)), level, model)
    dataset = identifier(session, level, keys)
    record.columns = columns_of(dataset, keys)
    for path, _ in typed_keys(call):
        session.recent.use(path)
    request = CFind(level, dataset, model)
    count = call.integer("--repeat", least=1)
    if count is not None:
        await repeat(session, record, (request for _ in range(count)), count)
        return
    limit = call.integer("--limit", least=1)
    operation = session.send(request, record, limit=limit)
    record.limited = limit is not None
    slices = TimeSlices()
    async for response in operation:
        if response.is_pending:
            show_match(session, record, response)
            await slices.pause()
    record.limited = limit is not None and operation.matches >= limit


def columns_of(dataset: Dataset, keys: Keys) -> list[str]:
    """The paths of an identifier in the order in which the keys were asked for."""
    asked = {spelled(path): place for place, (path, _) in enumerate(keys)}
    paths = [leaf.path for leaf in leaves(dataset) if leaf.path not in NOT_ASKED]
    return sorted(paths, key=lambda path: asked.get(path.lower(), len(asked)))


def show_match(session: Session, record: RequestRecord, response: Response) -> None:
    """Keep a match and show it; one that cannot be decoded is kept as its bytes, with a warning."""
    row = record.keep(response) + 1
    try:
        dataset = response.dataset
    except AssocshError as error:
        if not isinstance(error, ProtocolError):
            raise
        session.note(
            f"#{record.number} row {row} cannot be decoded: {cell(error.message)}", Kind.WARNING
        )
        return
    if dataset is not None and row <= REMEMBERED:
        _remember(session, record, row, dataset)
    session.presenter.response(record, response, dataset)


def _remember(session: Session, record: RequestRecord, row: int, dataset: Dataset) -> None:
    words = [str(dataset.get(keyword, "") or "") for keyword in LABEL]
    label = " ".join(cell(word, 24) for word in words if word)
    if row <= ROWS_LABELLED:
        record.row_labels.append(label)
    origin = f"#{record.number} row {row} {label}".rstrip()
    for keyword in OFFERED:
        if keyword in dataset:
            session.recent.add(keyword, str(dataset.get(keyword) or ""), origin)
