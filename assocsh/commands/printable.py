"""Which images a print job is of: those of files, and those of folders that can be printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from assocsh.commands.store import claims_dicom, find_files
from assocsh.errors import UnusableFile
from assocsh.records import NamedTuple
from assocsh.text.plural import plural


class Printable(NamedTuple):
    """One image: ``frame`` (from 1) of ``frames`` in a file."""

    path: Path
    frame: int
    frames: int
    in_colour: bool

    @property
    def name(self) -> str:
        """``ct.dcm``, ``us.dcm frame 3``."""
        return self.path.name if self.frames == 1 else f"{self.path.name} frame {self.frame}"


def printable(
    paths: Sequence[Path], frame: int | None, *, each: bool = False
) -> tuple[list[Printable], list[UnusableFile]]:
    """The images of ``paths``, and why files of folders are left out. Blocks.

    Of several frames the one that ``frame`` names, or ``each``. Raises UnusableFile for a file that
    was named and cannot be printed, and for folders that have no image.
    """
    from assocsh.datasets.picture import look_at

    found: list[Printable] = []
    left_out: list[UnusableFile] = []
    for file in find_files(paths, recursive=True):
        if not file.named and not claims_dicom(file.path):
            continue
        try:
            look = look_at(file.path)
            wanted = _frames(file.path, look.frames, frame, each=each)
        except UnusableFile as error:
            if file.named:
                raise
            left_out.append(error)
            continue
        found += [Printable(file.path, one, look.frames, look.in_colour) for one in wanted]
    if not found:
        named = ", ".join(map(str, paths))
        first = f"; the first: {left_out[0].message}" if left_out else ""
        raise UnusableFile(f"{named}: nothing in it can be printed{first}", path=named)
    return found, left_out


def _frames(path: Path, frames: int, frame: int | None, *, each: bool) -> Iterable[int]:
    """The numbers of the frames that are printed. Raises UnusableFile."""
    if each or (frames == 1 and frame is None):
        return range(1, frames + 1)
    if frame is None:
        raise UnusableFile(
            f"{path}: has {plural(frames, 'frame')}: which one is to be printed?",
            path=str(path),
            hint="--frame 1 prints the first, --frame all each of them",
        )
    if frame > frames:
        raise UnusableFile(f"{path}: has no frame {frame}, it has {frames}", path=str(path))
    return (frame,)
