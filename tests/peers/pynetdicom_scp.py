"""pynetdicom as an SCP in a process of its own: echo, store, find, get and move.

``python pynetdicom_scp.py PORT FOLDER AE=PORT...`` serves the Part 10 files of FOLDER, stores what
it receives in FOLDER too and sends C-MOVE to the destinations named. Test code: it is never
imported by assocsh, and it trusts the UIDs that it is sent.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (
    ColorPaletteInformationModelFind,
    ColorPaletteInformationModelGet,
    ColorPaletteInformationModelMove,
    ColorPaletteStorage,
    CompositeInstanceRetrieveWithoutBulkDataGet,
    CompositeInstanceRootRetrieveGet,
    CompositeInstanceRootRetrieveMove,
    HangingProtocolInformationModelFind,
    HangingProtocolInformationModelGet,
    HangingProtocolInformationModelMove,
    HangingProtocolStorage,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

# It is run as a program: the tests are not on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.peers.pynetdicom_scu import keep_all_responses

LEVEL_KEYS = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
QUERY_MODELS = (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    ColorPaletteInformationModelFind,
    ColorPaletteInformationModelGet,
    ColorPaletteInformationModelMove,
    CompositeInstanceRetrieveWithoutBulkDataGet,
    CompositeInstanceRootRetrieveGet,
    CompositeInstanceRootRetrieveMove,
    HangingProtocolInformationModelFind,
    HangingProtocolInformationModelGet,
    HangingProtocolInformationModelMove,
)
ONLY = {
    HangingProtocolInformationModelFind: HangingProtocolStorage,
    HangingProtocolInformationModelGet: HangingProtocolStorage,
    HangingProtocolInformationModelMove: HangingProtocolStorage,
    ColorPaletteInformationModelFind: ColorPaletteStorage,
    ColorPaletteInformationModelGet: ColorPaletteStorage,
    ColorPaletteInformationModelMove: ColorPaletteStorage,
}
TRANSFER_SYNTAXES = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
]


class Archive:
    def __init__(self, folder: Path, destinations: dict[str, int]) -> None:
        self.folder = folder
        self.destinations = destinations
        self._lock = threading.Lock()

    def instances(self) -> Iterator[Dataset]:
        for path in sorted(self.folder.glob("*.dcm")):
            yield dcmread(path)

    def matching(self, event: Any) -> list[Dataset]:
        """Single value, list of UID, wildcard and universal matching on the levels' unique keys.

        In a model of its own only what that model is for.
        """
        identifier = event.identifier
        kind = ONLY.get(event.request.AffectedSOPClassUID)
        wanted: dict[str, set[str]] = {}
        for keyword in LEVEL_KEYS.values():
            value = identifier.get(keyword)
            if value not in (None, "", "*"):
                several = isinstance(value, list) or type(value).__name__ == "MultiValue"
                wanted[keyword] = {str(one) for one in value} if several else {str(value)}
        return [
            found
            for found in self.instances()
            if kind in (None, found.SOPClassUID)
            and all(
                any(fnmatchcase(str(found.get(key)), value) for value in values)
                for key, values in wanted.items()
            )
        ]

    def store(self, event: Any) -> int:
        found = event.dataset
        found.file_meta = event.file_meta
        with self._lock:
            found.save_as(self.folder / f"{found.SOPInstanceUID}.dcm", enforce_file_format=True)
        return 0x0000

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        identifier = event.identifier
        level = identifier.get("QueryRetrieveLevel")  # none in models without levels
        seen: set[str] = set()
        for found in self.matching(event):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            key = str(found.get(LEVEL_KEYS[level or "IMAGE"]))
            if key in seen:
                continue
            seen.add(key)
            answer = Dataset()
            answer.SpecificCharacterSet = found.get("SpecificCharacterSet", "ISO_IR 100")
            for wanted in identifier:
                if wanted.tag in found:
                    answer.add(found[wanted.tag])
                elif wanted.VR != "SQ":
                    answer.add_new(wanted.tag, wanted.VR, None)
            if level:
                answer.QueryRetrieveLevel = level
            yield 0xFF00, answer

    def get(self, event: Any) -> Iterator[Any]:
        found = self.matching(event)
        yield len(found)
        for instance in found:
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, instance

    def move(self, event: Any) -> Iterator[Any]:
        destination = event.move_destination
        if destination not in self.destinations:
            yield None, None
            return
        found = self.matching(event)
        contexts = [
            build_context(sop_class, syntax)
            for sop_class, syntax in sorted(
                {(str(i.SOPClassUID), str(i.file_meta.TransferSyntaxUID)) for i in found}
            )
        ]
        where = ("127.0.0.1", self.destinations[destination])
        yield (*where, {"contexts": contexts, "ae_title": destination})
        yield len(found)
        for instance in found:
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, instance


class Identities:
    """Lets in whoever does not say ``wrong``, answers, and writes down what it was shown.

    One JSON object a line: kind, primary and secondary field in hexadecimal.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def identify(self, event: Any) -> tuple[bool, bytes | None]:
        first, second = event.primary_field, event.secondary_field or b""
        shown = {"kind": event.user_id_type, "primary": first.hex(), "secondary": second.hex()}
        with self._file.open("a") as file:
            file.write(json.dumps(shown) + "\n")
        return b"wrong" not in first + second, b"answer to kind %d" % event.user_id_type


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("destinations", nargs="*")
    parser.add_argument("--ae", default="PYNETDICOM")
    parser.add_argument("--identities", type=Path, help="ask who calls, and keep what they say")
    arguments = parser.parse_args()

    keep_all_responses()
    named = (word.partition("=") for word in arguments.destinations)
    archive = Archive(arguments.folder, {ae: int(port) for ae, _, port in named})
    entity = AE(ae_title=arguments.ae)
    entity.maximum_associations = 20
    entity.add_supported_context(Verification)
    for model in QUERY_MODELS:
        entity.add_supported_context(model)
    storage = [context.abstract_syntax for context in AllStoragePresentationContexts]
    for abstract_syntax in (*storage, HangingProtocolStorage, ColorPaletteStorage):
        entity.add_supported_context(
            abstract_syntax, TRANSFER_SYNTAXES, scu_role=True, scp_role=True
        )
    identities = []
    if arguments.identities is not None:
        identities = [(evt.EVT_USER_ID, Identities(arguments.identities).identify)]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # its own shutdown takes seconds
    entity.start_server(
        ("127.0.0.1", arguments.port),
        block=True,
        evt_handlers=[
            (evt.EVT_C_STORE, archive.store),
            (evt.EVT_C_FIND, archive.find),
            (evt.EVT_C_GET, archive.get),
            (evt.EVT_C_MOVE, archive.move),
            *identities,
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
