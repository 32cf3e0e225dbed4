"""Print management (PS3.4 H): film sessions, film boxes, image boxes, and a printer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import assocsh.uids as uids
from assocsh.datasets.identifiers import dataset_from
from assocsh.dimse import status
from assocsh.practice.normalized import Instance, Instances, Refused, Service

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association import Indication

META = frozenset({uids.GRAYSCALE_PRINT_META, uids.COLOR_PRINT_META})
"""What a presentation context for printing is negotiated for (PS3.4 H.3)."""

PRINT = 1
"""The one action of a film session and of a film box (PS3.4 H.4.1.2.4, H.4.2.2.4)."""

EMPTY_SESSION = 0xC600
"""Film session hierarchy holds no film boxes (PS3.4 H.4.1.2.4)."""

_LAYOUT = re.compile(r"STANDARD\\([1-9]),([1-9])")


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
        self.printed(instance)
        return None, None

    def printed(self, instance: Instance) -> None:
        """Check that there is something to print. Raises Refused."""


class FilmSessions(_Films):
    """Film sessions: what holds the film boxes of one job."""

    classes = frozenset({uids.FILM_SESSION})

    def created(self, instance: Instance, instances: Instances) -> None:
        """A session has no attribute that it must have."""

    def printed(self, instance: Instance) -> None:
        if not instance.parts:
            raise Refused(EMPTY_SESSION, "the film session holds no film box")


class FilmBoxes(_Films):
    """Film boxes: one sheet each, with image boxes by its Image Display Format."""

    classes = frozenset({uids.FILM_BOX})

    def created(self, instance: Instance, instances: Instances) -> None:
        layout = str(instance.attributes.get("ImageDisplayFormat", ""))
        found = _LAYOUT.fullmatch(layout)
        if found is None:
            raise Refused(status.INVALID_ATTRIBUTE_VALUE, r"ImageDisplayFormat, as in STANDARD\2,3")
        sessions = list(instance.attributes.get("ReferencedFilmSessionSequence") or ())
        if len(sessions) != 1:
            raise Refused(status.MISSING_ATTRIBUTE, "ReferencedFilmSessionSequence, one item")
        session = instances.find(str(sessions[0].get("ReferencedSOPInstanceUID", "")))
        session.parts.append(instance.uid)
        boxes = []
        for position in range(1, int(found[1]) * int(found[2]) + 1):
            box = Instance(
                uids.GRAYSCALE_IMAGE_BOX,
                instances.new_uid(),
                dataset_from({"ImageBoxPosition": position}),
            )
            instances.keep(box)
            instance.parts.append(box.uid)
            boxes.append(
                {"ReferencedSOPClassUID": box.sop_class, "ReferencedSOPInstanceUID": box.uid}
            )
        instance.attributes.update(dataset_from({"ReferencedImageBoxSequence": boxes}))


class ImageBoxes(_Films):
    """Image boxes: made with their film box, filled with N-SET."""

    classes = frozenset({uids.GRAYSCALE_IMAGE_BOX, uids.COLOR_IMAGE_BOX})

    def removing(self, instance: Instance) -> None:
        raise Refused(status.UNRECOGNIZED_OPERATION, "an image box goes with its film box")

    def acted(
        self, instance: Instance | None, number: int, information: Dataset | None
    ) -> tuple[Dataset | None, Callable[[Indication], Awaitable[None]] | None]:
        raise Refused(status.NO_SUCH_ACTION, "an image box has no action")
