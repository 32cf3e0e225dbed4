"""Command sets: the group 0000 elements of PS3.7 Annex E, Implicit VR Little Endian.

Hot path: one of these is encoded and one decoded for every message. Values are kept by element
number (the group is always 0000) as ``int`` for US and UL, ``str`` for UI, AE and LO, and
``tuple[int, ...]`` (tags as 32-bit numbers) for AT.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import lru_cache

from assocsh.dimse.elements import (
    AFFECTED_SOP_CLASS_UID,
    AFFECTED_SOP_INSTANCE_UID,
    ATTRIBUTE_IDENTIFIER_LIST,
    COMMAND_DATA_SET_TYPE,
    COMMAND_FIELD,
    ELEMENTS,
    ERROR_COMMENT,
    EVENT_TYPE_ID,
    KEYWORDS,
    MESSAGE_ID,
    MESSAGE_ID_BEING_RESPONDED_TO,
    MOVE_DESTINATION,
    OFFENDING_ELEMENT,
    REQUESTED_SOP_CLASS_UID,
    REQUESTED_SOP_INSTANCE_UID,
    STATUS,
)
from assocsh.errors import ProtocolError, UsageError
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE

Value = int | str | tuple[int, ...]

NO_DATA_SET = 0x0101
"""Command Data Set Type that means: no data set follows (PS3.7 E.1); any other announces one."""

DATA_SET = 0x0001

RESPONSE = 0x8000
"""The bit of a Command Field that makes it a response."""


class CommandField(IntEnum):
    """Command Field (0000,0100): PS3.7 E.1-1. A response is its request with bit 15 set."""

    label: str
    """The standard's name of the message: ``C-FIND-RQ``."""
    service: str
    """The name of the service: ``C-FIND``."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150
    C_CANCEL_RQ = 0x0FFF

    @property
    def is_response(self) -> bool:
        """Whether messages of this kind answer a request."""
        return bool(self & RESPONSE)


for _field in CommandField:
    _field.label = _field.name.replace("_", "-")
    _field.service = _field.label.rpartition("-")[0]


def field_label(field: int) -> str:
    """The name of a Command Field, or its number where the standard has no name for it."""
    try:
        return CommandField(field).label
    except ValueError:
        return f"Command Field {field:#06x}"


def check_values(values: Mapping[int, Value]) -> None:
    """Raise UsageError for a value that cannot be encoded.

    Checked when a message is asked for: when it is its turn on the wire nobody can be told.
    """
    for number, value in values.items():
        vr = _KINDS.get(number)
        if vr == "US":
            fits = isinstance(value, int) and 0 <= value <= 0xFFFF
        elif vr == "AT":
            fits = isinstance(value, tuple) and all(0 <= tag <= 0xFFFFFFFF for tag in value)
        elif vr is None:
            raise UsageError(f"(0000,{number:04x}) is no element of a command set (PS3.7 E.1)")
        else:
            fits = isinstance(value, str)
        if not fits:
            raise UsageError(f"{value!r} does not fit {ELEMENTS[number].keyword}, which is {vr}")


MAX_FOREIGN = 16

_HEAD = struct.Struct("<HHI")
_US = struct.Struct("<HHIH")
_UL = struct.Struct("<HHII")
_U16 = struct.Struct("<H")
_AT = struct.Struct("<HH")
_KINDS = {number: element.vr for number, element in ELEMENTS.items()}


def _encoded_text(number: int, text: str) -> bytes:
    """A UI, AE or LO element."""
    value = text.encode("latin-1", "replace")
    if len(value) & 1:
        value += b"\0" if _KINDS[number] == "UI" else b" "
    return _HEAD.pack(0, number, len(value)) + value


_known_text = lru_cache(maxsize=256)(_encoded_text)
"""Most of them, a SOP class, are the same in every message."""

_CHANGING = frozenset((AFFECTED_SOP_INSTANCE_UID, REQUESTED_SOP_INSTANCE_UID))
"""Instance UIDs: they would only push the others out."""


def _bad(what: str) -> ProtocolError:
    return ProtocolError(what, reason=REASON_INVALID_VALUE)


class CommandSet:
    """One command set. ``values`` maps element numbers (0x0100 is (0000,0100)) to values.

    Elements the standard does not name are kept on receipt as hexadecimal text. ``foreign`` are
    the tags, as 32-bit numbers, of elements that belong in no command set, for they are of another
    group than 0000: peers send them (a list of failed instances beside the counts of a C-GET-RSP),
    and they were read over. MAX_FOREIGN of them are named at most.
    """

    __slots__ = (
        "field",
        "foreign",
        "has_data",
        "message_id_being_responded_to",
        "status",
        "values",
    )

    def __init__(self, values: dict[int, Value], foreign: tuple[int, ...] = ()) -> None:
        self.values = values
        self.foreign = foreign
        field = values.get(COMMAND_FIELD, 0)
        self.field = field if isinstance(field, int) else 0
        """Command Field; compare with CommandField, name it with field_label()."""
        # One command set stands for all Pending responses that are alike, and each of them is
        # asked for these several times: as properties they cost 6 % of a match.
        self.has_data = values.get(COMMAND_DATA_SET_TYPE, 0) != NO_DATA_SET
        """A data set follows: any Command Data Set Type but 0101H (PS3.7 E.1)."""
        status = values.get(STATUS)
        self.status = status if isinstance(status, int) else None
        """Status (0000,0900); None without one, as in a request."""
        answered = values.get(MESSAGE_ID_BEING_RESPONDED_TO, 0)
        self.message_id_being_responded_to = answered if isinstance(answered, int) else 0

    @classmethod
    def of(cls, **elements: Value) -> CommandSet:
        """A command set from keywords: ``CommandSet.of(CommandField=0x0030, MessageID=1)``."""
        return cls({KEYWORDS[keyword]: value for keyword, value in elements.items()})

    def __repr__(self) -> str:
        inside = ", ".join(f"{keyword}={value!r}" for _, keyword, _, value in self.items())
        return f"CommandSet({inside})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommandSet) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]

    def items(self) -> Iterator[tuple[int, str, str, Value]]:
        """(element number, keyword, VR, value) in ascending order, without the group length."""
        for number in sorted(self.values):
            element = ELEMENTS.get(number)
            if element is None:
                yield number, f"(0000,{number:04x})", "UN", self.values[number]
            else:
                yield number, element.keyword, element.vr, self.values[number]

    def encode(self) -> bytes:
        """The command set as bytes, with its group length (PS3.7 6.3.1)."""
        parts = []
        for number in sorted(self.values):
            value = self.values[number]
            kind = _KINDS[number]
            if kind == "US":
                parts.append(_US.pack(0, number, 2, value))
            elif kind == "AT":
                tags = value if isinstance(value, tuple) else (value,)
                packed = b"".join(_AT.pack(int(tag) >> 16, int(tag) & 0xFFFF) for tag in tags)
                parts.append(_HEAD.pack(0, number, len(packed)) + packed)
            elif number in _CHANGING:
                parts.append(_encoded_text(number, str(value)))
            else:
                parts.append(_known_text(number, str(value)))
        body = b"".join(parts)
        return _UL.pack(0, 0, 4, len(body)) + body

    @classmethod
    def decode(cls, data: bytes | bytearray | memoryview) -> CommandSet:
        """Read a command set. Raises ProtocolError (reason 6) for bytes that are none.

        The group length is not relied on (peers get it wrong): all of ``data`` is read. VR bytes
        of a peer that wrongly sends Explicit VR are recognised and named in the error. Elements of
        another group never make a command set invalid, whatever is in them: they are read over,
        and where nothing can be read behind them, so is the rest.
        """
        return cls.decode_located(bytes(data))[0]

    @classmethod
    def decode_located(cls, data: bytes) -> tuple[CommandSet, int]:
        """``decode``, and the offset of the value of Message ID Being Responded To (0: none).

        Any other two bytes at that offset give the same command set but for that number, since
        where the elements are is read from their heads alone. MessageReader lives by that.
        """
        values: dict[int, Value] = {}
        foreign: dict[int, None] = {}
        located = 0
        position, end = 0, len(data)
        unpack = _HEAD.unpack_from
        while position < end:
            if end - position < 8:
                if foreign:
                    break
                raise _bad("command set ends in the middle of an element")
            group, number, length = unpack(data, position)
            position += 8
            if group and len(foreign) < MAX_FOREIGN:
                foreign[group << 16 | number] = None
            if length > end - position:
                if foreign:
                    break
                if data[position - 4 : position - 2].isalpha():
                    raise _bad("command set is in Explicit VR; PS3.7 6.3.1 wants Implicit VR")
                raise _bad(
                    f"element ({group:04x},{number:04x}) of the command set says it has "
                    f"{length} bytes, {end - position} are left"
                )
            kind = _KINDS.get(number)
            if length == 2 and kind == "US" and group == 0:
                values[number] = _U16.unpack_from(data, position)[0]
                if number == MESSAGE_ID_BEING_RESPONDED_TO:
                    located = position
                position += 2
                continue
            raw = data[position : position + length]
            position += length
            if group:
                continue
            if kind == "US":
                # An empty optional number is the same as an absent one.
                if length >= 2:
                    values[number] = _U16.unpack_from(raw)[0]
                    if number == MESSAGE_ID_BEING_RESPONDED_TO:
                        located = position - length
                elif length and not foreign:
                    raise _bad(f"{ELEMENTS[number].keyword} has {length} byte, a number has 2")
            elif kind == "AT":
                values[number] = tuple(
                    high << 16 | low for high, low in _AT.iter_unpack(raw[: length & ~3])
                )
            elif kind == "UI":
                values[number] = raw.decode("latin-1").rstrip("\0 ")
            elif kind is None:
                values[number] = raw[:64].hex()
            elif kind != "UL":
                values[number] = raw.decode("latin-1").strip(" \0")
        if COMMAND_FIELD not in values:
            raise _bad("command set without Command Field (0000,0100)")
        if COMMAND_DATA_SET_TYPE not in values:
            raise _bad("command set without Command Data Set Type (0000,0800)")
        return cls(values, tuple(foreign)), located

    # Typed views. A missing number is 0 and a missing text "", for elements that may be left out.
    # Where 0 would be a statement, as Success is, what is missing is None.

    def number(self, element: int) -> int:
        value = self.values.get(element, 0)
        return value if isinstance(value, int) else 0

    def text(self, element: int) -> str:
        value = self.values.get(element, "")
        return value if isinstance(value, str) else ""

    @property
    def label(self) -> str:
        return field_label(self.field)

    @property
    def is_response(self) -> bool:
        return bool(self.field & RESPONSE)

    @property
    def message_id(self) -> int:
        return self.number(MESSAGE_ID)

    @property
    def answers(self) -> bool:
        """It names another message by its Message ID: a response does, and a C-CANCEL."""
        return MESSAGE_ID_BEING_RESPONDED_TO in self.values

    @property
    def request_id(self) -> int:
        """The Message ID of the request that this message is, answers or cancels."""
        return self.message_id_being_responded_to if self.answers else self.message_id

    @property
    def affected_sop_class(self) -> str:
        return self.text(AFFECTED_SOP_CLASS_UID)

    @property
    def sop_class(self) -> str:
        """Affected or Requested SOP Class UID, whichever the message has."""
        return self.text(AFFECTED_SOP_CLASS_UID) or self.text(REQUESTED_SOP_CLASS_UID)

    @property
    def affected_sop_instance(self) -> str:
        return self.text(AFFECTED_SOP_INSTANCE_UID)

    @property
    def sop_instance(self) -> str:
        """Affected or Requested SOP Instance UID, whichever the message has."""
        return self.text(AFFECTED_SOP_INSTANCE_UID) or self.text(REQUESTED_SOP_INSTANCE_UID)

    @property
    def move_destination(self) -> str:
        return self.text(MOVE_DESTINATION)

    @property
    def event_type(self) -> int:
        return self.number(EVENT_TYPE_ID)

    @property
    def error_comment(self) -> str:
        return self.text(ERROR_COMMENT)

    @property
    def offending_elements(self) -> tuple[int, ...]:
        """The tags that a failure is about, as 32-bit numbers.

        Offending Element (0000,0901) of a DIMSE-C response, Attribute Identifier List (0000,1005)
        of a DIMSE-N one (PS3.7 C.5).
        """
        tags = self.values.get(ATTRIBUTE_IDENTIFIER_LIST, ()) if self.is_response else ()
        value = self.values.get(OFFENDING_ELEMENT, tags)
        return value if isinstance(value, tuple) else ()
