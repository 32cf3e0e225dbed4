"""What the archive holds and how to get it out again: generated, the user's own, or received."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.datasets.codec import encode
from assocsh.datasets.contexts import ContextLike, choose
from assocsh.datasets.folders import files_below
from assocsh.datasets.header import read_beginning, read_header
from assocsh.datasets.part10 import open_instance
from assocsh.datasets.transcode import transcode_bytes
from assocsh.dimse.requests import CStore, EncodedData, StoredData
from assocsh.errors import AssocshError, UnusableFile, UsageError
from assocsh.practice import generator
from assocsh.practice.headers import DecodedHeader, Header, encoded_header
from assocsh.practice.index import Index, Stored, check_keys
from assocsh.uids import EXPLICIT_LE

if TYPE_CHECKING:
    from assocsh.datasets.receive import Received

_GENERATED = "generated:"
_BEGINNING = 64 * 1024
"""Bytes of a data set that are read to find its header."""


@lru_cache(maxsize=1)
def _generated(today: date) -> tuple[tuple[generator.Generated, ...], bytes]:
    """The invented instances, and an index of them with the worklist of ``today``, serialized.

    They are the same for each archive of a process: made once, they cost the next one nothing.
    """
    instances = tuple(generator.instances())
    index = Index()
    with index.bulk():
        for number, one in enumerate(instances):
            index.add(one.header(), EXPLICIT_LE, f"{_GENERATED}{number}")
        for item in generator.worklist(today):
            index.add_step(item)
    filled = index.serialized()
    index.close()
    return instances, filled


class Contents:
    """The instances of the archive, with their index. ``skipped`` files were no instances."""

    def __init__(self) -> None:
        self.index = Index()
        self.skipped = 0
        self._received: tuple[Header, Received] | None = None
        self._generated: tuple[generator.Generated, ...] = ()

    def generate(self) -> None:
        """Fill it, which is empty, with the invented patients and their worklist."""
        self._generated, filled = _generated(datetime.now().astimezone().date())
        self.index.restore(filled)

    def scan(self, folder: Path) -> None:
        """Fill it with the files below ``folder``; links to folders are not followed. Blocking.

        Raises UnusableFile when the folder cannot be read.
        """
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            raise UnusableFile(
                f"{folder}: not a folder that can be read",
                path=str(folder),
                hint="name the folder that your DICOM files are in",
            )
        with self.index.bulk():
            for path in files_below(folder):
                if not self.add_file(path):
                    self.skipped += 1

    def add_file(self, path: Path, *, replace: bool = False) -> bool:
        """Take in one file by its header; False when it is no instance. Blocking.

        Of two instances of a UID the first is kept, or with ``replace`` the second.
        """
        try:
            instance = open_instance(path)
            syntax = instance.transfer_syntax
            header: Header | None = encoded_header(
                read_beginning(instance, _BEGINNING), instance.data_length, syntax
            )
            if header is None:
                header = DecodedHeader(read_header(instance))
            self.index.add_header(header, syntax, str(path), replace=replace)
        except (AssocshError, OSError):
            return False
        return True

    def add_received(self, received: Received, beginning: bytes) -> bool:
        """``add_file`` of one that was just written, in the place of any other of its UID.

        ``beginning`` is that of its data set, which mostly has all of the header: then the file is
        not read, and it is in the index before anything else is read from a peer.
        """
        self._take_in()  # what came last is to be the last
        header = None
        if received.duplicate != "identical":  # else the file is an older one
            header = encoded_header(beginning, received.size, received.transfer_syntax)
        if header is None:
            return self.add_file(received.path, replace=True)
        try:
            check_keys(header)
        except UsageError:
            return False
        # Its answer is on its way then, and the peer gets the next one ready.
        self._received = header, received
        asyncio.get_running_loop().call_soon(self._take_in)
        return True

    def _take_in(self) -> None:
        """Put the instance that was received last into the index, if it is not there yet."""
        if self._received is None:
            return
        (header, received), self._received = self._received, None
        self.index.add_header(header, received.transfer_syntax, str(received.path), replace=True)

    def request(
        self, stored: Stored, contexts: Iterable[ContextLike], originator: tuple[str, int] | None
    ) -> CStore:
        """The C-STORE of one instance in what ``contexts`` accept.

        Raises NoPresentationContext.
        """
        if not stored.location.startswith(_GENERATED):
            return CStore(stored.location, originator=originator)
        context = choose(contexts, stored.sop_class, EXPLICIT_LE)
        syntax = context.transfer_syntax or EXPLICIT_LE
        one = self._generated[int(stored.location.removeprefix(_GENERATED))]
        data = transcode_bytes(encode(one.dataset(), EXPLICIT_LE), EXPLICIT_LE, syntax)
        source = StoredData(stored.sop_class, stored.sop_instance, EncodedData(data, syntax))
        return CStore(source, originator=originator)

    def close(self) -> None:
        self.index.close()
