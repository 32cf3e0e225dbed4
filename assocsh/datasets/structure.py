"""The skeleton of an encoded data set (PS3.5 7): where elements, items and sequences begin and end.

Walks headers only and never recurses, so it is safe on what a peer or a file claims: every
declared length is checked against what is there, and nesting against a limit, before anything
reads the values.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache

from assocsh.datasets.dictionary import entries, format_tag
from assocsh.datasets.vrs import LONG_VRS, SHORT_VRS
from assocsh.records import NamedTuple
from assocsh.text.plural import plural
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, IMPLICIT_LE, RLE_LOSSLESS

MAX_DEPTH = 64
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010

_JPEG_FAMILY = "1.2.840.10008.1.2.4."
_REFERENCED = frozenset(_JPEG_FAMILY + number for number in ("94", "95", "204", "205"))
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"

Fetch = Callable[[int, int], bytes | memoryview]
"""``fetch(offset, size)`` gives the bytes there, fewer at the end."""

Notice = Callable[[str], None]
"""Told, in words, what is not as the standard has it but has one meaning only, and was read."""


class StructureError(ValueError):
    """The bytes are not a data set. ``truncated``: they would be one if they went on."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


class Kind(Enum):
    """What the walk came upon."""

    ELEMENT = "element"
    SEQUENCE = "sequence"
    FRAGMENTS = "fragments"  # encapsulated pixel data (PS3.5 A.4); its items are FRAGMENT
    FRAGMENT = "fragment"
    ITEM = "item"
    ITEM_END = "item end"
    SEQUENCE_END = "sequence end"


class Part(NamedTuple):
    """One thing in the data set. ``offset`` and ``length`` are those of its value, in bytes.

    ``implicit`` tells how the part itself is encoded: inside a UN sequence everything is Implicit
    VR Little Endian (PS3.5 6.2.2). ``vr`` is empty for implicit elements and ``UN`` for a VR that
    is not in PS3.5.
    """

    kind: Kind
    tag: int
    vr: str
    offset: int
    length: int
    depth: int
    implicit: bool


class _Open(NamedTuple):
    part: Part
    end: int  # where it must be closed at the latest
    outer: tuple[bool, bool]  # implicit and little, to go back to


@cache
def sequence_tags() -> frozenset[int]:
    """The tags whose VR is SQ in the dictionary: implicit VR does not say it."""
    return frozenset(entry.tag for entry in entries() if entry.vr == "SQ")


def encoding_of(transfer_syntax: str) -> tuple[bool, bool]:
    """(implicit VR, little endian) of a transfer syntax; all compressed ones are explicit LE."""
    return transfer_syntax == IMPLICIT_LE, transfer_syntax != EXPLICIT_BE


def is_deflated(transfer_syntax: str) -> bool:
    """Whether the whole data set is deflated (PS3.5 A.5)."""
    return transfer_syntax == DEFLATED_LE


def is_encapsulated(transfer_syntax: str) -> bool:
    """Whether Pixel Data comes in fragments (PS3.5 A.4); False also for what is not registered."""
    if transfer_syntax.startswith(_JPEG_FAMILY):
        return transfer_syntax not in _REFERENCED
    return transfer_syntax in (RLE_LOSSLESS, _ENCAPSULATED_UNCOMPRESSED)


def _ignore(_text: str) -> None:
    return None


def walk(
    fetch: Fetch,
    start: int,
    end: int,
    implicit: bool,
    little: bool,
    *,
    max_depth: int = MAX_DEPTH,
    notice: Notice = _ignore,
) -> Iterator[Part]:
    """The parts of the data set in ``start``..``end``, in order. Raises StructureError.

    Read as other toolkits read it, and told to ``notice``: a delimiter at the end of a sequence or
    item that gives its length, and a VR that is not in PS3.5.
    """
    position = start
    limit = end
    stack: list[_Open] = []
    depth = 0
    while True:
        while stack and stack[-1].part.length != UNDEFINED and position >= stack[-1].end:
            closed = stack.pop()
            implicit, little = closed.outer
            limit = stack[-1].end if stack else end
            if closed.part.kind is Kind.ITEM:
                yield _closing(closed, Kind.ITEM_END, position)
            else:
                depth -= 1
                yield _closing(closed, Kind.SEQUENCE_END, position)
        if position >= limit:
            if not stack:
                return
            raise StructureError(
                f"a {stack[-1].part.kind.value} of undefined length is never closed", truncated=True
            )
        if position + 8 > limit:
            left = plural(limit - position, "stray byte")
            raise StructureError(f"{left} at byte {position}", truncated=True)
        head = bytes(fetch(position, 12))
        group, number = struct.unpack_from("<HH" if little else ">HH", head)
        tag = group << 16 | number
        holder = stack[-1].part if stack else None
        if holder is not None and holder.kind is not Kind.ITEM:
            # directly inside a sequence: items and its delimiter only
            length = int.from_bytes(head[4:8], "little" if little else "big")
            position += 8
            if tag == SEQUENCE_END and holder.length == UNDEFINED:
                closed = stack.pop()
                implicit, little = closed.outer
                limit = stack[-1].end if stack else end
                depth -= 1
                yield _closing(closed, Kind.SEQUENCE_END, position)
                continue
            if tag == SEQUENCE_END and position == limit:
                notice(f"{format_tag(holder.tag)} gives its length and has a delimiter too")
                continue
            if tag != ITEM:
                raise StructureError(
                    f"{format_tag(tag)} at byte {position - 8} where an item belongs"
                )
            if holder.kind is Kind.FRAGMENTS:
                _fits(tag, length, position, limit)
                yield Part(Kind.FRAGMENT, tag, "", position, length, depth, implicit)
                position += length
                continue
            part = Part(Kind.ITEM, tag, "", position, length, depth, implicit)
            if length != UNDEFINED:
                _fits(tag, length, position, limit)
                limit = position + length
            stack.append(_Open(part, limit, (implicit, little)))
            yield part
            continue
        if tag == ITEM_END and holder is not None and holder.length == UNDEFINED:
            position += 8
            closed = stack.pop()
            implicit, little = closed.outer
            limit = stack[-1].end if stack else end
            yield _closing(closed, Kind.ITEM_END, position)
            continue
        if tag == ITEM_END and holder is not None and position + 8 == limit:
            position += 8
            notice(f"an item that ends at byte {position} gives its length and has a delimiter too")
            continue
        if group == 0xFFFE:
            raise StructureError(f"{format_tag(tag)} at byte {position} where an element belongs")
        if implicit:
            vr, length = "", int.from_bytes(head[4:8], "little" if little else "big")
            position += 8
        else:
            vr, length, size = _header(head, tag, position, little, notice)
            position += size
        kind = _kind(tag, vr, length, implicit)
        part = Part(kind, tag, vr, position, length, depth, implicit)
        if kind is Kind.ELEMENT:
            _fits(tag, length, position, limit)
            yield part
            position += length
            continue
        depth += 1
        if depth > max_depth:
            raise StructureError(f"sequences nested more than {max_depth} deep")
        outer = (implicit, little)
        if vr == "UN":
            implicit, little = True, True
        if length != UNDEFINED:
            _fits(tag, length, position, limit)
            limit = position + length
        stack.append(_Open(part, limit, outer))
        yield part


def _closing(opened: _Open, kind: Kind, position: int) -> Part:
    part = opened.part
    return Part(kind, part.tag, part.vr, position, part.length, part.depth, part.implicit)


def _header(
    head: bytes, tag: int, position: int, little: bool, notice: Notice
) -> tuple[str, int, int]:
    """VR, length and header size of an element in Explicit VR.

    A VR of the future is two capital letters and has the long form (PS3.5 6.2). Other printable
    characters are what some writers put where they know no VR (``??``): those use the short form.
    """
    order = "<" if little else ">"
    vr = head[4:6].decode("latin-1")
    if vr in SHORT_VRS:
        return vr, struct.unpack_from(order + "H", head, 6)[0], 8
    if vr not in LONG_VRS:
        if not (vr.isascii() and vr.isprintable()):
            raise StructureError(f"{format_tag(tag)} at byte {position} has no VR: {head[4:6]!r}")
        notice(f"{format_tag(tag)} has the VR {vr!r}, which is not one of PS3.5: read as UN")
        if not (vr.isalpha() and vr.isupper()):
            return "UN", struct.unpack_from(order + "H", head, 6)[0], 8
        vr = "UN"
    if len(head) < 12:
        raise StructureError(
            f"the header of {format_tag(tag)} at byte {position} is cut off", truncated=True
        )
    return vr, struct.unpack_from(order + "I", head, 8)[0], 12


def _kind(tag: int, vr: str, length: int, implicit: bool) -> Kind:
    if vr == "SQ" or (implicit and tag in sequence_tags()):
        return Kind.SEQUENCE
    if length == UNDEFINED:
        return Kind.SEQUENCE if vr in ("UN", "") and tag != PIXEL_DATA else Kind.FRAGMENTS
    return Kind.ELEMENT


def _fits(tag: int, length: int, position: int, limit: int) -> None:
    if length == UNDEFINED:
        raise StructureError(f"{format_tag(tag)} at byte {position} has an undefined length")
    if position + length > limit:
        raise StructureError(
            f"{format_tag(tag)} declares {plural(length, 'byte')} at byte {position} where "
            f"{limit - position:,} are left",
            truncated=True,
        )


def fetch_from(data: bytes | memoryview) -> Fetch:
    """A ``fetch`` over bytes in memory."""
    view = memoryview(data)
    return lambda offset, size: view[offset : offset + size]


def check(data: bytes | memoryview, implicit: bool, little: bool) -> list[str]:
    """Walk to the end for the errors alone. Raises StructureError; returns what was noticed."""
    noticed: list[str] = []
    for _part in walk(fetch_from(data), 0, len(data), implicit, little, notice=noticed.append):
        pass
    return noticed
