"""odil as an SCP in a process of its own: echo, store, find and get, one association at a time.

``/usr/bin/python3 odil_scp.py PORT FOLDER`` serves what it received and stores that in FOLDER too.
It runs under the Python for which Debian built odil, so it imports nothing of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import odil  # type: ignore[import-not-found, unused-ignore]

# command fields, PS3.7 E.1
STORE, GET, FIND, ECHO = 0x0001, 0x0010, 0x0020, 0x0030
KEYS = {
    b"PATIENT": "PatientID",
    b"STUDY": "StudyInstanceUID",
    b"SERIES": "SeriesInstanceUID",
    b"IMAGE": "SOPInstanceUID",
}


def first(data_set: Any, keyword: str) -> bytes | None:
    """The first value of a text element, without its padding; None without one."""
    if keyword not in data_set or data_set.empty(keyword):
        return None
    value: bytes = data_set.as_string(keyword)[0].strip(b" \0")
    return value or None


class Archive:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instances: list[Any] = []

    def store(self, request: Any) -> int:
        found = request.get_data_set()
        path = self.folder / (first(found, "SOPInstanceUID") or b"?").decode()
        odil.Writer.write_file(found, str(path))
        self.instances.append(found)
        return 0x0000

    def instances_for(self, identifier: Any) -> list[Any]:
        """Single value and universal matching on the unique keys of all levels."""
        wanted = {keyword: first(identifier, keyword) for keyword in KEYS.values()}
        return [
            found
            for found in self.instances
            if all(value in (None, first(found, key)) for key, value in wanted.items())
        ]

    def matches(self, identifier: Any) -> list[Any]:
        level = first(identifier, "QueryRetrieveLevel") or b""
        matches: dict[bytes | None, Any] = {}
        for found in self.instances_for(identifier):
            match = odil.DataSet()
            match.add("SpecificCharacterSet", [b"ISO_IR 192"])
            match.add("QueryRetrieveLevel", [level])
            for tag in identifier:
                if found.has(tag) and not match.has(tag):
                    match.add(tag, found[tag])
            matches.setdefault(first(found, KEYS[level]), match)
        return list(matches.values())


def generator(base: Any, select: Callable[[Any], list[Any]]) -> Any:
    """What odil's SCPs ask in turn for the data sets of their answers."""

    class Generator(base):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            base.__init__(self)
            self.left: list[Any] = []

        def initialize(self, request: Any) -> None:
            self.left = select(request.get_data_set())

        def done(self) -> bool:
            return not self.left

        def get(self) -> Any:
            return self.left[0]

        def next(self) -> None:
            del self.left[0]

        def count(self) -> int:
            return len(self.left)

    return Generator()


def serve(port: int, archive: Archive) -> None:
    """One association, from its beginning to its end."""
    association = odil.Association()
    association.receive_association("v4", port)
    generators = {
        FIND: generator(odil.FindSCP.DataSetGenerator, archive.matches),
        GET: generator(odil.GetSCP.DataSetGenerator, archive.instances_for),
    }
    services = {
        ECHO: odil.EchoSCP(association),
        STORE: odil.StoreSCP(association),
        FIND: odil.FindSCP(association),
        GET: odil.GetSCP(association),
    }
    services[ECHO].set_callback(lambda request: 0x0000)
    services[STORE].set_callback(archive.store)
    services[FIND].set_generator(generators[FIND])
    services[GET].set_generator(generators[GET])
    try:
        while True:
            message = association.receive_message()
            services[int(message.get_command_field())](message)
    except odil.AssociationReleased:
        print("released", flush=True)
    except odil.AssociationAborted:
        print("aborted", flush=True)


def main() -> int:
    port, archive = int(sys.argv[1]), Archive(Path(sys.argv[2]))
    while True:
        try:
            serve(port, archive)
        except Exception as error:
            print(f"error: {error!r}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
