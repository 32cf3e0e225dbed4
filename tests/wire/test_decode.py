"""The decoder: streams recorded from real programs, and streams that are wrong in one way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE, STUDY_ROOT_FIND
from assocsh.wire.conversation import Conversation, EndKind, NoteKind, Side, Talk
from assocsh.wire.decode import Decoder
from assocsh.wire.explain import explain
from assocsh.wire.findings import findings
from assocsh.wire.limits import Budget, Limits
from assocsh.wire.relating import relate
from assocsh.wire.steps import told
from tests.peers import scripted as wire
from tests.peers.dcmtk import Dcmqrscp
from tests.peers.ours import Serve
from tests.peers.recording import decode, record
from tests.wire.streams import (
    AC,
    ACCEPT,
    IDENTIFIER,
    OPENED,
    RELEASED,
    REQUEST,
    RQ,
    find_rq,
    find_rsp,
    store_rq,
    talk_of,
)


def test_a_whole_association() -> None:
    talk = talk_of(
        *OPENED,
        (RQ, find_rq(1)),
        (AC, find_rsp(1, 0xFF00) + find_rsp(1, 0xFF00)),
        (AC, find_rsp(1, 0)),
        *RELEASED,
    )
    assert (talk.calling_ae, talk.called_ae) == ("SCRIPTED", "ANY-SCP")
    assert [(c.id, c.result, c.transfer_syntax) for c in talk.contexts.values()] == [
        (1, 0, IMPLICIT_LE),
        (3, 0, EXPLICIT_LE),
    ]
    assert talk.window is not None and talk.window.invoked == 4
    assert (talk.max_length(RQ), talk.max_length(AC)) == (16384, 4096)
    (found,) = talk.exchanges
    assert (found.name, found.side, found.status, found.pending_count) == ("C-FIND", RQ, 0, 2)
    assert (found.times.begun, found.times.sent, found.times.first_answer) == (3, 3, 4)
    assert found.times.done == 5
    assert [message.dataset for message in found.responses] == [IDENTIFIER, IDENTIFIER, None]
    assert (talk.ending.kind, talk.ending.by) == (EndKind.RELEASED, RQ)
    assert [unit.problem for unit in talk.units if unit.problem] == []
    assert not talk.inferred and not talk.unmatched


@pytest.mark.parametrize("size", [1, 5, 7, 1000])
def test_the_same_in_pieces_of_any_size(size: int) -> None:
    said = (*OPENED, (RQ, store_rq(1, bytes(5000))), (RQ, find_rq(2)), (AC, find_rsp(2, 0)))
    talk, decoder = Talk(1), None
    decoder = Decoder(talk)
    for side, data in said:
        for at in range(0, len(data), size):
            decoder.feed(side, data[at : at + size], float(at))
    whole = talk_of(*said)
    assert [(u.type, u.length, u.side) for u in talk.units] == [
        (u.type, u.length, u.side) for u in whole.units
    ]
    assert [(m.command, m.dataset, m.cut) for m in talk.messages] == [
        (m.command, m.dataset, m.cut) for m in whole.messages
    ]


def test_interleaved_responses_find_their_requests() -> None:
    talk = talk_of(
        *OPENED,
        (RQ, find_rq(1) + find_rq(2) + find_rq(3)),
        (AC, find_rsp(3, 0xFF00) + find_rsp(1, 0xFF00) + find_rsp(3, 0)),
        (AC, find_rsp(2, 0xA700) + find_rsp(1, 0)),
    )
    assert [(e.status, e.pending_count) for e in talk.exchanges] == [(0, 1), (0xA700, 0), (0, 1)]
    assert talk.ending.kind is EndKind.OPEN


def test_a_response_to_nothing_is_kept_apart() -> None:
    talk = talk_of(*OPENED, (RQ, find_rq(1)), (AC, find_rsp(7, 0) + find_rsp(1, 0)))
    assert [message.command.request_id for message in talk.unmatched] == [7]
    assert talk.exchanges[0].status == 0


def test_a_cancel_belongs_to_its_request() -> None:
    cancel = wire.message(1, wire.command(field=wire.C_CANCEL, responded_id=1))
    talk = talk_of(*OPENED, (RQ, find_rq(1)), (RQ, cancel), (AC, find_rsp(1, 0xFE00)))
    (found,) = talk.exchanges
    assert found.cancel is not None and found.status == 0xFE00


@pytest.mark.parametrize(
    ("said", "kind", "by"),
    [
        ([(AC, wire.reject(1, 1, 7))], EndKind.REJECTED, AC),
        ([(AC, ACCEPT), (AC, wire.abort(2, 6)), (RQ, b"")], EndKind.ABORTED, AC),
        ([(AC, ACCEPT), (RQ, wire.abort()), (AC, b"")], EndKind.ABORTED, RQ),
        ([(AC, ACCEPT), (AC, b""), (RQ, wire.abort())], EndKind.LOST, AC),
        ([(AC, ACCEPT), (AC, wire.release_rq()), (RQ, wire.release_rp())], EndKind.RELEASED, AC),
        ([(AC, ACCEPT), (RQ, wire.release_rq()), (AC, b"")], EndKind.LOST, AC),
        ([(AC, b"")], EndKind.LOST, AC),
        ([(AC, ACCEPT)], EndKind.OPEN, None),
    ],
)
def test_who_ended_it(said: list[tuple[Side, bytes]], kind: EndKind, by: Side | None) -> None:
    talk = talk_of((RQ, REQUEST), *said)
    assert (talk.ending.kind, talk.ending.by) == (kind, by)


def test_who_does_not_wait_for_the_answer_to_its_release() -> None:
    talk = talk_of(*OPENED, (RQ, wire.release_rq()), (RQ, b""))
    assert (talk.ending.kind, talk.ending.by) == (EndKind.LOST, RQ)
    assert "before its A-RELEASE-RQ was answered" in talk.ending.reason


def test_a_source_that_ends_is_no_end_of_the_association() -> None:
    talk = Talk(1)
    decoder = Decoder(talk)
    for side, said in OPENED:
        decoder.feed(side, said, 1.0)
    decoder.closed(AC, 2.0, "cut")
    assert (talk.ending.kind, talk.ending.how) == (EndKind.OPEN, "cut")


def test_bytes_that_are_missing_inside_a_data_set_leave_the_place() -> None:
    talk = Talk(1)
    decoder = Decoder(talk)
    data = store_rq(1, bytes(5000))
    for side, said in OPENED:
        decoder.feed(side, said, 1.0)
    decoder.feed(RQ, data[:400], 2.0)
    decoder.gap(RQ, 300, 2.0)
    decoder.feed(RQ, data[700:] + find_rq(2), 3.0)
    stored, asked = talk.exchanges
    assert stored.request.cut and stored.request.dataset_length == 5000
    assert not asked.request.cut and asked.request.dataset == IDENTIFIER
    assert [(gap.side, gap.size) for gap in talk.gaps] == [(RQ, 300)]


@pytest.mark.parametrize("size", [1500, None])
def test_after_a_gap_over_several_pdus_the_next_one_is_found(size: int | None) -> None:
    talk = Talk(1)
    decoder = Decoder(talk)
    data = store_rq(1, bytes(9000))
    for side, said in OPENED:
        decoder.feed(side, said, 1.0)
    decoder.feed(RQ, data[:2000], 2.0)
    decoder.gap(RQ, size, 2.0)
    decoder.feed(RQ, data[3500:] + find_rq(2), 3.0)
    assert talk.exchanges[0].request.cut
    assert talk.exchanges[1].name == "C-FIND"
    assert talk.exchanges[1].request.dataset == IDENTIFIER


def test_a_capture_that_begins_in_the_middle() -> None:
    """The sides are guessed wrongly, the first bytes are the rest of some PDU."""
    talk = Talk(1)
    decoder = Decoder(talk)
    decoder.search(RQ)
    decoder.search(AC)
    decoder.feed(RQ, b"\x04\x00rest of something" * 9 + find_rsp(6, 0), 1.0)
    decoder.feed(AC, find_rq(7), 2.0)
    decoder.feed(RQ, find_rsp(7, 0xFF00) + find_rsp(7, 0), 3.0)
    decoder.feed(AC, wire.release_rq(), 4.0)
    decoder.feed(RQ, wire.release_rp(), 5.0)
    decoder.finish(5.0)
    assert talk.inferred
    (found,) = talk.exchanges
    assert (found.side, found.status, found.pending_count) == (RQ, 0, 1)
    assert [message.side for message in talk.unmatched] == [AC]
    context = talk.contexts[1]
    assert context.inferred and context.abstract_syntax == STUDY_ROOT_FIND
    assert context.transfer_syntax == IMPLICIT_LE
    assert (talk.ending.kind, talk.ending.by) == (EndKind.RELEASED, RQ)


def test_what_is_no_dicom_is_named() -> None:
    talk = talk_of((RQ, REQUEST), (AC, b"HTTP/1.1 400 Bad Request\r\n\r\n"), (AC, b""))
    (note,) = talk.notes
    assert note.kind is NoteKind.OTHER_PROTOCOL and "HTTP" in note.words
    assert (talk.ending.kind, talk.ending.by) == (EndKind.LOST, AC)


def test_a_c_store_inside_a_c_get_is_its_sub_operation() -> None:
    get = wire.command(
        affected_class=wire.STUDY_GET, field=wire.C_GET, message_id=4, data_set_type=1
    )
    answer = wire.command(
        affected_class=wire.CT,
        field=wire.C_STORE | wire.RESPONSE,
        responded_id=9,
        status=0,
        affected_instance="1.2.3",
    )
    done = wire.command(
        affected_class=wire.STUDY_GET, field=wire.C_GET | wire.RESPONSE, responded_id=4, status=0
    )
    talk = talk_of(
        *OPENED,
        (RQ, wire.message(1, get, IDENTIFIER)),
        (AC, store_rq(9, bytes(100))),
        (RQ, wire.message(3, answer)),
        (AC, wire.message(1, done)),
    )
    retrieved, stored = talk.exchanges
    assert stored.parent is retrieved and retrieved.children == [stored]
    assert (stored.side, stored.status, retrieved.status) == (AC, 0, 0)


def test_memory_is_bounded() -> None:
    limits = Limits(
        units=40, messages=20, exchanges=8, responses=8, dataset=64, raw=16, budget=Budget(1000)
    )
    many: Iterable[tuple[Side, bytes]] = (
        pair
        for n in range(1, 200)
        for pair in ((RQ, find_rq(n)), (AC, find_rsp(n, 0xFF00) * 20 + find_rsp(n, 0)))
    )
    talk = talk_of(*OPENED, *many, limits=limits)
    assert len(talk.units) <= 45 and len(talk.messages) <= 22 and len(talk.exchanges) <= 9
    assert talk.exchanges_left_out + len(talk.exchanges) == 199
    assert sum(talk.message_counts.values()) == 199 * 22
    last = talk.exchanges[-1]
    assert (last.pending_count, last.answers) == (20, 21) and len(last.responses) <= 9
    kept = sum(len(message.dataset or b"") for message in talk.messages)
    assert kept <= 1000


GOOD = [
    *OPENED,
    (RQ, find_rq(1) + store_rq(2, bytes(3000))),
    (AC, find_rsp(1, 0xFF00) + find_rsp(1, 0)),
    *RELEASED,
]


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10_000), st.binary(max_size=12), st.integers(0, 12)), max_size=6
    ),
    piece=st.integers(1, 700),
    turned=st.booleans(),
)
def test_nothing_that_is_fed_raises(
    changes: list[tuple[int, bytes, int]], piece: int, turned: bool
) -> None:
    said = [(side, bytearray(data)) for side, data in GOOD]
    for at, put, removed in changes:
        data = said[at % len(said)][1]
        place = at % (len(data) or 1)
        data[place : place + removed] = put
    talk = Talk(1)
    decoder = Decoder(talk, Limits(units=16, messages=8, exchanges=4))
    for number, (side, data) in enumerate(said):
        side = side.other if turned else side
        for at in range(0, len(data), piece):
            decoder.feed(side, bytes(data[at : at + piece]), float(number), at)
        if number % 3 == 2:
            decoder.gap(side, None if number % 2 else 7, float(number))
    decoder.closed(RQ, 9.0, "fin")
    decoder.finish(9.0)
    assert talk.ending.how == "fin"
    conversation = Conversation("mutated", [talk])
    relate(conversation)
    for each in findings(conversation):
        assert each.sentence.isprintable() and each.section
    for exchange in talk.exchanges:
        assert explain(told(talk, exchange))


def _names(talk: Talk) -> list[str]:
    return [exchange.name for exchange in talk.exchanges]


def test_echoscu(serve: Serve) -> None:
    (pieces,) = record(serve.port, "echoscu", "-aec", serve.ae, "127.0.0.1", "{port}")
    talk = decode(pieces)
    assert _names(talk) == ["C-ECHO"] and talk.exchanges[0].status == 0
    assert (talk.ending.kind, talk.ending.by) == (EndKind.RELEASED, RQ)
    assert not [unit for unit in talk.units if unit.problem]


def test_getscu_has_its_sub_operations(serve: Serve, tmp_path: Path) -> None:
    keys = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=PRC-1003")
    words = ("-P", *keys, "-od", tmp_path, "-aec", serve.ae, "127.0.0.1", "{port}")
    (pieces,) = record(serve.port, "getscu", *words)
    talk = decode(pieces)
    (retrieved,) = (exchange for exchange in talk.exchanges if exchange.name == "C-GET")
    assert retrieved.status is not None
    stored = [exchange for exchange in talk.exchanges if exchange.name == "C-STORE"]
    assert len(stored) >= 3
    assert retrieved.children == stored
    assert all(child.side is AC and child.status == 0 for child in stored)
    assert not talk.unmatched and not [unit for unit in talk.units if unit.problem]


def test_a_rejection_by_a_real_peer(dcmqrscp: Dcmqrscp) -> None:
    (pieces,) = record(dcmqrscp.port, "echoscu", "-aec", "NOBODY", "127.0.0.1", "{port}")
    talk = decode(pieces)
    assert (talk.ending.kind, talk.ending.by) == (EndKind.REJECTED, AC)
    assert talk.ending.codes == (1, 1, 7)


def test_the_same_without_its_beginning(serve: Serve) -> None:
    """What is left of a query when the A-ASSOCIATE exchange was not recorded."""
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=PRC-1003")
    (pieces,) = record(serve.port, "findscu", "-S", *keys, "127.0.0.1", "{port}")
    whole = decode(pieces)
    seen: set[Side] = set()
    rest = [piece for piece in pieces if piece.side in seen or seen.add(piece.side)]
    talk = decode(rest)
    assert talk.inferred and not whole.inferred
    (found,), (known,) = talk.exchanges, whole.exchanges
    assert (found.status, found.pending_count) == (known.status, known.pending_count)
    context = talk.contexts[found.context_id]
    assert context.inferred
    assert context.transfer_syntax == whole.contexts[found.context_id].transfer_syntax
