"""Captures that are written here: tshark decodes every PDU of them, and so does our own reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.data import get_testdata_files

from assocsh.commands.registry import new_session
from assocsh.datasets.structure import StructureError, encoding_of, fetch_from, walk
from assocsh.output.sink import MemoryOutput
from assocsh.wire.captures.redact import Redactor, mask_identity
from assocsh.wire.captures.streams import read
from assocsh.wire.conversation import EndKind, Side
from assocsh.wire.findings import findings
from tests.peers import scripted
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.ours import Serve
from tests.peers.process import wait_until
from tests.peers.programs import need


async def typed(folder: Path, *lines: str) -> MemoryOutput:
    """Type at a session that has nothing open, to the end."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = folder
    try:
        for line in lines:
            assert await session.run(line) == 0, output.text + output.said
    finally:
        await session.close()
    return output


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """The fields of every packet, with checksums looked at."""
    argv = [need("tshark"), "-r", str(path), "-T", "fields", "-o", "tcp.check_checksum:TRUE"]
    argv += ["-o", "ip.check_checksum:TRUE", "-E", "separator=|"]
    for field in fields:
        argv += ["-e", field]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    return [line.split("|") for line in shown.splitlines()]


def is_clean(path: Path) -> None:
    """Nothing is malformed, every checksum is good, and every PDU is one of DICOM's."""
    fields = "_ws.malformed", "tcp.checksum.status", "ip.checksum.status", "tcp.analysis.flags"
    for malformed, tcp, ip, analysis in tshark(path, *fields):
        assert (malformed, analysis) == ("", "")
        assert tcp in ("", "1") and ip in ("", "1")


def types_by_tshark(path: Path) -> list[int]:
    return [
        int(each, 16)
        for (line,) in tshark(path, "dicom.pdu.type")
        for each in line.split(",")
        if each
    ]


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("late", [False, True], ids=["from the beginning", "begun later"])
@pytest.mark.parametrize("options", ["", "--form upper-pdu", "--redact"])
async def test_tshark_decodes_every_pdu(
    late: bool,
    options: str,
    storescp: Storescp,
    instances: tuple[InstanceFile, ...],
    tmp_path: Path,
) -> None:
    opening = f"open {storescp.address} --contexts Verification,storage"
    begin = f"capture a.pcapng {options}"
    first = (opening, begin) if late else (begin, opening)
    file = max(instances, key=lambda each: each.path.stat().st_size).path
    await typed(tmp_path, *first, "echo", f"store '{file}'", "echo --repeat 5", "release")
    path = tmp_path / "a.pcapng"
    is_clean(path)
    (talk,) = read(path).talks
    assert [unit.type for unit in talk.units] == types_by_tshark(path)
    assert [each.name for each in talk.exchanges] == ["C-ECHO", "C-STORE"] + ["C-ECHO"] * 5
    assert all(each.status == 0 for each in talk.exchanges)
    assert (talk.ending.kind, talk.ending.by) == (EndKind.RELEASED, Side.REQUESTOR)
    assert not talk.inferred and talk.requestor.host == "127.0.0.1"
    assert not findings(talk)
    comments = [line[0] for line in tshark(path, "frame.comment")]
    assert "#1 echo: C-ECHO-RQ" in comments
    assert "#1 echo: C-ECHO-RSP 0x0000 Success" in comments
    typed_last = "echo" if "redact" in options else "echo --repeat 5"
    assert comments.count(f"#3 {typed_last}: C-ECHO-RQ") == 5
    if "upper" not in options:
        assert path.stat().st_size > file.stat().st_size


async def test_what_was_stored_comes_out_again(
    storescp: Storescp, instances: tuple[InstanceFile, ...], tmp_path: Path
) -> None:
    """What ``read --extract`` writes is, data set for data set, what was sent."""
    from tests.peers.dicom_files import same

    sent = [each.path for each in instances]
    names = " ".join(f"'{path}'" for path in sent)
    await typed(
        tmp_path,
        "capture a.pcapng",
        f"open {storescp.address}",
        f"store {names}",
        "release",
        "capture off",
        "read a.pcapng --extract out",
    )
    written = list((tmp_path / "out").iterdir())
    assert len(written) == len(sent)
    by_uid = {each.dataset().SOPInstanceUID: each.path for each in instances}
    for path in written:
        assert same(by_uid[path.stem], path) == []


async def test_a_ring_keeps_the_last_files(storescp: Storescp, tmp_path: Path) -> None:
    await typed(
        tmp_path,
        "capture r.pcapng --ring 2x100k",
        f"open {storescp.address}",
        "echo --repeat 1500",
        "release",
    )
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["r-1.pcapng", "r-2.pcapng"]
    for name in files:
        assert read(tmp_path / name).talks[0].messages
        assert (tmp_path / name).stat().st_size <= 100_000


async def test_a_snap_length_keeps_the_heads(
    storescp: Storescp, instances: tuple[InstanceFile, ...], tmp_path: Path
) -> None:
    file = max(instances, key=lambda each: each.path.stat().st_size).path
    await typed(
        tmp_path,
        "capture s.pcapng --snap 100",
        f"open {storescp.address}",
        f"store '{file}'",
        "release",
    )
    assert (tmp_path / "s.pcapng").stat().st_size < 20_000


def test_it_is_readable_after_a_kill(storescp: Storescp, tmp_path: Path) -> None:
    """What went by before is in the file, whatever becomes of the program."""
    path = tmp_path / "k.pcapng"
    commands = "capture k.pcapng; echo --repeat 1000000"
    argv = [sys.executable, "-m", "assocsh", storescp.address, "-c", commands]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, cwd=tmp_path, env=env) as program:
        wait_until(
            lambda: path.exists() and path.stat().st_size > 100_000, 60, "messages in the file"
        )
        program.send_signal(signal.SIGKILL)
    (talk,) = read(path).talks
    assert talk.accept is not None
    assert len([each for each in talk.exchanges if each.status == 0]) > 50


@pytest.mark.parametrize("path", get_testdata_files(), ids=lambda path: Path(path).name)
def test_no_byte_of_a_person_is_left(path: str) -> None:
    """Of every file of pydicom that is one: lengths are the same, and no value is there."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        file = dcmread(path, stop_before_pixels=True)
        syntax = str(file.file_meta.TransferSyntaxUID)
    except (InvalidDicomError, AttributeError, OSError, EOFError, NotImplementedError):
        return
    raw = Path(path).read_bytes()
    at = raw.find(b"DICM")
    if at != 128:
        return
    size = int.from_bytes(raw[140:144], "little")
    data = raw[144 + size :]
    made = Redactor(b"key").dataset(data, syntax)
    assert len(made) == len(data)
    implicit, little = encoding_of(syntax)
    try:
        before = list(walk(fetch_from(data), 0, len(data), implicit, little))
    except StructureError:
        before = []
    if before:
        after = list(walk(fetch_from(made), 0, len(made), implicit, little))
        assert after == before, "the structure is as it was"
        for part in before:
            old = data[part.offset : part.offset + part.length].strip(b" \0^=\\-")
            if part.vr in ("PN", "LO", "SH", "ST", "LT", "UT") and len(old) > 2:
                kept = made[part.offset : part.offset + part.length].strip(b" \0^=\\-")
                assert kept != old, f"{part.tag:08X}"
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber",
                    "InstitutionName", "ReferringPhysicianName", "StudyInstanceUID",
                    "SeriesInstanceUID", "SOPInstanceUID", "OtherPatientIDs"):  # fmt: skip
        value = str(file.get(keyword, "") or "").encode("utf-8", "replace").strip()
        if len(value) >= 6 and not value.startswith(b"1.2.840.10008."):
            assert value not in made, keyword


def test_pseudonyms_are_the_same_for_the_same_value() -> None:
    one = Redactor(b"key")
    for vr, value in (
        ("PN", b"Doe^Jane"),
        ("UI", b"1.2.3.4.5.6\0"),
        ("LO", b"X"),
        ("DA", b"20250101-"),
    ):
        masked = one.value(vr, value)
        assert masked == one.value(vr, value) and len(masked) == len(value) and masked != value
    assert one.value("UI", b"1.2.840.10008.1.1\0") == b"1.2.840.10008.1.1\0"
    assert one.value("PN", b"Doe^Jane").count(b"^") == 1


def test_the_user_identity_is_never_there() -> None:
    """A name and a passcode in an A-ASSOCIATE-RQ (PS3.7 D.3.3.7)."""
    fields = b"\0\4name\0\6secret"
    identity = scripted.item(0x58, b"\2\0" + fields)
    pdu = scripted.associate_rq([(1, scripted.VERIFICATION, [scripted.IMPLICIT])], extra=identity)
    masked = mask_identity(pdu)
    assert b"secret" in pdu and b"name" in pdu
    assert b"secret" not in masked and b"name" not in masked and len(masked) == len(pdu)


async def test_a_script_does_it_again(serve: Serve, tmp_path: Path) -> None:
    """The script that ``read --assoc`` writes runs, and its expectations hold."""
    await typed(
        tmp_path,
        "capture a.pcapng",
        f"open {serve.address} --contexts qr,Verification",
        "echo",
        "find study PatientID=PRC-1001 PatientName='*a b*' StudyDescription",
        "release",
        "capture off",
        "read a.pcapng --assoc again.assoc",
    )
    script = (tmp_path / "again.assoc").read_text("utf-8")
    assert "PatientID=PRC-1001" in script and "PatientName='*a b*'" in script
    assert script.count("expect status == 0x0000") == 2
    await typed(tmp_path, script)
