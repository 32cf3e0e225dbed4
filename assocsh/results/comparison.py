"""``--compare PATH`` of get and move: what arrived against the files that were sent once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError
from assocsh.output.sink import Kind
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.datasets.compare import Originals
    from assocsh.output.presenter import ReceivedFile
    from assocsh.results.request import RequestRecord
    from assocsh.session.session import Session

TOLD = 20
"""Differences that are told one by one."""

LATE = 5.0
"""Seconds for what a peer delivers after it has said that it had delivered it."""


class Comparison:
    """The instances of one request, and how many were ``compared`` and found ``different``."""

    def __init__(self, originals: Originals) -> None:
        self.compared = 0
        self.different = 0
        self._originals = originals
        self._arrived: list[ReceivedFile] = []
        self._more = asyncio.Event()

    def add(self, file: ReceivedFile) -> None:
        """An instance that arrived for the request, and is on disk."""
        self._arrived.append(file)
        self._more.set()

    async def wait_for(self, count: int) -> None:
        """Until ``count`` instances have arrived, or nothing came for ``LATE`` seconds."""
        while len(self._arrived) < count:
            self._more.clear()
            try:
                async with asyncio.timeout(LATE):
                    await self._more.wait()
            except TimeoutError:
                return

    async def finish(self, session: Session, record: RequestRecord) -> None:
        """Compare them. Raises AssocshError that names the first difference."""
        first = where = ""
        for file in self._arrived:
            told = await asyncio.to_thread(self._originals.difference, Path(file.path))
            self.compared += 1
            if not told:
                continue
            self.different += 1
            told = f"{file.sop_instance}: {told}"
            first, where = first or told, where or file.path
            if 1 < self.different <= TOLD:
                session.note(f"#{record.number} different: {cell(told, 1000)}", Kind.WARNING)
        path = self._originals.path
        if self.different:
            raise AssocshError(
                f"{self.different} of {self.compared} received "
                f"{'differs' if self.different == 1 else 'differ'} from {path}: {first}",
                hint=f"the received one is {where}; dcmdump shows every element",
            )
        if not self.compared and record.category != "Failure":
            raise AssocshError(f"nothing arrived to compare with {path}")


async def comparison(path: Path) -> Comparison:
    """Look at the files to compare with. Raises UnusableFile when there are none."""
    from assocsh.datasets.compare import Originals

    return Comparison(await asyncio.to_thread(Originals, path))
