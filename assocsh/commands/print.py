"""print: images on film, and how the printer is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.commands.normalizing import perform
from assocsh.commands.print_job import Film, PrintJob, Step, film_size, layout_of
from assocsh.commands.printable import Printable, printable
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.sparing import FirstFew
from assocsh.output.table import Column
from assocsh.session.binding import parse_integer
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

STATUS = "status"
"""In the place of a file: ask how the printer is."""

EACH = "all"
"""In the place of the number of a frame."""

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
            summary="images, or folders of them; or status: how the printer is",
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
        Option("--frame", Slot.TEXT, "N", summary="frame N of each image; all: every frame"),
        Option("--session", summary="one N-ACTION of the film session prints all sheets"),
        Option("--dry-run", summary="show what would be sent"),
    ),
    examples=(
        "print status",
        "print examples/ct.dcm examples/mr.dcm --dry-run",
        "print examples/ct.dcm examples/mr.dcm --film 14x17 --layout 1x2",
        "print examples/cr.dcm --copies 2 --bits 12 --session",
        "print examples --layout 2x2",
    ),
    section="PS3.4 H (Print Management)",
    details="""\
In colour where BasicColorPrintManagementMeta was accepted and one of the images
is in colour (`reopen --contexts print` proposes it too), or where the one for
grayscale was not accepted. Of a folder, what cannot be printed is left out.""",
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
    frame = call.option("--frame")
    each = (frame or "").lower() == EACH
    number = None if frame is None or each else parse_integer(frame, "--frame", least=1)
    images, left_out = await asyncio.to_thread(printable, paths, number, each=each)
    few = FirstFew()
    for error in left_out:
        if few.admit():
            session.note(f"#{call.record.number} left out: {cell(error.message, 1000)}")
    if few.left_out:
        session.note(f"#{call.record.number} left out: {plural(few.left_out, 'file')} more")
    film = _film(call, len(images))
    job = PrintJob(film, images, colour=_in_colour(session, call, film, images))
    if call.flag("--dry-run"):
        steps = list(job.steps(await job.pictures()))
        if session.format == "json":
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
        whole=call.flag("--session"),
    )


def _in_colour(session: Session, call: BoundCall, film: Film, images: Sequence[Printable]) -> bool:
    """Whether it is printed in colour, and have it go on the context for that.

    What ``--on`` names decides, or what was negotiated, and where both were, whether one of the
    images is in colour. Without an association grayscale is shown. Raises UsageError for twelve
    bits in colour.
    """
    from assocsh import uids

    association = session.association
    if association is None or association.closed:
        return False
    context = call.record.operations.context
    accepted = {one.abstract_syntax for one in association.contexts if one.accepted}
    if context is not None:
        from assocsh.association.prepare import named_context

        accepted = {named_context(context, association.contexts, "print").abstract_syntax}
    metas = accepted & {uids.COLOR_PRINT_META, uids.GRAYSCALE_PRINT_META}
    wanted = any(image.in_colour for image in images)
    colour = uids.COLOR_PRINT_META in metas and (wanted or len(metas) == 1)
    if colour and film.bits > 8:
        raise UsageError(
            f"a colour image is printed with 8 bits, not {film.bits} (PS3.3 C.13.5)",
            hint="leave --bits out; `--on BasicGrayscalePrintManagementMeta` prints in grayscale",
        )
    if len(metas) > 1:
        meta = uids.COLOR_PRINT_META if colour else uids.GRAYSCALE_PRINT_META
        call.record.operations.context = meta
    if wanted and metas and not colour and context is None:
        session.note(
            f"#{call.record.number} printed in grayscale: this association has no context for "
            "colour: `reopen --contexts +BasicColorPrintManagementMeta` proposes one"
        )
    return colour
