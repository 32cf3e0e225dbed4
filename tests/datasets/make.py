"""Small instances and odd bytes for the tests of data sets."""

from __future__ import annotations

import struct
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID

CT = "1.2.840.10008.5.1.4.1.1.2"
SC = "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
JPEG2000 = "1.2.840.10008.1.2.4.90"


def ct(uid: str = "1.2.3.4", *, rows: int = 16, name: str = "Test^Name") -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    ds.PatientName, ds.PatientID, ds.Modality = name, "P1", "CT"
    ds.Rows = ds.Columns = rows
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel = 15, 1, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.SmallestImagePixelValue = -5
    ds.RescaleSlope = "1.5"
    ds.FrameIncrementPointer = 0x00181063
    ds.RecommendedDisplayFrameRateInFloat = 2.5
    ds.add_new(0x00189306, "FD", 0.125)
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "T-D4000", "Abdomen"
    inner = Dataset()
    inner.Rows = 7
    item.add_new(0x00081140, "SQ", Sequence([inner, Dataset()]))
    ds.ProcedureCodeSequence = Sequence([item])
    ds.add_new(0x00091001, "UN", b"\1\2\3\4")
    ds.add_new(0x00090010, "LO", "TEST")
    ds.PixelData = struct.pack(f"<{rows * rows}h", *range(-5, rows * rows - 5))
    ds["PixelData"].VR = "OW"
    return ds


def write(path: Path, ds: Dataset, syntax: str = EXPLICIT) -> Path:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if syntax == BIG_ENDIAN:
        pixels = bytearray(ds.PixelData)
        pixels[::2], pixels[1::2] = pixels[1::2], pixels[::2]
        ds.PixelData = bytes(pixels)
        ds["PixelData"].VR = "OW"
    implicit, little = syntax == IMPLICIT, syntax != BIG_ENDIAN
    dcmwrite(path, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return path


def read_all(source: object, size: int = 65536) -> bytes:
    blocks = []
    while block := source.read(size):  # type: ignore[attr-defined]
        assert len(block) <= size
        blocks.append(bytes(block))
    source.close()  # type: ignore[attr-defined]
    return b"".join(blocks)


UNDEFINED = 0xFFFFFFFF
ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
_LONG = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ZZ".split()  # noqa: SIM905


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One element in Explicit VR Little Endian, its length as it is or as it is said to be."""
    said = len(value) if length is None else length
    if vr in _LONG:
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, said) + value
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode("latin-1"), said) + value


def item(value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value) if length is None else length) + value


def uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def part10(
    path: Path,
    body: bytes,
    syntax: str = EXPLICIT,
    *,
    instance: str | None = "1.2.3.4",
    declared: str = "1.2.3.4",
) -> Path:
    """A file of a meta group, SOP Class and Instance UID, and ``body``, as wrong as it may be."""
    meta = element(0x00020002, "UI", uid(SC)) + element(0x00020003, "UI", uid(declared))
    meta += element(0x00020010, "UI", uid(syntax))
    head = element(0x00080016, "UI", uid(SC))
    if instance is not None:
        head += element(0x00080018, "UI", uid(instance))
    path.write_bytes(bytes(128) + b"DICM" + meta + head + body)
    return path


def nested(depth: int, *, undefined: bool = True) -> bytes:
    """A data set with sequences ``depth`` deep, Explicit VR Little Endian."""
    data = b""
    for _ in range(depth):
        if undefined:
            item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + data
            item += struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
            data = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + item
            data += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        else:
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data
            data = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, len(item)) + item
    return data
