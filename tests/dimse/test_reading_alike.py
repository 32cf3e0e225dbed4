"""A command set like the last one is read in a short way: it gives what the decoder gives.

Two readers of one thing must not differ, also on bytes that no sound peer would send.
"""

from __future__ import annotations

import os
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from assocsh.dimse.commandset import CommandSet, Value
from assocsh.dimse.messages import MessageReader
from assocsh.errors import ProtocolError
from assocsh.upperlayer.events import Pdv
from tests.dimse import support
from tests.dimse.test_commandset import command_sets

LONG = os.environ.get("ASSOCSH_HYPOTHESIS") == "long"

MORE: list[dict[int, Value]] = [{}, {0x0902: "because"}, {0x1000: "1.2.3.4"}]
BASES = [
    CommandSet(
        {
            0x0002: support.STUDY_FIND,
            0x0100: field,
            0x0120: number,
            0x0800: kind,
            0x0900: status,
            **more,
        }
    ).encode()
    for field in (0x8030, 0x8020, 0x8110, 0x8001, 0x0030)
    for number in (1, 0x0101)
    for kind, status in ((0x0101, 0x0000), (0x0001, 0xFF00))
    for more in MORE
]
AGAIN = [
    struct.pack("<HHIH", group, number, 2, 7)
    for group, number in ((0, 0x0120), (8, 0x0120), (0, 0x0110), (0, 0x0800))
]
"""An element that is there twice, or the same number in another group."""

RESPONDED = struct.pack("<HHI", 0, 0x0120, 2)


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Command sets one after another, each like the one before but for a byte or an element."""
    data = bytearray(draw(st.sampled_from(BASES)))
    made = []
    for _ in range(draw(st.integers(2, 5))):
        for _ in range(draw(st.integers(0, 2))):
            what = draw(st.sampled_from(("id", "id", "byte", "bit", "insert", "again", "cut")))
            at = draw(st.integers(0, max(0, len(data) - 1)))
            found = data.find(RESPONDED)
            if what == "id" and 0 <= found <= len(data) - 10:
                data[found + 8 : found + 10] = draw(st.binary(min_size=2, max_size=2))
            elif what == "byte" and data:
                data[at] = draw(st.integers(0, 255))
            elif what == "bit" and data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            elif what == "insert":
                data[at:at] = draw(st.binary(max_size=4))
            elif what == "again":
                place = draw(st.sampled_from((0, 12, len(data))))
                data[place:place] = draw(st.sampled_from(AGAIN))
            elif what == "cut":
                del data[len(data) - draw(st.integers(0, 3)) :]
        made.append(bytes(data))
    return made


@settings(max_examples=5000 if LONG else 800, deadline=None)
@given(alike())
def test_what_was_read_before_makes_no_difference(commands: list[bytes]) -> None:
    """Both give the same, in everything that a command set tells, or fail with the same words."""
    reader = MessageReader()
    for data in commands:
        reader.command = None  # as if the data set of the one before had come
        expected: CommandSet | str
        read: CommandSet | str | None
        try:
            expected = CommandSet.decode(data)
        except ProtocolError as error:
            expected = str(error)
        try:
            read = reader.feed_command(Pdv(1, True, True, memoryview(data)))
        except ProtocolError as error:
            read = str(error)
        assert read == expected
        if isinstance(read, CommandSet) and isinstance(expected, CommandSet):
            assert (read.field, read.foreign) == (expected.field, expected.foreign)
            assert list(read.items()) == list(expected.items())


@given(command_sets(), st.binary(min_size=2, max_size=2))
def test_the_two_bytes_are_the_message_id_and_nothing_else(
    command: CommandSet, other: bytes
) -> None:
    """What the short way lives by: any two bytes at that offset change that number alone."""
    data = command.encode()
    read, offset = CommandSet.decode_located(data)
    assert read == command
    assert (offset > 0) == (0x0120 in command.values)
    if offset:
        changed = CommandSet.decode(data[:offset] + other + data[offset + 2 :])
        expected = {**command.values, 0x0120: int.from_bytes(other, "little")}
        assert changed.values == expected
