"""Captures of real peers, as they were and in other forms: what was said, and the cause first."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from assocsh.errors import UsageError
from assocsh.wire.captures.blocks import packets
from assocsh.wire.captures.packets import Packets
from assocsh.wire.captures.streams import read
from assocsh.wire.conversation import Conversation, EndKind, Side
from assocsh.wire.findings import findings
from assocsh.wire.findings.finding import Who
from assocsh.wire.relating import relate
from tests.captures import building
from tests.captures.building import ENCAPSULATED, VARIANTS, Tcp
from tests.captures.sessions.catalogue import SESSIONS
from tests.captures.sessions.stage import NOTHING, RECORDED, path_of
from tests.peers.programs import need

DERIVED = ("begun-later", "bytes-missing", "cut-packets", "vlan")
"""Made of the packets of another one."""

OTHERWISE = {
    "no-pdu": "loses its place at bytes that are no PDU",
    "begun-later": "needs the A-ASSOCIATE-RQ",
    "cut-packets": "needs all bytes of a PDU",
    "bytes-missing": "ends at a gap",
}
"""Where tshark sees other PDUs than we do, and why."""

_PARTS = ("begun-later", "bytes-missing", "cut-packets", "upper-pdu")
_BY_ADDRESS = ("move-not-delivered",)
"""An attempt belongs to a C-MOVE by the host it came from, and forms have two hosts only."""
WHOLE = [name for name in SESSIONS if name not in _PARTS + _BY_ADDRESS]
"""Captures with TCP, from the beginning, with all bytes."""


def segments(name: str) -> list[Tcp]:
    """The TCP segments of a recording; side 0 is who opened the connection."""
    reader, found = Packets(), []
    sides: dict[tuple[int, int], int] = {}
    for packet in packets(path_of(name), []):
        segment = reader.segment(packet.link, packet.data, packet.length)
        if segment is None:
            continue
        ports = segment.source[1], segment.target[1]
        sides.setdefault(ports, 0)
        sides.setdefault(ports[::-1], 1)
        numbers = segment.sequence, segment.acknowledged
        rest = segment.flags, segment.window, segment.data, packet.time
        found.append(Tcp(sides[ports], ports, *numbers, *rest))
    return found


def said(conversation: Conversation) -> list[tuple[object, ...]]:
    """What must be the same whatever the packets were like."""
    return [
        (
            talk.calling_ae,
            talk.called_ae,
            talk.ending.kind,
            talk.ending.by,
            [(unit.side, unit.type, unit.length) for unit in talk.units],
            [(m.side, m.command.field, m.dataset) for m in talk.messages],
            [(each.name, each.status, each.answers) for each in talk.exchanges],
        )
        for talk in conversation.talks
    ]


@cache
def as_recorded(name: str) -> Conversation:
    made = read(path_of(name))
    relate(made)
    return made


def test_there_is_a_capture_of_each_session_and_no_other() -> None:
    assert {path.name.partition(".")[0] for path in RECORDED.iterdir()} == set(SESSIONS)
    assert len(SESSIONS) >= 40
    assert all(path.stat().st_size < 50_000 for path in RECORDED.iterdir())


@pytest.mark.parametrize("name", SESSIONS)
def test_the_cause_comes_first(name: str) -> None:
    conversation = as_recorded(name)
    found = findings(conversation)
    expected = SESSIONS[name]
    first = (found[0].id, found[0].change) if found else (NOTHING, Who.NOBODY)
    assert first == (expected.cause, expected.change), found
    assert not conversation.problems
    if found:
        assert found[0].frames, "it says in which packets"


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_was_said_is_the_same_in_every_form(variant: str, tmp_path: Path) -> None:
    for name in WHOLE:
        path = building.write(tmp_path / "form", VARIANTS[variant](segments(name)))
        conversation = read(path)
        relate(conversation)
        assert said(conversation) == said(as_recorded(name)), name
        # where every packet comes twice, that is found as well
        found = [each.id for each in findings(conversation) if each.id != "retransmissions"]
        wanted = [each.id for each in findings(as_recorded(name)) if each.id != "retransmissions"]
        assert found[:1] == wanted[:1], name


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("form", ENCAPSULATED)
def test_a_packet_in_a_packet(form: str, tmp_path: Path) -> None:
    """As mirrored traffic and tunnels have it; tshark sees the same, so the form is right."""
    whole = segments("store")
    path = building.write(tmp_path / "form", ENCAPSULATED[form](whole))
    conversation = read(path)
    relate(conversation)
    assert said(conversation) == said(as_recorded("store"))
    compare("store", list(seen_by_tshark(path).values()))
    for end in range(1, 200):  # cut anywhere, it is a packet that says nothing
        for frame in ENCAPSULATED[form](whole[:1]), ENCAPSULATED[form](whole[3:4]):
            Packets().segment(1, frame[40 : 40 + end], end)


def test_layers_without_end() -> None:
    """IP in IP in IP, VLAN in VLAN, labels and labels: it ends, and says nothing."""
    layers = 2000
    tunnels = b"".join(
        building._outer(4, bytes(20 * (layers - each)))[14:34] for each in range(layers)
    )
    tags = building._VLAN[:4] * layers
    labels = bytes(4) * layers
    for data in (tunnels, bytes(12) + tags, bytes(12) + b"\x88\x47" + labels):
        assert Packets().segment(1 if data is not tunnels else 101, data, len(data)) is None


@pytest.mark.parametrize("name", ["echo", "store", "find", "move-destination-unknown"])
def test_a_capture_that_began_later(name: str, tmp_path: Path) -> None:
    """Contexts are inferred, and marked so; the messages are the same."""
    whole = segments(name)
    begin = next(at for at, each in enumerate(whole) if each.data[:1] == b"\4")
    path = building.write(tmp_path / "late", VARIANTS["raw"](whole[begin:]))
    (talk,) = read(path).talks
    (known,) = as_recorded(name).talks
    assert talk.inferred and all(context.inferred for context in talk.contexts.values())
    assert [m.command.field for m in talk.messages] == [m.command.field for m in known.messages]
    assert [m.side for m in talk.messages] == [m.side for m in known.messages]
    assert talk.ending.kind is known.ending.kind and talk.ending.by is known.ending.by


def test_what_is_missing_is_a_gap_with_its_size(tmp_path: Path) -> None:
    pieces = building.split(segments("find"), 50)
    data = [at for at, each in enumerate(pieces) if each.data and each.side == 1]
    lost = data[len(data) * 2 // 3]
    path = building.write(tmp_path / "lost", VARIANTS["raw"](pieces[:lost] + pieces[lost + 1 :]))
    (talk,) = read(path).talks
    assert [(gap.side, gap.size) for gap in talk.gaps] == [(Side.ACCEPTOR, len(pieces[lost].data))]
    assert talk.ending.kind is EndKind.RELEASED, "nobody is blamed for what the capture lacks"
    assert not {"aborted", "connection-lost", "stray-bytes"} & {f.id for f in findings(talk)}


def test_packets_that_were_cut(tmp_path: Path) -> None:
    """With a snap length the rest of a packet is a gap; the heads are read all the same."""
    frames = [
        building.Frame(building.ipv4(each)[:200], each.time, len(building.ipv4(each)))
        for each in segments("store")
    ]
    (talk,) = read(building.write(tmp_path / "cut", building.pcap(101, frames))).talks
    assert talk.gaps and talk.ending.kind is EndKind.RELEASED


@pytest.mark.peer("tshark")
def test_as_many_pdus_as_tshark_sees(tmp_path: Path) -> None:
    """Of each association in which tshark sees any: it needs the A-ASSOCIATE-RQ."""
    mergecap, merged = need("mergecap"), tmp_path / "all.pcapng"
    alone = [name for name in SESSIONS if name not in DERIVED]
    subprocess.run([mergecap, "-a", "-w", merged, *map(path_of, alone)], check=True, timeout=60)
    seen = seen_by_tshark(merged)
    first = 1
    for name in alone:
        last = first + sum(1 for _ in packets(path_of(name), []))
        own = {stream: types for (at, stream), types in seen.items() if first <= at < last}
        compare(name, list(own.values()))
        first = last
    assert len(alone) > 70


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("name", DERIVED)
def test_as_many_pdus_as_tshark_sees_where_some_are_missing(name: str) -> None:
    compare(name, list(seen_by_tshark(path_of(name)).values()))


def seen_by_tshark(path: Path) -> dict[tuple[int, str], list[int]]:
    """The types of PDUs of each TCP stream, by its first packet with one and its number."""
    argv = [need("tshark"), "-r", str(path), "-o", "tcp.reassemble_out_of_order:TRUE"]
    fields = "frame.number", "tcp.stream", "dicom.pdu.type"
    argv += ["-Y", "dicom", "-T", "fields", "-E", "separator=|"]
    for field in fields:
        argv += ["-e", field]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    found: dict[str, tuple[int, list[int]]] = {}
    for line in shown.splitlines():
        number, stream, types = line.split("|")
        _, all_types = found.setdefault(stream, (int(number), []))
        all_types += [int(each, 16) for each in types.split(",") if each]
    return {(at, stream): types for stream, (at, types) in found.items() if types}


def compare(name: str, seen: list[list[int]]) -> None:
    """The types of the PDUs of each association, in their order, against ours."""
    ours = [[unit.type for unit in talk.units] for talk in as_recorded(name).talks if talk.units]
    if name in OTHERWISE:
        assert seen != ours, f"{name}: tshark reads it now ({OTHERWISE[name]})"
    else:
        assert seen == ours, name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello, this is no capture", "is no capture"),
        (b"\x1f\x8bnot gzip at all", "no gzip file"),
        (building.pcap(1, []), "no DICOM in it: 0 packets"),
        (building.pcap(1, [building.Frame(bytes(60), 0.0)]), "no DICOM in it: 1 packet"),
        (building.pcap(249, [building.Frame(bytes(60), 0.0)]), "no DICOM in it"),
        (building.pcap(1, [])[:11], "no DICOM in it: 0 packets"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "no DICOM in it"),
    ],
)
def test_what_is_no_capture_is_told_in_a_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read(building.write(tmp_path / "bad", data))
    assert caught.value.hint and caught.value.code == 2


def test_that_there_is_nothing_but_tls_is_told(tmp_path: Path) -> None:
    """On a port that is not one of DICOM's nobody knows that it is DICOM."""
    moved = [
        replace(each, ports=(each.ports[0] % 2000 + 30000, each.ports[1] % 2000 + 30000))
        for each in segments("tls")
    ]
    with pytest.raises(UsageError, match="1 connection with TLS") as caught:
        read(building.write(tmp_path / "tls", VARIANTS["raw"](moved)))
    assert "above TLS" in caught.value.hint


def test_a_file_that_ends_in_a_block_is_read_up_to_there(tmp_path: Path) -> None:
    data = VARIANTS["pcapng"](segments("find"))
    conversation = read(building.write(tmp_path / "cut", data[:-100]))
    assert "ends in the middle of block" in conversation.problems[0]
    assert conversation.talks[0].exchanges
