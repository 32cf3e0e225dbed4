"""Hostile and odd bytes: scenarios 93 to 95."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from assocsh.datasets.codec import decode, deflate, encode
from assocsh.datasets.dicomjson import to_json
from assocsh.datasets.structure import StructureError, check
from assocsh.errors import ProtocolError, UsageError
from tests.datasets.make import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, ct, nested


def explicit(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_there_and_back(syntax: str) -> None:
    data = encode(ct(), syntax)
    assert len(data) % 2 == 0
    back = decode(data, syntax)
    assert to_json(back) == to_json(decode(encode(ct(), EXPLICIT), EXPLICIT))
    assert encode(back, syntax) == data


def test_empty() -> None:
    assert encode(Dataset(), EXPLICIT) == b""
    assert len(decode(b"", EXPLICIT)) == 0


def test_big_endian() -> None:
    ds = ct()
    del ds.PixelData
    back = decode(encode(ds, BIG_ENDIAN), BIG_ENDIAN)
    assert to_json(back) == to_json(decode(encode(ds, EXPLICIT), EXPLICIT))


def test_the_other_vr_encoding_is_read_too() -> None:
    ds = Dataset()
    ds.PatientID = "123"
    ds.StudyInstanceUID = "1.2"
    assert decode(encode(ds, EXPLICIT), IMPLICIT).PatientID == "123"
    assert decode(encode(ds, IMPLICIT), EXPLICIT).PatientID == "123"


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.scenario(94)
def test_depth(undefined: bool) -> None:
    decode(nested(64, undefined=undefined), EXPLICIT)
    for depth in (65, 250, 10_000):
        with pytest.raises(ProtocolError, match="64 deep"):
            decode(nested(depth, undefined=undefined), EXPLICIT)


@pytest.mark.parametrize("depth", [1, 63, 64, 65, 500, 3000])
def test_sequences_hidden_in_a_un_value_have_an_end(depth: int) -> None:
    """PS3.5 6.2.2: the value of UN may be a sequence in Implicit VR, unseen by ``walk``."""
    inner = struct.pack("<HHI", 0x0008, 0x0060, 2) + b"CT"
    for _ in range(depth):
        inner = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
        inner = struct.pack("<HHI", 0x0040, 0xA730, len(inner)) + inner
    data = struct.pack("<HH2sHI", 0x0040, 0xA730, b"UN", 0, len(inner) - 8) + inner[8:]
    dataset = decode(data, EXPLICIT)
    to_json(dataset)
    found = 0
    while "ContentSequence" in dataset and dataset["ContentSequence"].VR == "SQ":
        dataset = dataset.ContentSequence[0]
        found += 1
    assert found == min(depth, 64)
    if depth <= 64:
        assert dataset.Modality == "CT"
    else:
        assert inner.endswith(dataset["ContentSequence"].value)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFF0),
        struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF),
        struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 8) + b"\xfe\xff\x00\xe0\x10\0\0\0",
        struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
        + b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
        explicit(0x0010, 0x0020, b"LO", b"ab")[:-1],
        b"\x08\0",
        b"\x08\0\x18\0UI",
        struct.pack("<HHI", 0xFFFE, 0xE000, 0) + b"\0" * 16,
        struct.pack("<HHI", 0xFFFE, 0xE00D, 0),
        b"\xff" * 64,
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<HH2sH", 8, 0x60, b"\x1b[", 2) + b"CT",
    ],
)
@pytest.mark.scenario(94)
def test_wrong_lengths_are_one_typed_error(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(data, EXPLICIT)
    assert caught.value.message.isprintable()


@pytest.mark.scenario(93)
def test_inflate_bomb() -> None:
    bomb = deflate(bytes(256 * 1024 * 1024))
    with pytest.raises(ProtocolError, match="refused to inflate"):
        decode(bomb, DEFLATED)
    with pytest.raises(ProtocolError, match="end early"):
        decode(deflate(encode(ct(), EXPLICIT))[:-20], DEFLATED)
    with pytest.raises(ProtocolError, match="not deflated"):
        decode(b"\xff" * 40, DEFLATED)
    wrapped = zlib.compress(encode(ct(), EXPLICIT))
    with pytest.raises(ProtocolError):
        decode(wrapped, DEFLATED)


@pytest.mark.parametrize(
    "charset",
    [b"ISO_IR 192", b"ISO_IR 999", b"\\ISO 2022 IR 87", b"ISO 2022 IR 149", b"GB18030", b"\x1b[2J"],
)
@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe\x80", b"\xe3\x81", b"\x1b$B;3", b"\x1b$)C\xff", b"\x1b]0;pwn\x07", b"a\\\xff=b=c^"],
)
@pytest.mark.scenario(95)
def test_wrong_character_sets_never_raise(charset: bytes, value: bytes) -> None:
    data = explicit(8, 5, b"CS", charset.ljust(len(charset) + len(charset) % 2))
    padded = value.ljust(len(value) + len(value) % 2)
    data += explicit(0x10, 0x10, b"PN", padded) + explicit(0x10, 0x20, b"LO", padded)
    ds = decode(data, EXPLICIT)
    assert isinstance(str(ds.PatientName), str)
    assert isinstance(str(ds.PatientID), str)
    json.dumps(to_json(ds))
    str(ds)


@pytest.mark.parametrize(
    ("number", "vr", "value"),
    [
        (0x1030, b"DS", b"heavy!"),
        (0x0030, b"DA", b"yesterday "),
        (0x1010, b"AS", b"old "),
        (0x1021, b"US", b"abc"),
        (0x1022, b"FD", b"abcd"),
        (0x1023, b"AT", b"ab"),
        (0x1024, b"IS", b"1.5.5 "),
        (0x1025, b"UI", b"not a uid"),
        (0x1026, b"TM", b"\xff\xff"),
        (0x1027, b"UL", b"abcdef"),
    ],
)
def test_values_that_their_vr_cannot_hold(number: int, vr: bytes, value: bytes) -> None:
    ds = decode(explicit(0x10, number, vr, value), EXPLICIT)
    (element,) = ds
    json.dumps(to_json(ds), allow_nan=False)
    str(element), repr(element.value), str(ds)


def test_a_number_that_is_no_number_stays_text() -> None:
    ds = decode(explicit(0x10, 0x1030, b"DS", b"heavy!"), EXPLICIT)
    assert ds["PatientWeight"].VR == "DS"
    assert ds.PatientWeight == "heavy!"
    assert to_json(ds) == {"00101030": {"vr": "DS", "Value": ["heavy!"]}}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]))
def test_any_bytes_give_a_data_set_or_one_typed_error(data: bytes, syntax: str) -> None:
    try:
        ds = decode(data, syntax)
    except ProtocolError:
        return
    json.dumps(to_json(ds), allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([EXPLICIT, IMPLICIT]))
def test_mutated_data_sets(data: st.DataObject, syntax: str) -> None:
    whole = bytearray(encode(ct(rows=2), syntax))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        ds = decode(bytes(whole), syntax)
    except ProtocolError:
        return
    json.dumps(to_json(ds), allow_nan=False)
    str(ds)


def test_unencodable_values_are_a_usage_error() -> None:
    ds = Dataset()
    ds.add_new(0x00280010, "US", 1)
    ds["Rows"]._value = "many"
    with pytest.raises(UsageError, match="cannot be encoded"):
        encode(ds, EXPLICIT)


def test_check_reports_truncation() -> None:
    whole = encode(ct(), EXPLICIT)
    with pytest.raises(StructureError) as caught:
        check(whole[:-1], False, True)
    assert caught.value.truncated
