"""A printer of pynetdicom in a process of its own, strict about what the standard asks for.

``pynetdicom_printer.py PORT LOG META [FAULT]``: negotiated by the Meta SOP class ``META``, or by
each of several, joined by commas; each request is a line of JSON in ``LOG``. It chooses every UID
itself, and refuses a film box that names no film session of its own. ``FAULT``: ``image`` refuses
the second image box, ``boxes`` makes one image box whatever the layout, ``print`` prints with a
warning, ``event`` reports an event of the printer before it answers N-ACTION.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

from tests.peers.process import LOOPBACK, PeerProcess, free_port

GRAYSCALE = "1.2.840.10008.5.1.1.9"
COLOUR = "1.2.840.10008.5.1.1.18"
FILM_SESSION, FILM_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2"
PRINTER, PRINTER_INSTANCE = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.17"
IMAGE_BOXES = {GRAYSCALE: "1.2.840.10008.5.1.1.4", COLOUR: "1.2.840.10008.5.1.1.4.1"}


class PynetdicomPrinter(PeerProcess):
    """The printer for one test; ``requests`` is what it was asked for."""

    ae = "PYNETPRINT"

    def __init__(self, folder: Path, meta: str = GRAYSCALE, fault: str = "") -> None:
        port = free_port()
        self._requests = folder / "requests.jsonl"
        self._requests.touch()
        words = (str(port), str(self._requests), meta, fault)
        super().__init__(
            [sys.executable, "-m", "tests.peers.pynetdicom_printer", *words],
            port=port,
            log=folder / "printer.log",
            cwd=Path(__file__).resolve().parents[2],
        )
        self.address = f"{self.ae}@{LOOPBACK}:{port}"

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._requests.read_text("utf-8").splitlines()]


class _Printer:
    def __init__(self, log: Path, meta: str, fault: str) -> None:
        self._log = log
        self._metas = meta.split(",")
        self._fault = fault
        self._sessions: set[str] = set()
        self._boxes: dict[str, list[str]] = {}

    def _heard(self, what: str, sop_class: str, uid: str, dataset: Dataset | None = None) -> None:
        made: dict[str, Any] = {"what": what, "class": sop_class, "uid": uid}
        if dataset is not None:
            made["dataset"] = dataset.to_json_dict()
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made) + "\n")

    def create(self, event: Any) -> tuple[Any, Dataset | None]:
        request, dataset = event.request, event.attribute_list
        sop_class = str(request.AffectedSOPClassUID)
        self._heard("create", sop_class, str(request.AffectedSOPInstanceUID), dataset)
        answer, status = Dataset(), Dataset()
        status.Status = 0
        uid = str(request.AffectedSOPInstanceUID or generate_uid())
        if sop_class == FILM_SESSION:
            self._sessions.add(uid)
            return 0, dataset
        named = dataset.get("ReferencedFilmSessionSequence") or []
        if len(named) != 1 or named[0].ReferencedSOPInstanceUID not in self._sessions:
            return 0x0120, None
        columns, rows = map(int, re.findall(r"\d+", dataset.ImageDisplayFormat))
        count = 1 if self._fault == "boxes" else columns * rows
        boxes = [generate_uid() for _ in range(count)]
        self._boxes[uid] = boxes
        answer.ReferencedImageBoxSequence = []
        for box in boxes:
            item = Dataset()
            item.ReferencedSOPClassUID = IMAGE_BOXES[str(event.context.abstract_syntax)]
            item.ReferencedSOPInstanceUID = box
            answer.ReferencedImageBoxSequence.append(item)
        return 0, answer

    def set(self, event: Any) -> tuple[int, None]:
        request, dataset = event.request, event.modification_list
        uid = str(request.RequestedSOPInstanceUID)
        self._heard("set", str(request.RequestedSOPClassUID), uid, dataset)
        places = {box: at for boxes in self._boxes.values() for at, box in enumerate(boxes, 1)}
        box_class = IMAGE_BOXES[str(event.context.abstract_syntax)]
        if str(request.RequestedSOPClassUID) != box_class or uid not in places:
            return 0x0112, None
        second = self._fault == "image" and places[uid] == 2
        return (0x0106 if second or dataset.ImageBoxPosition != places[uid] else 0), None

    def action(self, event: Any) -> tuple[int, None]:
        request = event.request
        uid = str(request.RequestedSOPInstanceUID)
        self._heard("action", str(request.RequestedSOPClassUID), uid)
        if self._fault == "event":
            about = Dataset()
            about.PrinterName = "PYNET"
            about.PrinterStatusInfo = "SUPPLY LOW"
            event.assoc.send_n_event_report(
                about, 2, PRINTER, PRINTER_INSTANCE, meta_uid=self._metas[0]
            )
        return (0xB604 if self._fault == "print" else 0), None

    def delete(self, event: Any) -> int:
        request = event.request
        uid = str(request.RequestedSOPInstanceUID)
        self._heard("delete", str(request.RequestedSOPClassUID), uid)
        return 0

    def get(self, event: Any) -> tuple[int, Dataset]:
        request = event.request
        uid = str(request.RequestedSOPInstanceUID)
        self._heard("get", str(request.RequestedSOPClassUID), uid)
        about = Dataset()
        about.PrinterStatus = "WARNING"
        about.PrinterStatusInfo = "SUPPLY LOW"
        return 0, about


def main() -> None:
    port, log, meta, fault = sys.argv[1:]
    printer = _Printer(Path(log), meta, fault)
    entity = AE(PynetdicomPrinter.ae)
    for each in meta.split(","):
        entity.add_supported_context(each)
    handlers = [
        (evt.EVT_N_CREATE, printer.create),
        (evt.EVT_N_SET, printer.set),
        (evt.EVT_N_ACTION, printer.action),
        (evt.EVT_N_DELETE, printer.delete),
        (evt.EVT_N_GET, printer.get),
    ]
    entity.start_server((LOOPBACK, int(port)), block=True, evt_handlers=handlers)


if __name__ == "__main__":
    main()
