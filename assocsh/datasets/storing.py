"""A data set in memory on its way into a C-STORE: in which encoding it is, and how it goes out.

The bytes of a pydicom data set's OB, OW and fragmented values are in the encoding in which it was
read; pydicom writes them as they are. So that encoding has to be known before another is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.codec import encode
from assocsh.datasets.dictionary import UNCOMPRESSED, uid_name
from assocsh.datasets.structure import PIXEL_DATA, StructureError, encoding_of, is_encapsulated
from assocsh.datasets.transcode import transcode_bytes
from assocsh.errors import UsageError
from assocsh.uids import EXPLICIT_BE, EXPLICIT_LE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_FIRST_ITEM = b"\xfe\xff\x00\xe0"


def own_transfer_syntax(dataset: Dataset) -> str:
    """The transfer syntax that a data set is in: declared by its file meta, else as it was read.

    Raises UsageError when its Pixel Data is not of the kind that the transfer syntax has.
    """
    declared = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", "") or "")
    syntax = declared
    if not syntax:
        syntax = EXPLICIT_BE if dataset.original_encoding[1] is False else EXPLICIT_LE
    if PIXEL_DATA not in dataset:
        return syntax
    pixels = dataset[PIXEL_DATA]
    fragmented = bool(pixels.is_undefined_length)
    if not fragmented and syntax not in UNCOMPRESSED and isinstance(pixels.value, bytes):
        fragmented = pixels.value.startswith(_FIRST_ITEM)  # made by hand, the mark forgotten
    if fragmented and syntax in UNCOMPRESSED:
        raise UsageError(
            "the data set has Pixel Data in fragments, and "
            + (f"{uid_name(syntax)} has none" if declared else "does not say how it is compressed"),
            hint="set file_meta.TransferSyntaxUID of the data set",
        )
    if not fragmented and is_encapsulated(syntax):
        raise UsageError(
            f"the data set has native Pixel Data, and {uid_name(syntax)} has fragments only",
            hint="set file_meta.TransferSyntaxUID of the data set",
        )
    return syntax


def encoded_instance(dataset: Dataset, own: str, transfer_syntax: str) -> bytes:
    """The data set, which is in ``own``, in ``transfer_syntax``.

    Only byte order has to be turned by us: pydicom writes the rest as it should be. Raises
    UsageError when a value does not fit its VR or its character set.
    """
    if encoding_of(own)[1] == encoding_of(transfer_syntax)[1]:
        return encode(dataset, transfer_syntax)
    try:
        return transcode_bytes(encode(dataset, own), own, transfer_syntax)
    except StructureError as error:
        raise UsageError(
            f"the data set cannot be encoded in {uid_name(transfer_syntax)}: {error}"
        ) from error
