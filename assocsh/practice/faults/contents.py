"""Faults of data sets: what a match or an instance looks like inside (PS3.5)."""

from __future__ import annotations

from collections.abc import Iterable

from assocsh.practice.faults.fault import Fault, fault
from assocsh.practice.faults.message import Message


class _OfData(Fault):
    """Changes data sets; messages without one go out as they are."""

    def sends(self, message: Message) -> Iterable[Message]:
        if message.data is not None:
            message.data = self.changed(message.data)
        return (message,)

    def changed(self, data: bytes) -> bytes:
        raise NotImplementedError


@fault
class BadCharset(_OfData):
    name = "bad-charset"
    summary = "names a Specific Character Set that is not defined, ISO_IR 999"
    section = "PS3.3 C.12.1.1.2"

    _SET = (b"\x08\0\x05\0CS\x0a\0ISO_IR 999", b"\x08\0\x05\0\x0a\0\0\0ISO_IR 999")

    def changed(self, data: bytes) -> bytes:
        explicit = data[4:6].isalpha()
        return self._SET[not explicit] + _without_charset(data, explicit)


def _without_charset(data: bytes, explicit: bool) -> bytes:
    """A data set in Little Endian without (0008,0005), which is its first element or not there."""
    if data[:4] != b"\x08\0\x05\0":
        return data
    return data[8 + int.from_bytes(data[6:8] if explicit else data[4:8], "little") :]


@fault
class CutDataSet(_OfData):
    name = "cut-data-set"
    summary = "ends data sets in the middle of an element"
    section = "PS3.5 7.1"

    def changed(self, data: bytes) -> bytes:
        return data[: max(4, len(data) - 3)]


@fault
class OddLength(_OfData):
    name = "odd-length"
    summary = "ends data sets with an element whose value has an odd length"
    section = "PS3.5 7.1.1"

    def changed(self, data: bytes) -> bytes:
        explicit = data[4:6].isalpha()
        return (
            data
            + (b"\xfc\xff\xfc\xffOB\0\0" if explicit else b"\xfc\xff\xfc\xff")
            + (b"\3\0\0\0abc")
        )


@fault
class OtherSyntax(_OfData):
    name = "wrong-syntax"
    summary = "sends data sets in another transfer syntax than the accepted one: the bytes swapped"
    section = "PS3.8 9.3.3.2"

    def changed(self, data: bytes) -> bytes:
        even = data[: len(data) & ~1]
        swapped = bytearray(even)
        swapped[::2], swapped[1::2] = even[1::2], even[::2]
        return bytes(swapped)
