"""An image as it is shown: the window applied, eight or twelve bits, or red, green and blue.

What a printer is sent (PS3.3 C.13.5), from the pixels of a file (PS3.3 C.7.6.3, C.11.1, C.11.2).
Uncompressed ones need the standard library and no more; of the compressed ones those can be read
for which pydicom finds a decoder.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assocsh.errors import UnusableFile
from assocsh.uids import EXPLICIT_BE

if TYPE_CHECKING:
    from pydicom import Dataset

MOST_PIXELS = 100_000_000
"""Of one frame: more is no image that a film has room for, but may fill the memory."""

_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")


class Picture(NamedTuple):
    """``planes`` has one plane of gray, or one each of red, green and blue, row by row.

    A pixel is a byte with 8 bits, two in little endian order with 12; 0 is black.
    """

    rows: int
    columns: int
    bits: int
    planes: tuple[bytes, ...]

    @property
    def is_colour(self) -> bool:
        return len(self.planes) == 3


def read_picture(path: Path, *, frame: int = 1, bits: int = 8, colour: bool = False) -> Picture:
    """The image in a Part 10 file, ``frame`` of it (from 1). Blocks.

    ``colour`` gives three planes whatever the file has, otherwise there is one. Raises UnusableFile
    with the reason: no file of DICOM, no image, compressed, a kind of pixels not known here.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        dataset = dcmread(path)
    except InvalidDicomError:
        raise _unusable(path, "is no DICOM file") from None
    except IsADirectoryError:
        raise _unusable(path, "is a folder", "name the images in it") from None
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except Exception as error:  # pydicom raises whatever a broken file leads to
        raise _unusable(path, f"cannot be read: {error}") from error
    if "PixelData" not in dataset:
        raise _unusable(path, "has no image")
    try:
        return _Reading(dataset, path, bits).picture(frame, colour)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise _unusable(path, f"its image cannot be read: {error}") from error


def _unusable(path: Path, what: str, hint: str = "") -> UnusableFile:
    return UnusableFile(f"{path}: {what}", path=str(path), hint=hint)


class _Reading:
    """One image on its way; what the attributes lack is what PS3.3 has as the usual case."""

    def __init__(self, dataset: Dataset, path: Path, bits: int) -> None:
        self._dataset = dataset
        self._path = path
        self._bits = bits
        self._rows, self._columns = int(dataset.Rows), int(dataset.Columns)
        self._kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
        if not 0 < self._rows * self._columns <= MOST_PIXELS:
            raise _unusable(path, f"{self._columns} x {self._rows} pixels are no image")

    def picture(self, frame: int, colour: bool) -> Picture:
        frames = int(self._dataset.get("NumberOfFrames") or 1)
        if not 1 <= frame <= frames:
            raise _unusable(self._path, f"has no frame {frame}, it has {frames}")
        allocated = int(self._dataset.BitsAllocated)
        if allocated not in (8, 16):
            raise _unusable(self._path, f"pixels of {allocated} bits cannot be printed")
        pixels, planar = self._pixels(frame, allocated)
        samples = int(self._dataset.get("SamplesPerPixel", 1))
        if samples == 1 and self._kind in _MONOCHROME:
            planes: tuple[bytes, ...] = (self._windowed(pixels, allocated),)
        elif samples == 3 and allocated == 8 and self._kind in ("RGB", "YBR_FULL"):
            planes = self._samples(pixels, planar)
            if self._kind == "YBR_FULL":
                planes = _to_rgb(planes)
            planes = planes if colour else (_luminance(planes),)
        else:
            raise _unusable(
                self._path,
                f"{self._kind} of {samples} samples and {allocated} bits cannot be printed",
                "MONOCHROME1, MONOCHROME2, RGB and YBR_FULL can",
            )
        if self._bits > 8 and self._kind not in _MONOCHROME:
            planes = tuple(_deeper(plane) for plane in planes)
        if colour and len(planes) == 1:
            planes *= 3
        return Picture(self._rows, self._columns, self._bits, planes)

    def _pixels(self, frame: int, allocated: int) -> tuple[bytes, bool]:
        """The bytes of one frame in little endian order, and whether they are plane by plane."""
        from pydicom.pixels.decoders.base import get_decoder

        syntax = self._dataset.file_meta.TransferSyntaxUID
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            decoder = None
        if decoder is None or not decoder.is_available:
            raise _unusable(
                self._path,
                f"is {syntax.name}: there is nothing here that decompresses it",
                "print an uncompressed copy (dcmdjpeg, gdcmconv --raw), or install a decoder that "
                "pydicom finds",
            )
        try:
            found, about = decoder.as_buffer(self._dataset, index=frame - 1, raw=True)
        except Exception as error:  # a decoder raises whatever broken data lead to
            raise _unusable(self._path, f"its image cannot be read: {error}") from error
        data = bytes(found)
        samples = int(self._dataset.get("SamplesPerPixel", 1))
        expected = self._rows * self._columns * samples * allocated // 8
        if len(data) < expected:
            raise _unusable(self._path, f"its image is cut off: {len(data)} of {expected} bytes")
        if allocated == 16 and syntax == EXPLICIT_BE:
            swapped = array("H", data[:expected])
            swapped.byteswap()
            data = swapped.tobytes()
        return data[:expected], int(about.get("planar_configuration") or 0) == 1

    def _samples(self, pixels: bytes, planar: bool) -> tuple[bytes, ...]:
        if not planar:
            return tuple(pixels[sample::3] for sample in range(3))
        size = self._rows * self._columns
        return tuple(pixels[place * size : (place + 1) * size] for place in range(3))

    def _windowed(self, pixels: bytes, allocated: int) -> bytes:
        """Modality and VOI transformation by a table of every value that a pixel may have."""
        if allocated == 16:
            values: Sequence[int] = array("H", pixels)
            if sys.byteorder == "big":
                values.byteswap()  # type: ignore[attr-defined]
        else:
            values = pixels
        top = (1 << self._bits) - 1
        shown = self._table(set(values), allocated, top)
        if top == 255:
            table = bytes(shown)
            return (
                pixels.translate(table) if allocated == 8 else bytes(map(table.__getitem__, values))
            )
        deep = array("H", map(shown.__getitem__, values))
        if sys.byteorder == "big":
            deep.byteswap()
        return deep.tobytes()

    def _table(self, used: set[int], allocated: int, top: int) -> list[int]:
        dataset = self._dataset
        stored = int(dataset.get("BitsStored", allocated))
        shift = int(dataset.get("HighBit", stored - 1)) + 1 - stored
        sign = 1 << stored - 1 if int(dataset.get("PixelRepresentation", 0)) else 0
        mask = (1 << stored) - 1
        slope = float(dataset.get("RescaleSlope", 1) or 1)
        intercept = float(dataset.get("RescaleIntercept", 0) or 0)

        def output(raw: int) -> float:
            value = raw >> shift & mask
            return ((value ^ sign) - sign) * slope + intercept

        centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
        if centre is None or width is None or width < 1:
            values = [output(raw) for raw in used]
            low, high = min(values), max(values)
        else:  # PS3.3 C.11.2.1.2.1
            low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
        span = high - low
        inverse = self._kind == "MONOCHROME1"
        table = []
        for raw in range(1 << allocated):
            value = output(raw)
            level = round((value - low) * top / span) if span > 0 else top * (value > low)
            level = max(0, min(top, level))
            table.append(top - level if inverse else level)
        return table


def _first(value: Any) -> float | None:
    """The first of one value or several; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = next(iter(value), None)
    return None if value is None else float(value)


def _luminance(planes: Sequence[bytes]) -> bytes:
    """What is seen of a colour without colour (the Y of PS3.3 C.7.6.3.1.2)."""
    return bytes(
        (299 * r + 587 * g + 114 * b + 500) // 1000 for r, g, b in zip(*planes, strict=True)
    )


def _to_rgb(planes: Sequence[bytes]) -> tuple[bytes, ...]:
    """YBR_FULL as RGB (PS3.3 C.7.6.3.1.2)."""
    made = (bytearray(), bytearray(), bytearray())
    for y, b, r in zip(*planes, strict=True):
        blue, red = b - 128, r - 128
        levels = (y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue)
        for plane, level in zip(made, levels, strict=True):
            plane.append(max(0, min(255, round(level))))
    return tuple(map(bytes, made))


def _deeper(plane: bytes) -> bytes:
    """Eight bits as twelve."""
    deep = array("H", (value * 4095 // 255 for value in plane))
    if sys.byteorder == "big":
        deep.byteswap()
    return deep.tobytes()
