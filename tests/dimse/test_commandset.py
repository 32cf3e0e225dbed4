"""Command sets against pynetdicom and pydicom, which write and read them too (PS3.7 E.1)."""

from __future__ import annotations

import io
import struct
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom import dimse_messages, dimse_primitives
from pynetdicom.dsutils import decode as pynetdicom_decode
from pynetdicom.dsutils import encode as pynetdicom_encode

from assocsh.dimse.commandset import (
    CommandField,
    CommandSet,
    Value,
    check_values,
    field_label,
)
from assocsh.dimse.elements import ELEMENTS, KEYWORDS
from assocsh.errors import ProtocolError, UsageError

UID = "1.2.840.10008.5.1.4.1.1.2"

uids = st.from_regex(r"[1-9][0-9]{0,9}(\.[1-9][0-9]{0,5}){1,7}", fullmatch=True).filter(
    lambda text: len(text) <= 64
)
titles = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=1, max_size=16)
words = st.text("abc XYZ.,:;()", min_size=1, max_size=64).map(str.strip).filter(bool)
numbers = st.integers(0, 0xFFFF)
tags = st.lists(st.integers(0x00080000, 0x7FE00010), min_size=1, max_size=5).map(tuple)
VALUES = {"UI": uids, "AE": titles, "LO": words, "US": numbers, "AT": tags}


@st.composite
def command_sets(draw: st.DrawFn) -> CommandSet:
    """Any command set that could go on the wire."""
    optional = sorted(set(ELEMENTS) - {0x0000, 0x0100, 0x0800})
    chosen = draw(st.lists(st.sampled_from(optional), unique=True))
    values: dict[int, Value] = {
        0x0100: int(draw(st.sampled_from(list(CommandField)))),
        0x0800: draw(st.sampled_from((0x0101, 0x0001, 0x0000, 0x0102))),
    }
    for number in chosen:
        values[number] = draw(VALUES[ELEMENTS[number].vr])
    return CommandSet(values)


def as_pydicom(command: CommandSet) -> Dataset:
    dataset = Dataset()
    for _, keyword, _vr, value in command.items():
        setattr(dataset, keyword, list(value) if isinstance(value, tuple) else value)
    return dataset


def as_ours(dataset: Dataset) -> dict[int, Value]:
    found: dict[int, Value] = {}
    for element in dataset:
        if element.tag.element == 0:
            continue
        value: Any = element.value
        if element.VR == "AT":
            many = value if isinstance(value, pydicom.multival.MultiValue) else [value]
            value = tuple(int(tag) for tag in many)
        elif element.VR == "US":
            value = int(value)
        else:
            value = str(value)
        found[element.tag.element] = value
    return found


@pytest.mark.rule("M4")
@given(command_sets())
def test_pydicom_reads_what_we_write(command: CommandSet) -> None:
    encoded = command.encode()
    dataset = pynetdicom_decode(io.BytesIO(encoded), True, True)
    assert as_ours(dataset) == command.values
    assert dataset.CommandGroupLength == len(encoded) - 12


@pytest.mark.rule("M4")
@given(command_sets())
def test_we_read_what_pydicom_writes(command: CommandSet) -> None:
    dataset = as_pydicom(command)
    encoded = pynetdicom_encode(dataset, True, True)
    assert encoded is not None
    head = struct.pack("<HHII", 0, 0, 4, len(encoded))
    assert CommandSet.decode(head + encoded) == command
    assert head + encoded == command.encode()


def _primitives() -> list[tuple[str, Any]]:
    """One of each message of PS3.7, made by pynetdicom: (name, message)."""
    made = []

    def add(kind: str, message: str, **elements: object) -> None:
        primitive = getattr(dimse_primitives, kind)()
        for name, value in elements.items():
            setattr(primitive, name, value)
        found = getattr(dimse_messages, message)()
        found.primitive_to_message(primitive)
        made.append((message, found))

    both = {"AffectedSOPClassUID": UID, "AffectedSOPInstanceUID": "1.2.3.45"}
    asked = {"RequestedSOPClassUID": UID, "RequestedSOPInstanceUID": "1.2.3.45"}
    data = io.BytesIO(b"\x08\x00\x52\x00\x02\x00\x00\x00AB")
    counts = {
        "NumberOfRemainingSuboperations": 3,
        "NumberOfCompletedSuboperations": 2,
        "NumberOfFailedSuboperations": 1,
        "NumberOfWarningSuboperations": 0,
    }
    answer = {"MessageIDBeingRespondedTo": 65535, "Status": 0xFF00}
    add("C_ECHO", "C_ECHO_RQ", MessageID=7, AffectedSOPClassUID="1.2.840.10008.1.1")
    add("C_ECHO", "C_ECHO_RSP", AffectedSOPClassUID="1.2.840.10008.1.1", **answer)
    add(
        "C_STORE",
        "C_STORE_RQ",
        MessageID=1,
        Priority=2,
        MoveOriginatorApplicationEntityTitle="MOVER",
        MoveOriginatorMessageID=9,
        DataSet=data,
        **both,
    )
    add("C_STORE", "C_STORE_RSP", **both, **answer)
    for kind in ("C_FIND", "C_GET", "C_MOVE"):
        more = {"MoveDestination": "THERE"} if kind == "C_MOVE" else {}
        add(
            kind,
            f"{kind}_RQ",
            MessageID=2,
            Priority=0,
            AffectedSOPClassUID=UID,
            Identifier=data,
            **more,
        )
        found = {} if kind == "C_FIND" else counts
        add(kind, f"{kind}_RSP", AffectedSOPClassUID=UID, Identifier=data, **answer, **found)
    add("C_CANCEL", "C_CANCEL_RQ", MessageIDBeingRespondedTo=5)
    event = {"EventTypeID": 1}
    add("N_EVENT_REPORT", "N_EVENT_REPORT_RQ", MessageID=3, **event, **both)
    add("N_EVENT_REPORT", "N_EVENT_REPORT_RSP", **event, **both, **answer)
    add("N_GET", "N_GET_RQ", MessageID=4, AttributeIdentifierList=[0x00100010, 0x7FE00010], **asked)
    add("N_GET", "N_GET_RSP", **both, **answer)
    add("N_SET", "N_SET_RQ", MessageID=4, ModificationList=data, **asked)
    add("N_SET", "N_SET_RSP", **both, **answer)
    add("N_ACTION", "N_ACTION_RQ", MessageID=4, ActionTypeID=2, **asked)
    add("N_ACTION", "N_ACTION_RSP", ActionTypeID=2, **both, **answer)
    add("N_CREATE", "N_CREATE_RQ", MessageID=4, AttributeList=data, **both)
    add("N_CREATE", "N_CREATE_RSP", **both, **answer)
    add("N_DELETE", "N_DELETE_RQ", MessageID=4, **asked)
    add("N_DELETE", "N_DELETE_RSP", **both, **answer)
    return made


MESSAGES = _primitives()


def test_the_oracle_has_every_message() -> None:
    assert {name for name, _ in MESSAGES} == {field.name for field in CommandField}


@pytest.mark.parametrize(("name", "message"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_pynetdicoms_messages_read_and_written_the_same(name: str, message: Any) -> None:
    """The command set of each of the 23 messages, byte for byte."""
    (first, *_) = list(message.encode_msg(1, 16384))
    ((_, value),) = first.presentation_data_value_list
    assert value[0] == 3  # command, last
    theirs = value[1:]
    command = CommandSet.decode(theirs)
    assert command.label == name.replace("_", "-")
    assert command.field == CommandField[name]
    assert command.is_response == name.endswith("RSP")
    assert command.encode() == theirs


def test_views_of_a_response() -> None:
    command = CommandSet.of(
        CommandField=0x8020,
        MessageIDBeingRespondedTo=9,
        CommandDataSetType=0x0101,
        Status=0xA900,
        OffendingElement=(0x00100010, 0x00080052),
        ErrorComment="no",
        AffectedSOPClassUID=UID,
    )
    assert command.status == 0xA900
    assert command.message_id_being_responded_to == 9
    assert command.message_id == 0
    assert command.offending_elements == (0x00100010, 0x00080052)
    assert command.error_comment == "no"
    assert command.sop_class == UID
    assert command.sop_instance == ""
    assert not command.has_data


def test_views_of_a_request() -> None:
    command = CommandSet.of(
        CommandField=0x0021,
        MessageID=4,
        CommandDataSetType=1,
        AffectedSOPClassUID=UID,
        AffectedSOPInstanceUID="1.2.3",
        MoveDestination="THERE",
        EventTypeID=2,
    )
    assert command.label == "C-MOVE-RQ" and not command.is_response
    assert command.affected_sop_class == command.sop_class == UID
    assert command.affected_sop_instance == command.sop_instance == "1.2.3"
    assert (command.move_destination, command.event_type) == ("THERE", 2)
    assert command.has_data
    asked = CommandSet.of(
        CommandField=0x0110, RequestedSOPClassUID=UID, RequestedSOPInstanceUID="1.2"
    )
    assert (asked.sop_class, asked.sop_instance) == (UID, "1.2")
    assert repr(asked) == (
        f"CommandSet(RequestedSOPClassUID={UID!r}, CommandField=272, RequestedSOPInstanceUID='1.2')"
    )


def test_the_request_that_a_message_belongs_to() -> None:
    for field in CommandField:
        names_another = field.is_response or field is CommandField.C_CANCEL_RQ
        element = "MessageIDBeingRespondedTo" if names_another else "MessageID"
        command = CommandSet.of(CommandField=int(field), **{element: 9})
        assert command.answers == names_another
        assert command.request_id == 9


@pytest.mark.parametrize("kind", [0x0000, 0x0001, 0x0102, 0xFFFF])
def test_any_data_set_type_but_0101_announces_a_data_set(kind: int) -> None:
    """fo-dicom sends 0202H, DCMTK 0001H, others 0000H."""
    assert CommandSet.of(CommandField=0x0001, CommandDataSetType=kind).has_data
    assert not CommandSet.of(CommandField=0x0001, CommandDataSetType=0x0101).has_data


ECHO = CommandSet.of(CommandField=0x8030, MessageIDBeingRespondedTo=1, CommandDataSetType=0x0101)


@pytest.mark.scenario(46)
@pytest.mark.parametrize("length", [None, 0, 4, 0xFFFFFFFF])
def test_the_group_length_is_not_relied_on(length: int | None) -> None:
    body = ECHO.encode()[12:]
    head = b"" if length is None else struct.pack("<HHII", 0, 0, 4, length)
    assert CommandSet.decode(head + body) == ECHO


@pytest.mark.scenario(46)
def test_elements_that_the_standard_does_not_name_are_kept() -> None:
    command = CommandSet.decode(ECHO.encode() + struct.pack("<HHI", 0, 0x5110, 4) + b"\x01\x02\0\0")
    assert command.values[0x5110] == "01020000"
    assert (0x5110, "(0000,5110)", "UN", "01020000") in list(command.items())


@pytest.mark.scenario(46)
def test_of_several_numbers_the_first_is_taken_and_an_empty_one_is_absent() -> None:
    """Each of these elements has one value (PS3.7 E.1)."""
    twice = struct.pack("<HHIHH", 0, 0x0900, 4, 0xA700, 0x1234)
    assert CommandSet.decode(ECHO.encode() + twice).status == 0xA700
    number = struct.pack("<HHIHH", 0, 0x0120, 4, 0x1111, 0x2222)
    read, offset = CommandSet.decode_located(ECHO.encode() + number)
    assert read.message_id_being_responded_to == 0x1111
    assert offset == len(ECHO.encode()) + 8
    none = struct.pack("<HHI", 0, 0x0700, 0)
    assert CommandSet.decode(ECHO.encode() + none) == ECHO


@pytest.mark.scenario(46)
def test_explicit_vr_is_named() -> None:
    """UL with a two byte length reads as a length of 4C55H: the error says what it is."""
    explicit = b"\0\0\0\x01US\x02\x00\x30\x80" + b"\0\0\0\x08US\x02\x00\x01\x01"
    with pytest.raises(ProtocolError, match="Explicit VR") as raised:
        CommandSet.decode(explicit)
    assert raised.value.reason == 6


@pytest.mark.scenario(46)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Command Field"),
        (ECHO.encode()[:-1], "bytes, 1 are left|middle"),
        (ECHO.encode() + b"\0\0", "middle of an element"),
        (struct.pack("<HHI", 0, 0x0100, 0xFFFFFFFF), "bytes, 0 are left"),
        (struct.pack("<HHIH", 8, 0x0052, 2, 0), "Command Field"),
        (struct.pack("<HHIB", 0, 0x0100, 1, 0), "1 byte"),
        (struct.pack("<HHIH", 0, 0x0100, 2, 0x8030), "Data Set Type"),
        (struct.pack("<HHIH", 0, 0x0800, 2, 0x0101), "Command Field"),
    ],
)
def test_what_is_no_command_set(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as raised:
        CommandSet.decode(data)
    assert raised.value.reason == 6


@pytest.mark.rule("E9")
@given(st.binary(max_size=300))
def test_decode_raises_nothing_but_protocol_errors(data: bytes) -> None:
    try:
        command = CommandSet.decode(data)
    except ProtocolError:
        return
    # and every view of what it read works
    for name in dir(CommandSet):
        if isinstance(getattr(CommandSet, name), property):
            getattr(command, name)
    repr(command)


@pytest.mark.rule("E9")
@given(command_sets(), st.data())
def test_a_spoiled_command_set(command: CommandSet, data: st.DataObject) -> None:
    encoded = bytearray(command.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(encoded)))
    for damaged in (bytes(encoded), bytes(encoded[:cut])):
        try:
            CommandSet.decode(damaged)
        except ProtocolError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize(
    "values",
    [
        {0x0700: -1},
        {0x0700: 0x10000},
        {0x0700: "high"},
        {0x1005: (0x100000000,)},
        {0x1005: 5},
        {0x0600: 7},
        {0x9999: 1},
    ],
)
def test_values_that_do_not_fit_are_refused_before_their_turn(values: dict[int, Value]) -> None:
    """Found out when it is their turn on the wire, nobody could be told."""
    with pytest.raises(UsageError) as raised:
        check_values(values)
    assert raised.value.code == 2


@given(command_sets())
def test_what_is_checked_can_be_encoded(command: CommandSet) -> None:
    check_values(command.values)
    command.encode()


def test_names_of_fields() -> None:
    assert field_label(0x8021) == "C-MOVE-RSP"
    assert field_label(0x7777) == "Command Field 0x7777"
    assert CommandField.N_EVENT_REPORT_RQ.service == "N-EVENT-REPORT"
    assert CommandField.C_CANCEL_RQ.label == "C-CANCEL-RQ"
    assert not CommandField.C_CANCEL_RQ.is_response
    assert KEYWORDS["Status"] == 0x0900


def test_padding_as_the_standard_says() -> None:
    """UIDs are padded with NUL, titles and texts with a blank (PS3.5 6.2)."""
    encoded = CommandSet.of(
        CommandField=0x0021,
        CommandDataSetType=1,
        AffectedSOPClassUID="1.2.3",
        MoveDestination="ABC",
    ).encode()
    assert b"1.2.3\0" in encoded
    assert b"ABC " in encoded
