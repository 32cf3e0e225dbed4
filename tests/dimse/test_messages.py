"""Messages to P-DATA-TF and back: fragments, lengths, order, caps (PS3.8 Annex E)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import dimse_messages, dimse_primitives
from pynetdicom.pdu import P_DATA_TF

from assocsh.dimse.commandset import CommandSet, Value
from assocsh.dimse.messages import (
    MAX_COMMAND,
    MAX_IDENTIFIER,
    UNLIMITED_PDU,
    MessageReader,
    MessageWriter,
    fragment_size,
)
from assocsh.errors import ProtocolError
from assocsh.upperlayer.events import Pdv
from tests.dimse import support

STORE = CommandSet.of(
    CommandField=0x0001,
    CommandDataSetType=1,
    MessageID=5,
    Priority=0,
    AffectedSOPClassUID=support.CT,
    AffectedSOPInstanceUID="1.2.3.4",
)
ECHO = CommandSet.of(CommandField=0x0030, CommandDataSetType=0x0101, MessageID=5)


class Source:
    """A DataSource that gives ``data`` in pieces of its own choice, ``None`` where told."""

    def __init__(self, data: bytes, step: int = 1 << 20, gaps: int = 0) -> None:
        self.length = len(data)
        self._data = io.BytesIO(data)
        self._step = step
        self.gaps = gaps
        self.closed = 0

    def read(self, size: int) -> bytes | None:
        if self.gaps:
            self.gaps -= 1
            return None
        return self._data.read(min(size, self._step))

    def close(self) -> None:
        self.closed += 1


@pytest.mark.scenario(11)
@pytest.mark.rule("M3", "P1")
@pytest.mark.parametrize(
    ("peer_max", "expected"),
    [
        (8, 2),
        (9, 2),
        (10, 4),
        (16384, 16378),
        (16383, 16376),  # pynetdicom sends odd fragments here
        (0, UNLIMITED_PDU - 6),
        (2**32 - 1, UNLIMITED_PDU - 6),
    ],
)
def test_fragment_size(peer_max: int, expected: int) -> None:
    assert fragment_size(peer_max) == expected


@pytest.mark.rule("M3")
@given(
    st.integers(8, 200),
    st.binary(max_size=600).map(lambda data: data + data[: len(data) % 2]),
    st.integers(1, 400),
    st.booleans(),
)
def test_fragments(peer_max: int, data: bytes, budget: int, from_source: bool) -> None:
    """Whatever the maximum and the budget: whole, even, in order, never longer than allowed."""
    given_data: Any = (Source(data, step=64) if from_source else data) if data else None
    said = CommandSet({**STORE.values, 0x0800: 1 if data else 0x0101})
    writer = MessageWriter(3, said, given_data, fragment_size(peer_max))
    stream = b""
    while not writer.done:
        pieces: list[Any] = []
        assert writer.write(pieces, budget) > 0
        for head, payload in zip(pieces[::2], pieces[1::2], strict=True):
            assert len(head) == 12
            assert int.from_bytes(head[2:6], "big") <= peer_max
            stream += head + bytes(payload)
    (message,) = support.read_messages(stream)
    assert (message.context_id, message.command, message.data) == (3, said, data)
    assert writer.sent == len(data)


@pytest.mark.rule("M3")
def test_pynetdicom_reads_our_fragments() -> None:
    data = bytes(range(256)) * 200
    writer = MessageWriter(3, STORE, data, fragment_size(1024))
    pieces: list[Any] = []
    writer.write(pieces, 1 << 20)
    message = dimse_messages.DIMSEMessage()
    for head, payload in zip(pieces[::2], pieces[1::2], strict=True):
        pdu = P_DATA_TF()
        pdu.decode(bytes(head) + bytes(payload))
        complete = message.decode_msg(pdu.to_primitive())
    assert complete
    primitive = message.message_to_primitive()
    assert isinstance(primitive, dimse_primitives.C_STORE)
    assert primitive.DataSet.getvalue() == data
    assert primitive.MessageID == 5


def pdvs_of(primitives: list[Any]) -> list[Pdv]:
    return [
        Pdv(context, bool(value[0] & 1), bool(value[0] & 2), memoryview(value[1:]))
        for one in primitives
        for context, value in one.presentation_data_value_list
    ]


@pytest.mark.parametrize("max_pdu", [16, 64, 16382])
def test_we_read_pynetdicoms_fragments(max_pdu: int) -> None:
    primitive = dimse_primitives.C_STORE()
    primitive.MessageID = 9
    primitive.AffectedSOPClassUID = support.CT
    primitive.AffectedSOPInstanceUID = "1.2.3"
    primitive.Priority = 1
    primitive.DataSet = io.BytesIO(bytes(range(250)) * 2)
    message = dimse_messages.C_STORE_RQ()
    message.primitive_to_message(primitive)
    reader = MessageReader()
    data = b""
    command = None
    for pdv in pdvs_of(list(message.encode_msg(7, max_pdu))):
        if pdv.is_command:
            command = reader.feed_command(pdv) or command
        else:
            assert reader.feed_data(pdv) is command
            data += pdv.data
    assert reader.idle
    assert command is not None and command.message_id == 9
    assert data == bytes(range(250)) * 2


def test_a_source_that_has_nothing_ready_yet() -> None:
    source = Source(bytes(100), step=40, gaps=1)
    writer = MessageWriter(3, STORE, source, 200)
    assert not writer.prefetch()
    assert writer.prefetch()
    pieces: list[Any] = []
    source.gaps = 1
    assert writer.write(pieces, 1000) > 0
    assert not writer.done
    assert writer.write(pieces, 1000) > 0
    assert writer.done
    assert support.whole_messages(pieces)[0].data == bytes(100)


def test_a_source_that_ends_early() -> None:
    source = Source(bytes(100))
    source.length = 120
    writer = MessageWriter(3, STORE, source, 50)
    with pytest.raises(OSError, match="20 bytes early"):
        writer.write([], 1000)


def feed(reader: MessageReader, *pdvs: Pdv) -> None:
    for pdv in pdvs:
        if pdv.is_command:
            reader.feed_command(pdv)
        else:
            reader.feed_data(pdv)


def command_part(context: int, data: bytes, *, last: bool) -> Pdv:
    return Pdv(context, True, last, memoryview(data))


ENCODED = STORE.encode()
WHOLE = support.command_pdv(3, STORE)
DISORDER = {
    "data first": [support.data_pdv(3, b"xx")],
    "data after a message without": [support.command_pdv(3, ECHO), support.data_pdv(3, b"xx")],
    "data on another context": [WHOLE, support.data_pdv(5, b"xx")],
    "command inside data": [WHOLE, support.data_pdv(3, b"xx", last=False), WHOLE],
    "command after command": [WHOLE, WHOLE],
    "command on another context": [
        command_part(3, ENCODED[:20], last=False),
        command_part(5, ENCODED[20:], last=True),
    ],
    "data inside command": [
        command_part(3, ENCODED[:20], last=False),
        support.data_pdv(3, b"xx"),
    ],
    "two last data": [WHOLE, support.data_pdv(3, b"xx"), support.data_pdv(3, b"xx")],
}


@pytest.mark.rule("M3")
@pytest.mark.scenario(31)
@pytest.mark.parametrize("name", DISORDER)
def test_fragments_out_of_order(name: str) -> None:
    reader = MessageReader()
    with pytest.raises(ProtocolError) as raised:
        feed(reader, *DISORDER[name])
    assert raised.value.reason == 5  # unexpected PDU parameter


def test_a_command_set_that_never_ends() -> None:
    reader = MessageReader()
    with pytest.raises(ProtocolError, match=str(MAX_COMMAND)):
        for _ in range(20):
            reader.feed_command(command_part(3, bytes(4096), last=False))


@pytest.mark.rule("E8", "E9")
@pytest.mark.scenario(45)
def test_an_identifier_that_never_ends() -> None:
    """4 MiB for an identifier, not the 64 MiB that the peer sends."""
    machine = support.machine()
    find = support.invoke(machine, support.FIND, b"xx")
    support.drain(machine)
    machine.receive([support.command_pdv(5, support.response_to(find, 0xFF00, has_data=True))], 0.0)
    piece = bytes(64 * 1024)
    taken = 0
    while not (violations := support.kinds(machine, support.ev.Violation)):
        machine.receive([support.data_pdv(5, piece, last=False)], 0.0)
        taken += len(piece)
        assert taken <= MAX_IDENTIFIER + len(piece)
    assert "C-FIND-RSP" in str(violations[0].error)
    assert taken == MAX_IDENTIFIER + len(piece)


def test_command_sets_that_differ_in_the_message_id_alone() -> None:
    """The short way to the next answer gives what decoding gives, also for a hostile text."""
    element = b"\x00\x00\x20\x01\x02\x00\x00\x00"
    reader = MessageReader()
    for comment in ("", "x", element.decode("latin-1") + "ab", element.decode("latin-1")):
        for number in (1, 2, 0x0101, 0xFFFF):
            for status in (0x0000, 0xA700):
                values: dict[int, Value] = {0x0100: 0x8030, 0x0120: number, 0x0800: 0x0101}
                values[0x0900] = status
                if number == 2:
                    del values[0x0120]
                if comment:
                    values[0x0902] = comment
                data = CommandSet(values).encode()
                read = reader.feed_command(Pdv(1, True, True, memoryview(data)))
                assert read == CommandSet.decode(data)
