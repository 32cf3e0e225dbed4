"""How a data set becomes another encoding of itself (PS3.5 7, Annex A), planned from headers alone.

``make_plan`` walks the headers once. What comes out is a list: new headers as bytes, values as
ranges of the source, turned where the byte order changes. Sequences get undefined lengths, so no
length has to be known before it is written; values of odd length are padded and counted so. Used
on files by ``transcode`` and on bytes in memory by ``codec``.
"""

from __future__ import annotations

import struct

from assocsh.datasets.dictionary import entry_of, format_tag
from assocsh.datasets.structure import (
    PIXEL_DATA,
    UNDEFINED,
    Fetch,
    Kind,
    Part,
    StructureError,
    encoding_of,
    fetch_from,
    walk,
)
from assocsh.datasets.vrs import LONG_VRS, NUMBER_WIDTH, one_vr, padding_of
from assocsh.records import NamedTuple

_INLINE = 1024
_PIXEL_REPRESENTATION = 0x00280103


class Range(NamedTuple):
    """A value in the source: ``swap`` is the width of its numbers where the byte order changes."""

    offset: int
    length: int
    swap: int


Plan = list[bytes | Range]


def swapped(data: bytes, width: int) -> bytes:
    """``data`` with the byte order of its ``width``-byte numbers reversed."""
    if width == 1:
        return data
    out = bytearray(data)
    whole = len(data) - len(data) % width
    for place in range(width):
        out[place:whole:width] = data[width - 1 - place : whole : width]
    return bytes(out)


def make_plan(fetch: Fetch, start: int, end: int, source: str, target: str) -> Plan:
    """How to make the data set in ``start``..``end`` into ``target``. Raises StructureError.

    ``target`` may be the same: the data set is then put in order. Only then may it have fragments.
    """
    planner = _Planner(fetch, *encoding_of(source), *encoding_of(target))
    planner.keep_fragments = source == target
    return planner.plan(start, end)


def carried_out(fetch: Fetch, plan: Plan) -> bytes:
    """What a plan makes, at once."""
    return b"".join(
        piece
        if isinstance(piece, bytes)
        else swapped(bytes(fetch(piece.offset, piece.length)), piece.swap)
        for piece in plan
    )


def put_in_order(data: bytes, implicit: bool, little: bool) -> bytes:
    """The same data set, for reading, without what ``walk`` gives notice of.

    Values keep their lengths, whatever they are. Raises StructureError.
    """
    fetch = fetch_from(data)
    planner = _Planner(fetch, implicit, little, implicit, little)
    planner.keep_fragments = True
    planner.pad = False
    return carried_out(fetch, planner.plan(0, len(data)))


def padding(part: Part, vr: str) -> bytes:
    """What must follow a value to make its length even (PS3.5 7.1.1).

    Raises StructureError for numbers: a part of one cannot be made whole.
    """
    if not part.length & 1:
        return b""
    pad = padding_of(vr)
    if pad is None:
        raise StructureError(
            f"{format_tag(part.tag)} at byte {part.offset} has {part.length} bytes, which are no "
            f"whole number of {vr} values"
        )
    return pad


def vr_of(part: Part) -> str:
    """The VR of an element, from the dictionary where its encoding does not tell."""
    return part.vr or one_vr(entry_of(part.tag).vr)


class _Planner:
    def __init__(
        self, fetch: Fetch, implicit: bool, little: bool, to_implicit: bool, to_little: bool
    ) -> None:
        self._fetch = fetch
        self._implicit, self._little = implicit, little
        self._to_implicit, self._to_little = to_implicit, to_little
        self._out: Plan = []
        self._bytes = bytearray()
        self._signed = False
        self.keep_fragments = False
        self.pad = True
        self._un_depth: int | None = None  # inside a UN sequence all is implicit little endian

    def plan(self, start: int, end: int) -> Plan:
        for part in walk(self._fetch, start, end, self._implicit, self._little):
            match part.kind:
                case Kind.ELEMENT:
                    self._element(part)
                case Kind.SEQUENCE:
                    vr = "UN" if part.vr == "UN" else "SQ"
                    self._header(part.tag, vr, UNDEFINED)
                    if vr == "UN" and self._un_depth is None:
                        self._un_depth = part.depth
                case Kind.SEQUENCE_END:
                    self._delimiter(0xE0DD, 0)
                    if self._un_depth == part.depth:
                        self._un_depth = None
                case Kind.ITEM:
                    self._delimiter(0xE000, UNDEFINED)
                case Kind.ITEM_END:
                    self._delimiter(0xE00D, 0)
                case Kind.FRAGMENTS if self.keep_fragments:
                    self._header(part.tag, part.vr or "OB", UNDEFINED)
                case Kind.FRAGMENT if self.keep_fragments:
                    pad = padding(part, "OB") if self.pad else b""
                    self._delimiter(0xE000, part.length + len(pad))
                    self._value(part, 1, pad)
                case _:
                    raise StructureError(
                        "encapsulated pixel data in a transfer syntax that has none"
                    )
        self._flush()
        return self._out

    def _flush(self) -> None:
        if self._bytes:
            self._out.append(bytes(self._bytes))
            self._bytes = bytearray()

    def _order(self) -> str:
        return "<" if self._to_little or self._un_depth is not None else ">"

    def _delimiter(self, number: int, length: int) -> None:
        self._bytes += struct.pack(self._order() + "HHI", 0xFFFE, number, length)

    def _header(self, tag: int, vr: str, length: int) -> None:
        order, group, number = self._order(), tag >> 16, tag & 0xFFFF
        if self._to_implicit or self._un_depth is not None:
            self._bytes += struct.pack(order + "HHI", group, number, length)
        elif vr in LONG_VRS or length > 0xFFFF:
            # a value too long for its VR's header goes as UN (PS3.5 6.2.2)
            code = (vr if vr in LONG_VRS else "UN").encode("ascii")
            self._bytes += struct.pack(order + "HH2sHI", group, number, code, 0, length)
        else:
            self._bytes += struct.pack(order + "HH2sH", group, number, vr.encode("ascii"), length)

    def _element(self, part: Part) -> None:
        if not part.tag & 0xFFFF:
            return  # a group length would be wrong, and is retired (PS3.5 7.2)
        vr = part.vr or self._implicit_vr(part)
        if part.tag == _PIXEL_REPRESENTATION and part.length == 2:
            self._signed = any(bytes(self._fetch(part.offset, 2)))
        pad = padding(part, vr) if self.pad else b""
        self._header(part.tag, vr, part.length + len(pad))
        unchanged = self._little == self._to_little or self._un_depth is not None
        self._value(part, 1 if unchanged else NUMBER_WIDTH.get(vr, 1), pad)

    def _value(self, part: Part, swap: int, pad: bytes) -> None:
        if part.length <= _INLINE:
            self._bytes += swapped(bytes(self._fetch(part.offset, part.length)), swap)
        else:
            self._flush()
            self._out.append(Range(part.offset, part.length, swap))
        self._bytes += pad

    def _implicit_vr(self, part: Part) -> str:
        vr = entry_of(part.tag).vr
        if vr == "US or SS":
            return "SS" if self._signed else "US"
        if part.tag == PIXEL_DATA:
            return "OW"  # that is how Implicit VR encodes it (PS3.5 A.1)
        return one_vr(vr)
