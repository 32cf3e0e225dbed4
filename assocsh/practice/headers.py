"""What the index takes from the header of an instance: its keys, and the attributes of each level.

Most headers need no decoding for that: the elements of an encoded one are taken as they are. One
with text that is not ASCII is decoded first, for not all of it need be what it declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol

from assocsh.datasets.codec import encode
from assocsh.datasets.levels import QUERY_LEVELS
from assocsh.datasets.structure import (
    Kind,
    Part,
    StructureError,
    encoding_of,
    is_deflated,
    walk,
)
from assocsh.datasets.transcode import transcode_bytes
from assocsh.datasets.vrs import BINARY, LONG_VRS, TEXT_VRS
from assocsh.errors import UsageError
from assocsh.practice.levels import attributes
from assocsh.records import NamedTuple
from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_VALUE = 4096
"""Bytes of one binary value that are kept in a header; longer ones are not matched by anyone."""

_CHARACTER_SET = 0x00080005
_PIXELS = 0x7FE00000


class Header(Protocol):
    """The header of one instance, decoded or not."""

    def text(self, tag: int) -> str:
        """The value of an element outside of sequences, without padding; "" where there is none."""

    def encoded(self, level: str) -> bytes:
        """The attributes of a level in Explicit VR Little Endian. Raises UsageError."""


class DecodedHeader:
    """A data set."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def text(self, tag: int) -> str:
        """See ``Header``."""
        from pydicom.multival import MultiValue

        element = self._dataset.get_item(tag)
        value = None if element is None else self._dataset[tag].value
        if isinstance(value, MultiValue):
            value = "\\".join(map(str, value))
        return "" if value is None else str(value).strip(" \0")

    def encoded(self, level: str) -> bytes:
        """See ``Header``; text in UTF-8 where the character set of the data set lacks some."""
        from pydicom.dataset import Dataset

        header = Dataset()
        for element in self._dataset:
            if _belongs(int(element.tag), level) and not _is_bulk(element.value):
                header[int(element.tag)] = element
        try:
            return encode(header, EXPLICIT_LE)
        except UsageError:
            header.SpecificCharacterSet = "ISO_IR 192"
            return encode(header, EXPLICIT_LE)


class _Element(NamedTuple):
    """Where an element begins, where its value begins, and where it ends."""

    start: int
    value: int
    end: int
    bulk: bool


class EncodedHeader:
    """The elements of a data set in Explicit VR Little Endian; ``encoded_header`` makes it."""

    def __init__(self, data: bytes, elements: Mapping[int, _Element]) -> None:
        self._data = data
        self._elements = elements

    def text(self, tag: int) -> str:
        """See ``Header``."""
        element = self._elements.get(tag)
        if element is None:
            return ""
        return self._data[element.value : element.end].decode("latin-1").strip(" \0")

    def encoded(self, level: str) -> bytes:
        """See ``Header``."""
        data = self._data
        return b"".join(
            data[each.start : each.end]
            for tag, each in sorted(self._elements.items())
            if not each.bulk and _belongs(tag, level)
        )


def encoded_header(data: bytes, size: int, transfer_syntax: str) -> EncodedHeader | None:
    """The header of the data set of ``size`` bytes that begins with ``data``.

    None where it has to be decoded: it goes on behind ``data``, has text other than ASCII, or is
    not as the standard has it; and of transfer syntaxes in which no element stands as it is.
    """
    implicit, little = encoding_of(transfer_syntax)
    if is_deflated(transfer_syntax) or not little:
        return None
    try:
        if implicit:
            end = 0
            for part in _parts(data, size, True):
                end = part.offset + (part.length if part.kind is Kind.ELEMENT else 0)
            data = transcode_bytes(data[:end], IMPLICIT_LE, EXPLICIT_LE)
            size = len(data)
        elements = _elements(data, size)
    except StructureError:
        return None
    return None if elements is None else EncodedHeader(data, elements)


def _elements(data: bytes, size: int) -> dict[int, _Element] | None:
    """Where the elements outside of sequences are; None when some text is not ASCII."""
    elements: dict[int, _Element] = {}
    for kind, tag, vr, offset, length, depth, _ in _parts(data, size, False):
        if kind is Kind.ELEMENT:
            # of a private element in UN nothing says that it is text
            may_be_text = vr in TEXT_VRS or (vr == "UN" and not tag >> 16 & 1)
            if may_be_text and not data[offset : offset + length].isascii():
                return None
            if not depth:
                start = offset - (12 if vr in LONG_VRS else 8)
                bulk = length > MAX_VALUE and vr in BINARY
                elements[tag] = _Element(start, offset, offset + length, bulk)
        elif depth:
            continue
        elif kind is Kind.SEQUENCE:
            elements[tag] = _Element(offset - 12, offset, offset, bulk=False)
        elif kind is Kind.SEQUENCE_END:
            elements[tag] = elements[tag]._replace(end=offset)
        else:
            raise StructureError("fragments outside of the pixels")
    return elements


def _parts(data: bytes, size: int, implicit: bool) -> Iterator[Part]:
    """The parts before the pixels. Raises StructureError where they are not all in ``data``."""
    here = len(data)

    def fetch(offset: int, length: int) -> bytes:
        if offset + length > here < size:
            raise StructureError("it goes on behind what is here", truncated=True)
        return data[offset : offset + length]

    for part in walk(fetch, 0, size, implicit, True, notice=_not_in_order):
        if part.tag >= _PIXELS and not part.depth:
            return
        if part.kind is Kind.ELEMENT and part.offset + part.length > len(data):
            raise StructureError("a value goes on behind what is here", truncated=True)
        yield part


def _not_in_order(text: str) -> None:
    raise StructureError(text)


@cache
def _above_images() -> frozenset[int]:
    return frozenset().union(*(attributes(level) for level in QUERY_LEVELS[:3]))


def _belongs(tag: int, level: str) -> bool:
    """Whether an attribute is kept at ``level``: the character set at each; at that of the images
    all that is of no level above, but neither pixels nor group lengths, which are retired."""
    if tag == _CHARACTER_SET:
        return True
    if level != "IMAGE":
        return tag in attributes(level)
    return tag < _PIXELS and tag & 0xFFFF != 0 and tag not in _above_images()


def _is_bulk(value: object) -> bool:
    return isinstance(value, bytes) and len(value) > MAX_VALUE
