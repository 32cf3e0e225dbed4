"""Small synthetic images: ellipses on a background, computed row by row. No real anatomy."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence

from assocsh.records import NamedTuple


class Ellipse(NamedTuple):
    """An ellipse in fractions of the image, centre and half axes, and its pixel value."""

    y: float
    x: float
    height: float
    width: float
    value: int


def gray(rows: int, columns: int, background: int, shapes: Sequence[Ellipse]) -> bytes:
    """``rows`` x ``columns`` pixels of 16 bits, little endian; later shapes cover earlier ones."""
    image = array("H")
    for row in range(rows):
        line = array("H", [background]) * columns
        for shape in shapes:
            start, end = _span(shape, row, rows, columns)
            if start < end:
                line[start:end] = array("H", [shape.value]) * (end - start)
        image.extend(line)
    if sys.byteorder == "big":
        image.byteswap()
    return image.tobytes()


def rgb(rows: int, columns: int, background: int, shapes: Sequence[Ellipse]) -> bytes:
    """``rows`` x ``columns`` pixels of three bytes, gray but for the last shape, which is red."""
    image = bytearray()
    for row in range(rows):
        line = bytearray([background] * 3) * columns
        for shape in shapes:
            start, end = _span(shape, row, rows, columns)
            if start < end:
                color = [shape.value, 32, 32] if shape is shapes[-1] else [shape.value] * 3
                line[3 * start : 3 * end] = bytes(color) * (end - start)
        image += line
    return bytes(image)


def _span(shape: Ellipse, row: int, rows: int, columns: int) -> tuple[int, int]:
    """The columns of the shape in a row, as a half-open range."""
    distance = ((row + 0.5) / rows - shape.y) / shape.height
    if abs(distance) >= 1:
        return 0, 0
    half = shape.width * math.sqrt(1 - distance * distance)
    start = max(0, round((shape.x - half) * columns))
    return start, min(columns, round((shape.x + half) * columns))
