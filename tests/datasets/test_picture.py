"""Images as they are printed: windows, depths, colours, and what cannot be printed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from assocsh.datasets.picture import read_picture
from assocsh.errors import UnusableFile


def image_file(
    folder: Path, pixels: bytes, syntax: UID = ExplicitVRLittleEndian, **attributes: Any
) -> Path:
    """A file of 2 x 2 pixels, signed 16 bit MONOCHROME2 where ``attributes`` do not say others."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID("1.2.840.10008.5.1.4.1.1.7"), UID("1.2.3")
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.add_new("PixelData", "OB" if dataset.BitsAllocated == 8 else "OW", pixels)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    path = folder / "image.dcm"
    if syntax.is_encapsulated:
        dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    return path


EIGHT = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
COLOUR = {**EIGHT, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}


@pytest.mark.parametrize(
    ("values", "attributes", "shown"),
    [
        # without a window from the least to the most
        ((100, 200, 150, 100), {}, (0, 255, 128, 0)),
        ((7, 7, 7, 7), {}, (0, 0, 0, 0)),
        # PS3.3 C.11.2.1.2.1: below, above and within
        (
            (0, 4095, 1024, 2000),
            {"WindowCenter": "1024.5", "WindowWidth": "2049"},
            (0, 255, 128, 249),
        ),
        # of several windows the first; a width of 1 is a threshold
        (
            (0, 9, 10, 11),
            {"WindowCenter": ["10", "50"], "WindowWidth": ["1", "2"]},
            (0, 0, 255, 255),
        ),
        # signed, in fewer bits than allocated, and into Hounsfield units
        (
            (0xF000, 0x0800, 0x0FFF, 0x07FF),
            {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1, "RescaleSlope": "2",
             "RescaleIntercept": "-10"},
            (128, 0, 127, 255),
        ),
        ((0, 1, 2, 3), {"PhotometricInterpretation": "MONOCHROME1"}, (255, 170, 85, 0)),
    ],
)  # fmt: skip
def test_sixteen_bits(
    tmp_path: Path, values: tuple[int, ...], attributes: dict[str, Any], shown: tuple[int, ...]
) -> None:
    picture = read_picture(image_file(tmp_path, struct.pack("<4H", *values), **attributes))
    assert (picture.rows, picture.columns, picture.bits, picture.is_colour) == (2, 2, 8, False)
    assert tuple(picture.planes[0]) == shown


def test_twelve_bits_and_three_planes_of_gray(tmp_path: Path) -> None:
    path = image_file(tmp_path, struct.pack("<4H", 0, 10, 5, 10))
    assert read_picture(path, bits=12).planes == (struct.pack("<4H", 0, 4095, 2048, 4095),)
    assert read_picture(path, colour=True).planes == (bytes((0, 255, 128, 255)),) * 3


def test_eight_bits(tmp_path: Path) -> None:
    path = image_file(tmp_path, bytes((0, 64, 128, 255)), **EIGHT)
    assert read_picture(path).planes == (bytes((0, 64, 128, 255)),)


def test_big_endian(tmp_path: Path) -> None:
    path = image_file(tmp_path, struct.pack(">4H", 0, 256, 128, 256), ExplicitVRBigEndian)
    assert tuple(read_picture(path).planes[0]) == (0, 255, 128, 255)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour(tmp_path: Path, planar: int) -> None:
    planes = (bytes((255, 0, 0, 9)), bytes((0, 255, 0, 9)), bytes((0, 0, 255, 9)))
    mixed = b"".join(bytes(pixel) for pixel in zip(*planes, strict=True))
    pixels = b"".join(planes) if planar else mixed
    path = image_file(tmp_path, pixels, PlanarConfiguration=planar, **COLOUR)
    assert read_picture(path, colour=True).planes == planes
    assert tuple(read_picture(path).planes[0]) == (76, 150, 29, 9)


def test_ybr_full(tmp_path: Path) -> None:
    settings = {**COLOUR, "PhotometricInterpretation": "YBR_FULL", "PlanarConfiguration": 0}
    gray, red = (100, 128, 128), (76, 85, 255)
    path = image_file(tmp_path, bytes((*gray, *red, *gray, *gray)), **settings)
    planes = read_picture(path, colour=True).planes
    assert [plane[0] for plane in planes] == [100, 100, 100]
    assert planes[0][1] >= 253 and planes[1][1] <= 1 and planes[2][1] <= 1


def test_a_frame(tmp_path: Path) -> None:
    table = {"WindowCenter": "128", "WindowWidth": "256"}
    path = image_file(tmp_path, bytes(range(8)), NumberOfFrames=2, **EIGHT, **table)
    assert tuple(read_picture(path, frame=2).planes[0]) == (4, 5, 6, 7)
    with pytest.raises(UnusableFile, match="has no frame 3, it has 2"):
        read_picture(path, frame=3)


def test_run_length_encoding_is_what_pydicom_reads_by_itself(tmp_path: Path) -> None:
    segment = bytes((3, 0, 85, 170, 255))  # four literal bytes
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + segment + b"\0"
    pixels = struct.pack("<HHIHHI", 0xFFFE, 0xE000, 0, 0xFFFE, 0xE000, len(frame))
    path = image_file(tmp_path, pixels + frame, RLELossless, **EIGHT)
    assert tuple(read_picture(path).planes[0]) == (0, 85, 170, 255)


@pytest.mark.parametrize(
    ("pixels", "attributes", "says"),
    [
        (bytes(6), {}, "cut off|cannot be read"),
        (bytes(16), {"BitsAllocated": 32, "BitsStored": 32}, "32 bits cannot be printed"),
        (bytes(8), {"PhotometricInterpretation": "PALETTE COLOR"}, "palette has no descriptor"),
        (bytes(8), {"PhotometricInterpretation": "CMYK"}, "CMYK of 1 sample and 16 bits"),
        (bytes(8), {"Rows": 0}, "are no image"),
        (bytes(8), {"Rows": 60000, "Columns": 60000}, "are no image"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_the_reason(
    tmp_path: Path, pixels: bytes, attributes: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnusableFile, match=says) as refused:
        read_picture(image_file(tmp_path, pixels, **attributes))
    assert refused.value.path.endswith("image.dcm")


def test_compressed_images_need_a_decoder(tmp_path: Path) -> None:
    pixels = struct.pack("<HHIHHI", 0xFFFE, 0xE000, 0, 0xFFFE, 0xE000, 4) + b"\xff\xd8\xff\xd9"
    path = image_file(tmp_path, pixels, JPEGBaseline8Bit, **EIGHT)
    with pytest.raises(UnusableFile, match="JPEG Baseline") as refused:
        read_picture(path)
    assert "dcmdjpeg" in refused.value.hint


def test_what_is_no_image_at_all(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no DICOM")
    with pytest.raises(UnusableFile, match="is no DICOM file"):
        read_picture(path)
    with pytest.raises(UnusableFile, match="No such file"):
        read_picture(tmp_path / "missing")
