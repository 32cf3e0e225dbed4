"""The walkers against PDUs that pynetdicom made, and against bytes that nobody should make."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    P_DATA,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import build_context

from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET, WORKLIST_FIND
from assocsh.wire.fields import Kind
from assocsh.wire.layout import DETAIL_LINES, HEX_LINES, detail_lines, hex_lines
from assocsh.wire.walk_pdu import walk_pdu

SECRET = b"s3cretPassw0rd"
CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"


def associate(accept: bool = False, identity: bool = True) -> bytes:
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title = "ASSOCSH"
    primitive.called_ae_title = "ORTHANC"
    primitive.result = 0
    primitive.result_source = 1
    items: list[object] = []
    maximum = MaximumLengthNotification()
    maximum.maximum_length_received = 16384
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = "1.2.3"
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = "TEST_1"
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 8
    window.maximum_number_operations_performed = 0
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid, role.scu_role, role.scp_role = CT, True, True
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = CT, b"\x02\x00"
    common = SOPClassCommonExtendedNegotiation()
    common.sop_class_uid, common.service_class_uid = CT, "1.2.840.10008.4.2"
    common.related_general_sop_class_identification = ["1.2.3.4"]
    items += [maximum, implementation, window, role, version, extended]
    if not accept:
        items.append(common)
    if identity and not accept:
        user = UserIdentityNegotiation()
        user.user_identity_type = 2
        user.primary_field, user.secondary_field = b"alice", SECRET
        user.positive_response_requested = True
        items.append(user)
    if identity and accept:
        answer = UserIdentityNegotiation()
        answer.server_response = SECRET
        items.append(answer)
    primitive.user_information = items
    context = build_context(CT, [IMPLICIT, "1.2.840.10008.1.2.1"])
    context.context_id = 1
    refused = build_context("1.2.840.10008.1.1", IMPLICIT)
    refused.context_id = 3
    if accept:
        context.transfer_syntax, context.result = [IMPLICIT], 0
        refused.result = 3
        primitive.presentation_context_definition_results_list = [context, refused]
        pdu: A_ASSOCIATE_AC | A_ASSOCIATE_RQ = A_ASSOCIATE_AC()
    else:
        primitive.presentation_context_definition_list = [context, refused]
        pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    return bytes(pdu.encode())


def texts(data: bytes) -> str:
    return "\n".join(detail_lines(walk_pdu(data)))


def test_request_item_by_item() -> None:
    text = texts(associate())
    for expected in (
        'called AE title: "ORTHANC"',
        'calling AE title: "ASSOCSH"',
        "application context: 1.2.840.10008.3.1.1.1 DICOM Application Context Name",
        "presentation context 1",
        f"abstract syntax: {CT} CT Image Storage",
        f"transfer syntax: {IMPLICIT} Implicit VR Little Endian",
        "maximum length received: 16,384 bytes",
        "implementation class UID: 1.2.3",
        'implementation version name: "TEST_1"',
        "maximum operations invoked: 8",
        "maximum operations performed: 0, unlimited",
        "SCU role: 1 offered",
        "service class application information: 02 00",
        "service class: 1.2.840.10008.4.2 Storage Service Class",
        "related general SOP class: 1.2.3.4",
        "user identity type: 2 user name and passcode",
        "positive response requested: yes",
        "primary and secondary field: not shown",
    ):
        assert expected in text, expected
    assert "!!" not in text


Item = tuple[int, bytes]
"""A sub-item of the user information: its type and its value."""


def an_extension(uid: str, information: bytes, *behind: Item) -> list[Item]:
    name = uid.encode()
    return [(0x56, len(name).to_bytes(2, "big") + name + information), *behind]


def with_user_items(pdu_type: int, items: list[Item]) -> bytes:
    """An A-ASSOCIATE PDU whose user information has these sub-items."""
    said = b"".join(bytes((kind, 0)) + len(body).to_bytes(2, "big") + body for kind, body in items)
    user = b"\x50\0" + len(said).to_bytes(2, "big") + said
    body = b"\0\x01\0\0" + b"ORTHANC".ljust(16) + b"ASSOCSH".ljust(16) + bytes(32) + user
    return bytes((pdu_type, 0)) + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("pdu_type", "uid", "information", "said"),
    [
        (1, STUDY_ROOT_FIND, "01", "01 (relational)"),
        (1, STUDY_ROOT_FIND, "01000107", "01 00 01 07 (relational, fuzzy, timezone: undefined 7)"),
        (2, STUDY_ROOT_FIND, "0100", "01 00 (relational: yes, datetime: no)"),
        (2, STUDY_ROOT_GET, "0001", "00 01 (relational: no, enhanced: yes)"),
        (1, WORKLIST_FIND, "010101", "01 01 01 (fuzzy)"),
        (2, WORKLIST_FIND, "01000000", "01 00 00 00 (byte 2: 00, fuzzy: no, timezone: no)"),
        (2, CT, "0200", "02 00 (level: 2 (everything))"),
        (1, "1.2.3", "0102", "01 02"),
        (1, STUDY_ROOT_FIND, "00", "00"),
        (1, STUDY_ROOT_FIND, "00" * 17, "00 " * 16 + "…"),
    ],
)
def test_an_extended_negotiation_in_words(
    pdu_type: int, uid: str, information: str, said: str
) -> None:
    text = texts(with_user_items(pdu_type, an_extension(uid, bytes.fromhex(information))))
    lines = [line.strip() for line in text.splitlines()]
    assert f"service class application information: {said}".strip() in lines


def test_what_stands_behind_an_extended_negotiation_is_none_of_it() -> None:
    """Its words end where it ends: behind it may stand a user identity."""
    identity = b"\x02\0" + b"\0\x05alice" + len(SECRET).to_bytes(2, "big") + SECRET
    for uid in (STUDY_ROOT_FIND, CT, WORKLIST_FIND, "1.2.3"):
        for information in (b"", b"\x01", b"\x01" * 7, b"\x01" * 16):
            items = an_extension(uid, information, (0x58, identity))
            shown = texts(with_user_items(1, items))
            lines = [each for each in shown.splitlines() if "application information" in each]
            assert len(lines) == bool(information)
            for line in lines:
                assert line.partition(" (")[0].count("01") == len(information)
                assert line.count(",") < len(information)


def test_accept_item_by_item() -> None:
    text = texts(associate(accept=True))
    assert "presentation context 1: accepted" in text
    assert "presentation context 3: abstract syntax not supported" in text
    assert "server response: not shown" in text
    assert "!!" not in text


def test_secrets_are_in_no_view() -> None:
    for data in (associate(), associate(accept=True)):
        assert SECRET in data
        found = walk_pdu(data)
        shown = "\n".join(detail_lines(found) + hex_lines(found))
        for secret in (SECRET, b"alice"):
            assert secret.hex(" ") not in shown and secret.decode() not in shown
            assert secret[:4].hex(" ") not in shown
        assert "xx" in shown


def test_secrets_stay_hidden_in_damaged_pdus() -> None:
    """Cut short, with lying lengths, with a byte changed: the secret does not come out."""
    whole = associate()
    place = whole.index(SECRET)
    item = whole.rindex(b"\x58\x00", 0, place)
    for cut in range(item + 3, len(whole) + 1):
        _hidden(whole[:cut])
    for position in range(74, item):
        for value in (0, 1, 0x10, 0x50, 0x51, 0x54, 0x7F, 0xFF):
            changed = bytearray(whole)
            changed[position] = value
            _hidden(bytes(changed))


def _hidden(data: bytes) -> None:
    found = walk_pdu(data)
    shown = "\n".join(detail_lines(found) + hex_lines(found)).replace("\n", " ")
    for secret in (SECRET, b"alice"):
        for start in range(len(secret) - 4):
            assert secret[start : start + 4].hex(" ") not in shown


def test_every_byte_is_named_once() -> None:
    for data in (associate(), associate(accept=True), pdata(command())):
        place = 0
        for field in walk_pdu(data).fields:
            assert field.offset == place
            place += field.length
        assert place == len(data)


def command() -> bytes:
    return CommandSet.of(
        AffectedSOPClassUID=CT,
        CommandField=CommandField.C_STORE_RQ,
        MessageID=7,
        Priority=0,
        CommandDataSetType=1,
        AffectedSOPInstanceUID="1.2.3.4.5",
    ).encode()


def pdata(payload: bytes, context: int = 1, flags: int = 3) -> bytes:
    primitive = P_DATA()
    primitive.presentation_data_value_list = [[context, bytes([flags]) + payload]]
    pdu = P_DATA_TF()
    pdu.from_primitive(primitive)
    return bytes(pdu.encode())


def test_command_set_in_a_pdv() -> None:
    text = texts(pdata(command()))
    assert "presentation data value: context 1, command, last fragment" in text
    assert "(0000,0100) CommandField: 0x0001 C-STORE-RQ" in text
    assert f"(0000,0002) AffectedSOPClassUID: {CT} CT Image Storage" in text
    assert "(0000,0800) CommandDataSetType: 0x0001 a data set follows" in text


def test_long_payloads_are_abbreviated() -> None:
    payload = bytes(range(256)) * 500
    lines = hex_lines(walk_pdu(pdata(payload, flags=2)))
    assert len(lines) < 16
    assert any("… 127,920 bytes …" in line for line in lines)
    assert lines[-1].endswith(payload[-16:].hex(" "))


def test_hex_shows_bytes_beside_names() -> None:
    lines = hex_lines(walk_pdu(associate()))
    assert lines[0].strip().startswith("000000  01 00 00 00")
    assert "A-ASSOCIATE-RQ" in lines[0] and "bytes follow" in lines[0]
    assert any("4f 52 54 48 41 4e 43" in line and '"ORTHANC"' in line for line in lines)


def test_short_pdus() -> None:
    reject = A_ASSOCIATE_RJ()
    reject.result, reject.source, reject.reason_diagnostic = 1, 1, 7
    text = texts(bytes(reject.encode()))
    assert "reason: 7 called AE title not recognized" in text
    assert "reason: 2 unexpected PDU" in texts(b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x02")
    assert "reason: 0 not significant" in texts(b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00")
    assert "source: 9 undefined" in texts(b"\x07\x00\x00\x00\x00\x04\x00\x00\x09\xff")
    assert texts(b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00") == ""
    assert "where 4 belong" in texts(b"\x05\x00\x00\x00\x00\x02\x00\x00")
    assert "too few for a PDU header" in texts(b"\x05\x00")


def test_hostile_text_is_made_visible() -> None:
    data = bytearray(associate())
    data[10:26] = b"\x1b[2J\x07\xff\x9b31m ORTHA"
    found = walk_pdu(bytes(data))
    for line in detail_lines(found) + hex_lines(found):
        assert line.isprintable(), line
    assert "^[[2J^G" in "\n".join(detail_lines(found))


def test_sixteen_thousand_items_are_cut() -> None:
    body = b"\x00\x01\x00\x00" + b" " * 32 + bytes(32) + b"\xab\x00\x00\x00" * 16000
    found = walk_pdu(b"\x02\x00" + len(body).to_bytes(4, "big") + body)
    assert len(detail_lines(found)) <= DETAIL_LINES + 1
    assert len(hex_lines(found)) <= HEX_LINES + 20


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 0x48, 0xFF]), st.binary(max_size=300))
def test_any_bytes(pdu_type: int, body: bytes) -> None:
    _survives(bytes([pdu_type, 0]) + len(body).to_bytes(4, "big") + body)


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_mutated_pdus(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([associate(), associate(True), pdata(command())])))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    _survives(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


def _survives(data: bytes) -> None:
    found = walk_pdu(data)
    assert all(field.offset + field.length <= len(data) for field in found.fields)
    assert all(field.kind in Kind for field in found.fields)
    for line in detail_lines(found) + hex_lines(found):
        assert line.isprintable(), line
