"""What a file is found to be before anything of it is sent, and what is sent of it."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.instance import BLOCK
from assocsh.datasets.part10 import open_instance
from assocsh.datasets.structure import Kind, Part, encoding_of, fetch_from, walk
from assocsh.datasets.transcode import encoded_data, encoded_source
from assocsh.datasets.whole import checked
from assocsh.errors import UnusableFile
from tests.datasets.make import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    JPEG2000,
    SC,
    SEQUENCE_END,
    UNDEFINED,
    ct,
    element,
    item,
    part10,
    read_all,
    uid,
    write,
)

RLE, PRIVATE = "1.2.840.10008.1.2.5", "1.2.826.0.1.99"
CODE = element(0x00080100, "SH", b"CODE")
NAME = element(0x00100010, "PN", b"A^B ")
FRAGMENTS = item(b"") + item(b"\1\2") + SEQUENCE_END
SEQUENCE, PIXELS, ICON = 0x00081140, 0x7FE00010, 0x00880200


def sequence(value: bytes, length: int | None = None) -> bytes:
    return element(SEQUENCE, "SQ", value, length)


READ = {
    "a sequence with length and delimiter": sequence(item(CODE) + SEQUENCE_END) + NAME,
    "an item with length and delimiter": sequence(item(CODE + ITEM_END)) + NAME,
    "both with both": sequence(item(CODE + ITEM_END) + SEQUENCE_END) + NAME,
    "an empty sequence with a delimiter": sequence(SEQUENCE_END) + NAME,
    "a VR of the future": element(0x00091001, "ZZ", b"abcd") + NAME,
    "no VR, in the short form": element(0x00091001, "??", b"abcd") + NAME,
    "a VR in small letters": element(0x00091001, "lo", b"abcd") + NAME,
    "elements out of order": element(0x00100020, "LO", b"ab") + NAME,
    "zero bytes behind it": NAME + bytes(40),
    "some zero bytes behind it": NAME + bytes(3),
    "odd text": element(0x00081010, "SH", b"abc") + NAME,
    "odd UID": element(0x0008001A, "UI", b"1.2") + NAME,
    "odd text in an item": sequence(item(element(0x00080100, "SH", b"COD"))) + NAME,
    "odd bytes": NAME + element(PIXELS, "OB", b"\1\2\3"),
}
REFUSED = {
    "a delimiter behind a sequence of known length": sequence(item(CODE)) + SEQUENCE_END + NAME,
    "an item delimiter behind an item": sequence(item(CODE) + ITEM_END) + NAME,
    "a delimiter before the end": sequence(item(CODE) + SEQUENCE_END + item(CODE)) + NAME,
    "an item that is never closed": sequence(item(CODE, UNDEFINED) + SEQUENCE_END, UNDEFINED)
    + NAME,
    "a length beyond the end": element(0x00091001, "LO", b"abcd", 400) + NAME,
    "an item without a sequence": item(b"") + NAME,
    "an element in the implicit form": struct.pack("<HHI", 9, 0x1001, 4) + b"abcd" + NAME,
    "something else behind it": NAME + b"\n",
    "text behind it": NAME + b"some text that is long",
    "zero bytes and something else behind it": NAME + bytes(40) + b"x",
}
OTHERWISE = {"some zero bytes behind it", "zero bytes and something else behind it"}
"""DCMTK wants whole elements of zeros and reads half a header; we want no zeros at all."""


@pytest.mark.parametrize("body", READ.values(), ids=READ.keys())
def test_what_other_toolkits_read_is_sent(tmp_path: Path, body: bytes) -> None:
    path = part10(tmp_path / "a.dcm", body)
    instance = open_instance(path, complete=True)
    for target in (EXPLICIT, IMPLICIT, BIG_ENDIAN):
        data = encoded_data(instance, target)
        sent = data if isinstance(data, bytes) else read_all(data, 1000)
        assert str(decode(sent, target).PatientName) == "A^B"
        assert all(not part.length & 1 for part in elements(sent, target))


def elements(data: bytes, syntax: str) -> list[Part]:
    implicit, little = encoding_of(syntax)
    return [
        part
        for part in walk(fetch_from(data), 0, len(data), implicit, little)
        if part.kind in (Kind.ELEMENT, Kind.FRAGMENT)
    ]


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_they_cannot_read_is_refused_with_its_byte(tmp_path: Path, body: bytes) -> None:
    path = part10(tmp_path / "a.dcm", body)
    size = path.stat().st_size
    with pytest.raises(UnusableFile) as caught:
        open_instance(path, complete=True)
    at = re.search(r"at byte ([0-9]+)|never closed", caught.value.message)
    assert at, caught.value.message
    if at[1]:
        assert size - len(body) <= int(at[1]) <= size
    for target in (EXPLICIT, IMPLICIT):
        with pytest.raises(UnusableFile):
            encoded_source(open_instance(path), target)


@pytest.mark.skipif(not shutil.which("dcmdump"), reason="needs dcmtk")
@pytest.mark.parametrize(
    ("body", "read"),
    [
        pytest.param(body, bodies is READ, id=name)
        for bodies in (READ, REFUSED)
        for name, body in bodies.items()
        if name not in OTHERWISE
    ],
)
def test_dcmtk_reads_the_same_files(tmp_path: Path, body: bytes, read: bool) -> None:
    done = subprocess.run(["dcmdump", part10(tmp_path / "a.dcm", body)], capture_output=True)
    assert (done.returncode == 0) is read, done.stderr.decode(errors="replace")


@pytest.mark.skipif(not shutil.which("dcmdump"), reason="needs dcmtk")
@pytest.mark.parametrize("name", [name for name in READ if name.startswith("odd")])
def test_what_was_odd_is_sent_as_dcmtk_likes_it(tmp_path: Path, name: str) -> None:
    path = part10(tmp_path / "a.dcm", READ[name])
    before = subprocess.run(["dcmdump", path], capture_output=True, text=True, check=True)
    assert "is odd" in before.stderr
    data = encoded_data(open_instance(path, complete=True), EXPLICIT)
    sent = tmp_path / "sent"
    sent.write_bytes(data if isinstance(data, bytes) else read_all(data))
    after = subprocess.run(["dcmdump", "-f", "-te", sent], capture_output=True, check=True)
    assert not after.stderr


@pytest.mark.parametrize(
    ("vr", "value", "sent"),
    [
        *[(vr, b"abc", b"abc ") for vr in "AE CS DS IS LO LT PN SH ST TM UC UR UT".split()],  # noqa: SIM905
        ("UI", b"1.2", b"1.2\0"),
        *[(vr, b"\1\2\3", b"\1\2\3\0") for vr in ("OB", "OW", "UN")],
    ],
)
def test_the_padding_is_that_of_the_vr(tmp_path: Path, vr: str, value: bytes, sent: bytes) -> None:
    body = element(0x00091001, vr, value) + NAME
    instance = open_instance(part10(tmp_path / "a.dcm", body), complete=True)
    assert instance.odd
    assert "1 value of odd length ((0009,1001)): sent with padding" in instance.remarks[0]
    data = read_all(encoded_source(instance, EXPLICIT))
    assert data.endswith(element(0x00091001, vr, sent) + NAME)


@pytest.mark.parametrize("vr", "AT FD FL OD OF OL OV SL SS SV UL US UV".split())  # noqa: SIM905
def test_a_part_of_a_number_is_refused(tmp_path: Path, vr: str) -> None:
    path = part10(tmp_path / "a.dcm", element(0x00091001, vr, b"abc") + NAME)
    with pytest.raises(UnusableFile, match=rf"at byte \d+ has 3 bytes, .* whole number of {vr}"):
        open_instance(path, complete=True)


def test_odd_fragments_are_padded(tmp_path: Path) -> None:
    fragments = item(b"") + item(b"\1\2\3") + item(b"\4\5") + SEQUENCE_END
    path = part10(tmp_path / "a.dcm", element(PIXELS, "OB", fragments, UNDEFINED), JPEG)
    instance = open_instance(path, complete=True)
    assert "(7fe0,0010)" in instance.remarks[0]
    even = item(b"") + item(b"\1\2\3\0") + item(b"\4\5") + SEQUENCE_END
    data = read_all(encoded_source(instance, JPEG))
    assert data.endswith(element(PIXELS, "OB", even, UNDEFINED))


@pytest.mark.parametrize("syntax", [JPEG, JPEG2000, RLE, "1.2.840.10008.1.2.4.201"])
@pytest.mark.parametrize("value", [b"", b"\1\2", bytes(100)])
@pytest.mark.parametrize("before", [b"", NAME, sequence(item(CODE))])
def test_native_pixels_do_not_go_with_a_compressed_syntax(
    tmp_path: Path, syntax: str, value: bytes, before: bytes
) -> None:
    path = part10(tmp_path / "a.dcm", before + element(PIXELS, "OB", value), syntax)
    with pytest.raises(
        UnusableFile, match=r"\(7fe0,0010\) at byte \d+ is native, and .* fragments"
    ):
        open_instance(path, complete=True)
    icon = element(ICON, "SQ", item(element(PIXELS, "OB", b"\1\2")))
    whole = icon + element(PIXELS, "OB", FRAGMENTS, UNDEFINED)
    assert open_instance(part10(tmp_path / "b.dcm", whole, syntax), complete=True).complete


@pytest.mark.parametrize("nested", [False, True])
def test_fragments_do_not_go_with_an_uncompressed_syntax(tmp_path: Path, nested: bool) -> None:
    pixels = element(PIXELS, "OB", FRAGMENTS, UNDEFINED)
    body = element(ICON, "SQ", item(pixels)) if nested else pixels
    path = part10(tmp_path / "a.dcm", NAME + body)
    with pytest.raises(UnusableFile, match=r"at byte \d+ is in fragments, and .* native"):
        open_instance(path, complete=True)


@pytest.mark.parametrize(
    "pixels", [element(PIXELS, "OB", b"\1\2"), element(PIXELS, "OB", FRAGMENTS, UNDEFINED)]
)
def test_of_a_syntax_that_is_not_registered_nothing_is_claimed(
    tmp_path: Path, pixels: bytes
) -> None:
    path = part10(tmp_path / "a.dcm", NAME + pixels, PRIVATE)
    instance = open_instance(path, complete=True)
    assert read_all(encoded_source(instance, PRIVATE)).endswith(NAME + pixels)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("zeros", [1, 2, 7, 8, 9, 100, 40_000])
def test_zeros_behind_the_data_set_are_not_sent(tmp_path: Path, syntax: str, zeros: int) -> None:
    path = write(tmp_path / "a.dcm", ct(), syntax)
    whole = open_instance(path, complete=True)
    with path.open("ab") as file:
        file.write(bytes(zeros))
    instance = open_instance(path, complete=True)
    assert instance.data_length == whole.data_length
    sent = [encoded_data(each, syntax) for each in (whole, instance)]
    first, second = (each if isinstance(each, bytes) else read_all(each) for each in sent)
    assert first == second


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_the_uids_are_those_of_the_data_set(tmp_path: Path, syntax: str) -> None:
    path = write(tmp_path / "a.dcm", ct("1.2.77"), syntax)
    whole = path.read_bytes()
    assert open_instance(path, complete=True).remarks == ()
    path.write_bytes(whole.replace(b"UI\x06\x001.2.77", b"UI\x06\x001.2.66", 1))
    instance = open_instance(path, complete=True)
    assert instance.sop_instance == "1.2.77"
    (remark,) = instance.remarks
    assert "1.2.77" in remark and "1.2.66" in remark and "SOP Instance UID" in remark


def test_the_file_meta_information_helps_where_the_data_set_does_not_tell(tmp_path: Path) -> None:
    path = part10(tmp_path / "a.dcm", NAME, instance=None, declared="1.2.66")
    assert open_instance(path, complete=True).sop_instance == "1.2.66"
    path = part10(tmp_path / "a.dcm", NAME, instance="", declared="1.2.66")
    assert open_instance(path, complete=True).sop_instance == "1.2.66"


def test_the_uids_of_an_item_are_not_those_of_the_instance(tmp_path: Path) -> None:
    inner = element(0x00080018, "UI", uid("9.9"))
    body = element(0x00080006, "SQ", item(inner)) + element(0x00080018, "UI", uid("1.2.77"))
    path = part10(tmp_path / "a.dcm", body, instance=None)
    instance = open_instance(path, complete=True)
    assert (instance.sop_class, instance.sop_instance) == (SC, "1.2.77")


def test_what_is_deflated_is_not_looked_into(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = packer.compress(encode(ct("1.2.77"), EXPLICIT)) + packer.flush()
    meta = element(0x00020010, "UI", uid(DEFLATED))
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM" + meta + data)
    assert open_instance(path, complete=True).sop_instance == "1.2.77"
    path.write_bytes(bytes(128) + b"DICM" + meta + b"\xff" * 200)
    with pytest.raises(UnusableFile, match="no SOP Class UID"):
        open_instance(path, complete=True)


_WHOLE = encode(ct(), EXPLICIT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_damage_is_refused_or_what_is_sent_can_be_read(tmp_path: Path, data: st.DataObject) -> None:
    """No peer is given what cannot be walked through, whatever happened to the file."""
    body = bytearray(_WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(60, len(body) - 1))
        body[at] = data.draw(st.one_of(st.sampled_from(b"\0\xff\x01SQUN"), st.integers(0, 255)))
    path = tmp_path / "a.dcm"
    syntax = data.draw(st.sampled_from([EXPLICIT, JPEG]))
    meta = element(0x00020010, "UI", uid(syntax))
    path.write_bytes(bytes(128) + b"DICM" + meta + body)
    try:
        instance = open_instance(path, complete=True)
        source = encoded_data(instance, syntax)
    except UnusableFile as error:
        assert re.search(r"at byte \d+|never closed|nested|no SOP", error.message), error.message
        return
    sent = source if isinstance(source, bytes) else read_all(source)
    assert not len(sent) & 1
    assert all(not part.length & 1 for part in elements(sent, EXPLICIT))


def test_a_large_odd_value_is_not_taken_into_memory(tmp_path: Path) -> None:
    size = 32 * 1024 * 1024 + 1
    path = part10(tmp_path / "a.dcm", element(PIXELS, "OB", b"", size))
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + size)
    tracemalloc.start()
    try:
        source = encoded_source(open_instance(path, complete=True), EXPLICIT)
        total = 0
        while block := source.read(BLOCK):
            total += len(block)
        source.close()
        assert total == source.length
        assert tracemalloc.get_traced_memory()[1] < 8 * BLOCK
    finally:
        tracemalloc.stop()


def test_checking_twice_reads_once(tmp_path: Path) -> None:
    instance = checked(open_instance(part10(tmp_path / "a.dcm", NAME)))
    (tmp_path / "a.dcm").unlink()
    assert checked(instance) is instance
