"""File meta information (PS3.10 7.1): for files as they arrive, and for data sets in memory."""

from __future__ import annotations

import functools
import os
import struct
from io import BytesIO
from typing import TYPE_CHECKING

from assocsh.datasets.codec import decode
from assocsh.datasets.part10 import open_instance
from assocsh.errors import UnusableFile
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PREAMBLE = bytes(128) + b"DICM"
_META_LENGTH = struct.Struct("<HH2sHI")


def file_meta(sop_class: str, sop_instance: str, transfer_syntax: str, source_ae: str) -> bytes:
    """Preamble (zero) and file meta information (PS3.10 7.1), from the command set."""
    before, after = _around(sop_class, transfer_syntax, source_ae)
    instance = _short_element(0x0003, b"UI", sop_instance[:64], b"\0")
    length = len(before) + len(instance) + len(after)
    return b"".join((_PREAMBLE, _META_LENGTH.pack(2, 0, b"UL", 4, length), before, instance, after))


@functools.lru_cache(maxsize=64)
def _around(sop_class: str, transfer_syntax: str, source_ae: str) -> tuple[bytes, bytes]:
    """What is before and what behind the SOP Instance UID: the same in a thousand files."""
    before = struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\0\1"
    before += _short_element(0x0002, b"UI", sop_class[:64], b"\0")
    after = _short_element(0x0010, b"UI", transfer_syntax[:64], b"\0")
    after += _short_element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID[:64], b"\0")
    after += _short_element(0x0013, b"SH", IMPLEMENTATION_VERSION[:16], b" ")
    if source_ae:
        after += _short_element(0x0016, b"AE", source_ae[:16], b" ")
    return before, after


def _short_element(number: int, vr: bytes, text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    value += padding * (len(value) % 2)
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def declare(
    dataset: Dataset, sop_class: str, sop_instance: str, transfer_syntax: str, *, source_ae: str
) -> None:
    """Give ``dataset`` the file meta information that ``InstanceWriter`` would write for it.

    What can be read of the command set goes in as it is, also a UID that is none.
    """
    from pydicom import config, dcmread

    written = file_meta(sop_class, sop_instance, transfer_syntax, source_ae)
    with config.disable_value_validation():
        dataset.file_meta = dcmread(BytesIO(written)).file_meta


def read_file(path: str | os.PathLike[str], *, source_ae: str = "") -> Dataset:
    """The instance in a Part 10 file, every value converted, with file meta information.

    Raises UnusableFile, and ProtocolError for a file whose data set is none.
    """
    instance = open_instance(path)
    try:
        with open(instance.path, "rb") as file:
            file.seek(instance.data_offset)
            data = file.read(instance.data_length)
    except OSError as error:
        raise UnusableFile(
            f"{instance.path}: {error.strerror or error}", path=str(instance.path)
        ) from error
    dataset = decode(data, instance.transfer_syntax)
    identity = (instance.sop_class, instance.sop_instance, instance.transfer_syntax)
    declare(dataset, *identity, source_ae=source_ae)
    return dataset
