"""Received instances on disk: scenarios 85 to 90."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from assocsh.datasets import receive, spool
from assocsh.datasets.codec import encode
from assocsh.datasets.disk_speed import DiskSpeed
from assocsh.datasets.durability import Durability
from assocsh.datasets.folders import make_private
from assocsh.datasets.part10 import open_instance
from assocsh.datasets.receive import BATCH, InstanceWriter, Received, instance_filename
from assocsh.datasets.spool import Spool
from assocsh.datasets.uid_form import is_uid
from assocsh.errors import UnusableFile
from tests.datasets.make import BIG_ENDIAN, CT, DEFLATED, EXPLICIT, IMPLICIT, SC, ct, element

DATA = encode(ct(rows=64), EXPLICIT)
WITHOUT_UID = element(0x00100020, "LO", b"ID")
HOSTILE = [
    "",
    ".",
    "..",
    "...",
    "../../esc",
    "/etc/passwd",
    "..\\x",
    "C:\\x",
    "1.2.3\0",
    "1." * 40 + "1",
    "1.2.３",
    "1.2.",
    ".1.2",
    "1..2",
    "1.2 ",
    "CON",
    "1.2\n3",
    "1.2\n",
    "%2e%2e",
    "1.2/3",
    "\ud800",
    "1.2.3\u202e",
]


async def receive_one(
    folder: Path,
    data: bytes = DATA,
    uid: str = "1.2.3.4",
    *,
    piece: int = 16384,
    durability: str = "file",
    **options: object,
) -> Received:
    spool = Spool(folder, durability=Durability(durability))
    writer = InstanceWriter(spool, CT, uid, EXPLICIT, source_ae="PEER", **options)  # type: ignore[arg-type]
    for start in range(0, len(data), piece):
        writer.write(memoryview(data)[start : start + piece])
        if writer.backlog > receive.LOW_MARK:
            await writer.drained()
    received = await writer.finish()
    await spool.settled()
    spool.close()
    return received


def private_folder(path: Path) -> Path:
    make_private(path)
    return path


async def test_a_part_10_file_with_the_data_set_as_it_came(tmp_path: Path) -> None:
    for durability in Durability:
        folder = private_folder(tmp_path / durability)
        received = await receive_one(folder, durability=durability)
        assert received.path == folder / "1.2.3.4.dcm"
        assert received.duplicate is None
        assert received.remarks == ()
        instance = open_instance(received.path)
        assert (instance.sop_class, instance.sop_instance) == (CT, "1.2.3.4")
        whole = received.path.read_bytes()
        assert whole[:132] == bytes(128) + b"DICM"
        assert whole[instance.data_offset :] == DATA
        assert stat.S_IMODE(received.path.stat().st_mode) == 0o600
        assert os.listdir(folder) == ["1.2.3.4.dcm"]
        meta = dcmread(received.path).file_meta
        assert meta.SourceApplicationEntityTitle == "PEER"
        assert meta.TransferSyntaxUID == EXPLICIT
        assert meta.ImplementationVersionName.startswith("ASSOCSH")
        assert meta.FileMetaInformationGroupLength == instance.data_offset - 144


async def test_empty_and_large(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="the data set is empty"):
        await receive_one(tmp_path, b"", "1.1")
    assert not os.listdir(tmp_path)
    large = os.urandom(20 * 1024 * 1024)
    received = await receive_one(tmp_path, large, "1.2", piece=131000)
    assert received.path.read_bytes().endswith(large)


class Slow(DiskSpeed):
    """Of a disk that was slow a moment ago."""

    is_quick = False


class Quick(DiskSpeed):
    """Of a disk that is never slow: the machine of a test may be."""

    is_quick = True


@pytest.mark.parametrize("disk", [Quick(), Slow()], ids=["quick", "slow"])
@pytest.mark.parametrize("piece", [1000, 4096, 16378, 131066, 10**6])
async def test_in_pieces_of_any_size(tmp_path: Path, disk: DiskSpeed, piece: int) -> None:
    """Whole pages are written, the rest waits: the file must be the same."""
    data = DATA + os.urandom(700_001)
    received = await receive_one(tmp_path, data, piece=piece, disk=disk, durability="none")
    assert received.size == len(data)
    whole = received.path.read_bytes()
    assert whole[open_instance(received.path).data_offset :] == data


async def test_a_quick_disk_is_written_to_at_once(tmp_path: Path) -> None:
    """No thread, nothing kept: half of it is on the disk before the other half is here."""
    folder = Spool(tmp_path, durability=Durability.NONE)
    writer = InstanceWriter(folder, CT, "1.2", EXPLICIT, disk=Quick())
    writer.write(memoryview(DATA[:8000]))
    assert writer.backlog == 0
    assert os.fstat(writer._file.fd).st_size == 8192  # with the file meta information, whole pages
    writer.write(memoryview(DATA[8000:]))
    received = writer.finish_now()
    assert received is not None and received.path.read_bytes().endswith(DATA)
    with pytest.raises(OSError):
        await writer.finish()
    folder.close()


async def test_a_large_duplicate_is_read_in_a_thread(tmp_path: Path) -> None:
    folder = Spool(tmp_path, durability=Durability.NONE)
    for number, last in enumerate((b"a", b"a", b"b")):
        writer = InstanceWriter(folder, CT, "1.2", EXPLICIT, disk=Quick())
        for _ in range(BATCH // len(DATA) + 1):
            writer.write(DATA)
        writer.write(last)
        if number:
            assert writer.finish_now() is None
        received = await writer.finish()
        assert received.duplicate == (None, "identical", "different")[number]
    folder.close()


async def test_what_has_to_wait_is_not_finished_now(tmp_path: Path) -> None:
    for durability, disk in ((Durability.FILE, Quick()), (Durability.NONE, Slow())):
        folder = Spool(tmp_path, durability=durability)
        writer = InstanceWriter(folder, CT, "1.2", EXPLICIT, disk=disk)
        writer.write(DATA)
        assert writer.finish_now() is None
        assert (await writer.finish()).size == len(DATA)
        folder.close()


@pytest.mark.parametrize(("seconds", "times"), [(0.04, 1), (0.01, 2)])
async def test_a_disk_that_becomes_slow_holds_the_loop_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, times: int
) -> None:
    """Scenario of a disk that is full of work: the loop turns while it is written to.

    One operation that is merely slow may have waited for a processor.
    """
    on_the_loop: list[int] = []
    main = threading.get_ident()
    real = os.writev

    def slowly(fd: int, pieces: list[bytes]) -> int:
        if threading.get_ident() == main:
            on_the_loop.append(len(pieces))
        time.sleep(seconds)
        return real(fd, pieces)

    monkeypatch.setattr(receive.os, "writev", slowly)
    disk = DiskSpeed(lambda: 0.0)  # its rest never ends
    for number in range(5):
        received = await receive_one(tmp_path, uid=f"1.2.{number}", disk=disk, durability="none")
        assert received.path.read_bytes().endswith(DATA)
    assert len(on_the_loop) == times
    assert not disk.is_quick


@pytest.mark.scenario(87)
async def test_duplicates(tmp_path: Path) -> None:
    first = await receive_one(tmp_path)
    before = first.path.read_bytes()
    again = await receive_one(tmp_path)
    assert (again.duplicate, again.path) == ("identical", first.path)
    other = DATA[:-1] + b"\x7f"
    second = await receive_one(tmp_path, other)
    assert second.duplicate == "different"
    assert re.fullmatch(r"1\.2\.3\.4\.dup-[0-9a-f]{8}\.dcm", second.path.name)
    assert "both kept" in second.remarks[0]
    third = await receive_one(tmp_path, other)
    assert (third.duplicate, third.path) == ("identical", second.path)
    assert first.path.read_bytes() == before
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.scenario(87)
async def test_an_aborted_duplicate_leaves_the_good_file(tmp_path: Path) -> None:
    first = await receive_one(tmp_path)
    writer = InstanceWriter(tmp_path, CT, "1.2.3.4", EXPLICIT)
    writer.write(DATA[:4000] * 200)
    writer.discard()
    writer.discard()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if len(os.listdir(tmp_path)) == 1:
            break
    assert os.listdir(tmp_path) == [first.path.name]
    assert first.path.read_bytes().endswith(DATA)
    with pytest.raises(OSError):
        writer.write(b"x")
    with pytest.raises(OSError):
        await writer.finish()


async def test_the_same_uid_at_the_same_time(tmp_path: Path) -> None:
    others = [DATA[:-1] + bytes([n]) for n in range(8)]
    every = await asyncio.gather(*(receive_one(tmp_path, data) for data in others + others))
    assert len(os.listdir(tmp_path)) == 8
    assert sum(one.duplicate is None for one in every) == 1
    assert {one.path.read_bytes()[-1] for one in every} == set(range(8))


@pytest.mark.parametrize("kind", ["symlink", "dangling", "fifo", "directory"])
@pytest.mark.scenario(88)
async def test_what_was_planted_at_the_name_stays(tmp_path: Path, kind: str) -> None:
    folder = private_folder(tmp_path / "in")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    target = folder / "1.2.3.4.dcm"
    if kind == "symlink":
        target.symlink_to(victim)
    elif kind == "dangling":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "fifo":
        os.mkfifo(target)
    else:
        target.mkdir()
    received = await receive_one(folder)
    assert received.path.name.startswith("1.2.3.4.dup-")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.scenario(90)
async def test_names_from_hostile_uids(tmp_path: Path, uid: str) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    inside = element(0x00080018, "UI", uid.encode("utf-8", "surrogatepass")) if uid else b""
    for data, commanded in ((WITHOUT_UID, uid), (inside + WITHOUT_UID, "1.2.3.4")):
        if uid == "" == commanded:
            with pytest.raises(UnusableFile, match="no SOP Instance UID"):
                await receive_one(folder, data, commanded)
            assert not os.listdir(folder)
            continue
        received = await receive_one(folder, data, commanded)
        assert received.path.parent == folder
        if uid and (data is WITHOUT_UID or not is_uid(uid.strip(" \0"))):
            assert re.fullmatch(r"sha256-[0-9a-f]{16}\.dcm", received.path.name)
        assert {p.name for p in tmp_path.rglob("*")} == {"a", "b", received.path.name}
        assert open_instance(received.path).data_length == len(data)
        received.path.unlink()


@given(st.one_of(st.text(), st.text("0123456789./\\", max_size=70)))
@pytest.mark.scenario(90)
def test_names_are_one_safe_component(uid: str) -> None:
    name = instance_filename(uid)
    assert re.fullmatch(r"[0-9a-z.-]+\.dcm", name)
    assert not name.startswith((".", "-"))
    assert ".." not in name
    assert len(name) <= 80


@pytest.mark.scenario(90)
def test_no_two_hostile_uids_share_a_name() -> None:
    assert len({instance_filename(uid) for uid in HOSTILE}) == len(HOSTILE)
    assert instance_filename("1.2.3") == "1.2.3.dcm"
    with pytest.raises(ValueError):
        instance_filename("1.2.3", duplicate="../x")


@pytest.mark.scenario(86)
def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for wrong in (
        tmp_path / "file",
        tmp_path / "file" / "x",
        Path("/proc/nope"),
        tmp_path / ("x" * 300),
    ):
        with pytest.raises(OSError):
            Spool(private_folder(wrong))


@pytest.mark.scenario(85)
async def test_errors_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError) as caught:
        InstanceWriter(tmp_path / "missing", CT, "1.2", EXPLICIT)
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(OSError) as caught:
        InstanceWriter(Spool(tmp_path, free_space_floor=1 << 62), CT, "1.2", EXPLICIT)
    assert caught.value.errno == errno.ENOSPC
    for call in ("writev", "fsync", "link"):
        with monkeypatch.context() as patch:
            patch.setattr(receive.os, call, _fail(errno.ENOSPC))
            with pytest.raises(OSError) as caught:
                await receive_one(tmp_path, DATA * 40, "1.3")
            assert caught.value.errno == errno.ENOSPC
            await asyncio.sleep(0.05)
        assert os.listdir(tmp_path) == []
    assert (await receive_one(tmp_path)).duplicate is None


async def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_NAMELESS", 0)
    monkeypatch.setattr(receive.os, "link", _fail(errno.EPERM))
    first = await receive_one(tmp_path)
    assert (await receive_one(tmp_path)).duplicate == "identical"
    assert (await receive_one(tmp_path, DATA + b"\0\0")).duplicate == "different"
    assert first.path.read_bytes().endswith(DATA)
    assert len(os.listdir(tmp_path)) == 2


def _fail(number: int):  # type: ignore[no-untyped-def]
    def call(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.scenario(86)
async def test_a_folder_removed_meanwhile(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "in")
    writer = InstanceWriter(folder, CT, "1.2", EXPLICIT)
    writer.write(DATA)
    for leftover in folder.iterdir():
        leftover.unlink()
    folder.rmdir()
    with pytest.raises(OSError):
        await writer.finish()


async def test_a_uid_that_differs_from_the_command_set(tmp_path: Path) -> None:
    received = await receive_one(tmp_path, uid="9.9")
    assert received.path.name == "1.2.3.4.dcm"
    (remark,) = received.remarks
    assert "1.2.3.4" in remark and "9.9" in remark


@pytest.mark.parametrize(
    ("tail", "durability"), [(0, Durability.NONE), (2 << 20, Durability.NONE), (0, Durability.FILE)]
)
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN])
@pytest.mark.parametrize("sop_class", [CT, SC, ""])
@pytest.mark.parametrize("uid", ["1.2.3.4", "", "9", "9." + "9" * 60])
async def test_the_file_is_of_the_instance_that_the_data_set_is(
    tmp_path: Path, uid: str, sop_class: str, syntax: str, tail: int, durability: Durability
) -> None:
    """Whatever the command set says, shorter, longer or nothing; the data set stays as it came."""
    dataset = ct("1.2.3.4")
    dataset.PixelData = bytes(tail or 512)
    data = encode(dataset, syntax)
    folder = Spool(tmp_path, durability=durability)
    writer = InstanceWriter(folder, sop_class, uid, syntax)
    for start in range(0, len(data), 100_000):
        writer.write(data[start : start + 100_000])
    received = await writer.finish()
    assert (received.sop_class, received.sop_instance) == (CT, "1.2.3.4")
    assert received.path == tmp_path / "1.2.3.4.dcm"
    instance = open_instance(received.path)
    assert (instance.sop_class, instance.sop_instance) == (CT, "1.2.3.4")
    assert instance.remarks == ()
    assert received.path.read_bytes()[-len(data) :] == data
    assert instance.data_length == len(data)
    assert len(received.remarks) == (sop_class != CT) + (uid != "1.2.3.4")
    for remark, other in zip(received.remarks, (sop_class, uid)[sop_class == CT :], strict=False):
        assert (other or "none") in remark


async def test_the_buffer_is_bounded(tmp_path: Path) -> None:
    writer = InstanceWriter(tmp_path, CT, "1.2", EXPLICIT)
    block = bytes(1024 * 1024)
    highest = 0
    for _ in range(64):
        writer.write(block)
        if writer.backlog > 8 * len(block):
            await writer.drained()
            assert writer.backlog <= receive.LOW_MARK
        highest = max(highest, writer.backlog)
    assert highest <= 9 * len(block)
    assert (await writer.finish()).size == 64 * len(block)


@pytest.mark.scenario(90)
def test_nothing_else_opens_files_for_writing() -> None:
    """Files are made in one module, with names from one function; the others are known and few.

    The practice printer counts its pages: nothing of a peer is in their names. The private files of
    a user (logs, captures, reports) have the names that the user gave, a journal that of its kind.
    """
    package = Path(receive.__file__).parents[1]
    writers = re.compile(
        r"""O_WRONLY|O_RDWR|O_CREAT|\.write_(?:bytes|text)\(|\.touch\(|\.symlink_to\("""
        r"""|\bopen\([^)\n]*["'][rbt]*[wax+][bt+]*["']|os\.(?:rename|replace|link|mkdir|symlink)\("""
        r"""|shutil\.(?:copy|move)|NamedTemporaryFile|mkstemp"""
    )
    found = {
        path.relative_to(package).as_posix()
        for part in ("datasets", "practice", "association", "dimse", "upperlayer")
        for path in (package / part).rglob("*.py")
        if writers.search(path.read_text("utf-8"))
    }
    known = {"folders.py", "journal.py", "spool.py"}
    assert found <= {*(f"datasets/{name}" for name in known), "practice/prints.py"}, found
