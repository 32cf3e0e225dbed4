"""Print management (PS3.4 H): film sessions, film boxes, image boxes, and a printer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse import status
from assocsh.practice.film import Pixels, Unprintable, layout, pixels_of
from assocsh.practice.normalized import Instance, Instances, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Indication
    from assocsh.practice.prints import Prints

    Sheet = tuple[Dataset, dict[int, Pixels], int]
    """A film box, its images by position, and how many copies."""

META = frozenset({uids.GRAYSCALE_PRINT_META, uids.COLOR_PRINT_META})
"""What a presentation context for printing is negotiated for (PS3.4 H.3)."""

PRINT = 1
"""The one action of a film session and of a film box (PS3.4 H.4.1.2.4, H.4.2.2.4)."""

EMPTY_SESSION = 0xC600
"""Film session hierarchy holds no film boxes (PS3.4 H.4.1.2.4)."""

EMPTY_SHEET = 0xB603
"""Film box does not contain image box SOP instances with images: an empty page (PS3.4 H.4.2.2.4).
"""

EMPTY_SHEETS = 0xB602
"""Film session hierarchy does not contain images: an empty page (PS3.4 H.4.1.2.4)."""


class Printer(Service):
    """The printer itself, to be read; it is always ready."""

    classes = frozenset({uids.PRINTER})

    @staticmethod
    def instance() -> Instance:
        """The well-known instance."""
        attributes = {
            "PrinterStatus": "NORMAL",
            "PrinterStatusInfo": "NORMAL",
            "PrinterName": "PRACTICE",
            "Manufacturer": "assocsh",
            "ManufacturerModelName": "practice printer",
        }
        return Instance(uids.PRINTER, uids.PRINTER_INSTANCE, dataset_from(attributes))

    def reading(self, instance: Instance) -> None:
        """Anyone may read it."""


class _Films(Service):
    """What film sessions, film boxes and image boxes have in common; ``prints`` keeps sheets."""

    def __init__(self, prints: Prints | None = None) -> None:
        self.prints = prints
        self.instances: Instances | None = None

    def changing(self, instance: Instance, changes: Dataset) -> None:
        """Any attribute may be set."""

    def removing(self, instance: Instance) -> None:
        """What it consists of goes with it."""

    def acted(
        self, instance: Instance | None, number: int, information: Dataset | None
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        if instance is None:
            raise Refused(status.NO_SUCH_SOP_INSTANCE, "no such instance here")
        if number != PRINT:
            raise Refused(status.NO_SUCH_ACTION, "the action of a film is 1, print")
        sheets = self.printed(instance)
        prints = self.prints
        if prints is None:
            return None, None

        async def keep(_: Indication) -> None:
            for sheet in sheets:
                await prints.sheet(*sheet)

        return None, keep

    def printed(self, instance: Instance) -> list[Sheet]:
        """The sheets that are printed. Raises Refused where there is nothing to print."""
        return []

    def found(self, uid: str) -> Instance:
        """A part of a film."""
        assert self.instances is not None  # there is a film
        return self.instances.find(uid)

    def sheet_of(self, box: Instance) -> Sheet | None:
        """A film box with the images in it as they are now; None where all are empty."""
        images: dict[int, Pixels] = {}
        for uid in box.parts:
            part = self.found(uid)
            image = image_in(part.attributes)
            if image is not None:
                images[int(part.attributes.get("ImageBoxPosition", 0))] = pixels_of(image)
        if not images:
            return None
        session = box.attributes["ReferencedFilmSessionSequence"].value[0]
        held = self.found(str(session.ReferencedSOPInstanceUID))
        copies = held.attributes.get("NumberOfCopies")
        return box.attributes[:], images, int(copies or 1)


class FilmSessions(_Films):
    """Film sessions: what holds the film boxes of one job."""

    classes = frozenset({uids.FILM_SESSION})

    def created(self, instance: Instance, instances: Instances) -> None:
        """A session has no attribute that it must have."""
        self.instances = instances

    def printed(self, instance: Instance) -> list[Sheet]:
        if not instance.parts:
            raise Refused(EMPTY_SESSION, "the film session holds no film box")
        sheets = [self.sheet_of(self.found(uid)) for uid in instance.parts]
        if None in sheets:
            raise Refused(EMPTY_SHEETS, "a film box of the session holds no image: an empty page")
        return [sheet for sheet in sheets if sheet is not None]


class FilmBoxes(_Films):
    """Film boxes: one sheet each, with image boxes by its Image Display Format."""

    classes = frozenset({uids.FILM_BOX})

    def created(self, instance: Instance, instances: Instances) -> None:
        self.instances = instances
        places = layout(str(instance.attributes.get("ImageDisplayFormat", "")))
        if places is None:
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, r"ImageDisplayFormat, as in STANDARD\2,3")
        sessions = list(instance.attributes.get("ReferencedFilmSessionSequence") or ())
        if len(sessions) != 1:
            raise Refused(status.MISSING_ATTRIBUTE, "ReferencedFilmSessionSequence, one item")
        session = instances.find(str(sessions[0].get("ReferencedSOPInstanceUID", "")))
        session.parts.append(instance.uid)
        in_colour = instance.negotiated == uids.COLOR_PRINT_META
        box_class = uids.COLOR_IMAGE_BOX if in_colour else uids.GRAYSCALE_IMAGE_BOX
        boxes = []
        for position in range(1, places[0] * places[1] + 1):
            box = Instance(
                box_class, instances.new_uid(), dataset_from({"ImageBoxPosition": position})
            )
            instances.keep(box)
            instance.parts.append(box.uid)
            boxes.append(
                {"ReferencedSOPClassUID": box.sop_class, "ReferencedSOPInstanceUID": box.uid}
            )
        instance.attributes.update(dataset_from({"ReferencedImageBoxSequence": boxes}))

    def printed(self, instance: Instance) -> list[Sheet]:
        sheet = self.sheet_of(instance)
        if sheet is None:
            raise Refused(EMPTY_SHEET, "the film box holds no image: an empty page")
        return [sheet]


class ImageBoxes(_Films):
    """Image boxes: made with their film box, filled with N-SET."""

    classes = frozenset({uids.GRAYSCALE_IMAGE_BOX, uids.COLOR_IMAGE_BOX})

    def changing(self, instance: Instance, changes: Dataset) -> None:
        """An image has to be one that can be printed, at the place of its box."""
        position = changes.get("ImageBoxPosition")
        if position not in (None, instance.attributes.get("ImageBoxPosition")):
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, "ImageBoxPosition is that of another box")
        image = image_in(changes)
        if image is not None:
            try:
                pixels_of(image)
            except Unprintable as error:
                raise Refused(status.INVALID_ATTRIBUTE_VALUE, str(error)) from None

    def removing(self, instance: Instance) -> None:
        raise Refused(status.UNRECOGNIZED_OPERATION, "an image box goes with its film box")

    def acted(
        self, instance: Instance | None, number: int, information: Dataset | None
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        raise Refused(status.NO_SUCH_ACTION, "an image box has no action")


def image_in(attributes: Dataset) -> Dataset | None:
    """The image of an image box; None in an empty one."""
    for name in ("BasicGrayscaleImageSequence", "BasicColorImageSequence"):
        items = attributes.get(name)
        if items:
            found: Dataset = items[0]
            return found
    return None
