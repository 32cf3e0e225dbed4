"""An image as it is shown: the window applied, eight or twelve bits, or red, green and blue.

What a printer is sent (PS3.3 C.13.5), from the pixels of a file (PS3.3 C.7.6.3, C.11.1, C.11.2).
Uncompressed ones need the standard library and no more; of the compressed ones those can be read
for which pydicom finds a decoder.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.errors import UnusableFile
from assocsh.records import NamedTuple
from assocsh.text.plural import plural
from assocsh.uids import EXPLICIT_BE

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

MOST_PIXELS = 100_000_000
"""Of one frame: more is no image that a film has room for, but may fill the memory."""

DEFERRED = 64 * 1024
"""Bytes of a value that are not read while only attributes are looked at."""

_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_PALETTE, _FULL, _HALVED = "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"
_THREE = ("RGB", _FULL, _HALVED)


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


class Look(NamedTuple):
    """What a file holds, before its pixels are read."""

    frames: int
    in_colour: bool


def look_at(path: Path) -> Look:
    """Whether there is an image in a Part 10 file that can be printed. Blocks.

    Raises UnusableFile as ``read_picture``, but for what only its pixels tell.
    """
    return _Reading(_opened(path, defer_size=DEFERRED), path, 8).look


def read_picture(path: Path, *, frame: int = 1, bits: int = 8, colour: bool = False) -> Picture:
    """The image in a Part 10 file, ``frame`` of it (from 1). Blocks.

    ``colour`` gives three planes of eight bits whatever the file has, otherwise there is one.
    Raises UnusableFile with the reason: no file of DICOM, no image, compressed, a kind of pixels
    not known here.
    """
    dataset = _opened(path)
    try:
        return _Reading(dataset, path, 8 if colour else bits).picture(frame, colour)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise _unusable(path, f"its image cannot be read: {error}") from error


def _opened(path: Path, *, defer_size: int | None = None) -> Dataset:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        dataset = dcmread(path, defer_size=defer_size)
    except InvalidDicomError:
        raise _unusable(path, "is no DICOM file") from None
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except Exception as error:  # pydicom raises whatever a broken file leads to
        raise _unusable(path, f"cannot be read: {error}") from error
    if "PixelData" not in dataset:
        raise _unusable(path, "has no image")
    return dataset


def _unusable(path: Path, what: str, hint: str = "") -> UnusableFile:
    return UnusableFile(f"{path}: {what}", path=str(path), hint=hint)


class _Reading:
    """One image on its way; what the attributes lack is what PS3.3 has as the usual case.

    Raises UnusableFile for what cannot be printed.
    """

    def __init__(self, dataset: Dataset, path: Path, bits: int) -> None:
        self._dataset = dataset
        self._path = path
        self._bits = bits
        try:
            self._rows, self._columns = int(dataset.Rows), int(dataset.Columns)
            self._allocated = int(dataset.BitsAllocated)
            self._frames = int(dataset.get("NumberOfFrames") or 1)
            self._samples = int(dataset.get("SamplesPerPixel", 1))
            self._kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
        except (AttributeError, TypeError, ValueError) as error:
            raise _unusable(path, f"its image cannot be read: {error}") from error
        if not 0 < self._rows * self._columns <= MOST_PIXELS:
            raise _unusable(path, f"{self._columns} x {self._rows} pixels are no image")
        self._check()

    def _check(self) -> None:
        if self._allocated not in (8, 16):
            bits = plural(self._allocated, "bit")
            raise _unusable(
                self._path, f"pixels of {bits} cannot be printed", "8 or 16 bits allocated can"
            )
        one = self._samples == 1 and self._kind in (*_MONOCHROME, _PALETTE)
        three = self._samples == 3 and self._allocated == 8 and self._kind in _THREE
        if not one and not three:
            samples = plural(self._samples, "sample")
            raise _unusable(
                self._path,
                f"{self._kind} of {samples} and {self._allocated} bits cannot be printed",
                "MONOCHROME1, MONOCHROME2 and PALETTE COLOR can, and RGB, YBR_FULL and "
                "YBR_FULL_422 of 8 bits",
            )
        syntax, decoder = self._decoder()
        if decoder is None:
            raise _unusable(
                self._path,
                f"is {syntax.name}: there is nothing here that decompresses it",
                "print an uncompressed copy (dcmdjpeg, gdcmconv --raw), or install a decoder that "
                "pydicom finds",
            )

    @property
    def look(self) -> Look:
        return Look(self._frames, self._kind not in _MONOCHROME)

    def picture(self, frame: int, colour: bool) -> Picture:
        if not 1 <= frame <= self._frames:
            raise _unusable(self._path, f"has no frame {frame}, it has {self._frames}")
        pixels, kind, planar = self._pixels(frame)
        if kind in _MONOCHROME:
            planes: tuple[bytes, ...] = (self._windowed(pixels, self._allocated),)
        else:
            planes = self._coloured(pixels, kind, planar)
            if not colour:
                gray = _luminance(planes)
                planes = (_deeper(gray) if self._bits > 8 else gray,)
        if colour and len(planes) == 1:
            planes *= 3
        return Picture(self._rows, self._columns, self._bits, planes)

    def _decoder(self) -> tuple[UID, Decoder | None]:
        from pydicom.pixels.decoders.base import get_decoder

        syntax = self._dataset.file_meta.TransferSyntaxUID
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            return syntax, None
        return syntax, decoder if decoder.is_available else None

    def _pixels(self, frame: int) -> tuple[bytes, str, bool]:
        """The bytes of one frame in little endian order, their kind, whether plane by plane.

        Decompressed pixels need not be of the kind that the file names.
        """
        syntax, decoder = self._decoder()
        assert decoder is not None  # it was looked for before
        try:
            found, about = decoder.as_buffer(self._dataset, index=frame - 1, raw=True)
        except Exception as error:  # a decoder raises whatever broken data lead to
            raise _unusable(self._path, f"its image cannot be read: {error}") from error
        data = bytes(found)
        kind = str(about.get("photometric_interpretation") or self._kind)
        expected = self._rows * self._columns * self._samples * self._allocated // 8
        halved = kind == _HALVED and len(data) < expected
        if halved:  # two of four values are of two pixels (PS3.3 C.7.6.3.1.2)
            expected = self._rows * self._columns * 2
        if len(data) < expected:
            raise _unusable(self._path, f"its image is cut off: {len(data)} of {expected} bytes")
        words = self._allocated == 16 or self._dataset["PixelData"].VR == "OW"
        if words and syntax == EXPLICIT_BE:  # of eight bits there are two in a word (PS3.5 8.1.1)
            swapped = array("H", data[:expected] + bytes(expected % 2))
            swapped.byteswap()
            data = swapped.tobytes()
        if kind == _HALVED and not halved:
            kind = _FULL
        return data[:expected], kind, int(about.get("planar_configuration") or 0) == 1

    def _coloured(self, pixels: bytes, kind: str, planar: bool) -> tuple[bytes, ...]:
        """Red, green and blue, eight bits each."""
        if kind == _PALETTE:
            return self._through_palette(pixels)
        size = self._rows * self._columns
        if kind == _HALVED:
            bright = bytearray(size)
            bright[0::2], bright[1::2] = pixels[0::4], pixels[1::4]
            planes: tuple[bytes, ...] = (
                bytes(bright),
                _doubled(pixels[2::4]),
                _doubled(pixels[3::4]),
            )
        elif planar:
            planes = tuple(pixels[place * size : (place + 1) * size] for place in range(3))
        else:
            planes = tuple(pixels[sample::3] for sample in range(3))
        return planes if kind == "RGB" else _to_rgb(planes)

    def _through_palette(self, pixels: bytes) -> tuple[bytes, ...]:
        from assocsh.datasets.palette import tables

        big_endian = self._dataset.file_meta.TransferSyntaxUID == EXPLICIT_BE
        values = self._values(pixels, self._allocated)
        stored = self._stored(self._allocated)
        planes = []
        for table in tables(self._dataset, big_endian=big_endian):
            levels = {value: table.level(stored(value)) for value in set(values)}
            planes.append(bytes(map(levels.__getitem__, values)))
        return tuple(planes)

    @staticmethod
    def _values(pixels: bytes, allocated: int) -> Sequence[int]:
        """Each pixel as a number."""
        if allocated == 8:
            return pixels
        values = array("H", pixels)
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def _stored(self, allocated: int) -> Callable[[int], int]:
        """From the bits of a pixel to the value that is stored in them (PS3.5 8.1.1)."""
        dataset = self._dataset
        stored = int(dataset.get("BitsStored", allocated))
        shift = int(dataset.get("HighBit", stored - 1)) + 1 - stored
        sign = 1 << stored - 1 if int(dataset.get("PixelRepresentation", 0)) else 0
        mask = (1 << stored) - 1
        return lambda raw: ((raw >> shift & mask) ^ sign) - sign

    def _windowed(self, pixels: bytes, allocated: int) -> bytes:
        """Modality and VOI transformation by a table of every value that a pixel may have."""
        values = self._values(pixels, allocated)
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
        dataset, stored = self._dataset, self._stored(allocated)
        slope = float(dataset.get("RescaleSlope", 1) or 1)
        intercept = float(dataset.get("RescaleIntercept", 0) or 0)

        def output(raw: int) -> float:
            return stored(raw) * slope + intercept

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


def _doubled(values: bytes) -> bytes:
    """Each value twice."""
    made = bytearray(2 * len(values))
    made[0::2] = made[1::2] = values
    return bytes(made)


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
