"""What a capture does besides: slow and full disks, checksums, what comments say."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from assocsh.association import connect
from assocsh.association.events import EngineEvent, PdusTransferred
from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from assocsh.upperlayer.pdus import pdata_head
from assocsh.wire.captures import taking, write
from assocsh.wire.captures.blocks import packets
from assocsh.wire.captures.streams import read
from assocsh.wire.captures.write import Flow, Writer
from tests.captures.test_writing import is_clean, tshark, typed
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.session.peer import peer, shell


class Disk:
    """Stands for the disk of a capture: takes nothing while ``held``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = threading.Event()
        self.free.set()
        self.error: OSError | None = None
        self.waiting = threading.Event()
        self._write_all: Callable[..., None] = write._write_all
        monkeypatch.setattr(write, "_write_all", self._write)

    def _write(self, *arguments: object) -> None:
        if not self.free.is_set():
            self.waiting.set()
        self.free.wait(60)
        if self.error is not None:
            raise self.error
        self._write_all(*arguments)

    async def hold(self, session: Session) -> None:
        """Take nothing from now on; whatever comes after this waits."""
        self.free.clear()
        await at(session, "echo")
        assert await asyncio.to_thread(self.waiting.wait, 60)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(monkeypatch)
    yield made
    made.free.set()


async def at(session: Session, *lines: str) -> None:
    for line in lines:
        assert await session.run(line) == 0, line


def largest(instances: Sequence[InstanceFile]) -> Path:
    return max(instances, key=lambda each: each.path.stat().st_size).path


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("option", ["", "--redact"])
async def test_behind_a_slow_disk_data_sets_are_cut_and_every_message_is_there(
    option: str,
    disk: Disk,
    storescp: Storescp,
    instances: tuple[InstanceFile, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = largest(instances)
    size = path.stat().st_size
    monkeypatch.setattr(taking, "MOST_WAITING", size)
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(
        session,
        f"capture slow.pcapng {option}",
        f"open {storescp.address} --contexts Verification,storage",
    )
    capture = session.observers.captures[0]
    await disk.hold(session)
    await at(session, *[f"store '{path}'"] * 4)
    assert 1.5 * size < capture.left_out < 4 * size
    assert output.said.count("the disk is slower than the association") == 1
    disk.free.set()
    capture.settle()
    monkeypatch.setattr(taking, "MOST_WAITING", 100 * size)
    await at(session, f"store '{path}'", "release", "capture off")
    await session.close()
    assert "left out: a slow disk" in output.said
    (talk,) = read(tmp_path / "slow.pcapng").talks
    assert [each.status for each in talk.exchanges] == [0] * 6
    comments = [line[0] for line in tshark(tmp_path / "slow.pcapng", "frame.comment")]
    assert sum("data sets are cut from here" in each for each in comments) == 1
    cut = [each for each in packets(tmp_path / "slow.pcapng", []) if each.length > len(each.data)]
    cut_off = sum(each.length - len(each.data) for each in cut)
    assert cut_off == capture.left_out if not option else cut_off > capture.left_out
    shown = tshark(tmp_path / "slow.pcapng", "_ws.malformed", "tcp.checksum.status")
    assert {malformed for malformed, _ in shown} == {""}
    assert "0" not in {checksum for _, checksum in shown}, "good, or not to be verified"


async def test_a_disk_that_takes_nothing_ends_the_capture_and_not_the_association(
    disk: Disk,
    storescp: Storescp,
    instances: tuple[InstanceFile, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(taking, "MOST_WAITING", 10_000)
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(session, f"open {storescp.address} --contexts Verification", "capture stuck.pcapng")
    capture = session.observers.captures[0]
    await disk.hold(session)
    await at(session, "echo --repeat 200", "echo")
    assert isinstance(capture.failure, OSError)
    assert capture._given - capture._taken < 200_000, "what waits is bounded"
    disk.free.set()
    capture.close()
    await at(session, "echo", "capture", "release")
    await session.close()
    assert "ended: the disk takes nothing any more" in output.said
    assert "nothing is captured" in output.said


async def test_a_full_disk_ends_the_capture_and_not_the_association(
    disk: Disk, storescp: Storescp, tmp_path: Path
) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(session, "capture full.pcapng", f"open {storescp.address} --contexts Verification")
    capture = session.observers.captures[0]
    capture.settle()
    disk.error = OSError(errno.ENOSPC, "No space left on device")
    await at(session, "echo")
    capture.settle()
    await at(session, "echo", "echo")
    assert "full.pcapng ended: No space left on device" in output.said
    await at(session, "capture other.pcapng", "release")
    await session.close()
    (talk,) = read(tmp_path / "full.pcapng").talks
    assert talk.accept is not None, "what was written before is whole"


async def test_a_fault_when_it_ends_is_said_too(
    disk: Disk, storescp: Storescp, tmp_path: Path
) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(session, "capture full.pcapng", f"open {storescp.address} --contexts Verification")
    disk.error = OSError(errno.ENOSPC, "No space left on device")
    await at(session, "echo", "capture off", "release")
    await session.close()
    assert output.said.count("full.pcapng ended: No space left on device") == 1


async def test_a_fault_at_the_end_of_the_session_is_said_too(
    disk: Disk, storescp: Storescp, tmp_path: Path
) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(session, "capture full.pcapng", f"open {storescp.address} --contexts Verification")
    session.observers.captures[0].settle()
    disk.error = OSError(errno.ENOSPC, "No space left on device")
    await session.close()
    assert output.said.count("full.pcapng ended: No space left on device") == 1


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("ends", [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2"), ("x", "y")])
def test_checksums_are_right_whatever_the_length(ends: tuple[str, str], tmp_path: Path) -> None:
    """Those that are computed at once, and those that are filled in later."""
    path = tmp_path / "sums.pcapng"
    writer = Writer(path)
    flow = Flow(writer, "peer", (ends[0], 104), (ends[1], 11112))
    flow.connected(1)
    for size in (1, 2, 7, 2048, 2049, 4096, 65_494, 65_495, 65_496, 131_079, 200_001):
        data = bytes((index * 7 + size) % 251 for index in range(size))
        flow.data(0, (data[:5], memoryview(data)[5:]), 2, length=size)
        flow.data(1, (data,), 3, length=size)
    for count, size in ((2, 40_000), (40, 16_378), (3, 5), (9, 30_001)):
        pdu = bytes(range(256)) * (size // 256 + 1)
        pieces = [pdata_head(1, False, False, size), pdu[:size]] * count
        flow.data(0, pieces, 4, length=(size + 12) * count, count=count, comment="the last")
    flow.closed(0, "fin", 5)
    writer.close()
    is_clean(path)
    said = [line[0] for line in tshark(path, "frame.comment") if line[0]]
    assert said == ["the last"] * 4


async def test_an_image_is_one_event_and_a_packet_for_each_64_kib(
    storescp: Storescp, instances: tuple[InstanceFile, ...], tmp_path: Path
) -> None:
    """What is done on the event loop does not depend on how many PDUs an image is."""
    path = largest(instances)
    size = path.stat().st_size
    seen: list[EngineEvent] = []

    class Runs:
        wants_runs = True

        def __call__(self, event: EngineEvent) -> None:
            seen.append(event)

    async with connect(storescp.address, contexts="storage", observer=Runs()) as association:
        begun = len(seen)
        await association.store(path).result()
        runs = [each for each in seen[begun:] if isinstance(each, PdusTransferred)]
    sent = [each for each in runs if each.sent and each.pdu_type == 4]
    pdus = sum(len(each.pieces) // 2 for each in sent)
    assert pdus > 15 and len(sent) <= 2
    assert sum(len(piece) for each in sent for piece in each.pieces) > size - 1000
    await typed(
        tmp_path, "capture p.pcapng", f"open {storescp.address}", f"store '{path}'", "release"
    )
    full = [each for each in packets(tmp_path / "p.pcapng", []) if len(each.data) > 40_000]
    assert len(full) == size // 49_170 and size - len(full) * 49_170 < 49_170 + 16_390


async def test_its_size_is_exact_when_it_is_asked_for(storescp: Storescp, tmp_path: Path) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await at(session, "capture a.pcapng", f"open {storescp.address}", "echo --repeat 20", "capture")
    count = len(list(packets(tmp_path / "a.pcapng", [])))
    assert f"capturing to {tmp_path / 'a.pcapng'}: {count} packets" in output.said
    await at(session, "echo", "read a.pcapng")
    await session.close()
    assert session.observers.read is not None
    assert len(session.observers.read.conversation.talks[0].exchanges) == 21


async def test_comments_name_what_was_found(serve: Serve, tmp_path: Path) -> None:
    """On the response that failed, and on the PDU that ended the association."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await session.run("capture a.pcapng")
    await session.run(f"open {serve.address} --contexts qr,Verification")
    await session.run("move study StudyInstanceUID=1.2.3 --to NOBODY")
    await session.run("abort")
    await session.run(f"open WRONG@127.0.0.1:{serve.port} --contexts 1.2.3.4")
    await session.close()
    comments = said_in(tmp_path / "a.pcapng")
    moved = next(each for each in comments if "C-MOVE-RSP" in each)
    assert moved.startswith("#1 move study StudyInstanceUID=1.2.3 --to NOBODY: C-MOVE-RSP 0xA801")
    assert "; finding: " in moved and moved.endswith(")")


def said_in(path: Path) -> list[str]:
    return [line[0] for line in tshark(path, "frame.comment") if line[0]]


@pytest.mark.peer("tshark")
async def test_a_masked_capture_says_no_value_that_was_typed(serve: Serve, tmp_path: Path) -> None:
    """Nor one that a finding repeats."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    await session.run("capture m.pcapng --redact")
    await session.run(f"open {serve.address} --contexts qr,Verification")
    await session.run("find study PatientName='Doe^Jane' PatientID=SECRET-17")
    await session.run("move study StudyInstanceUID=1.2.3.99.98 --to NOBODY")
    await session.close()
    data = (tmp_path / "m.pcapng").read_bytes()
    for value in (b"Doe", b"SECRET", b"1.2.3.99"):
        assert value not in data
    comments = said_in(tmp_path / "m.pcapng")
    assert "#1 find: C-FIND-RQ" in comments
    assert any(each.startswith("#2 move: C-MOVE-RSP 0xA801") for each in comments)
    assert any("; finding: " in each for each in comments)


ENDS = {"--refuse": "A-ASSOCIATE-RJ", "--abort-during": "A-ABORT"}


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("option", ENDS)
async def test_what_ended_the_association_is_said_in_its_pdu(
    option: str, instances: tuple[InstanceFile, ...], tmp_path: Path
) -> None:
    with Storescp(tmp_path / "peer", option) as peer:
        session = new_session(MemoryOutput())
        session.base = tmp_path
        await session.run("capture a.pcapng")
        await session.run(f"open {peer.address} --contexts storage")
        await session.run(f"store '{largest(instances)}'")
        await session.close()
    shown = tshark(tmp_path / "a.pcapng", "dicom.pdu.type", "tcp.srcport", "frame.comment")
    wanted = {"A-ASSOCIATE-RJ": "0x03", "A-ABORT": "0x07"}[ENDS[option]]
    ((port, comment),) = [line[1:] for line in shown if line[0] == wanted]
    assert port == str(peer.port) and comment.startswith("finding: ") and comment.endswith(")")


@pytest.mark.peer("tshark")
async def test_who_closed_the_connection_is_who_sends_the_first_fin(tmp_path: Path) -> None:
    """Here the peer, which was killed; and its packet says why the association ended."""
    with Storescp(tmp_path / "peer") as peer:
        session = new_session(MemoryOutput())
        session.base = tmp_path
        await at(session, "capture a.pcapng", f"open {peer.address} --contexts Verification")
        association = session.open_association()
        peer.stop()
        await association.wait_closed()
        await session.close()
    shown = tshark(tmp_path / "a.pcapng", "tcp.flags.fin", "tcp.flags.reset", "tcp.srcport",
                   "frame.comment")  # fmt: skip
    ends = [line for line in shown if "1" in line[:2]]
    assert ends[0][2] == str(peer.port)
    assert ends[0][3], "why it ended"


@pytest.mark.peer("tshark")
async def test_a_caller_that_says_nothing_is_written_and_forgotten(tmp_path: Path) -> None:
    """Such as whoever looks which ports are open."""
    session = new_session(MemoryOutput())
    session.base = tmp_path
    port = free_port()
    await at(session, "capture a.pcapng", f"listen --port {port} --to in")
    capture = session.observers.captures[0]
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(20):
            while not capture._watched:
                await asyncio.sleep(0.01)
            writer.close()
            while capture._watched:
                await asyncio.sleep(0.01)
    await at(session, "capture off")
    await session.close()
    shown = tshark(tmp_path / "a.pcapng", "tcp.flags.fin", "tcp.dstport")
    assert [line[1] == str(port) for line in shown if line[0] == "1"] == [True, False] * 3


async def test_off_and_read_come_after_what_was_asked_before_them(tmp_path: Path) -> None:
    """On one line, as the help has it: what is asked is in the capture, with its answer."""
    async with peer() as made, shell(made) as (session, output):
        session.base = tmp_path
        made.echo_gate.clear()
        jobs = session.submit("capture a.pcapng; echo; capture off; read a.pcapng")
        await asyncio.sleep(0.05)
        assert not jobs[-2].done.is_set()
        made.echo_gate.set()
        for job in jobs:
            await job.done.wait()
        assert "1 C-ECHO \u00b7 0x0000 Success" in output.text + output.said, output.text
        made.echo_gate.clear()
        session.submit("capture b.pcapng; echo")
        (off,) = session.submit("capture off --now")
        await off.done.wait()
        assert session.observers.capture is None
        made.echo_gate.set()
