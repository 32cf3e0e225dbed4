"""Whether the data set of a file is whole, before anything of it is sent (PS3.5 7).

All its headers are walked, no value is read. What is wrong in the middle of a file would be sent
all the same otherwise; most peers abort then, and the files behind this one are lost with it.
"""

from __future__ import annotations

import os

from assocsh.datasets.dictionary import UNCOMPRESSED, format_tag, uid_name
from assocsh.datasets.instance import Instance, Window, unusable
from assocsh.datasets.plan import padding, vr_of
from assocsh.datasets.structure import (
    PIXEL_DATA,
    Kind,
    StructureError,
    encoding_of,
    is_deflated,
    is_encapsulated,
    walk,
)
from assocsh.datasets.vrs import LONG_VRS, SHORT_VRS
from assocsh.text.plural import plural

_LONG = frozenset(vr.encode("ascii") for vr in LONG_VRS)
_SHORT = frozenset(vr.encode("ascii") for vr in SHORT_VRS)
_GROUP_FFFE, _GROUP_7FE0 = b"\xfe\xff", b"\xe0\x7f"


def checked(instance: Instance) -> Instance:
    """The instance with its data set walked through to the end. Costs reads of headers only.

    Zero bytes behind the last element are left off. A deflated data set is not looked into. Raises
    UnusableFile with the reason and the byte: cut off, no data set from there on, Pixel Data that
    does not go with the transfer syntax, a number with a part missing.
    """
    if instance.complete:
        return instance
    path = instance.path
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    try:
        return check_open(instance, Window(fd))
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    finally:
        os.close(fd)


def check_open(instance: Instance, fetch: Window) -> Instance:
    """``checked`` of an open file. Raises UnusableFile, OSError."""
    syntax = instance.transfer_syntax
    if is_deflated(syntax):
        return instance._replace(complete=True)
    start, end = instance.data_offset, instance.data_offset + instance.data_length
    implicit, little = encoding_of(syntax)
    walker = _Check(is_encapsulated(syntax), syntax)
    walker.end = start
    try:
        if little and not implicit:
            walker.skim(fetch, end)
        else:
            walker.walk(fetch, end, implicit, little)
    except StructureError as error:
        if not _zeros(fetch, walker.end, end):
            raise unusable(instance.path, _reason(error, walker.end == start, syntax)) from error
    remarks = instance.remarks
    if walker.odd:
        first = ", ".join(format_tag(tag) for tag in walker.odd[:3])
        remarks += (
            f"{plural(len(walker.odd), 'value')} of odd length "
            f"({first}{', ...' if len(walker.odd) > 3 else ''}): sent with padding (PS3.5 7.1.1)",
        )
    return instance._replace(
        complete=True,
        data_length=walker.end - start,
        odd=bool(walker.odd),
        remarks=remarks,
    )


def _reason(error: StructureError, at_start: bool, syntax: str) -> str:
    if error.truncated:
        return f"cut off: {error}"
    if at_start:
        return f"its data set is not {uid_name(syntax)}: {error}"
    return f"its data set cannot be sent: {error}"


class _Check:
    """One walk through the data set of a file."""

    def __init__(self, encapsulated: bool, syntax: str) -> None:
        self.encapsulated = encapsulated
        self.end = 0
        """Where the last whole element outside of sequences ended."""
        self.odd: list[int] = []
        self._syntax = syntax

    def skim(self, fetch: Window, end: int) -> None:
        """``walk`` of Explicit VR Little Endian: over plain elements in less time."""
        while self.end < end:
            self.end = _skim(fetch, self.end, end, encapsulated=self.encapsulated)
            if self.end < end:
                self.walk(fetch, end, False, True, one=True)

    def walk(
        self, fetch: Window, end: int, implicit: bool, little: bool, *, one: bool = False
    ) -> None:
        """From ``self.end`` to ``end``, or over ``one`` element. Raises StructureError."""
        holder = 0
        for part in walk(fetch, self.end, end, implicit, little):
            kind = part.kind
            if kind is Kind.ELEMENT:
                if part.length & 1:
                    padding(part, vr_of(part))
                    self.odd.append(part.tag)
                if not part.depth:
                    if part.tag == PIXEL_DATA and self.encapsulated:
                        raise StructureError(
                            f"{format_tag(PIXEL_DATA)} at byte {part.offset} is native, and "
                            f"{uid_name(self._syntax)} has Pixel Data in fragments only (PS3.5 A.4)"
                        )
                    if part.tag <= 0xFFFF and _zeros(fetch, self.end, end):
                        return  # in Implicit VR padding looks like elements
                    self.end = part.offset + part.length
                    if one:
                        return
            elif kind is Kind.FRAGMENTS:
                holder = part.tag
                if part.tag == PIXEL_DATA and self._syntax in UNCOMPRESSED:
                    raise StructureError(
                        f"{format_tag(PIXEL_DATA)} at byte {part.offset} is in fragments, and "
                        f"{uid_name(self._syntax)} has native Pixel Data only (PS3.5 A.4)"
                    )
            elif kind is Kind.FRAGMENT and part.length & 1:
                self.odd.append(holder)
            elif kind is Kind.SEQUENCE_END and not part.depth:
                self.end = part.offset
                if one:
                    return


def _zeros(fetch: Window, position: int, end: int) -> bool:
    """Whether only zero bytes follow: padding that is common and harmless."""
    while position < end:
        block = fetch(position, min(16384, end - position))
        if not block or any(block):
            return False
        position += len(block)
    return True


def _skim(fetch: Window, position: int, end: int, *, encapsulated: bool) -> int:
    """Over the plain elements at the start of an Explicit VR Little Endian data set, quickly.

    Returns where the first one begins that is nested, odd or cut off, or native Pixel Data where
    they should be ``encapsulated``: ``walk`` judges from there. A thousand small files take a fifth
    less time than with ``walk`` alone.
    """
    while position + 12 <= end:
        block, base = fetch.block(position, 12)
        at, last, stop = position - base, len(block) - 12, end - base
        if at > last:
            break
        while at <= last:
            vr = block[at + 4 : at + 6]
            if vr in _SHORT:
                following = at + 8 + (block[at + 6] | block[at + 7] << 8)
            elif vr in _LONG and vr != b"SQ":
                following = at + 12 + int.from_bytes(block[at + 8 : at + 12], "little")
                if encapsulated and block[at : at + 2] == _GROUP_7FE0:
                    return base + at
            else:
                return base + at
            if following > stop or (following ^ at) & 1 or block[at : at + 2] == _GROUP_FFFE:
                return base + at
            at = following
        position = base + at
    return position
