"""print: images on film, and how the printer is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assocsh.commands.normalizing import perform
from assocsh.commands.print_job import Film, PrintJob, Step, film_size, layout_of
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

STATUS = "status"
"""In the place of a file: ask how the printer is."""

STEPS = (
    Column("number", "step", right=True, least=4),
    Column("request", least=8),
    Column("of", least=14),
    Column("attribute", least=20),
    Column("value", least=10),
)

SPEC = CommandSpec(
    "print",
    "images on film: film session, film box, image boxes, print",
    Heading.SERVICES,
    order=120,
    parameters=(
        Parameter(
            "file",
            Slot.FILE,
            (STATUS,),
            required=True,
            repeated=True,
            summary="images to print; or status: how the printer is",
        ),
    ),
    options=(
        Option("--film", Slot.TEXT, "SIZE", summary="film size, 14INX17IN or 14x17 (14INX17IN)"),
        Option(
            "--layout",
            Slot.TEXT,
            "LAYOUT",
            summary=r"COLUMNSxROWS or an Image Display Format, STANDARD\2,3 (room for all)",
        ),
        Option(
            "--orientation",
            Slot.CHOICE,
            "WORD",
            ("PORTRAIT", "LANDSCAPE"),
            summary="PORTRAIT or LANDSCAPE (PORTRAIT)",
        ),
        Option("--copies", Slot.INTEGER, "N", summary="copies of each sheet (1)"),
        Option(
            "--priority",
            Slot.CHOICE,
            "WORD",
            ("HIGH", "MED", "LOW"),
            summary="HIGH, MED, LOW (MED)",
        ),
        Option("--medium", Slot.TEXT, "MEDIUM", summary="PAPER, CLEAR FILM, BLUE FILM (BLUE FILM)"),
        Option("--bits", Slot.CHOICE, "N", ("8", "12"), summary="bits of each pixel, 8 or 12 (8)"),
        Option("--frame", Slot.INTEGER, "N", summary="this frame of each image (1)"),
        Option("--session", summary="one N-ACTION of the film session prints all sheets"),
        Option("--dry-run", summary="show what would be sent"),
    ),
    examples=(
        "print status",
        "print examples/ct.dcm examples/mr.dcm --dry-run",
        "print examples/ct.dcm examples/mr.dcm --film 14x17 --layout 1x2",
        "print examples/cr.dcm --copies 2 --bits 12 --session",
    ),
    section="PS3.4 H (Print Management)",
    details="""\
In colour where BasicColorPrintManagementMeta was accepted, and the one for
grayscale was not: `reopen --contexts BasicColorPrintManagementMeta`.""",
    sends=True,
)


@command(SPEC)
async def print_(session: Session, call: BoundCall) -> None:
    """Print the files, or show what would be sent, or how the printer is."""
    words = call.arguments["file"]
    if STATUS in words:
        if len(words) > 1:
            raise UsageError("print status asks the printer, and prints no files with it")
        await _status(session, call)
        return
    paths = [call.path(word) for word in words]
    await session.practice.make_examples(paths, call.base)
    job = PrintJob(_film(call, len(paths)), paths, colour=_in_colour(session))
    if call.flag("--dry-run"):
        pictures = [await job.picture(path) for path in paths]
        steps = list(job.steps(pictures))
        if session.settings.format == "json":
            rows = [step._asdict() for step in steps]
        else:
            rows = [row for step in steps for row in _rows(step)]
        session.presenter.listing(Listing("step", STEPS, rows))
        session.note(f"nothing was sent: {job.summary}")
        return
    await job.run(session, call.record)


def _rows(step: Step) -> Iterator[dict[str, Any]]:
    """A row for each attribute of a step, the first with the step itself."""
    row: dict[str, Any] = {"number": step.number, "request": step.request, "of": step.of}
    for name, value in step.attributes.items():
        yield {**row, "attribute": name, "value": value}
        row = {}
    if row:
        yield row


async def _status(session: Session, call: BoundCall) -> None:
    """All that the printer tells: some answer a list with nothing if they lack one attribute."""
    from assocsh import uids
    from assocsh.dimse.requests import NGet

    await perform(session, call, NGet(uids.PRINTER, uids.PRINTER_INSTANCE))


def _film(call: BoundCall, images: int) -> Film:
    return Film(
        layout=layout_of(call.option("--layout"), images),
        size=film_size(call.option("--film") or "14INX17IN"),
        orientation=call.option("--orientation") or "PORTRAIT",
        copies=call.integer("--copies", least=1, most=99) or 1,
        priority=call.option("--priority") or "MED",
        medium=(call.option("--medium") or "BLUE FILM").upper(),
        bits=int(call.option("--bits") or 8),
        frame=call.integer("--frame", least=1) or 1,
        whole=call.flag("--session"),
    )


def _in_colour(session: Session) -> bool:
    """Whether only colour was negotiated; without an association grayscale is shown."""
    from assocsh import uids

    association = session.association
    if association is None or association.closed:
        return False
    accepted = {one.abstract_syntax for one in association.contexts if one.accepted}
    return uids.COLOR_PRINT_META in accepted and uids.GRAYSCALE_PRINT_META not in accepted
