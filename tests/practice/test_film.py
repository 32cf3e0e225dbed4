"""The practice printer: its pages looked at pixel by pixel, its statuses, what it refuses."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest
from pydicom import Dataset

from assocsh.datasets.identifiers import dataset_from
from assocsh.practice.film import Pixels, Unprintable, compose, pixels_of
from assocsh.practice.prints import Prints


class Page(NamedTuple):
    width: int
    height: int
    samples: int
    rows: list[bytes]

    def at(self, x: int, y: int) -> tuple[int, ...]:
        return tuple(self.rows[y][x * self.samples : (x + 1) * self.samples])


def read_png(data: bytes) -> Page:
    """A PNG of eight bits without filters, its checksums looked at (ISO/IEC 15948 5.3)."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        assert check == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert next(iter(chunks)) == b"IHDR" and list(chunks)[-1] == b"IEND"
    width, height, depth, kind_of, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    samples = {0: 1, 2: 3}[kind_of]
    raw = zlib.decompress(chunks[b"IDAT"])
    size = width * samples + 1
    assert len(raw) == size * height
    lines = [raw[start : start + size] for start in range(0, len(raw), size)]
    assert {line[0] for line in lines} == {0}
    return Page(width, height, samples, [line[1:] for line in lines])


def box(**attributes: str) -> Dataset:
    return dataset_from(
        {"ImageDisplayFormat": r"STANDARD\2,1", "FilmSizeID": "8INX10IN"} | attributes
    )


def gray(value: int) -> Pixels:
    return Pixels(2, 2, 1, bytes([value]) * 4)


def test_images_stand_in_their_places() -> None:
    page = read_png(compose(box(), {1: gray(100), 2: gray(200)}))
    assert (page.width, page.height, page.samples) == (400, 500, 1)
    assert (page.at(100, 250), page.at(300, 250)) == ((100,), (200,))
    # square images in a high place: above and below them is film
    assert (page.at(100, 5), page.at(100, 495)) == ((0,), (0,))


@pytest.mark.parametrize(
    ("attributes", "size", "corner", "empty"),
    [
        ({"FilmOrientation": "LANDSCAPE"}, (500, 400), 0, 0),
        ({"BorderDensity": "WHITE"}, (400, 500), 255, 0),
        ({"EmptyImageDensity": "WHITE"}, (400, 500), 0, 255),
        ({"FilmSizeID": "8_5INX11IN"}, (425, 550), 0, 0),
        ({"FilmSizeID": "A4"}, (414, 584), 0, 0),
        ({"FilmSizeID": "HUGE"}, (700, 850), 0, 0),
    ],
)
def test_what_the_film_box_says(
    attributes: dict[str, str], size: tuple[int, int], corner: int, empty: int
) -> None:
    page = read_png(compose(box(**attributes), {1: gray(100)}))
    assert (page.width, page.height) == size
    assert page.at(0, 0) == (corner,)
    assert page.at(page.width * 3 // 4, page.height // 2) == (empty,)


def test_colour_beside_gray() -> None:
    red = Pixels(2, 2, 3, bytes([255] * 4 + [0] * 8))
    page = read_png(compose(box(), {1: red, 2: gray(200)}))
    assert page.samples == 3
    assert (page.at(100, 250), page.at(300, 250)) == ((255, 0, 0), (200, 200, 200))


def image(**attributes: object) -> Dataset:
    usual = {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 1,
        "Columns": 2,
        "BitsAllocated": 8,
        "BitsStored": 8,
    }
    made = dataset_from(usual | {k: v for k, v in attributes.items() if k != "PixelData"})
    made.add_new("PixelData", "OW", attributes.get("PixelData", b"\x00\xff"))
    return made


def test_images_of_every_kind() -> None:
    assert pixels_of(image()).data == b"\x00\xff"
    assert pixels_of(image(PhotometricInterpretation="MONOCHROME1")).data == b"\xff\x00"
    deep = image(BitsAllocated=16, BitsStored=12, PixelData=struct.pack("<2H", 0x0FFF, 0x0800))
    assert pixels_of(deep).data == b"\xff\x80"
    mixed = image(SamplesPerPixel=3, PlanarConfiguration=0, PixelData=b"\1\2\3\4\5\6")
    assert pixels_of(mixed).data == b"\1\4\2\5\3\6"


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"Rows": 0}, "Rows"),
        ({"PixelData": b"\0" * 7}, "7 bytes, not 2"),
        ({"BitsStored": 10}, "BitsStored"),
        ({"SamplesPerPixel": 2}, "SamplesPerPixel"),
    ],
)
def test_images_that_are_none(attributes: dict[str, object], says: str) -> None:
    with pytest.raises(Unprintable, match=says):
        pixels_of(image(**attributes))


async def test_what_is_in_the_folder_stays(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "films"
    prints = Prints(folder, said.append)
    (folder / "film-1.png").write_text("mine")
    await prints.sheet(box(), {1: gray(1)}, 2)
    assert (folder / "film-1.png").read_text() == "mine"
    assert read_png((folder / "film-2.png").read_bytes()).width == 400
    assert said == [f"the practice printer printed {folder / 'film-2.png'}, 2 copies"]
    assert (folder / "film-2.png").stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    await prints.sheet(box(), {1: gray(1)}, 1)
    assert "out of paper" in said[-1]
