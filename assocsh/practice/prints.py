"""Where the practice printer puts its films: a folder with a PNG for each sheet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.datasets.folders import make_private
from assocsh.errors import UnusableFile
from assocsh.practice.film import Pixels, compose

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Say = Callable[[str], object]


class Prints:
    """Sheets become ``film-1.png``, ``film-2.png`` in ``folder``; what is there already stays.

    ``say`` is told of each. Raises UnusableFile for a folder that cannot be made.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._last = 0
        try:
            make_private(folder)
        except OSError as error:
            raise UnusableFile(
                f"{folder}: prints cannot be kept there: {error.strerror or error}",
                path=str(folder),
            ) from error

    async def sheet(self, film_box: Dataset, images: Mapping[int, Pixels], copies: int) -> None:
        """Compose one sheet and write it; what goes wrong is said, the film is printed all the
        same."""
        try:
            path = await asyncio.to_thread(self._write, film_box, images)
        except OSError as error:
            self._say(f"the practice printer is out of paper: {error.strerror or error}")
            return
        more = f", {copies} copies" if copies > 1 else ""
        self._say(f"the practice printer printed {path}{more}")

    def _write(self, film_box: Dataset, images: Mapping[int, Pixels]) -> Path:
        page = compose(film_box, images)
        while True:
            self._last += 1
            path = self._folder / f"film-{self._last}.png"
            try:
                made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(made, "wb") as file:
                file.write(page)
            return path
