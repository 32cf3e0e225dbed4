"""The files that are stored: generated, deterministic, CT images of 512x512 by default."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from assocsh.datasets.filemeta import file_meta

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
ROOT = "1.2.826.0.1.3680043.8.498.5"
STUDY = f"{ROOT}.1"
SERIES = f"{STUDY}.1"


def instance_uid(rows: int, number: int) -> str:
    return f"{ROOT}.2.{rows}.{number}"


def _element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def _header(uid: str, number: int, rows: int, columns: int) -> bytes:
    def us(element: int, value: int) -> bytes:
        return _element(0x28, element, b"US", struct.pack("<H", value))

    return b"".join(
        (
            _element(0x08, 0x08, b"CS", b"ORIGINAL\\PRIMARY\\AXIAL"),
            _element(0x08, 0x16, b"UI", CT_IMAGE.encode()),
            _element(0x08, 0x18, b"UI", uid.encode()),
            _element(0x08, 0x20, b"DA", b"20260101"),
            _element(0x08, 0x30, b"TM", b"120000"),
            _element(0x08, 0x50, b"SH", b"BENCH"),
            _element(0x08, 0x60, b"CS", b"CT"),
            _element(0x10, 0x10, b"PN", b"BENCH^PATIENT"),
            _element(0x10, 0x20, b"LO", b"BENCH"),
            _element(0x20, 0x0D, b"UI", STUDY.encode()),
            _element(0x20, 0x0E, b"UI", SERIES.encode()),
            _element(0x20, 0x10, b"SH", b"1"),
            _element(0x20, 0x11, b"IS", b"1"),
            _element(0x20, 0x13, b"IS", str(number).encode()),
            us(0x02, 1),
            _element(0x28, 0x04, b"CS", b"MONOCHROME2"),
            us(0x10, rows),
            us(0x11, columns),
            us(0x100, 16),
            us(0x101, 12),
            us(0x102, 11),
            us(0x103, 0),
        )
    )


def image(uid: str, number: int, rows: int, columns: int) -> bytes:
    """A Part 10 file with pixel data that no program has a reason to look into."""
    pixels = rows * columns * 2
    pattern = bytes(range(256)) * (pixels // 256 + 1)
    return b"".join(
        (
            file_meta(CT_IMAGE, uid, EXPLICIT_LE, ""),
            _header(uid, number, rows, columns),
            struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, pixels),
            pattern[:pixels],
        )
    )


def images(folder: Path, count: int, *, rows: int = 512, columns: int = 512) -> Path:
    """``folder`` with that many images in it."""
    folder.mkdir(parents=True)
    for number in range(count):
        uid = instance_uid(rows, number)
        (folder / f"{number:05}.dcm").write_bytes(image(uid, number, rows, columns))
    return folder


def large(folder: Path, size: int) -> Path:
    """``folder`` with one file of about ``size`` bytes that takes no room on the disk."""
    folder.mkdir(parents=True)
    path = folder / "large.dcm"
    uid = f"{ROOT}.3"
    pixels = size & ~0xFFFF
    with path.open("wb") as file:
        file.write(file_meta(CT_IMAGE, uid, EXPLICIT_LE, ""))
        file.write(_header(uid, 1, 32768, 32768))
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, pixels))
        file.flush()
        os.ftruncate(file.fileno(), file.tell() + pixels)
    with path.open("rb", buffering=0) as file:
        while file.read(1024 * 1024):  # the first reading of a hole costs more than the others
            pass
    return folder
