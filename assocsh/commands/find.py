"""find: C-FIND, its matches shown as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.arranging import ARRANGING, arrange, put_in_order
from assocsh.commands.parameters import (
    CHARSET,
    KEYS,
    LEVELS,
    LIMIT,
    OF_ROW,
    REPEAT,
    level_and_model,
    read_as,
)
from assocsh.commands.registry import command
from assocsh.datasets.levels import FIND_MODELS, KEYS_OF_MODEL, UNIQUE_KEYS
from assocsh.errors import ProtocolError, UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.sink import Kind
from assocsh.output.values import NOT_ASKED, leaves
from assocsh.results.columns import Columns
from assocsh.results.recent import OFFERED
from assocsh.session.keys import (
    Keys,
    identifier,
    keys_of_rows,
    merged,
    spelled,
    typed_keys,
    with_return_keys,
)
from assocsh.session.reading import dataset_of
from assocsh.session.sending import TimeSlices, repeat
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import CFind
    from assocsh.dimse.responses import Response
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


def _models() -> str:
    """What ``help find`` says about models."""
    from textwrap import fill

    return "\n".join(
        (
            "With no keys to return, the usual ones of the level or model are asked for.",
            fill("Models without levels: " + ", ".join(KEYS_OF_MODEL), 78),
        )
    )


SPEC = CommandSpec(
    "find",
    "C-FIND: query for patients, studies, series, images or worklist items",
    Heading.SERVICES,
    order=20,
    aliases=("c-find",),
    parameters=(
        Parameter(
            "level",
            Slot.LEVEL,
            (*LEVELS, "worklist", "ups"),
            required=True,
            summary="patient, study, series, image, worklist, ups; none for a model without levels",
            unless="--model",
        ),
        KEYS,
    ),
    options=(
        OF_ROW,
        LIMIT,
        Option(
            "--model",
            Slot.QUERY_MODEL,
            "MODEL",
            FIND_MODELS,
            summary="information model to query, by name or by its SOP class",
        ),
        *ARRANGING,
        REPEAT,
        CHARSET,
    ),
    examples=(
        "find worklist ScheduledProcedureStepSequence[0].Modality=CT",
        "find study PatientName='OKO*' StudyDate=20250101- StudyDescription",
        "find series --of 1",
        "find study --columns PatientName,StudyDate --sort -StudyDate,PatientName",
        "find study > studies.csv",
    ),
    section="PS3.7 9.1.2 (C-FIND), PS3.4 C.4.1 and K.4.1",
    sends=True,
    details=_models,
    service="C-FIND",
    gives_rows=True,
)

REMEMBERED = 300
"""Rows of one result whose values are offered by completion; more would only push others out."""

ROWS_LABELLED = 50
"""Rows that completion offers, with their labels; ``--of`` takes any."""

LABEL = (
    "Modality",
    "StudyDate",
    "ScheduledProcedureStepStartDate",
    "PatientName",
    "SeriesDescription",
    "StudyDescription",
    "ScheduledProcedureStepDescription",
    "ProcedureStepLabel",
)
"""What tells the rows of a result apart, joined to a label."""


@command(SPEC)
async def find(session: Session, call: BoundCall) -> None:
    """Without return keys the usual ones are asked for; ``--repeat`` shows a summary only."""
    from assocsh.dimse.requests import CFind

    record = call.record
    read_as(record, call)
    level, model = level_and_model(call, FIND_MODELS)
    of_row: Keys = []
    if level in UNIQUE_KEYS:
        (of_row,) = keys_of_rows(call, level, model, whole=False, peer=session.peer)
    elif call.flag("--of"):
        raise UsageError("--of fills in the keys of a level, and there are none in this model")
    keys = with_return_keys(merged(of_row, typed_keys(call)), level, model)
    keys = merged(arrange(record.columns, call), keys)
    if not keys:
        raise UsageError(
            f"nothing to ask for: what is usual in the model {model} is not known here",
            hint="name keys; a bare Keyword asks for it back",
        )
    dataset = identifier(session, level, keys)
    if "SpecificCharacterSet" not in dataset:
        # always a return key (PS3.4 C.4.1.1.3): some archives do not say it unless asked
        dataset.SpecificCharacterSet = None
    if not record.columns.only:
        record.columns.paths = columns_of(dataset, keys)
    for path, _ in typed_keys(call):
        session.recent.use(path)
    request = CFind(level, dataset, model)
    count = call.integer("--repeat", least=1)
    if count is not None:
        await repeat(session, record, (request for _ in range(count)), count)
        return
    await search(session, record, request, call.integer("--limit", least=1))


async def search(
    session: Session, record: RequestRecord, request: CFind, limit: int | None
) -> None:
    """Send a C-FIND, and keep and show each match as it comes; cancel it after ``limit``."""
    from assocsh.dimse.status import PENDING_OPTIONAL_KEYS

    operation = session.send(request, record, limit=limit)
    record.limited = limit is not None
    slices = TimeSlices()
    ignored_keys = False
    async for response in operation:
        if response.is_pending:
            ignored_keys = ignored_keys or response.status == PENDING_OPTIONAL_KEYS
            show_match(session, record, response)
            await slices.pause()
    if record.columns.sort:
        await show_all(session, record, record.columns)
    record.limited = limit is not None and operation.matches >= limit
    if ignored_keys:
        session.observer.remarks.say(
            f"#{record.number}: the peer does not support some of the optional keys, and did not "
            "match by them (status 0xFF01)",
            "peer",
        )


def columns_of(dataset: Dataset, keys: Keys) -> list[str]:
    """The paths of an identifier in the order in which the keys were asked for."""
    asked = {spelled(path): place for place, (path, _) in enumerate(keys)}
    paths = [leaf.path for leaf in leaves(dataset) if leaf.path not in NOT_ASKED]
    return sorted(paths, key=lambda path: asked.get(path.lower(), len(asked)))


def show_match(session: Session, record: RequestRecord, response: Response) -> None:
    """Keep a match as the next row and show it; those that are to be sorted are shown at the end.

    What is shown is kept and what is kept is shown: the number in the table is the one that
    ``--of`` takes. A Pending response without an identifier, or with one that cannot be decoded, is
    told about and is no match.
    """
    if response.data is None:
        session.observer.remarks.say(
            f"#{record.number}: the peer answered Pending without an identifier: no match", "peer"
        )
        return
    try:
        dataset = dataset_of(session, record, response)
    except ProtocolError as error:
        session.note(
            f"#{record.number}: a match cannot be decoded and is left out: {cell(error.message)}",
            Kind.WARNING,
        )
        return
    row = record.keep(response) + 1
    if row <= REMEMBERED:
        _remember(session, record, row, dataset)
    if not record.columns.sort:
        session.presenter.response(record, response, dataset)


async def show_all(session: Session, record: RequestRecord, columns: Columns) -> None:
    """Show every row that is kept, in the order that ``columns`` asks for."""
    await put_in_order(record, columns)
    slices = TimeSlices()
    for _ in session.presenter.rows(record, columns):
        await slices.pause()


def _remember(session: Session, record: RequestRecord, row: int, dataset: Dataset) -> None:
    values = {leaf.path.rpartition(".")[2]: leaf.text for leaf in reversed(list(leaves(dataset)))}
    words = [values.get(keyword, "") for keyword in LABEL]
    label = " ".join(cell(word, 24) for word in words if word)
    if row <= ROWS_LABELLED:
        record.results.labels.append(label)
    origin = f"#{record.number} row {row} {label}".rstrip()
    for keyword in OFFERED:
        if keyword in dataset:
            session.recent.add(keyword, str(dataset.get(keyword) or ""), origin, record.peer)
