"""A-ASSOCIATE-RQ and -AC, item by item (PS3.8 9.3.2, 9.3.3, Annex D; PS3.7 Annex D).

Reads bytes from anyone: lengths that lie are named and never followed. The contents of user
identity items (58H, 59H) are marked as secrets here, at the only place that knows where they are.
"""

from __future__ import annotations

from collections.abc import Callable

from assocsh.datasets.extended import NO, YES, meanings
from assocsh.identities import IDENTITY_KINDS
from assocsh.upperlayer.negotiation import result_meaning
from assocsh.wire.fields import FieldList, Kind
from assocsh.wire.meanings import uid_with_name

ITEM_NAMES = {
    0x10: "application context",
    0x20: "presentation context",
    0x21: "presentation context",
    0x30: "abstract syntax",
    0x40: "transfer syntax",
    0x50: "user information",
    0x51: "maximum length",
    0x52: "implementation class UID",
    0x53: "asynchronous operations window",
    0x54: "SCP/SCU role selection",
    0x55: "implementation version name",
    0x56: "SOP class extended negotiation",
    0x57: "SOP class common extended negotiation",
    0x58: "user identity",
    0x59: "user identity response",
}
FIXED = 74
"""Bytes before the first item, the PDU header among them."""

MAX_NAMED = 16
"""Bytes of one extended negotiation that are shown; the standard has seven at most."""

MAX_UID, MAX_VERSION_NAME, MAX_APPLICATION_INFORMATION = 64, 16, 64
"""Longer values come from a length that lies; what it swallowed may be a user identity."""


def walk_associate(found: FieldList, start: int) -> None:
    """The fields of an A-ASSOCIATE-RQ or -AC after the 6 bytes of the PDU header."""
    end = len(found.data)
    accept = found.data[0] == 0x02
    found.secrets_possible = True
    if end < start + 68:
        found.broken(start, end, "shorter than its fixed fields (68 bytes)", 0)
        return
    version = found.number(start, 2)
    found.add(start, 2, "protocol version", f"{version:#06x}" if version != 1 else "1")
    found.add(start + 2, 2, "reserved", kind=Kind.RESERVED)
    called, calling = found.text(start + 4, 16), found.text(start + 20, 16)
    note = " (returned, not tested)" if accept else ""
    found.add(start + 4, 16, "called AE title", f'"{called}"{note}')
    found.add(start + 20, 16, "calling AE title", f'"{calling}"{note}')
    found.add(start + 36, 32, "reserved", kind=Kind.RESERVED)
    _walk_items(found, FIXED, end, 0, accept, frozenset({0x10, 0x20, 0x21, 0x50}))


def _walk_items(
    found: FieldList, offset: int, end: int, level: int, accept: bool, expected: frozenset[int]
) -> None:
    while offset < end and not found.full:
        if found.lost and any(byte in found.data[FIXED:] for byte in (0x58, 0x59)):
            # A lying length may have led into a user identity: its bytes would read as items.
            found.opaque(offset, end, "not read after this damage", level, Kind.RAW)
            return
        if end - offset < 4:
            found.broken(offset, end, f"{end - offset} bytes left over, too few for an item", level)
            return
        item = found.data[offset]
        length = found.number(offset + 2, 2)
        stop = offset + 4 + length
        name = ITEM_NAMES.get(item, "unknown item")
        title = f"{name} item ({item:02X}H)"
        if stop > end:
            reason = f"{title} says {length} bytes where {end - offset - 4} are left"
            found.broken(offset, end, reason, level)
            return
        if item not in expected and item in ITEM_NAMES and item not in (0x58, 0x59):
            found.lost = True
            found.add(offset, 4, f"{title} out of place", f"{length} bytes", level=level)
            found.opaque(offset + 4, stop, f"{length} bytes", level + 1, Kind.RAW)
        elif item in _READERS:
            _READERS[item](found, offset, stop, level, accept)
        else:
            found.lost = found.lost or item < 0x50
            found.add(offset, 4, title, f"{length} bytes", level=level, kind=Kind.TITLE)
            if length:
                found.opaque(offset + 4, stop, f"{length} bytes", level + 1, Kind.RAW)
        offset = stop


def _head(found: FieldList, offset: int, stop: int, level: int, *, title: str = "") -> None:
    """Type, reserved byte and length; ``title`` when items follow inside."""
    item = found.data[offset]
    name = f"{ITEM_NAMES[item]} item ({item:02X}H)"
    size = f"{stop - offset - 4} bytes"
    found.add(offset, 4, title or name, size, level=level, kind=Kind.TITLE if title else Kind.HEAD)


def _uid(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level)
    if stop - offset - 4 > MAX_UID:
        found.broken(offset + 4, stop, f"{stop - offset - 4} bytes, a UID has at most 64", level)
        return
    uid = found.text(offset + 4, stop - offset - 4)
    name = ITEM_NAMES[found.data[offset]]
    found.add(offset + 4, stop - offset - 4, name, uid_with_name(uid), level=level)


def _text(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level)
    if stop - offset - 4 > MAX_VERSION_NAME:
        found.broken(offset + 4, stop, f"{stop - offset - 4} bytes, at most 16 belong", level)
        return
    name = ITEM_NAMES[found.data[offset]]
    value = f'"{found.text(offset + 4, stop - offset - 4)}"'
    found.add(offset + 4, stop - offset - 4, name, value, level=level)


def _context(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    number = found.data[offset + 4] if stop > offset + 4 else 0
    title = f"presentation context {number}"
    if stop - offset < 8:
        _head(found, offset, stop, level, title="presentation context")
        found.broken(offset + 4, stop, "shorter than its fixed fields (4 bytes)", level + 1)
        return
    result = found.data[offset + 6]
    answered = found.data[offset] == 0x21
    if answered:
        title += f": {result_meaning(result)}"
    _head(found, offset, stop, level, title=title)
    odd = "" if number % 2 else " (must be odd)"
    found.add(offset + 4, 1, "presentation context id", f"{number}{odd}", kind=Kind.HEAD)
    found.add(offset + 5, 1, "reserved", kind=Kind.RESERVED)
    if answered:
        value = f"{result} {result_meaning(result)}"
        found.add(offset + 6, 1, "result", value, level=level + 1, kind=Kind.HEAD)
    else:
        found.add(offset + 6, 1, "reserved", kind=Kind.RESERVED)
    found.add(offset + 7, 1, "reserved", kind=Kind.RESERVED)
    if answered and result != 0:  # the sub-item is there, but "not significant" (9.3.3.2)
        if stop > offset + 8:
            found.opaque(offset + 8, stop, "transfer syntax, not significant", level + 1, Kind.RAW)
        return
    _walk_items(found, offset + 8, stop, level + 1, accept, frozenset({0x30, 0x40}))


def _user_information(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="user information")
    _walk_items(found, offset + 4, stop, level + 1, accept, frozenset(range(0x51, 0x5A)))


def _maximum_length(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    if not _sized(found, offset, stop, level, 4):
        return
    value = found.number(offset + 4, 4)
    text = f"{value:,} bytes" if value else "0, no limit"
    found.add(offset + 4, 4, "maximum length received", text, level=level)


def _window(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    if not _sized(found, offset, stop, level, 4):
        return
    for place, name in ((4, "maximum operations invoked"), (6, "maximum operations performed")):
        value = found.number(offset + place, 2)
        text = str(value) if value else "0, unlimited"
        found.add(offset + place, 2, name, text, level=level)


def _sized(found: FieldList, offset: int, stop: int, level: int, size: int) -> bool:
    """The head of an item whose value has exactly ``size`` bytes."""
    if stop - offset - 4 == size:
        _head(found, offset, stop, level)
        return True
    _head(found, offset, stop, level, title=ITEM_NAMES[found.data[offset]])
    reason = f"{stop - offset - 4} bytes where {size} belong"
    found.broken(offset + 4, stop, reason, level + 1)
    return False


def _uid_field(found: FieldList, offset: int, stop: int, level: int, name: str) -> int | None:
    """A 16-bit length and a UID; the offset behind it, or None when it overruns."""
    length = found.number(offset, 2)
    if stop - offset < 2 or offset + 2 + length > stop or length > MAX_UID:
        found.broken(offset, stop, f"{name}: its length overruns the item", level)
        return None
    found.add(offset, 2, f"{name} length", str(length), level=level, kind=Kind.HEAD)
    uid = uid_with_name(found.text(offset + 2, length))
    found.add(offset + 2, length, name, uid, level=level)
    return offset + 2 + length


def _role(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="SCP/SCU role selection")
    place = _uid_field(found, offset + 4, stop, level + 1, "SOP class")
    if place is None:
        return
    if stop - place != 2:
        found.broken(place, stop, f"{stop - place} bytes where 2 role bytes belong", level + 1)
        return
    for at, name in ((place, "SCU role"), (place + 1, "SCP role")):
        value = found.data[at]
        verb = ("accepted", "not accepted") if accept else ("offered", "not offered")
        text = {0: f"0 {verb[1]}", 1: f"1 {verb[0]}"}.get(value, f"{value} undefined")
        found.add(at, 1, name, text, level=level + 1)


def _extended(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="SOP class extended negotiation")
    place = _uid_field(found, offset + 4, stop, level + 1, "SOP class")
    if place is not None and stop - place > MAX_APPLICATION_INFORMATION:
        found.opaque(place, stop, "service class application information", level + 1, Kind.RAW)
    elif place is not None and place < stop:
        information = found.data[place : min(stop, place + MAX_NAMED)]
        shown = " ".join(f"{byte:02x}" for byte in information)
        shown += " …" if stop - place > MAX_NAMED else ""
        said = _said(found.text(offset + 6, found.number(offset + 4, 2)), information, accept)
        name = "service class application information"
        text = f"{shown} ({said})" if said else shown
        found.add(place, stop - place, name, text, level=level + 1)


def _said(uid: str, information: bytes, accept: bool) -> str:
    """The bytes in words: what is asked for, and in an answer what became of each field."""
    words = (
        each.name if each.word == YES and not accept else f"{each.name}: {each.word}"
        for each in meanings(uid, information)
        if accept or each.word != NO
    )
    return ", ".join(words)


def _common(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="SOP class common extended negotiation")
    place = _uid_field(found, offset + 4, stop, level + 1, "SOP class")
    if place is not None:
        place = _uid_field(found, place, stop, level + 1, "service class")
    if place is None:
        return
    length = found.number(place, 2)
    if stop - place < 2 or place + 2 + length > stop:
        found.broken(place, stop, "related classes: their length overruns the item", level + 1)
        return
    name = "related general SOP classes length"
    found.add(place, 2, name, str(length), level=level + 1, kind=Kind.HEAD)
    place, last = place + 2, place + 2 + length
    while place < last and not found.full:
        behind = _uid_field(found, place, last, level + 1, "related general SOP class")
        if behind is None:
            return
        place = behind
    if place < stop:  # "reserved for additional fields" (D.3.3.6), or a length that lies
        found.lost = True
        found.opaque(place, stop, "reserved", level + 1, Kind.RAW)


def _identity(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="user identity")
    if stop - offset < 6:
        found.add(
            offset + 4,
            stop - offset - 4,
            "user identity",
            "not shown",
            level=level + 1,
            secret=True,
        )
        return
    kind, positive = found.data[offset + 4], found.data[offset + 5]
    value = f"{kind} {IDENTITY_KINDS.get(kind, 'undefined')}"
    found.add(offset + 4, 1, "user identity type", value, level=level + 1)
    asked = {0: "no", 1: "yes"}.get(positive, f"undefined {positive}")
    found.add(offset + 5, 1, "positive response requested", asked, level=level + 1)
    found.add(
        offset + 6,
        stop - offset - 6,
        "primary and secondary field",
        "not shown",
        level=level + 1,
        secret=True,
    )


def _identity_response(found: FieldList, offset: int, stop: int, level: int, accept: bool) -> None:
    _head(found, offset, stop, level, title="user identity response")
    found.add(
        offset + 4, stop - offset - 4, "server response", "not shown", level=level + 1, secret=True
    )


_READERS: dict[int, Callable[[FieldList, int, int, int, bool], None]] = {
    0x10: _uid,
    0x20: _context,
    0x21: _context,
    0x30: _uid,
    0x40: _uid,
    0x50: _user_information,
    0x51: _maximum_length,
    0x52: _uid,
    0x53: _window,
    0x54: _role,
    0x55: _text,
    0x56: _extended,
    0x57: _common,
    0x58: _identity,
    0x59: _identity_response,
}
