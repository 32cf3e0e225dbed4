"""``--compare PATH`` of get and move: what arrived against the files that were sent once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError

if TYPE_CHECKING:
    from assocsh.datasets.compare import Originals
    from assocsh.results.arrivals import ReceivedFile

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

    async def finish(self, also: Callable[[str], None]) -> None:
        """Compare what arrived. Raises AssocshError that names the first difference.

        ``also`` is called with each difference after the first, in words that are not yet safe to
        print.
        """
        first = where = ""
        for file in self._arrived:
            difference = await asyncio.to_thread(self._originals.difference, Path(file.path))
            self.compared += 1
            if not difference:
                continue
            self.different += 1
            difference = f"{file.sop_instance}: {difference}"
            if self.different > 1:
                also(difference)
            else:
                first, where = difference, file.path
        if self.different:
            raise AssocshError(
                f"{self.different} of {self.compared} received "
                f"{'differs' if self.different == 1 else 'differ'} from {self.path}: {first}",
                hint=f"the received one is {where}; dcmdump shows every element",
            )

    @property
    def path(self) -> Path:
        """The file or folder that is compared with, as it was named."""
        return self._originals.path


async def comparison(path: Path) -> Comparison:
    """Look at the files to compare with. Raises UnusableFile when there are none."""
    from assocsh.datasets.compare import Originals

    return Comparison(await asyncio.to_thread(Originals, path))
