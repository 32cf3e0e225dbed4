"""Captures that are written here: tshark decodes every PDU of them, and so does our own reader."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_files
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.encaps import generate_fragments

from assocsh.commands.registry import new_session
from assocsh.datasets.structure import StructureError, encoding_of, fetch_from, walk
from assocsh.output.sink import MemoryOutput
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE
from assocsh.upperlayer.negotiation_encoder import encode_request
from assocsh.wire.captures.redact import Redactor, mask_identity
from assocsh.wire.captures.streams import read
from assocsh.wire.captures.write import Flow, Writer
from assocsh.wire.conversation import EndKind, Side
from assocsh.wire.findings import findings
from tests.peers import scripted
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.ours import Serve
from tests.peers.process import wait_until
from tests.peers.programs import need
from tests.upperlayer.corpus import our_request


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


def test_pieces_are_written_however_many_there_are(tmp_path: Path) -> None:
    """A packet of very short PDUs has more of them than the system takes in one call."""
    path = tmp_path / "a.pcapng"
    writer = Writer(path)
    flow = Flow(writer, "x", ("127.0.0.1", 40000), ("127.0.0.1", 104))
    flow.connected(0)
    request = encode_request(our_request())
    flow.data(0, [request], 1000, length=len(request))
    body = bytes.fromhex("000000030100")
    pdus = [b"\4\0" + len(body + b"x").to_bytes(4) + body + bytes([at % 256]) for at in range(4000)]
    flow.data(0, pdus, 1000, length=sum(map(len, pdus)), count=len(pdus))
    writer.close()
    (talk,) = read(path).talks
    assert [6 + unit.length for unit in talk.units] == [len(each) for each in (request, *pdus)]


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


IDENTIFYING = frozenset(
    ["PN", "LO", "SH", "ST", "LT", "UT", "UC", "UR", "UI", "DA", "DT", "TM", "AS"]
)
"""Values of these name people, places, times and instances, or may be any text."""

BYTES = frozenset(["OB", "OW", "OF", "OD", "OL", "OV", "UN"])
PATIENT = 0x0010


def parts_of(vr: str, value: bytes) -> list[bytes]:
    """The components of a value that say something by themselves."""
    found = re.split(rb"[\\\\^=]", value) if vr not in ("ST", "LT", "UT", "UR") else [value]
    return [each.strip(b" \0") for each in found if each.strip(b" \0*?-.0^=\\")]


def compare(before: Dataset, after: Dataset, told: list[str]) -> int:
    """Every element of two data sets beside each other; ``told`` are those that are as they were
    and should not be. How many were masked."""
    masked = 0
    for tag in [*before.keys()]:
        if tag.element == 0 or tag not in after:
            continue  # a group length
        raw, other = before.get_item(tag), after.get_item(tag)
        vr = raw.VR
        if vr in (None, "UN") and not tag.is_private:
            vr = dictionary_VR(tag)[:2] if dictionary_has_tag(tag) else "UN"
        if vr == "SQ":
            for one, two in zip(before[tag].value, after[tag].value, strict=False):
                masked += compare(one, two, told)
            continue
        if not isinstance(raw.value, bytes):
            continue
        old, new = raw.value, other.value
        assert len(old) == len(new), f"{tag} has its length"
        if tag.is_private or vr in BYTES:
            pieces = generate_fragments(new) if raw.length == 0xFFFFFFFF else [new]
            told += [f"{tag} {vr} is not zero" for each in pieces if each.strip(b"\0")]
            masked += 1
        elif (vr in IDENTIFYING or tag.group == PATIENT) and tag != 0x00080005:
            kept = set(parts_of(vr, old)) & set(parts_of(vr, new))
            kept = {each for each in kept if not each.startswith(b"1.2.840.10008.")}
            kept = {each for each in kept if not any(one.startswith(each) for one in MADE_UP)}
            told += [f"{tag} {vr} {each!r}" for each in kept]
            masked += 1
    return masked


MADE_UP = {b"120000.000000", b"19000101000000.000000"}
"""What dates and times become: one that was so is so."""


FILES = [path for path in get_testdata_files() if Path(path).is_file()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).name)
def test_no_value_of_a_person_is_left(path: str) -> None:
    """Of every file that pydicom ships, element by element, however short the value is."""
    raw = Path(path).read_bytes()
    try:
        before = dcmread(BytesIO(raw), force=True)
    except (OSError, EOFError, NotImplementedError, ValueError):
        pytest.skip("no data set that pydicom reads")
    if raw[128:132] != b"DICM" and "SOPClassUID" not in before:
        pytest.skip("no data set")
    implicit, little = before.original_encoding
    syntax = IMPLICIT_LE if implicit else EXPLICIT_LE if little else EXPLICIT_BE
    syntax = str(before.file_meta.get("TransferSyntaxUID", syntax))
    start = 0
    if raw[128:132] == b"DICM":
        start = 144 + int.from_bytes(raw[140:144], "little")
    data = raw[start:]
    made = Redactor(b"key").dataset(data, syntax)
    assert len(made) == len(data)
    if syntax == DEFLATED_LE:
        assert not made.strip(b"\0")
        return
    told: list[str] = []
    after = dcmread(BytesIO(raw[:start] + made), force=True)
    masked = compare(before, after, told)
    assert told == []
    try:
        list(walk(fetch_from(data), 0, len(data), *encoding_of(syntax)))
    except StructureError:
        return  # it is zeroed from there on
    assert [*before.keys()] == [*after.keys()], "the structure is as it was"
    assert masked > 0 or "PatientName" not in before


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
