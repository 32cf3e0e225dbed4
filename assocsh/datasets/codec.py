"""Data sets to bytes and back, in any uncompressed transfer syntax (PS3.5 Annex A).

``decode`` takes what a peer sent: structure and sizes are checked first, and no value, however
wrong for its VR or its character set, raises later. ``encode`` takes what this side made: what
cannot be encoded is a mistake to be told about.
"""

from __future__ import annotations

import threading
import warnings
import zlib
from collections.abc import MutableMapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from assocsh.datasets.charset import CHARACTER_SET_VRS, TextReader
from assocsh.datasets.dictionary import UNCOMPRESSED, entry_of, uid_name
from assocsh.datasets.plan import put_in_order
from assocsh.datasets.structure import (
    MAX_DEPTH,
    PIXEL_DATA,
    Notice,
    StructureError,
    check,
    encoding_of,
    is_deflated,
)
from assocsh.datasets.vrs import TEXT_VRS
from assocsh.errors import ProtocolError, UsageError

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

SPECIFIC_CHARACTER_SET = 0x00080005
MAX_INFLATED = 64 * 1024 * 1024
MAX_INFLATE_RATIO = 200

_PYDICOM = threading.Lock()
"""Filters of warnings and pydicom's settings are global: one thread at a time changes them."""


def _ignore(_text: str) -> None:
    return None


def encode(dataset: Dataset, transfer_syntax: str) -> bytes:
    """The data set in ``transfer_syntax``; always of even length, empty for an empty data set.

    Raises UsageError when a value does not fit its VR or its character set.
    """
    from pydicom import config
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = encoding_of(transfer_syntax)
    if transfer_syntax not in UNCOMPRESSED and PIXEL_DATA in dataset:
        dataset[PIXEL_DATA].is_undefined_length = True
    try:
        with _PYDICOM, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = config.settings.writing_validation_mode
            # otherwise pydicom writes question marks for what the character set does not have
            config.settings.writing_validation_mode = config.RAISE
            try:
                write_dataset(buffer, dataset)
            finally:
                config.settings.writing_validation_mode = before
    except Exception as error:  # pydicom lets struct.error, TypeError, ... through
        if (unfit := _unfit_text(error)) is not None:
            declared = dataset.get("SpecificCharacterSet") or "ASCII"
            raise UsageError(
                f"the character set {declared} has no {unfit!r}",
                hint="set SpecificCharacterSet=ISO_IR 192",
            ) from error
        raise UsageError(
            f"the data set cannot be encoded in {uid_name(transfer_syntax)}: {_first_line(error)}"
        ) from error
    data: bytes = buffer.getvalue()
    return deflate(data) if is_deflated(transfer_syntax) else data


def _unfit_text(error: BaseException | None) -> str | None:
    """The text that the character set does not have; pydicom's wrapping loses the first error."""
    while error is not None:
        if isinstance(error, UnicodeEncodeError):
            return error.object[error.start : error.end]
        error = error.__context__
    return None


def deflate(data: bytes) -> bytes:
    """RFC 1951, without a zlib header, padded to even length (PS3.5 A.5)."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    return packed + b"\0" if len(packed) % 2 else packed


def inflate(data: bytes | memoryview, limit: int = MAX_INFLATED) -> bytes:
    """The inverse, refusing bombs: at most ``limit`` bytes and 200 times the input.

    Raises StructureError.
    """
    most = min(limit, max(len(data) * MAX_INFLATE_RATIO, 64 * 1024))
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data, most)
        if not unpacker.eof:
            plain += unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error as error:
        raise StructureError(f"not deflated data: {error}") from error
    if len(plain) > most:
        raise StructureError(f"refused to inflate: {len(data)} bytes would become more than {most}")
    if not unpacker.eof:
        raise StructureError("the deflated data end early", truncated=True)
    return plain


def decode(
    data: bytes | memoryview,
    transfer_syntax: str,
    *,
    fallback_encoding: str | None = None,
    encoding: str | None = None,
    notice: Notice = _ignore,
    text_notice: Notice | None = None,
) -> Dataset:
    """The data set in ``data``, every value converted; what a VR cannot hold stays as text.

    Text that is not in the character set it declares is read in ``fallback_encoding`` or as a
    guess (see ``charset``), all text in ``encoding`` if that is given; both are Python's names of
    encodings. A data set in the other VR encoding than negotiated is read all the same, and so is
    what ``walk`` gives notice of: ``notice`` is told each of these things in words, ``text_notice``
    those about text if it is given. A data set with Pixel Data has file meta that tells its
    transfer syntax.

    Raises ProtocolError when the bytes are not a data set, nest deeper than 64 sequences, or
    inflate without measure.
    """
    implicit, little = encoding_of(transfer_syntax)
    try:
        plain = inflate(data) if is_deflated(transfer_syntax) else bytes(data)
        try:
            noticed = check(plain, implicit, little)
        except StructureError as error:
            if not little:
                raise
            try:
                noticed = check(plain, not implicit, little)
            except StructureError:
                raise error from None
            implicit = not implicit
            notice(f"not {uid_name(transfer_syntax)}: {'in' if implicit else 'ex'}plicit VR")
        if noticed:
            for text in dict.fromkeys(noticed):
                notice(text)
            plain = put_in_order(plain, implicit, little)
        reader = TextReader(text_notice or notice, fallback_encoding, encoding)
        dataset = read_plain(plain, implicit, little, reader)
    except StructureError as error:
        raise ProtocolError(
            f"the data set of {len(data)} bytes is not {uid_name(transfer_syntax)}: {error}"
        ) from error
    if PIXEL_DATA in dataset:
        _declare(dataset, transfer_syntax)
    return dataset


def _declare(dataset: Dataset, transfer_syntax: str) -> None:
    """Say how the pixels are encoded: whoever stores or decompresses the data set must know."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)


def read_plain(
    plain: bytes, implicit: bool, little: bool, reader: TextReader | None = None
) -> Dataset:
    """A data set whose structure was checked, every value converted. Raises StructureError.

    What ``walk`` gave notice of must have been put in order: pydicom reads such things otherwise.
    """
    from pydicom import config
    from pydicom.filereader import read_dataset

    with _PYDICOM, warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        try:
            dataset = read_dataset(BytesIO(plain), implicit, little)
        except Exception as error:
            raise StructureError(_first_line(error)) from error
        settle(dataset, reader or TextReader(_ignore))
    return dataset


def settle(dataset: Dataset, reader: TextReader) -> None:
    """Convert every value now, in place, so that reading one later cannot raise.

    pydicom converts and decodes when a value is asked for; a value that its VR cannot hold is kept
    as the text it is, under the same VR. ``reader`` is asked about text that is not ASCII.
    A sequence hidden in a UN value, which ``walk`` does not look into, stays bytes where it is
    deeper than others may be: whatever goes down into a data set may do so by calling itself.
    """
    pending: list[tuple[Dataset, tuple[str, ...], int]] = [(dataset, (), 0)]
    while pending:
        current, terms, depth = pending.pop()
        elements: MutableMapping[Any, Any] = current._dict
        if SPECIFIC_CHARACTER_SET in elements:
            terms = _terms_of(elements[SPECIFIC_CHARACTER_SET])
        for tag in list(elements):
            try:
                raw = elements[tag]
                value = raw.value
                if type(value) is bytes and not value.isascii():
                    _read_text(current, tag, terms, reader)
                converted = current[tag]
                if converted.VR == "SQ" and depth >= MAX_DEPTH and isinstance(value, bytes):
                    elements[tag] = _as_bytes(tag, value)
                elif converted.VR == "SQ":
                    pending.extend((item, terms, depth + 1) for item in converted.value)
                elif converted.VR == "PN":
                    several = converted.VM > 1
                    for name in converted.value if several else [converted.value]:
                        str(name)
            except Exception:
                elements[tag] = _as_text(current, tag)


def _terms_of(element: Any) -> tuple[str, ...]:
    """The values of Specific Character Set, converted or not."""
    value = element.value
    if isinstance(value, bytes):
        value = value.decode("latin-1").rstrip("\0 ")
    several = value.split("\\") if isinstance(value, str) else value or ()
    return tuple(str(term).strip() for term in several)


def _read_text(dataset: Dataset, tag: BaseTag, terms: tuple[str, ...], reader: TextReader) -> None:
    """Convert a value with other than ASCII bytes now, if not as its data set declares."""
    raw: Any = dataset._dict[tag]
    vr = raw.VR or entry_of(int(tag)).vr
    if vr not in CHARACTER_SET_VRS:
        return
    encoding = reader.encoding_for(raw.value, terms)
    if encoding is not None:
        from pydicom.dataelem import convert_raw_data_element

        dataset._dict[tag] = convert_raw_data_element(raw, encoding=[encoding], ds=dataset)


def _as_text(dataset: Dataset, tag: BaseTag) -> DataElement:
    from pydicom import config
    from pydicom.dataelem import DataElement

    raw: Any = dataset.get_item(tag, keep_deferred=True)
    value = b"" if raw.value is None else raw.value
    vr = str(raw.VR or "UN")
    if vr == "UN":
        vr = entry_of(int(tag)).vr
    if not isinstance(value, bytes) or vr not in TEXT_VRS:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        return _as_bytes(tag, content)
    text = value.decode("latin-1").rstrip("\0 ")
    kept = DataElement(tag, "LT", text, validation_mode=config.IGNORE)
    kept.VR = vr
    return kept


def _as_bytes(tag: BaseTag, value: bytes) -> DataElement:
    from pydicom import config
    from pydicom.dataelem import DataElement

    kept = DataElement(tag, "OB", value, validation_mode=config.IGNORE)
    kept.VR = "UN"
    return kept


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
