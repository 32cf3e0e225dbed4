"""Any PDU as a list of fields (PS3.8 9.3). Takes any bytes and never raises."""

from __future__ import annotations

from assocsh.upperlayer.pdus import pdu_name
from assocsh.upperlayer.reasons import (
    ABORT_REASONS,
    ABORT_SOURCES,
    REJECT_REASONS,
    REJECT_RESULTS,
    REJECT_SOURCES,
)
from assocsh.wire.fields import FieldList, Kind
from assocsh.wire.walk_associate import walk_associate
from assocsh.wire.walk_command import walk_command

HEADER = 6


def walk_pdu(data: bytes) -> FieldList:
    """The fields of one whole PDU, its 6-byte header included."""
    found = FieldList(data)
    if len(data) < HEADER:
        found.broken(0, len(data), f"{len(data)} bytes, too few for a PDU header", 0)
        return found
    pdu_type, length = data[0], found.number(2, 4)
    rest = len(data) - HEADER
    says = f"{length:,} bytes follow"
    if length != rest:
        says += f" ({rest:,} are here)"
    found.add(0, HEADER, pdu_name(pdu_type), says, kind=Kind.HEAD)
    if pdu_type in (0x01, 0x02):
        walk_associate(found, HEADER)
    elif pdu_type == 0x04:
        _walk_pdata(found)
    elif pdu_type in (0x03, 0x05, 0x06, 0x07):
        _walk_short(found, pdu_type)
    elif rest:
        found.secrets_possible = b"\x58" in data or b"\x59" in data
        found.opaque(HEADER, len(data), "contents", 0, Kind.RAW)
    return found


def _walk_short(found: FieldList, pdu_type: int) -> None:
    """A-ASSOCIATE-RJ, A-RELEASE-RQ and -RP, A-ABORT: four bytes (9.3.4, 9.3.6 to 9.3.8)."""
    data = found.data
    if len(data) < 10:
        found.broken(HEADER, len(data), f"{len(data) - HEADER} bytes where 4 belong", 0)
        return
    if pdu_type in (0x05, 0x06):
        found.add(6, 4, "reserved", kind=Kind.RESERVED)
    else:
        found.add(6, 1, "reserved", kind=Kind.RESERVED)
        source, reason = data[8], data[9]
        if pdu_type == 0x03:
            found.add(7, 1, "result", f"{data[7]} {REJECT_RESULTS.get(data[7], 'undefined')}")
            found.add(8, 1, "source", f"{source} {REJECT_SOURCES.get(source, 'undefined')}")
            meaning = REJECT_REASONS.get((source, reason), "undefined")
        else:
            found.add(7, 1, "reserved", kind=Kind.RESERVED)
            found.add(8, 1, "source", f"{source} {ABORT_SOURCES.get(source, 'undefined')}")
            meaning = ABORT_REASONS.get(reason, "undefined")
            if source == 0:
                meaning = "not significant"
        found.add(9, 1, "reason", f"{reason} {meaning}")
    if len(data) > 10:
        found.broken(10, len(data), f"{len(data) - 10} bytes more than belong here", 0)


def _walk_pdata(found: FieldList) -> None:
    """P-DATA-TF: presentation data value items (9.3.5, Annex E)."""
    offset, end = HEADER, len(found.data)
    if offset == end:
        found.broken(offset, end, "no presentation data value", 0)
    while offset < end and not found.full:
        length = found.number(offset, 4)
        if end - offset < 6 or length < 2 or offset + 4 + length > end:
            reason = f"presentation data value of {length:,} bytes, {max(0, end - offset - 4)} left"
            found.broken(offset, end, reason, 0)
            return
        context, flags = found.data[offset + 4], found.data[offset + 5]
        stop = offset + 4 + length
        what = ("command" if flags & 1 else "data set") + (", last" if flags & 2 else "")
        title = f"presentation data value: context {context}, {what} fragment"
        found.add(offset, 4, title, f"{length - 2:,} bytes", kind=Kind.TITLE)
        found.add(offset + 4, 1, "presentation context id", str(context), level=1, kind=Kind.HEAD)
        odd = "" if flags < 4 else " (bits 2 to 7 must be 0)"
        value = f"{flags:#04x} {what}{odd}"
        found.add(offset + 5, 1, "message control header", value, level=1, kind=Kind.HEAD)
        if flags & 3 == 3 and found.number(offset + 6, 4) == 0:
            # Last fragment and starting with (0000,0000): the whole command set is here.
            walk_command(found, offset + 6, stop, 1)
        elif stop > offset + 6:
            found.add(offset + 6, stop - offset - 6, f"{what} fragment", level=1, kind=Kind.RAW)
        offset = stop
