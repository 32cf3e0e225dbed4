"""What a film would look like: the images of a film box on one page, as a PNG (ISO/IEC 15948).

The page is small, ``DPI`` points to the inch: to be looked at, not to be read from.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DPI = 50
GAP = 4
"""Points between two images, and around them."""

_SIZES = {"24CMX24CM": (9.45, 9.45), "24CMX30CM": (9.45, 11.81), "A4": (8.27, 11.69)}
_SIZES["A3"] = (11.69, 16.54)
_USUAL = (14.0, 17.0)


class Pixels(NamedTuple):
    """One image, eight bits: a plane of gray, or red, green and blue one after the other."""

    rows: int
    columns: int
    samples: int
    data: bytes


class Unprintable(ValueError):
    """An image that is none (PS3.3 C.13.5); the message says which attribute is wrong."""


def pixels_of(image: Dataset) -> Pixels:
    """The image in an item of a Basic Image Sequence. Raises Unprintable."""
    values: dict[str, int] = {}
    for name in ("Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel"):
        value = image.get(name)
        if not isinstance(value, int) or value < 1:
            raise Unprintable(f"{name} of the image")
        values[name] = value
    rows, columns, samples = values["Rows"], values["Columns"], values["SamplesPerPixel"]
    wide = values["BitsAllocated"] == 16
    if samples not in (1, 3) or values["BitsStored"] not in (8, 12) or (wide and samples == 3):
        raise Unprintable("BitsStored 8 or 12, SamplesPerPixel 1 or 3")
    data = bytes(image.get("PixelData") or b"")
    size = rows * columns * samples * (2 if wide else 1)
    if not size <= len(data) <= size + 1:
        raise Unprintable(f"PixelData has {len(data)} bytes, not {size}")
    data = data[:size]
    if wide:
        shift = values["BitsStored"] - 8
        data = bytes(value >> shift & 0xFF for (value,) in struct.iter_unpack("<H", data))
    if samples == 3 and not image.get("PlanarConfiguration"):
        data = b"".join(data[sample::3] for sample in range(3))
    if image.get("PhotometricInterpretation") == "MONOCHROME1":
        data = data.translate(bytes(range(255, -1, -1)))
    return Pixels(rows, columns, samples, data)


def layout(text: str) -> tuple[int, int] | None:
    """Columns and rows of an Image Display Format; None for one that is not known here."""
    found = re.fullmatch(r"STANDARD\\([1-9]),([1-9])", text)
    return (int(found[1]), int(found[2])) if found else None


def compose(film_box: Dataset, images: Mapping[int, Pixels]) -> bytes:
    """The page as PNG: ``images`` by their Image Box Position, row by row from the left."""
    columns, rows = layout(str(film_box.get("ImageDisplayFormat", ""))) or (1, 1)
    width, height = _page(film_box)
    border = 255 if film_box.get("BorderDensity") == "WHITE" else 0
    empty = 255 if film_box.get("EmptyImageDensity") == "WHITE" else 0
    samples = max((one.samples for one in images.values()), default=1)
    planes = [[bytearray([border]) * width for _ in range(height)] for _ in range(samples)]
    cell = ((width - GAP) // columns - GAP, (height - GAP) // rows - GAP)
    for position in range(1, columns * rows + 1):
        left = GAP + (position - 1) % columns * (cell[0] + GAP)
        top = GAP + (position - 1) // columns * (cell[1] + GAP)
        image = images.get(position)
        for number, plane in enumerate(planes):
            if image is None:
                lines: Sequence[bytes] = [bytes([empty]) * cell[0]] * cell[1]
                at = (left, top)
            else:
                lines = _scaled(image, number, cell)
                at = (left + (cell[0] - len(lines[0])) // 2, top + (cell[1] - len(lines)) // 2)
            for line, pixels in enumerate(lines, at[1]):
                plane[line][at[0] : at[0] + len(pixels)] = pixels
    return png(width, height, planes)


def _page(film_box: Dataset) -> tuple[int, int]:
    """Width and height in points."""
    text = str(film_box.get("FilmSizeID", ""))
    inches = _SIZES.get(text, _USUAL)
    found = re.fullmatch(r"(\d{1,2})(?:_(\d))?INX(\d{1,2})IN", text)
    if found:
        inches = (float(f"{found[1]}.{found[2] or 0}"), float(found[3]))
    if film_box.get("FilmOrientation") == "LANDSCAPE":
        inches = inches[::-1]
    return round(inches[0] * DPI), round(inches[1] * DPI)


def _scaled(image: Pixels, sample: int, cell: tuple[int, int]) -> list[bytes]:
    """A plane of an image as large as the cell has room for, the nearest pixel for each point."""
    factor = min(cell[0] / image.columns, cell[1] / image.rows)
    width = max(1, min(cell[0], int(image.columns * factor)))
    height = max(1, min(cell[1], int(image.rows * factor)))
    across = [place * image.columns // width for place in range(width)]
    start = sample * image.rows * image.columns if image.samples == 3 else 0
    lines: dict[int, bytes] = {}
    found = []
    for place in range(height):
        row = place * image.rows // height
        if row not in lines:
            begin = start + row * image.columns
            source = image.data[begin : begin + image.columns]
            lines[row] = bytes(map(source.__getitem__, across))
        found.append(lines[row])
    return found


def png(width: int, height: int, planes: Sequence[Sequence[bytearray]]) -> bytes:
    """A PNG of one plane of gray or three of red, green and blue, eight bits each."""
    rows = bytearray()
    for line in range(height):
        rows.append(0)  # no filter
        if len(planes) == 1:
            rows += planes[0][line]
        else:
            mixed = bytearray(3 * width)
            for sample, plane in enumerate(planes):
                mixed[sample::3] = plane[line]
            rows += mixed
    kind = 0 if len(planes) == 1 else 2
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    resolution = round(DPI / 0.0254)
    physical = struct.pack(">IIB", resolution, resolution, 1)
    chunks = ((b"IHDR", head), (b"pHYs", physical), (b"IDAT", zlib.compress(bytes(rows), 6)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in (*chunks, (b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
