"""The fields of a PDU, with their place in its bytes: what the walkers find and the views show."""

from __future__ import annotations

from enum import Enum

from assocsh.records import dataclass
from assocsh.text.visible import visible

MAX_FIELDS = 4000
"""Fields of one PDU that are named; hostile bytes could make sixteen thousand of 64 KiB."""


class Kind(Enum):
    """What a field is to a reader."""

    HEAD = "head"  # type and length: only in the hex view
    VALUE = "value"  # a value: in detail and hex
    TITLE = "title"  # the head of an item with items inside: in detail and hex
    RESERVED = "reserved"  # only in the hex view
    RAW = "raw"  # bytes without further names: abbreviated
    BROKEN = "broken"  # what the walker could not read, with the reason


@dataclass(frozen=True, slots=True)
class Field:
    """``length`` bytes at ``offset``: a name of the standard and the value in words.

    The bytes of a ``secret`` field are never shown, in no view.
    """

    offset: int
    length: int
    name: str
    value: str = ""
    level: int = 0
    kind: Kind = Kind.VALUE
    secret: bool = False


class FieldList:
    """Collects fields from the front of ``data`` to its end; reading past the end never raises."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.fields: list[Field] = []
        self.secrets_possible = False  # bytes that no walker can name may be a user identity's
        self.lost = False  # something could not be read: where later items start is uncertain

    @property
    def full(self) -> bool:
        return len(self.fields) >= MAX_FIELDS

    def number(self, offset: int, length: int, order: str = "big") -> int:
        """An unsigned integer; bytes that are not there count as absent (0 for none at all)."""
        piece = self.data[offset : offset + length]
        return int.from_bytes(piece, "little" if order == "little" else "big")

    def text(self, offset: int, length: int, strip: str = " \x00") -> str:
        """Bytes as visible text, anything beyond ASCII as escapes."""
        piece = self.data[offset : offset + length]
        return visible(piece.decode("ascii", "backslashreplace").strip(strip))

    def add(
        self,
        offset: int,
        length: int,
        name: str,
        value: str = "",
        *,
        level: int = 0,
        kind: Kind = Kind.VALUE,
        secret: bool = False,
    ) -> None:
        """Name ``length`` bytes at ``offset``. Beyond MAX_FIELDS nothing is named any more."""
        length = max(0, min(length, len(self.data) - offset))
        if not self.full:
            self.fields.append(Field(offset, length, name, value, level, kind, secret))

    def opaque(self, offset: int, end: int, name: str, level: int, kind: Kind) -> None:
        """Bytes without further names. Where they may be part of a user identity, masked."""
        secret = self.secrets_possible
        self.add(offset, end - offset, name, level=level, kind=kind, secret=secret)

    def broken(self, offset: int, end: int, reason: str, level: int) -> None:
        """What is left of an item that cannot be read, and why."""
        self.lost = True
        self.opaque(offset, end, reason, level, Kind.BROKEN)
