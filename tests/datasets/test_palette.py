"""Palette colour and halved chrominance: each pixel as DCMTK's dcm2pnm shows it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from assocsh.datasets.palette import COLOURS, tables
from assocsh.datasets.picture import look_at, read_picture
from assocsh.errors import UnusableFile
from tests.datasets.test_picture import EIGHT, image_file
from tests.peers.programs import need


def pnm_pixels(path: Path) -> bytes:
    """The samples of a raw PGM or PPM: what follows four words."""
    data, at = path.read_bytes(), 0
    for _ in range(4):
        while data[at : at + 1].isspace() or data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1 if data[at : at + 1] == b"#" else at + 1
        while not data[at : at + 1].isspace():
            at += 1
    return data[at + 1 :]


@pytest.mark.peer("dcm2pnm")
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("examples_palette.dcm", 0),
        ("OBXXXX1A.dcm", 0),
        ("OBXXXX1A_expb.dcm", 0),  # big endian: two pixels of eight bits in a word
        ("OBXXXX1A_rle.dcm", 0),
        ("examples_rgb_color.dcm", 0),
        ("SC_rgb_rle.dcm", 0),
        ("SC_ybr_full_uncompressed.dcm", 2),  # rounded otherwise
        ("SC_ybr_full_422_uncompressed.dcm", 2),
    ],
)
def test_colours_are_those_of_dcm2pnm(name: str, most: int, tmp_path: Path) -> None:
    program = need("dcm2pnm")
    file = get_testdata_file(name)
    assert isinstance(file, str)
    path = Path(file)
    shown = tmp_path / "shown.ppm"
    subprocess.run([program, path, shown], check=True, capture_output=True, timeout=30)
    assert look_at(path).in_colour
    picture = read_picture(path, colour=True)
    mine = bytes(value for pixel in zip(*picture.planes, strict=True) for value in pixel)
    theirs = pnm_pixels(shown)
    assert len(mine) == len(theirs) and len(set(theirs)) > 2
    assert max(abs(a - b) for a, b in zip(mine, theirs, strict=True)) <= most


def paletted(folder: Path, pixels: bytes, table: bytes, **more: Any) -> Path:
    """An image whose palettes are all ``table``, or as ``more`` has it."""
    kept = {
        "PhotometricInterpretation": "PALETTE COLOR",
        **{f"{colour}PaletteColorLookupTableDescriptor": [4, 0, 16] for colour in COLOURS},
        **{f"{colour}PaletteColorLookupTableData": table for colour in COLOURS},
    }
    return image_file(folder, pixels, **{**EIGHT, **kept, **more})


def levels(path: Path) -> tuple[bytes, ...]:
    return read_picture(path, colour=True).planes


def test_values_beside_the_table_have_its_ends(tmp_path: Path) -> None:
    table = struct.pack("<4H", 0x1000, 0x2000, 0x3000, 0x4000)
    descriptors = {f"{colour}PaletteColorLookupTableDescriptor": [4, 10, 16] for colour in COLOURS}
    path = paletted(tmp_path, bytes([0, 10, 12, 255]), table, **descriptors)
    assert levels(path) == (b"\x10\x10\x30\x40",) * 3


@pytest.mark.parametrize("table", [b"\x01\x02\x03\x04", b"\x01\x00\x02\x00\x03\x00\x04\x00"])
def test_entries_of_eight_bits_as_bytes_or_as_words(table: bytes, tmp_path: Path) -> None:
    descriptors = {f"{colour}PaletteColorLookupTableDescriptor": [4, 0, 8] for colour in COLOURS}
    path = paletted(tmp_path, bytes([3, 2, 1, 0]), table, **descriptors)
    assert levels(path) == (b"\x04\x03\x02\x01",) * 3


def test_gray_of_a_palette_is_its_luminance(tmp_path: Path) -> None:
    table = struct.pack("<4H", 0, 0x4000, 0x8000, 0xFF00)
    path = paletted(tmp_path, bytes([0, 1, 2, 3]), table)
    assert read_picture(path).planes == (b"\x00\x40\x80\xff",)


SEGMENTS = [
    # discrete, then linear to the last value (PS3.3 C.7.9.2.1, C.7.9.2.2)
    ((0, 2, 0x0100, 0x0200, 1, 2, 0x0400), b"\x01\x02\x03\x04"),
    # the discrete segment once more: indirect, one segment at byte 0 (C.7.9.2.3)
    ((0, 2, 0x0100, 0x0200, 2, 1, 0, 0), b"\x01\x02\x01\x02"),
]


@pytest.mark.parametrize(("words", "shown"), SEGMENTS)
@pytest.mark.parametrize("big_endian", [False, True])
def test_segmented(words: tuple[int, ...], shown: bytes, big_endian: bool, tmp_path: Path) -> None:
    packed = struct.pack(f"{'>' if big_endian else '<'}{len(words)}H", *words)
    more = {f"{colour}PaletteColorLookupTableData": None for colour in COLOURS}
    more |= {f"Segmented{colour}PaletteColorLookupTableData": packed for colour in COLOURS}
    syntax = ExplicitVRBigEndian if big_endian else ExplicitVRLittleEndian
    path = paletted(tmp_path, bytes([0, 1, 2, 3]), b"", syntax=syntax, **more)
    assert levels(path) == (shown,) * 3


def test_a_segmented_palette_of_a_real_image() -> None:
    """Of pydicom's data: gray but for a few colours of its letters and marks."""
    file = get_testdata_file("gdcm-US-ALOKA-16.dcm")
    assert isinstance(file, str)
    red, green, blue = read_picture(Path(file), colour=True).planes
    gray = sum(r == g == b for r, g, b in zip(red, green, blue, strict=True))
    assert 0.7 * len(red) < gray < len(red)
    other = get_testdata_file("gdcm-US-ALOKA-16_big.dcm")
    assert isinstance(other, str)
    assert read_picture(Path(other), colour=True).planes == (red, green, blue)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"RedPaletteColorLookupTableDescriptor": None}, "red palette has no descriptor"),
        ({"BluePaletteColorLookupTableDescriptor": [4, 0, 12]}, "entries of 12 bits"),
        ({"GreenPaletteColorLookupTableDescriptor": [5, 0, 16]}, "has 4 of 5 entries"),
        ({"GreenPaletteColorLookupTableData": None}, "green palette has no table"),
    ],
)
def test_what_is_wrong_with_a_palette_is_said(
    more: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = paletted(tmp_path, bytes(4), bytes(8), **more)
    with pytest.raises(UnusableFile, match=says):
        read_picture(path)


@pytest.mark.parametrize(
    "words",
    [
        (1, 2, 5),  # linear from nowhere
        (7, 1, 1),  # no such kind
        (0, 1, 9, 2, 2, 0, 0),  # an indirect one that leads to itself
        (0, 1, 1, *(1, 0xFFFF, 2) * 2),  # more than any table has
    ],
)
def test_segments_that_mean_nothing(words: tuple[int, ...], tmp_path: Path) -> None:
    from pydicom import dcmread

    more = {f"{colour}PaletteColorLookupTableData": None for colour in COLOURS}
    packed = struct.pack(f"<{len(words)}H", *words)
    more |= {f"Segmented{colour}PaletteColorLookupTableData": packed for colour in COLOURS}
    path = paletted(tmp_path, bytes(4), b"", **more)
    with pytest.raises(ValueError, match=r"segmented palette|has 1 of 4"):
        tables(dcmread(path), big_endian=False)
