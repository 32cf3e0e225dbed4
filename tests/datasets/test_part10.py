from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tracemalloc
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.contexts import choose
from assocsh.datasets.dicomjson import to_json
from assocsh.datasets.header import read_header
from assocsh.datasets.instance import BLOCK
from assocsh.datasets.part10 import FileSource, open_instance
from assocsh.datasets.plan import swapped
from assocsh.datasets.transcode import encoded_source, transcode_bytes
from assocsh.datasets.whole import checked
from assocsh.errors import NoPresentationContext, UnusableFile
from assocsh.upperlayer.negotiation import PresentationContext
from tests.datasets.make import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG2000,
    ct,
    read_all,
    write,
)


def plain(ds: Dataset) -> dict[str, object]:
    """What a data set says, however its ambiguous VRs are spelled."""
    return to_json(decode(encode(ds, EXPLICIT), EXPLICIT))


ALL = [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN]


@pytest.mark.parametrize("syntax", ALL)
def test_the_data_set_goes_out_unchanged(tmp_path: Path, syntax: str) -> None:
    path = write(tmp_path / "a.dcm", ct(), syntax)
    instance = open_instance(path)
    assert (instance.sop_class, instance.sop_instance) == (CT, "1.2.3.4")
    assert instance.transfer_syntax == syntax
    checked(instance)
    source = encoded_source(instance, syntax)
    assert source.length % 2 == 0
    body = path.read_bytes()[instance.data_offset :]
    assert read_all(source, 1000) == body + b"\0" * (len(body) % 2)


@pytest.mark.parametrize("source", ALL)
@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("block", [1, 7, 65536])
def test_every_uncompressed_syntax_becomes_every_other(
    tmp_path: Path, source: str, target: str, block: int
) -> None:
    ds = ct(rows=24)  # 1152 bytes of pixels: a range of the plan, not inline
    instance = open_instance(write(tmp_path / "a.dcm", ds, source))
    stream = encoded_source(instance, target)
    length = stream.length
    data = read_all(stream, block)
    body = (tmp_path / "a.dcm").read_bytes()[instance.data_offset :]
    if target != DEFLATED and source != DEFLATED:
        assert transcode_bytes(body, source, target) == data
    assert len(data) == length
    back = decode(data, target)
    original = ct(rows=24)
    if target == BIG_ENDIAN:
        assert back.PixelData == swapped(original.PixelData, 2)
        back.PixelData = original.PixelData
        back["PixelData"].VR = "OW"
    assert plain(back) == plain(original)
    assert back.SmallestImagePixelValue == -5


@pytest.mark.skipif(not shutil.which("dcmconv"), reason="needs dcmtk")
@pytest.mark.parametrize(
    ("target", "option"), [(IMPLICIT, "+ti"), (EXPLICIT, "+te"), (BIG_ENDIAN, "+tb")]
)
@pytest.mark.parametrize("source", [EXPLICIT, IMPLICIT])
def test_dcmtk_agrees(tmp_path: Path, source: str, target: str, option: str) -> None:
    if source == target:
        pytest.skip("sent unchanged")
    path = write(tmp_path / "a.dcm", ct(rows=24), source)
    subprocess.run(["dcmconv", option, "-e", "-g", path, tmp_path / "b.dcm"], check=True)
    theirs = open_instance(tmp_path / "b.dcm")
    ours = read_all(encoded_source(open_instance(path), target))
    assert ours == read_all(FileSource(theirs))


def test_odd_and_long_values(tmp_path: Path) -> None:
    ds = ct()
    ds.ImageComments = "x"
    ds.RedPaletteColorLookupTableData = b"\1\2" * 100
    del ds.PixelData
    data = encode(ds, IMPLICIT)
    long_ds = struct.pack("<HHI", 0x3006, 0x0050, 70000) + b"1.0\\" * 17500
    raw = tmp_path / "raw"
    raw.write_bytes(data + long_ds + struct.pack("<HHI", 0x4000, 0x4000, 3) + b"abc")
    instance = open_instance(raw)
    assert instance.transfer_syntax == IMPLICIT
    out = read_all(encoded_source(instance, EXPLICIT))
    assert len(out) % 2 == 0
    assert b"\x06\x30\x50\x00UN\0\0" in out  # a DS of more than 64 KiB


def test_files_without_preamble_or_meta(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct())
    whole = path.read_bytes()
    bare = tmp_path / "bare"
    bare.write_bytes(whole[132:])
    assert open_instance(bare).transfer_syntax == EXPLICIT
    for syntax in (EXPLICIT, IMPLICIT, BIG_ENDIAN):
        bare.write_bytes(encode(ct(), syntax))
        instance = open_instance(bare)
        assert instance.transfer_syntax == syntax
        assert (instance.sop_class, instance.sop_instance) == (CT, "1.2.3.4")


def test_meta_without_uids(tmp_path: Path) -> None:
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", 20) + EXPLICIT.encode() + b"\0"
    path = tmp_path / "a"
    path.write_bytes(bytes(128) + b"DICM" + meta + encode(ct(), EXPLICIT))
    assert open_instance(path).sop_instance == "1.2.3.4"
    ds = ct()
    del ds.SOPInstanceUID
    path.write_bytes(bytes(128) + b"DICM" + meta + encode(ds, EXPLICIT))
    with pytest.raises(UnusableFile, match="no SOP Instance UID"):
        open_instance(path)


def test_unusable_files(tmp_path: Path) -> None:
    good = write(tmp_path / "a.dcm", ct()).read_bytes()
    cases = {
        "empty": (b"", "empty"),
        "text": (b"hello world, this is no DICOM file" * 10, "not a DICOM file"),
        "short": (b"DICM", "not a DICOM file"),
        "jpeg": (b"\xff\xd8\xff\xe0" * 100, "not a DICOM file"),
        "cut_meta": (good[:160], "cut off"),
        "meta_only": (good[: open_instance(tmp_path / "a.dcm").data_offset], "cut off"),
        "no_vr": (bytes(128) + b"DICM" + b"\x02\0\0\0\x01\x02" + bytes(20), "no VR"),
        "huge_meta": (
            bytes(128) + b"DICM" + b"\x02\0\x01\0OB\0\0\xff\xff\xff\x7f" + bytes(20),
            "cut off",
        ),
    }
    for name, (content, why) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnusableFile, match=why) as caught:
            open_instance(path)
        assert caught.value.path == str(path)
        assert name in caught.value.message
    for wrong in (tmp_path, tmp_path / "missing", "a\0b"):
        with pytest.raises(UnusableFile):
            open_instance(wrong)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UnusableFile, match="not a regular file"):
        open_instance(tmp_path / "fifo")


def test_dicomdir(tmp_path: Path) -> None:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.1.3.10", "1.2.3"
    ds.FileSetID = "X"
    with pytest.raises(UnusableFile, match="DICOMDIR"):
        open_instance(write(tmp_path / "DICOMDIR", ds))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_a_cut_off_data_set_is_found(tmp_path: Path, syntax: str) -> None:
    path = write(tmp_path / "a.dcm", ct(), syntax)
    whole = path.read_bytes()
    for cut in (1, 100, 500, 518):
        path.write_bytes(whole[:-cut])
        with pytest.raises(UnusableFile, match="cut off"):
            checked(open_instance(path))
    for padding in (b"\0", b"\0" * 7, b"\0" * 100):
        path.write_bytes(whole + padding)
        checked(open_instance(path))


def encapsulated() -> Dataset:
    ds = ct()
    ds.PixelData = encapsulate([b"\xff\x4f" + bytes(500)])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def test_compressed_goes_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    instance = open_instance(write(tmp_path / "j.dcm", encapsulated(), JPEG2000))
    checked(instance)
    body = (tmp_path / "j.dcm").read_bytes()[instance.data_offset :]
    assert read_all(encoded_source(instance, JPEG2000)) == body
    with pytest.raises(UnusableFile, match=r"JPEG 2000"):
        encoded_source(instance, EXPLICIT)


def test_a_file_that_shrinks_while_it_is_sent(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct(rows=64))
    source = FileSource(open_instance(path))
    source.read(100)
    os.truncate(path, 1000)
    with pytest.raises(OSError, match="shorter"):
        read_all(source)
    source.close()
    source.close()


def test_dcmread_reads_what_was_planned(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct(), IMPLICIT)
    ours = decode(read_all(encoded_source(open_instance(path), EXPLICIT)), EXPLICIT)
    theirs = dcmread(path)
    assert ours.PatientName == theirs.PatientName
    assert ours.PixelData == theirs.PixelData


def context(
    number: int, syntax: str | None, *, result: int = 0, sop: str = CT, scu: bool = True
) -> PresentationContext:
    return PresentationContext(number, sop, (syntax or EXPLICIT,), result, syntax, as_scu=scu)


def test_choosing_a_context() -> None:
    plain, jpeg = context(1, IMPLICIT), context(3, JPEG2000)
    explicit, other = context(5, EXPLICIT), context(7, EXPLICIT, sop="1.2.3")
    refused = context(9, None, result=3)
    offered = [refused, plain, jpeg, explicit, other]
    assert choose(offered, CT, JPEG2000) is jpeg
    assert choose(offered, CT, EXPLICIT) is explicit
    assert choose(offered, CT, BIG_ENDIAN) is explicit
    assert choose([plain, jpeg], CT, DEFLATED) is plain
    with pytest.raises(NoPresentationContext, match=r"JPEG 2000.*accepted for CT.*Implicit") as one:
        choose([plain], CT, JPEG2000)
    assert "CTImageStorage:[JPEG2000Lossless]" in one.value.hint
    with pytest.raises(NoPresentationContext, match="not proposed"):
        choose([other], CT, EXPLICIT)
    with pytest.raises(NoPresentationContext, match="abstract syntax not supported"):
        choose([refused], CT, EXPLICIT)
    with pytest.raises(NoPresentationContext, match="role"):
        choose([context(1, EXPLICIT, scu=False)], CT, EXPLICIT)


def test_a_cut_off_file_is_not_sent(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct())
    instance = open_instance(path)
    os.truncate(path, path.stat().st_size - 100)
    for target in (EXPLICIT, IMPLICIT):
        with pytest.raises(UnusableFile, match="cut off"):
            encoded_source(open_instance(path), target)
    assert instance.data_length > 100


@pytest.mark.parametrize("target", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_memory_stays_flat(tmp_path: Path, target: str) -> None:
    path = write(tmp_path / "a.dcm", ct(rows=2))
    whole = path.read_bytes()
    at = whole.rindex(b"OW\0\0") + 4
    size = 96 * 1024 * 1024
    path.write_bytes(whole[:at] + struct.pack("<I", size))
    os.truncate(path, at + 4 + size)
    tracemalloc.start()
    try:
        source = encoded_source(open_instance(path), target)
        total = 0
        while block := source.read(BLOCK):
            total += len(block)
        source.close()
        assert total == source.length > size
        assert tracemalloc.get_traced_memory()[1] < 8 * BLOCK
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("syntax", ALL)
def test_header_without_pixels(tmp_path: Path, syntax: str) -> None:
    header = read_header(open_instance(write(tmp_path / "a.dcm", ct(), syntax)))
    assert "PixelData" not in header
    whole = ct()
    del whole.PixelData
    assert plain(header) == plain(whole)


def test_header_of_a_cut_off_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct())
    os.truncate(path, 450)
    with pytest.raises(UnusableFile):
        read_header(open_instance(path))
