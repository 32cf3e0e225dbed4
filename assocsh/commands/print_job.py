"""A print job (PS3.4 H): what is printed how, and its requests one after the other.

A film session holds film boxes, one for each sheet; with a film box the printer makes image boxes,
one for each place of its layout, which are filled and printed with it. Everything is removed again,
whether it was printed or not.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from assocsh import uids
from assocsh.errors import AssocshError, OperationCancelled, UsageError
from assocsh.output.sink import Kind
from assocsh.output.summary import outcome
from assocsh.records import NamedTuple
from assocsh.session.reading import dataset_of
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.commands.printable import Printable
    from assocsh.datasets.picture import Picture
    from assocsh.dimse.requests import NCreate, Request
    from assocsh.dimse.responses import Response
    from assocsh.results.request import RequestRecord
    from assocsh.session.session import Session

PRINT = 1
"""The action of film session and film box (PS3.4 H.4.1.2.4, H.4.2.2.4)."""

FILM_SIZES = (
    *("8INX10IN", "8_5INX11IN", "10INX12IN", "10INX14IN", "11INX14IN", "11INX17IN", "14INX14IN"),
    *("14INX17IN", "24CMX24CM", "24CMX30CM", "A4", "A3"),
)
"""The defined terms of Film Size ID (PS3.3 C.13.3)."""

MOST_PLACES = 20
"""Images on a sheet where no layout is asked for."""


class Film(NamedTuple):
    """What is asked of the printer."""

    layout: str
    """Image Display Format: ``STANDARD\\2,3`` has two columns and three rows."""
    size: str
    orientation: str
    copies: int
    priority: str
    medium: str
    bits: int
    whole: bool
    """One N-ACTION of the film session prints all sheets."""

    @property
    def places(self) -> int:
        """How many images its layout has room for; 0 where only the printer knows."""
        found = re.fullmatch(r"STANDARD\\([0-9]+),([0-9]+)", self.layout)
        return int(found[1]) * int(found[2]) if found else 0


def layout_of(text: str | None, images: int) -> str:
    """An Image Display Format: as it is, from ``2x3`` (columns, rows), or for so many images.

    Raises UsageError.
    """
    if text is None:
        shown = min(images, MOST_PLACES)
        columns = math.ceil(math.sqrt(shown))
        return f"STANDARD\\{columns},{math.ceil(shown / columns)}"
    found = re.fullmatch(r"([1-9][0-9]?)[xX]([1-9][0-9]?)", text)
    if found is not None:
        return f"STANDARD\\{found[1]},{found[2]}"
    if re.fullmatch(r"(STANDARD|ROW|COL)\\[0-9]+(,[0-9]+)*|SLIDE|SUPERSLIDE|CUSTOM\\[0-9]+", text):
        return text
    raise UsageError(
        f"{text!r} is no layout", hint=r"write COLUMNSxROWS, as in 2x3, or STANDARD\2,3"
    )


def film_size(text: str) -> str:
    """A Film Size ID from its defined term or ``14x17`` (inches). Raises UsageError."""
    upper = text.upper()
    short = re.fullmatch(r"([0-9_]+)X([0-9_]+)", upper)
    term = f"{short[1]}INX{short[2]}IN" if short else upper
    if term not in FILM_SIZES:
        raise UsageError(f"{text!r} is no film size", hint=f"one of {', '.join(FILM_SIZES)}")
    return term


class StepFailed(Exception):
    """A request was answered with a failure: the rest of the job makes no sense."""


class Step(NamedTuple):
    """One request of a job as it is shown: what it is, of what, and with which attributes."""

    number: int
    request: str
    of: str
    attributes: Mapping[str, str]


class PrintJob:
    """Prints ``images`` as ``film`` says, in ``colour`` or in grayscale."""

    def __init__(self, film: Film, images: Sequence[Printable], *, colour: bool) -> None:
        from pydicom.uid import generate_uid

        self.film = film
        self.images = images
        self.colour = colour
        self.session_uid = str(generate_uid(prefix=None))
        self.box_uids = [str(generate_uid(prefix=None)) for _ in self.sheets()]

    def sheets(self) -> list[Sequence[Printable]]:
        """The images of each sheet."""
        places = self.film.places or len(self.images)
        return [self.images[at : at + places] for at in range(0, len(self.images), places)]

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        sheets = len(self.box_uids)
        prints = 1 if self.film.whole else sheets
        return 2 + 2 * sheets + len(self.images) + prints

    @property
    def summary(self) -> str:
        """``2 images on 1 sheet of 14INX17IN``"""
        sheets = plural(len(self.box_uids), "sheet")
        kind = "colour" if self.colour else "grayscale"
        return (
            f"{plural(len(self.images), 'image')} on {sheets} of {self.film.size}, "
            f"{self.film.layout}, {kind}"
        )

    # -- what is sent ----------------------------------------------------------------------------

    def session_attributes(self) -> dict[str, Any]:
        """Basic Film Session (PS3.3 C.13.1)."""
        film = self.film
        return {
            "NumberOfCopies": film.copies,
            "PrintPriority": film.priority,
            "MediumType": film.medium,
        }

    def box_attributes(self) -> dict[str, Any]:
        """Basic Film Box (PS3.3 C.13.3): it names its session, or printers print nothing."""
        film = self.film
        return {
            "ImageDisplayFormat": film.layout,
            "FilmOrientation": film.orientation,
            "FilmSizeID": film.size,
            "ReferencedFilmSessionSequence": [
                {
                    "ReferencedSOPClassUID": uids.FILM_SESSION,
                    "ReferencedSOPInstanceUID": self.session_uid,
                }
            ],
        }

    def image_attributes(self, position: int, picture: Picture) -> dict[str, Any]:
        """Image Box (PS3.3 C.13.5): the image as it was preformatted here."""
        wide = picture.bits > 8
        image: dict[str, Any] = {
            "SamplesPerPixel": len(picture.planes),
            "PhotometricInterpretation": "RGB" if picture.is_colour else "MONOCHROME2",
            **({"PlanarConfiguration": 1} if picture.is_colour else {}),
            "Rows": picture.rows,
            "Columns": picture.columns,
            "PixelAspectRatio": [1, 1],
            "BitsAllocated": 16 if wide else 8,
            "BitsStored": picture.bits,
            "HighBit": picture.bits - 1,
            "PixelRepresentation": 0,
            "PixelData": b"".join(picture.planes),
        }
        name = "BasicColorImageSequence" if picture.is_colour else "BasicGrayscaleImageSequence"
        return {"ImageBoxPosition": position, name: [image]}

    def steps(self, pictures: Sequence[Picture]) -> Iterator[Step]:
        """What would be sent for ``pictures``, one for each file."""
        from itertools import count

        number = count(1)
        waiting = iter(pictures)
        yield Step(next(number), "N-CREATE", "film session", flat(self.session_attributes()))
        for sheet, images in enumerate(self.sheets(), 1):
            words = flat(self.box_attributes())
            yield Step(next(number), "N-CREATE", f"film box {sheet}", words)
            for position, image in enumerate(images, 1):
                words = flat(self.image_attributes(position, next(waiting)))
                yield Step(next(number), "N-SET", f"image box {position} ({image.name})", words)
            if not self.film.whole:
                yield Step(
                    next(number), "N-ACTION", f"film box {sheet}", {"ActionTypeID": str(PRINT)}
                )
        if self.film.whole:
            yield Step(next(number), "N-ACTION", "film session", {"ActionTypeID": str(PRINT)})
        for sheet in range(1, len(self.box_uids) + 1):
            yield Step(next(number), "N-DELETE", f"film box {sheet}", {})
        yield Step(next(number), "N-DELETE", "film session", {})

    # -- sending it ------------------------------------------------------------------------------

    async def run(self, session: Session, record: RequestRecord) -> None:
        """Send it; each step that was not answered with success is said by its name.

        Raises UnusableFile for a file that cannot be printed, before anything is sent, and what
        ended the association.
        """
        pictures = await self.pictures()
        record.operations.expected = self.requests
        sending = _Sending(session, record)
        try:
            await self._print(sending, pictures)
        except StepFailed:
            pass
        except asyncio.CancelledError:
            sending.made.clear()  # the session ends, or the association: nobody waits for more
            raise
        finally:
            await sending.clean_up()
            record.operations.expected = record.total
        record.detail = self.summary

    async def pictures(self) -> list[Picture]:
        """The images as they are printed. Raises UnusableFile."""
        from assocsh.datasets.picture import read_picture

        made = []
        for path, frame, *_ in self.images:
            bits, colour = self.film.bits, self.colour
            made.append(
                await asyncio.to_thread(read_picture, path, frame=frame, bits=bits, colour=colour)
            )
        return made

    async def _print(self, sending: _Sending, pictures: Sequence[Picture]) -> None:
        from assocsh.dimse.requests import NAction, NCreate, NSet

        film_session = NCreate(uids.FILM_SESSION, self.session_uid, self.session_attributes())
        made = await sending.create(film_session, "film session")
        self.session_uid = made.command.affected_sop_instance or self.session_uid
        waiting = iter(pictures)
        box_class = uids.COLOR_IMAGE_BOX if self.colour else uids.GRAYSCALE_IMAGE_BOX
        for number, images in enumerate(self.sheets(), 1):
            name = f"film box {number}"
            film_box = NCreate(uids.FILM_BOX, self.box_uids[number - 1], self.box_attributes())
            made = await sending.create(film_box, name)
            uid = made.command.affected_sop_instance or self.box_uids[number - 1]
            boxes = sending.image_boxes(made)
            if len(boxes) < len(images):
                raise AssocshError(
                    f"the printer made {plural(len(boxes), 'image box', 'image boxes')} for "
                    f"{self.film.layout}, {len(images)} are needed",
                    hint="it may know other layouts: its conformance statement lists them",
                )
            for position, (image, box) in enumerate(zip(images, boxes, strict=False), 1):
                attributes = self.image_attributes(position, next(waiting))
                about = f"image box {position} ({image.name})"
                await sending.send(NSet(box_class, box, attributes), about)
            if not self.film.whole:
                await sending.send(NAction(uids.FILM_BOX, uid, PRINT), name)
        if self.film.whole:
            await sending.send(NAction(uids.FILM_SESSION, self.session_uid, PRINT), "film session")


class _Sending:
    """Sends the steps of a job in order; ``made`` is what has to be removed, in order of making."""

    def __init__(self, session: Session, record: RequestRecord) -> None:
        self._session = session
        self._record = record
        self.made: list[tuple[str, str, str]] = []

    async def send(self, request: Request, name: str) -> Response:
        """Send one step and wait for its answer. Raises StepFailed for a failure."""
        operation = self._session.send(request, self._record)
        final = await operation.result()
        if final.category != "Success" and not self._record.cancel_asked:
            comment = f": {cell(final.error_comment)}" if final.error_comment else ""
            self._session.note(
                f"#{self._record.number} {request.name} of {cell(name)}: {outcome(final)}{comment}",
                Kind.ERROR if final.category == "Failure" else Kind.WARNING,
            )
        if final.category == "Failure" or self._record.cancel_asked:
            raise StepFailed
        return final

    async def create(self, request: NCreate, name: str) -> Response:
        """Send an N-CREATE: what it makes is removed again, also where its answer never came."""
        self.made.append((request.sop_class, request.sop_instance, name))
        try:
            final = await self.send(request, name)
        except StepFailed:
            if not self._record.cancel_asked:
                self.made.pop()  # it was not made
            raise
        uid = final.command.affected_sop_instance or request.sop_instance
        self.made[-1] = (request.sop_class, uid, name)
        return final

    def image_boxes(self, made: Response) -> list[str]:
        """The image boxes that the answer to the N-CREATE of a film box names."""
        if not made.data:
            return []
        dataset = dataset_of(self._session, self._record, made)
        found = dataset.get("ReferencedImageBoxSequence") or ()
        return [str(one.get("ReferencedSOPInstanceUID", "")) for one in found]

    async def clean_up(self) -> None:
        """Remove what was made, the session last; nothing where the association has ended."""
        from assocsh.dimse.requests import NDelete

        while self.made and self._session.ended_by() is None:
            sop_class, uid, name = self.made.pop()
            with suppress(StepFailed, OperationCancelled):
                await self.send(NDelete(sop_class, uid), name)


def flat(attributes: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Attributes with their paths, pixels by their size."""
    made: dict[str, str] = {}
    for name, value in attributes.items():
        if isinstance(value, bytes):
            made[before + name] = plural(len(value), "byte")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            made |= flat(value[0], f"{before}{name}[0].")
        elif isinstance(value, list):
            made[before + name] = "\\".join(map(str, value))
        else:
            made[before + name] = str(value)
    return made
