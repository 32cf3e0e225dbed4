"""Bytes to PDUs to PDVs: chunking, lengths, caps, strangers (reliability scenarios 18-30)."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_RELEASE_RP, A_RELEASE_RQ, P_DATA_TF

from assocsh.errors import ProtocolError
from assocsh.upperlayer import (
    AnswerPolicy,
    DataIndication,
    Event,
    PduBuffer,
    ProviderAbort,
    UpperLayerMachine,
    answer,
    decode_pdata,
    pdata_head,
    pdus,
)
from tests.upperlayer import corpus


def plain(events: list[Event]) -> list[object]:
    """Events as values that can be compared after their buffers are gone."""
    values: list[object] = []
    for event in events:
        if isinstance(event, DataIndication):
            values.append([(*pdv[:3], bytes(pdv.data)) for pdv in event.pdvs])
        elif isinstance(event, ProviderAbort):
            values.append((event.error.message, event.error.hint, event.error.reason))
        else:
            values.append(event)
    return values


def run(chunks: list[bytes], requestor: bool = True) -> tuple[list[object], bytes, str, bool]:
    """Feed a machine that has connected; all that can be seen of it afterwards."""
    machine = UpperLayerMachine()
    if requestor:
        machine.associate_request(corpus.our_request(max_pdu=1024))
        machine.connected_as_requestor(0.0)
    else:
        machine.connected_as_acceptor(0.0)
    seen: list[object] = []
    for chunk in chunks:
        seen += plain(machine.receive_data(chunk, 0.0))
    out = b"".join(machine.data_to_send())
    return seen, out, machine.state.name, machine.close_wanted


def pdata(*pdvs: tuple[int, int, bytes]) -> bytes:
    body = b"".join(
        (len(d) + 2).to_bytes(4, "big") + bytes([context, control]) + d
        for context, control, d in pdvs
    )
    return b"\x04\x00" + len(body).to_bytes(4, "big") + body


SESSION = (
    corpus.an_accept(full=True)
    + pdata((1, 3, b"command!"))
    + pdata((1, 1, b"first half"), (1, 3, b""), (1, 0, b"odd"), (1, 2, bytes(100)))
    + pdata((3, 2, bytes(range(256)) * 3))
    + corpus.RELEASE_RQ
    + corpus.ABORT_UNEXPECTED
)
STREAMS = [
    SESSION,
    corpus.an_accept() + pdata((1, 3, b"ab")) * 5 + corpus.UNKNOWN_PDU + corpus.PDATA,
    corpus.an_accept() + corpus.PDATA + b"HTTP/1.1 400 Bad Request\r\n\r\n",
    corpus.an_accept() + corpus.an_accept(),
    corpus.an_accept() + pdata((1, 3, bytes(2000))) + corpus.PDATA,
    corpus.an_accept() + b"\x04\x00\x00\x00\x00\x07\x00\x00\x00\x02\x01\x03\xff" + corpus.PDATA,
    corpus.REJECT + corpus.PDATA,
    b"\x15\x03\x01\x00\x02\x02\x28",
]


@pytest.mark.parametrize("stream", STREAMS, ids=range(len(STREAMS)))
def test_every_two_way_split_gives_the_same(stream: bytes) -> None:
    """Scenario 22 (and 23: one segment is the reference)."""
    reference = run([stream])
    for at in range(1, len(stream)):
        assert run([stream[:at], stream[at:]]) == reference, at


@pytest.mark.parametrize("stream", STREAMS, ids=range(len(STREAMS)))
@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_small_segments_give_the_same(stream: bytes, size: int) -> None:
    """Scenario 21."""
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert run(chunks) == run([stream])


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 2000), max_size=40))
def test_any_segmentation_gives_the_same(stream: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert run(chunks) == run([stream])


def run_in_one_buffer(chunks: list[bytes], room: int) -> tuple[list[object], bytes, str, bool]:
    """``run`` as the driver does it: what was left over is in front of what comes next."""
    machine = UpperLayerMachine()
    machine.associate_request(corpus.our_request(max_pdu=1024))
    machine.connected_as_requestor(0.0)
    seen: list[object] = []
    buffer, kept = bytearray(room + max(map(len, chunks), default=0)), 0
    for chunk in chunks:
        end = kept + len(chunk)
        buffer[kept:end] = chunk
        seen += plain(machine.receive_data(memoryview(buffer)[:end], 0.0, room))
        kept = machine.left_over
        assert kept <= min(end, room)
        assert machine.partial >= kept
        buffer[:kept] = buffer[end - kept : end]
        buffer[kept:] = b"\xee" * (len(buffer) - kept)  # nothing else of it may be needed again
    out = b"".join(machine.data_to_send())
    return seen, out, machine.state.name, machine.close_wanted


@given(
    st.sampled_from(STREAMS),
    st.lists(st.integers(0, 2000), max_size=40),
    st.sampled_from([1, 6, 20, 120, 500, 4000]),
)
def test_in_one_buffer_of_any_size_it_is_the_same(
    stream: bytes, cuts: list[int], room: int
) -> None:
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert run_in_one_buffer(chunks, room) == run([stream])


@given(st.binary(max_size=300), st.integers(1, 17), st.booleans())
def test_any_bytes_any_segmentation(noise: bytes, size: int, requestor: bool) -> None:
    """Nothing but events comes of any bytes, and the same events however they are cut."""
    chunks = [noise[at : at + size] for at in range(0, len(noise), size)]
    reference = run([noise], requestor)
    assert run(chunks, requestor) == reference
    assert reference[1].count(b"\x07\x00\x00\x00\x00\x04") <= 1


def test_a_pdu_within_a_chunk_is_not_copied() -> None:
    machine = corpus.associated()
    chunk = pdata((1, 2, bytes(1000))) * 3
    for event in machine.receive_data(chunk, 0.0):
        assert isinstance(event, DataIndication)
        assert event.pdvs[0].data.obj is chunk


def test_views_stay_good_after_the_next_read() -> None:
    machine = corpus.associated()
    chunk = pdata((1, 2, b"x" * 1000))
    machine.receive_data(chunk[:10], 0.0)
    (first,) = machine.receive_data(chunk[10:] + chunk[:500], 0.0)
    (second,) = machine.receive_data(chunk[500:], 0.0)
    for event in (first, second):
        assert isinstance(event, DataIndication)
        assert bytes(event.pdvs[0].data) == b"x" * 1000


@pytest.mark.parametrize("pdu_type", [0x03, 0x05, 0x06, 0x07])
@pytest.mark.parametrize("length", [0, 3, 5, 2**31, 2**32 - 1])
def test_fixed_pdus_have_length_4(pdu_type: int, length: int) -> None:
    """Scenario 26: on the header alone."""
    machine = corpus.associated()
    (event,) = machine.receive_data(bytes([pdu_type, 0]) + length.to_bytes(4, "big"), 0.0)
    assert isinstance(event, ProviderAbort)
    assert str(length) in event.error.message
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000206")


@pytest.mark.parametrize("requestor", [True, False])
def test_P1_a_pdata_longer_than_announced(requestor: bool) -> None:
    """Scenario 27: A-ABORT 2/6 on the header, no byte of the body waited for."""
    machine = corpus.associated(requestor, max_pdu=4096)
    assert machine.receive_data(b"\x04\x00" + (4096).to_bytes(4, "big"), 0.0) == []
    machine = corpus.associated(requestor, max_pdu=4096)
    (event,) = machine.receive_data(b"\x04\x00" + (4097).to_bytes(4, "big"), 0.0)
    assert isinstance(event, ProviderAbort)
    assert event.error.reason == 6
    assert "4097" in event.error.message
    assert "4096" in event.error.message
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000206")


@pytest.mark.parametrize("requestor", [True, False])
def test_P1_what_was_announced_counts_whatever_the_machine_began_with(requestor: bool) -> None:
    machine = UpperLayerMachine(max_pdu=1 << 20)
    if requestor:
        machine.associate_request(corpus.our_request(max_pdu=4096))
        machine.connected_as_requestor(0.0)
        machine.receive_data(corpus.an_accept(), 0.0)
    else:
        machine.connected_as_acceptor(0.0)
        machine.receive_data(corpus.a_request(), 0.0)
        assert machine.request is not None
        machine.associate_accept(answer(machine.request, AnswerPolicy(max_pdu=4096)), 0.0)
    assert machine.max_pdu == 4096
    (event,) = machine.receive_data(b"\x04\x00" + (4097).to_bytes(4, "big"), 0.0)
    assert isinstance(event, ProviderAbort)


def test_no_limit_announced_is_not_no_limit() -> None:
    machine = corpus.associated(max_pdu=0)
    assert machine.receive_data(b"\x04\x00" + (16 << 20).to_bytes(4, "big"), 0.0) == []
    machine = corpus.associated(max_pdu=0)
    (event,) = machine.receive_data(b"\x04\x00" + ((16 << 20) + 1).to_bytes(4, "big"), 0.0)
    assert isinstance(event, ProviderAbort)


@pytest.mark.parametrize(
    ("pdu_type", "cap"), [(1, pdus.MAX_REQUEST_LENGTH), (2, pdus.MAX_ACCEPT_LENGTH)]
)
def test_association_pdus_are_capped_on_the_header(pdu_type: int, cap: int) -> None:
    """Scenarios 13, 14: refused before anything is read; nothing is allocated for them."""
    tracemalloc.start()
    try:
        for length in (cap + 1, 2**31, 2**32 - 1):
            buffer = PduBuffer()
            with pytest.raises(ProtocolError) as caught:
                list(buffer.feed(bytes([pdu_type, 0]) + length.to_bytes(4, "big")))
            assert caught.value.reason == 6
        for length in (cap, 1):
            assert list(PduBuffer().feed(bytes([pdu_type, 0]) + length.to_bytes(4, "big"))) == []
        assert tracemalloc.get_traced_memory()[1] < 65536
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x28", "TLS"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n", "web port"),
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (b"POST / HTTP/1.1\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    ],
)
@pytest.mark.parametrize("requestor", [True, False])
def test_strangers_are_named(start: bytes, words: str, requestor: bool) -> None:
    """Scenarios 18, 19: by type, before the length that these bytes would spell; one A-ABORT."""
    reference = run([start], requestor)
    events, out, state, _ = reference
    assert state == "Sta13"
    assert len(out.split(b"\x07\x00\x00\x00\x00\x04")) - 1 == 1
    (((_, hint, reason)),) = events  # type: ignore[misc]
    assert words in hint
    assert reason == 1
    assert run([start] * 50, requestor) == reference
    assert run([start[:1]], requestor) == reference  # one byte is enough to know


def test_reserved_bytes_are_not_tested() -> None:
    """Scenario 25: PS3.8 9.3, "not tested to this value when received"."""

    def spoiled(pdu: bytes, *offsets: int) -> bytes:
        data = bytearray(pdu)
        for offset in offsets:
            data[offset] = 0xEE
        return bytes(data)

    accept = spoiled(corpus.an_accept(), 1, 8, 9, *range(10, 74))
    fixed = [
        spoiled(pdu, 1, *places)
        for pdu, places in (
            (corpus.RELEASE_RQ, range(6, 10)),
            (corpus.ABORT_UNEXPECTED, (6, 7)),
        )
    ]
    control = spoiled(pdata((1, 3, b"command!")), 1, 11)  # message control header: bits 0, 1 only
    control = control[:11] + b"\xff" + control[12:]
    seen = run([accept + control + fixed[0] + fixed[1]])
    kinds = [type(e).__name__ for e in seen[0]]
    assert kinds == ["AssociateConfirmation", "list", "ReleaseIndication", "AbortIndication"]
    assert seen[0][1] == [(1, True, True, b"command!")]
    request = spoiled(corpus.a_request(), 1, 8, 9, *range(42, 74))
    assert run([request], requestor=False)[2] == "Sta3"
    release = spoiled(corpus.RELEASE_RP, 1, 6, 7, 8, 9)
    machine = corpus.associated()
    machine.release_request(0.0)
    assert len(machine.receive_data(release, 0.0)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        bytes(5),
        b"\x00\x00\x00\x00\x01\x03",
        b"\x00\x00\x00\x01\x01\x03",
        b"\x00\x00\x00\x01\x01\x00\x00\x00\x02\x01\x03",
        b"\x00\x00\x00\x03\x01\x03",
        b"\xff\xff\xff\xff\x01\x03ab",
        b"\x7f\xff\xff\xff\x01\x03ab",
        b"\x00\x00\x00\x04\x01\x03ab\x00",
        b"\x00\x00\x00\x04\x01\x03ab\x00\x00\x00\x04\x01\x03a",
        b"\x00\x00\x00\x02\x01\x00" * 257,
    ],
    ids=[
        "empty", "1", "5", "len0", "len1", "len1 and another", "overrun", "4G", "2G", "stray",
        "second", "257",
    ],
)  # fmt: skip
def test_pdv_lengths(body: bytes) -> None:
    """Scenarios 28, 29."""
    machine = corpus.associated()
    pdu = b"\x04\x00" + len(body).to_bytes(4, "big") + body
    (event,) = machine.receive_data(pdu, 0.0)
    assert isinstance(event, ProviderAbort)
    assert event.error.reason == 6
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000206")


def test_odd_fragments_are_refused_only_when_strict() -> None:
    pdu = pdata((1, 2, b"odd"))
    (event,) = corpus.associated().receive_data(pdu, 0.0)
    assert isinstance(event, DataIndication)
    (event,) = corpus.associated(strict=True).receive_data(pdu, 0.0)
    assert isinstance(event, ProviderAbort)


def test_32_command_and_data_in_one_pdu() -> None:
    (event,) = corpus.associated().receive_data(pdata((1, 3, b"cmd!"), (1, 2, b"data")), 0.0)
    assert isinstance(event, DataIndication)
    assert [(p.is_command, p.is_last, bytes(p.data)) for p in event.pdvs] == [
        (True, True, b"cmd!"),
        (False, True, b"data"),
    ]


@pytest.mark.parametrize("is_command", [True, False])
@pytest.mark.parametrize("is_last", [True, False])
def test_the_head_of_a_pdata(is_command: bool, is_last: bool) -> None:
    """Read back by pynetdicom."""
    pdu = pdata_head(255, is_command, is_last, 5) + b"abcde"
    theirs = P_DATA_TF()
    theirs.decode(pdu)
    (value,) = theirs.presentation_data_value_items
    assert value.context_id == 255
    assert value.data == bytes([is_command | is_last << 1]) + b"abcde"
    assert decode_pdata(memoryview(pdu)[6:]) == [(255, is_command, is_last, b"abcde")]


def test_the_small_pdus_against_pynetdicom() -> None:
    theirs = A_ASSOCIATE_RJ()
    theirs.decode(pdus.encode_reject(2, 3, 1))
    assert (theirs.result, theirs.source, theirs.reason_diagnostic) == (2, 3, 1)
    assert theirs.encode() == pdus.encode_reject(2, 3, 1)
    abort = A_ABORT_RQ()
    abort.decode(pdus.encode_abort(2, 6))
    assert (abort.source, abort.reason_diagnostic) == (2, 6)
    assert A_RELEASE_RQ().encode() == pdus.encode_release_rq()
    assert A_RELEASE_RP().encode() == pdus.encode_release_rp()
    with pytest.raises(ProtocolError):
        pdus.decode_abort(b"")
    with pytest.raises(ProtocolError):
        pdus.decode_reject(b"12345")


def test_what_goes_out_is_passed_on_not_copied() -> None:
    machine = corpus.associated()
    data = memoryview(bytes(100))
    pieces = [pdata_head(1, False, False, 100), data, pdata_head(1, False, True, 100), data]
    seen: list[tuple[bool, int, tuple[pdus.Buffer, ...]]] = []
    machine.observer = lambda sent, kind, parts: seen.append((sent, kind, parts))
    machine.send_pdata(pieces, 0.0)
    out = machine.data_to_send()
    assert out[1] is data
    assert machine.data_to_send() == []
    assert [(sent, kind, len(parts)) for sent, kind, parts in seen] == [(True, 4, 4)]
    assert all(one is other for one, other in zip(seen[0][2], pieces, strict=True))


def test_the_observer_sees_every_pdu_whole() -> None:
    seen: list[tuple[bool, int, bytes]] = []
    for size in (1, 3, 10_000):
        machine = UpperLayerMachine()
        seen.clear()
        machine.observer = lambda sent, kind, parts: seen.append((sent, kind, b"".join(parts)))
        machine.associate_request(corpus.our_request())
        machine.connected_as_requestor(0.0)
        out = b"".join(machine.data_to_send())
        for at in range(0, len(SESSION), size):
            machine.receive_data(SESSION[at : at + size], 0.0)
        assert b"".join(pdu for sent, _, pdu in seen if not sent) == SESSION
        assert [(kind, pdu) for sent, kind, pdu in seen if sent] == [(1, out)]
        assert all(kind == pdu[0] for _, kind, pdu in seen)
