"""What identifies people is masked in the bytes of an association, every length as it was.

Text is replaced by pseudonyms, the same for the same value, dates by one date, UIDs that are not
of the standard by other ones, consistently, and bytes by zeros: pixel data, private elements,
unknown ones. Numbers and codes (CS) stay, but for those of the patient (group 0010). What cannot be
walked is zeroed from there on.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from assocsh.datasets.dictionary import entry_of
from assocsh.datasets.structure import (
    Kind,
    StructureError,
    encoding_of,
    fetch_from,
    is_deflated,
    walk,
)
from assocsh.datasets.vrs import TEXT_VRS, one_vr
from assocsh.uids import IMPLICIT_LE

_STANDARD = b"1.2.840.10008."
_KEPT = frozenset(["CS", "AE", "IS", "DS", "AT", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"])
_ITEM = b"\xfe\xff\x00\xe0"
_CHARACTER_SET = 0x00080005
_PATIENT = 0x0010
"""The group of what is known of a patient: sex, size and pregnancy as well as the name."""
_DIGITS = frozenset(("DS", "IS"))
_DATE_VRS = {"DA": b"19000101", "DT": b"19000101000000.000000", "TM": b"120000.000000"}
_MASKED_COMMAND = {0x0902: "LO", 0x1000: "UI", 0x1001: "UI"}
_USER_INFORMATION, _IDENTITY, _IDENTITY_ANSWER = 0x50, 0x58, 0x59
_FIRST_ITEM = 74


class Redactor:
    """Masks; ``key`` decides on the pseudonyms, another one each time without it."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def value(self, vr: str, value: bytes) -> bytes:
        """What stands for ``value``, of the same length."""
        if vr in _DATE_VRS:
            return b"\\".join(self._date(vr, each) for each in value.split(b"\\"))
        if vr == "UI":
            return b"\\".join(self._uid(each) for each in value.split(b"\\"))
        if vr in _DIGITS:
            return b"0" * len(value)
        if vr in TEXT_VRS:
            return self._text(value)
        return bytes(len(value))

    @staticmethod
    def _date(vr: str, value: bytes) -> bytes:
        bare = value.rstrip(b" \0")
        if b"-" in bare:  # a range: its sign stays
            return (
                b"-".join(Redactor._date(vr, each) for each in bare.split(b"-"))
                + value[len(bare) :]
            )
        made = _DATE_VRS[vr][: len(bare)].ljust(len(bare), b"0")
        return made + value[len(bare) :]

    def _uid(self, value: bytes) -> bytes:
        bare = value.rstrip(b" \0")
        if not bare or bare.startswith(_STANDARD):
            return value
        size, made = len(bare), bare
        digest = self._digest(bare)
        while made == bare:
            number = int.from_bytes(digest, "big")
            digits = b"%d" % (number % 9 + 1) + b"%077d" % (number % 10**77)
            made = b"2.25." + digits[: size - 5] if size > 5 else digits[:size]
            made = made.ljust(size, b"7")
            digest = self._digest(digest)
        return made + value[size:]

    def _text(self, value: bytes) -> bytes:
        masked = []
        for component in _split(value):
            if component in (b"\\", b"^", b"=", b"*", b"?"):
                masked.append(component)
                continue
            bare = component.strip(b" \0")
            masked.append(component.replace(bare, self._pseudonym(bare), 1) if bare else component)
        return b"".join(masked)

    def _pseudonym(self, bare: bytes) -> bytes:
        """Another text of this length: of one character, too."""
        made, digest = bare, self._digest(bare)
        while made == bare:
            text = digest.hex().upper().encode()
            made = (text * (len(bare) // len(text) + 1))[: len(bare)]
            digest = self._digest(digest)
        return made

    def _digest(self, value: bytes) -> bytes:
        return hmac.digest(self._key, value, hashlib.sha256)

    def dataset(self, data: bytes, transfer_syntax: str) -> bytes:
        """A data set with everything masked in it."""
        if is_deflated(transfer_syntax):
            return bytes(len(data))
        made = bytearray(data)
        implicit, little = encoding_of(transfer_syntax)
        reached = 0
        try:
            for part in walk(fetch_from(data), 0, len(data), implicit, little):
                if part.kind in (Kind.ELEMENT, Kind.FRAGMENT):
                    stop = part.offset + part.length
                    made[part.offset : stop] = self._element(
                        part.tag, part.vr, data[part.offset : stop], part.kind
                    )
                    reached = stop
                elif part.kind is not Kind.ITEM_END:
                    reached = part.offset
        except StructureError:
            made[reached:] = bytes(len(data) - reached)
        return bytes(made)

    def _element(self, tag: int, vr: str, value: bytes, kind: Kind) -> bytes:
        if kind is Kind.FRAGMENT or tag >> 16 & 1:
            return bytes(len(value))
        if not vr or vr == "UN":
            vr = one_vr(entry_of(tag).vr)
        if vr == "SQ":
            return self._items(value)
        if tag == _CHARACTER_SET or (vr in _KEPT and tag >> 16 != _PATIENT):
            return value
        return self.value(vr, value)

    def _items(self, value: bytes) -> bytes:
        """A sequence that is said to be UN: its items are in Implicit VR (PS3.5 6.2.2)."""
        made = bytearray(len(value))
        at = 0
        while value[at : at + 4] == _ITEM:
            size = int.from_bytes(value[at + 4 : at + 8], "little")
            stop = at + 8 + size
            if stop > len(value):
                break
            made[at : at + 8] = value[at : at + 8]
            made[at + 8 : stop] = self.dataset(value[at + 8 : stop], IMPLICIT_LE)
            at = stop
        return bytes(made)

    def command(self, data: bytes) -> bytes:
        """A command set: SOP Instance UIDs and the error comment (PS3.7 E.1)."""
        made = bytearray(data)
        at = 0
        while at + 8 <= len(data):
            group, number = data[at] | data[at + 1] << 8, data[at + 2] | data[at + 3] << 8
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            at += 8
            stop = min(at + size, len(data))
            vr = _MASKED_COMMAND.get(number)
            if vr is not None and group == 0:
                made[at:stop] = self.value(vr, data[at:stop])
            at = stop
        return bytes(made)


def _split(value: bytes) -> list[bytes]:
    """``value`` in components, and what stands between them."""
    parts: list[bytes] = []
    start = 0
    for at, byte in enumerate(value):
        if byte in b"\\^=*?":
            parts += [value[start:at], value[at : at + 1]]
            start = at + 1
    return [*parts, value[start:]]


def mask_identity(pdu: bytes) -> bytes:
    """An A-ASSOCIATE PDU without the user identity: its bytes are X (PS3.7 D.3.3.7)."""
    made = bytearray(pdu)
    at = _FIRST_ITEM
    while at + 4 <= len(made):
        size = made[at + 2] << 8 | made[at + 3]
        if made[at] == _USER_INFORMATION:
            inner, stop = at + 4, min(at + 4 + size, len(made))
            while inner + 4 <= stop:
                length = made[inner + 2] << 8 | made[inner + 3]
                end = min(inner + 4 + length, stop)
                if made[inner] == _IDENTITY:
                    _mask_fields(made, inner + 6, end, 2)
                elif made[inner] == _IDENTITY_ANSWER:
                    _mask_fields(made, inner + 4, end, 1)
                inner = inner + 4 + length
        at += 4 + size
    return bytes(made)


def _mask_fields(made: bytearray, at: int, end: int, count: int) -> None:
    for _ in range(count):
        if at + 2 > end:
            return
        size = made[at] << 8 | made[at + 1]
        stop = min(at + 2 + size, end)
        made[at + 2 : stop] = b"X" * (stop - at - 2)
        at = stop
